"""Make the sample corpus of `firth demo`: python make_sample.py public.raw.txt.xz ../src/firth/data/sample.txt.xz

Lower-cased words of letters a to z, accents taken off, one paragraph a line, in random order. All of the presidential
addresses. Of the World Factbook the lines that two countries at most have word for word (the others differ in their
figures only), without the fields in LEFT_OUT, and with the country's name before lines that are printed without it.
Of the books, Pepys's diary aside for its spelling, a random choice of the paragraphs of 20 words or more.
"""

import collections
import lzma
import random
import re
import sys
import unicodedata
from collections.abc import Iterator

DIARY, BOOKS, ADDRESSES, FACTBOOK = (2_684, 6_302), (0, 122_000), (122_000, 129_008), (129_008, None)
BOOK_WORDS = 1_070_000
LEFT_OUT = re.compile(
    "Executive|Legislative|Judicial|National anthem|Flag|International|Merchant|Ports|Biodiversity|Antarctic-"
    "|.*Ozone Layer|(lyrics|title|history|description|meaning).*:"
)


def words_of(line: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", line.replace("’", "'").lower())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return tuple(re.findall("[a-z]+(?:'[a-z]+)*", plain))


def facts(lines: list[str]) -> Iterator[tuple[str, ...]]:
    labels = collections.Counter(line.partition(": ")[0] for line in lines)
    countries = {label for label, n in labels.items() if n >= 30 and label[:1].isupper()}
    country = ""
    parts = []
    for line in lines:
        label, _, rest = line.partition(": ")
        if label in countries:
            country = label
        else:
            rest = line
        if not LEFT_OUT.match(rest):
            parts.append((words_of(country), words_of(rest)))
    shared = collections.Counter(fact for _, fact in parts)
    for name, fact in parts:
        if fact and shared[fact] <= 2:
            yield name + fact


def main(source: str, target: str) -> None:
    with lzma.open(source, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    draw = random.Random(1)
    lines[slice(*DIARY)] = [""] * (DIARY[1] - DIARY[0])
    sample = [*facts(lines[slice(*FACTBOOK)]), *map(words_of, lines[slice(*ADDRESSES)])]
    books = [words for words in map(words_of, lines[slice(*BOOKS)]) if len(words) >= 20]
    draw.shuffle(books)
    left = BOOK_WORDS
    for words in books:
        left -= len(words)
        if left < 0:
            break
        sample.append(words)
    draw.shuffle(sample)
    text = "".join(" ".join(words) + "\n" for words in sample if len(words) > 1)
    with lzma.open(target, "wb", preset=9 | lzma.PRESET_EXTREME) as out:
        out.write(text.encode("ascii"))


if __name__ == "__main__":
    main(*sys.argv[1:])
