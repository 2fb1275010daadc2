import random
import tracemalloc

import numpy as np
import pytest

from firth.corpus import _scan, scanner
from firth.corpus.scanner import Scanner
from firth.corpus.vocabulary import LINE_END
from firth.errors import VocabularyError

SPACES = [char for char in map(chr, range(0x110000)) if char.isspace()]


def scanned(*texts: str) -> tuple[list[int], list[str], list[int]]:
    found = Scanner()
    ids = [number for text in texts for piece in found.scan(text.encode()) for number in piece.tolist()]
    counts = found.counts()
    return ids, found.words(np.arange(len(counts))), counts.tolist()


def expected(text: str) -> tuple[list[int], list[str], list[int]]:
    numbers: dict[str, int] = {}
    ids = []
    counts = []
    for place, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
        if place:
            ids.append(LINE_END)
        for word in line.split():
            number = numbers.setdefault(word, len(numbers))
            ids.append(number)
            counts += [0] * (len(numbers) - len(counts))
            counts[number] += 1
    return ids, list(numbers), counts


def test_every_white_space_character_parts_words_and_no_other_does():
    neighbours = [chr(ord(char) + step) for char in SPACES for step in (-1, 1) if ord(char) + step > 0]
    text = "".join(f"left{char}right " for char in SPACES + neighbours) + "\n"
    assert scanned(text) == expected(text)


@pytest.mark.parametrize("length", range(40))
def test_words_that_differ_in_one_byte_or_in_length_are_told_apart(length):
    word = "x" * length
    words = [word + "x"] + [word[:place] + "\0" + word[place:] for place in range(length + 1)]
    words += [word[:place] + "é" + word[place:] for place in range(length + 1)]
    text = " ".join(words * 2) + "\n"
    assert scanned(text) == expected(text)


def test_words_at_every_place_in_a_block():
    for before in range(20):
        for length in (1, 7, 8, 9, 15, 16, 17):
            text = " " * before + "a" * length
            assert scanned(text)[:2] == ([0], ["a" * length])


@pytest.mark.parametrize("place", [0, 7, 8, 9])
def test_long_words_with_one_key_are_told_apart(place):
    """The table is made to hold the first word under the key of the second."""
    one, other = b"abcdefghij", bytearray(b"abcdefghij")
    other[place] ^= 1
    found = Scanner()
    list(found.scan(one))
    padded = np.frombuffer(bytes(other) + bytes(8), np.uint8)
    key = int(_scan._hash_long(padded, np.uint64(0), np.uint64(10)))
    bits = len(found._table).bit_length() - 1
    slot = (((key ^ (key >> 32)) * 0x9E3779B97F4A7C15) & (2**64 - 1)) >> (64 - bits)
    found._table[:] = 0
    found._table[slot] = key, 1
    list(found.scan(bytes(other)))
    assert found.words(np.arange(2)) == [one.decode(), other.decode()]


def test_growth_keeps_ids_and_counts():
    words = [f"{number * 7919 % 100_003}w{'x' * (number % 23)}" for number in range(60_000)]
    text = "\n".join(" ".join(words[start : start + 50]) for start in range(0, len(words), 50)) + "\n"
    assert scanned(text, text) == expected(text + text)


def test_the_id_buffer_is_handed_on_when_it_is_full():
    text = "a\n" * 300_000
    found = Scanner()
    pieces = [piece.copy() for piece in found.scan(text.encode())]
    assert len(pieces) > 1
    assert np.concatenate(pieces).tolist() == [0, LINE_END] * 300_000


def test_a_line_may_span_blocks():
    assert scanned("a b ", "c\n", "\n", "a ", "", "\n") == expected("a b c\n\na \n")


def test_random_text():
    draw = random.Random(5)
    letters = [*"abc\0é\u200d字\U0001f600", *SPACES, *" \n" * 20]
    for _ in range(200):
        text = "".join(draw.choices(letters, k=draw.randrange(200))) + "\n"
        assert scanned(text) == expected(text)


