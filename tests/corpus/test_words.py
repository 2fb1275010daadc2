import random
import re
import unicodedata
from pathlib import Path

import pytest

from firth.corpus.reader import BLOCK_SIZE, TextReader
from firth.settings import Reading

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the corpora in ../shared/data")


def read(*files, block_size=BLOCK_SIZE, **reading) -> bytes:
    reader = TextReader([str(file) for file in files], Reading(**reading), block_size=block_size)
    return b"".join(block for file in reader.blocks_of_files() for block in [*file, b"\n"])


def lines(text: bytes) -> list[list[str]]:
    found = [line.split() for line in text.decode().replace("\r", "\n").split("\n")]
    return [line for line in found if line]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Hello, world! (it's) 'quoted' rock 'n' roll",
            ["Hello", "world", "it's", "quoted", "rock", "n", "roll"],
        ),
        ("l’homme–machine snake_case x2 3.14", ["l’homme", "machine", "snake_case", "x2", "3", "14"]),
        ("नमस्ते, दुनिया! हिन्दी क्षि क्‍षि", ["नमस्ते", "दुनिया", "हिन्दी", "क्षि", "क्‍षि"]),
        ("مُحَمَّدٌ، (می‌خواهم)؟", ["مُحَمَّدٌ", "می‌خواهم"]),
        ("e\u0301cole cafe\u0301.", ["e\u0301cole", "cafe\u0301"]),
        ("日本語、です 한국어 👩\u200d💻 ❤\ufe0f", ["日本語", "です", "한국어"]),
        ("<b>bold</b> $5 a\0b", ["b", "bold", "b", "5", "a", "b"]),
    ],
)
def test_word_tokenizer(tmp_path, text, words):
    (tmp_path / "a").write_text(f"{text}\n\nnext\r{text}", encoding="utf-8")
    for size in (1, 7, 1000):
        assert lines(read(tmp_path / "a", tokenizer="words", block_size=size)) == [words, ["next"], words]


def test_word_tokenizer_keeps_words_and_lines_in_any_surroundings(tmp_path):
    part = r"\w[\w\u0301\u093f\u200d]*"
    words = re.compile(rf"{part}(?:['\u2019]{part})*")
    draw = random.Random(4)
    text = "".join(draw.choices("ab'\u2019\u0301\u093f\u200d ,.-\n\r字\x1c\u2003", k=50_000))
    (tmp_path / "a").write_text(text, encoding="utf-8", newline="")
    expected = [words.findall(line) for line in re.split("[\n\r]", text)]
    for size in (50, 5000):
        found = lines(read(tmp_path / "a", tokenizer="words", block_size=size))
        assert found == [line for line in expected if line]


@needs_data
def test_word_tokenizer_leaves_vocalised_arabic_whole():
    file = DATA / "lang" / "ar.txt.xz"
    tokens = [word for line in lines(read(file)) for word in line]
    words = [word for line in lines(read(file, tokenizer="words")) for word in line]

    def bare(token: str) -> str:
        kept = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in token)
        return kept.strip()

    whole = [bare(token) for token in tokens if bare(token)[:1].isalpha() and " " not in bare(token)]
    assert len(whole) > 0.9 * len(tokens)
    assert set(whole) <= set(words)
    assert len(words) < 1.1 * len(tokens)