def test_too_many_words(monkeypatch):
    monkeypatch.setattr(scanner, "MAX_WORDS", 1 << 13)
    monkeypatch.setattr("firth.corpus.vocabulary.MAX_WORDS", 1 << 13)
    text = " ".join(map(str, range(1 << 13)))
    assert len(scanned(text)[1]) == 1 << 13
    with pytest.raises(VocabularyError, match="more than 8,192 distinct words"):
        scanned(text + " more")


def test_blank_lines_end_too_where_they_count():
    found = Scanner()
    texts = ["\n a\r", "\n\r", "\r\n \n", "b"]  # two ends of lines are divided between texts
    ids = [number for text in texts for piece in found.scan(text.encode()) for number in piece.tolist()]
    assert ids == [LINE_END, 0, LINE_END, LINE_END, LINE_END, LINE_END, 1]
    assert [piece.tolist() for piece in found.end_file()] == [[LINE_END]]
    assert list(found.end_file()) == []


def test_files_do_not_share_an_end_of_line():
    found = Scanner()
    ids = [piece.tolist() for piece in (*found.scan(b"\r"), *found.end_file(), *found.scan(b"\n"), *found.end_file())]
    assert ids == [[LINE_END], [LINE_END]]


def distinct(words: int) -> bytes:
    return b" ".join(b"%012d" % number for number in range(words)) + b"\n"


def test_a_distinct_word_takes_a_stated_number_of_bytes(monkeypatch):
    """At most 75 beside its text of 12, plus the room of arrays for words and text to come; less once all is read."""
    grown, grow_table = [], Scanner._grow_table

    def grow(self, slots, words):
        tracemalloc.reset_peak()
        others = tracemalloc.get_traced_memory()[0] - self._table.nbytes
        grow_table(self, slots, words)
        grown.append((tracemalloc.get_traced_memory()[1] - others) / self._table.nbytes)

    monkeypatch.setattr(Scanner, "_grow_table", grow)
    text = distinct(200_000)
    scanned(distinct(20_000).decode())  # compiles what is called
    grown.clear()
    tracemalloc.start()
    try:
        found = Scanner()
        first = tracemalloc.get_traced_memory()[0]
        for start in range(0, len(text), 13 * 4096):
            for _ in found.scan(text[start : start + 13 * 4096]):
                pass
            held, peak = (size - first for size in tracemalloc.get_traced_memory())
            words = len(found.counts())
            assert words < 40_000 or peak <= (75 + 12 + 16 + 3 * 12) * words
        found.end()
        assert tracemalloc.get_traced_memory()[0] - first < held - 16 * words
    finally:
        tracemalloc.stop()
    assert 4 <= len(grown) < 10
    assert max(grown) < 1.1, "the old table was there beside the new one"
    assert found.words(np.array([199_999, 0])) == ["000000199999", "000000000000"]


@pytest.mark.parametrize("free", [1e6, 5e6])
def test_words_that_memory_has_no_room_for_are_refused(monkeypatch, free):
    monkeypatch.setattr(scanner, "UNCHECKED", 0)
    monkeypatch.setattr(scanner, "free_memory", lambda: free)
    message = (
        rf"has [\d,]+ distinct words so far, and more take [\d,]+ MB of memory, where {free / 1e6:.0f} MB are free"
    )
    with pytest.raises(VocabularyError, match=message) as error:
        scanned(distinct(400_000).decode())
    assert "--tokenizer" in str(error.value)


def test_memory_that_the_system_refuses_is_a_sentence(monkeypatch):
    def refuse(array, length):
        raise MemoryError

    monkeypatch.setattr(scanner, "_longer", refuse)
    with pytest.raises(VocabularyError, match=r"has [0-9,]+ distinct words so far"):
        scanned(distinct(20_000).decode())
