"""Characters, k-mers and functions: against direct computations, over blocks of every small size."""

import builtins
import gzip
import random
import re
from collections import Counter

import numpy as np
import pytest

from firth.corpus import lines, reader, tokenizers
from firth.corpus.encode import build_corpus
from firth.corpus.lines import TextLines, read_lines, tokens_of
from firth.corpus.reader import TextReader
from firth.corpus.vocabulary import LINE_END
from firth.errors import CorpusError, MissingExtraError
from firth.settings import Reading

SIZES = [1, 2, 3, 5, 8, 64, 1 << 19]


def spelled(lines):
    """The tokens of each line, looked up when all is read."""
    ids = [number for piece in lines.pieces() for number in piece.tolist()]
    words = lines.words(np.arange(len(lines.counts())))
    found, line = [], []
    for number in ids:
        if number == LINE_END:
            found.append(line)
            line = []
        else:
            line.append(words[number])
    assert line == []
    return found


def found_in(path, size=1 << 19, **settings):
    """The tokens of each line of a file that is read in blocks of this size."""
    return spelled(TextLines(TextReader([str(path)], Reading(**settings), None, size)))


def lines_of(path):
    with open(path, encoding="utf-8-sig", errors="replace") as text:
        return [line.rstrip("\n") for line in text]


def kmers(line, size, stride):
    runs = line.split()
    return [run[i : i + size] for run in runs for i in range(0, len(run) - size + 1, stride)]


def lowered(line):
    return "".join(map(str.lower, line))


def clusters(line):
    regex = pytest.importorskip("regex")
    return [cluster for run in line.split() for cluster in regex.findall(r"\X", run)]


PARTS = [
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    " ",
    "\u2003",
    "\x1c",
    "\u3000",
    "a",
    "C",
    "GT",
    "ACGTACGTACGT",
    "é",
    "字",
    "Σ",
    "İ",
    "😀",
]
MARKS = ["e\u0301", "\u0301", "\u200d", "👩", "👩\u200d💻", "🇩", "🇩🇪", "\u0915\u094d\u0937", "\u1100\u1161", "\u0600"]


@pytest.mark.parametrize("block", SIZES)
@pytest.mark.parametrize(("size", "stride"), [(1, 1), (2, 1), (3, 1), (3, 2), (3, 3), (5, 4), (40, 7)])
@pytest.mark.parametrize("lower", [False, True])
def test_kmers_are_those_of_every_run(tmp_path, block, size, stride, lower, monkeypatch):
    draw, path = random.Random(block * size + stride), tmp_path / "text"
    for parts in (PARTS, [*PARTS[:5], *PARTS[8:12]]):
        monkeypatch.setattr(tokenizers, "BYTES_AT_ONCE", draw.choice([50, 200, 1 << 22]))
        for _ in range(5):
            path.write_bytes("".join(draw.choices(parts, k=draw.randrange(80))).encode())
            lines = [lowered(line) if lower else line for line in lines_of(path)]
            found = found_in(path, block, tokenizer=f"kmers:{size}:{stride}", lower=lower)
            assert found == [kmers(line, size, stride) for line in lines]


@pytest.mark.parametrize("block", SIZES)
def test_characters_are_grapheme_clusters(tmp_path, block, monkeypatch):
    draw, path = random.Random(block), tmp_path / "text"
    for parts in (PARTS + 2 * MARKS, ["a", "B", " ", "\r", "\n"]):
        monkeypatch.setattr(tokenizers, "TEXT_AT_ONCE", draw.choice([1, 3, 1 << 19]))
        for _ in range(30):
            path.write_bytes("".join(draw.choices(parts, k=draw.randrange(60))).encode())
            assert found_in(path, block, tokenizer="chars") == list(map(clusters, lines_of(path)))


def test_characters_alone_are_alone():
    regex = pytest.importorskip("regex")
    chars = [char for char in map(chr, range(0x110000)) if tokenizers.ALONE.fullmatch(char)]
    assert len(chars) > 25_000
    joined = regex.compile(r"[^\p{Grapheme_Cluster_Break=Other}\p{Grapheme_Cluster_Break=Control}\r\n]")
    assert joined.findall("".join(chars)) == []


@pytest.mark.parametrize("tokenizer", ["chars", "kmers:2"])
def test_invalid_utf8_is_replaced_as_ever(tmp_path, tokenizer):
    pytest.importorskip("regex")
    path, draw = tmp_path / "text", random.Random(1)
    bits = [
        b"a",
        b" ",
        "é".encode(),
        "字".encode(),
        "😀".encode(),
        b"\xe2",
        b"\x80",
        b"\xf0\x9f",
        b"\xff",
        b"\xed\xa0\x80",
    ]
    for _ in range(150):
        data = b"".join(draw.choices(bits, k=draw.randrange(20)))
        data += b" " + b"fine " * 20  # a text that is mostly invalid is refused
        path.write_bytes(b"x" + data)
        blocks = TextReader([str(path)], Reading(tokenizer=tokenizer), None, draw.choice(SIZES))
        found = spelled(TextLines(blocks))
        line = (b"x" + data).decode(errors="replace")
        assert found == [clusters(line) if tokenizer == "chars" else kmers(line, 2, 1)], data
        assert blocks.replaced == line.count("\ufffd")
        if blocks.replaced:
            first = len(re.match("[^\ufffd]*", line)[0].encode())
            assert blocks.first_replaced == f"{path}, byte {first}"


@pytest.mark.parametrize("tokenizer", ["chars", "kmers:1"])
def test_a_byte_order_mark_is_no_character(tmp_path, tokenizer):
    pytest.importorskip("regex")
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfab")
    for size in SIZES:
        assert found_in(path, size, tokenizer=tokenizer) == [["a", "b"]]


def test_a_long_line_without_white_space_takes_little_memory(tmp_path, monkeypatch):
    path = tmp_path / "chromosome"
    sequence = "".join(random.Random(1).choices("ACGT", k=700_000))
    path.write_text(sequence)
    lines = TextLines(TextReader([str(path)], Reading(tokenizer="kmers:3")))
    sizes = [len(piece) for piece in lines.pieces()]
    assert sum(sizes) == 700_000 - 2 + 1
    assert max(sizes) < 1 << 20
    words = lines.words(np.arange(64))
    counted = dict(zip(words, lines.counts().tolist(), strict=True))
    assert counted == Counter(kmers(sequence, 3, 1))


def test_a_character_without_end_is_refused(tmp_path):
    pytest.importorskip("regex")
    (tmp_path / "text").write_text("a" + "\u0301" * (1 << 21), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"text: a character with more than 1,048,576 marks on it.*is this text\?"):
        found_in(tmp_path / "text", tokenizer="chars")


def test_characters_need_a_package(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *more):
        if name == "regex":
            raise ImportError(name)
        return real(name, *more)

    (tmp_path / "text").write_text("a")
    tokenizers._clusters.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r'pip install "firth\[chars\]"'):
        found_in(tmp_path / "text", tokenizer="chars")


def test_a_long_token_is_refused_with_the_tokenizers_that_divide_it(tmp_path):
    (tmp_path / "text").write_text("字" * (1 << 19), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"1,048,576 bytes without white space .* give --tokenizer chars or kmers:K"):
        found_in(tmp_path / "text")
    assert len(found_in(tmp_path / "text", tokenizer="kmers:5:5")[0]) == (1 << 19) // 5


FASTA = [
    ">one a header\nACGT\nACG T\t\n\nA\n>two\nTTT",
    ";an old\n;comment\nMKV\n*\n>b\n>empty follows\n>c\nMK\n",
    "ACGT\n>late\nAC\n;note\nGT\n",
    ">only a header",
    ">a\n;comment\nACGT\n",
]
SEQUENCES = [["ACGTACGTA", "TTT"], ["MKV*", "", "", "MK"], ["ACGT", "AC", "GT"], [""], ["ACGT"]]


@pytest.mark.parametrize(("text", "sequences"), list(zip(FASTA, SEQUENCES, strict=True)))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("block", SIZES)
def test_fasta_is_a_line_a_sequence(tmp_path, text, sequences, end, block):
    path = tmp_path / "prot.fasta"
    path.write_bytes(text.replace("\n", end).encode())
    if text[0] in ">;":
        assert found_in(path, block, tokenizer="kmers:3") == [kmers(line, 3, 1) for line in sequences]
    else:  # which begins as none
        assert found_in(path, block, tokenizer="kmers:3") == [kmers(line, 3, 1) for line in lines_of(path)]


def test_what_is_read_as_fasta(tmp_path):
    text = b">head\nAC\nGT\n"
    joined = [["AC", "CG", "GT"]]
    for name, kmers_found in (("a.fa", joined), ("a.FASTA", joined), ("a.faa.gz", joined), ("a.txt", joined)):
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        assert found_in(tmp_path / name, tokenizer="kmers:2") == kmers_found
    if clusters("a"):
        assert found_in(tmp_path / "a.fa", tokenizer="chars") == [list("ACGT")]
        assert found_in(tmp_path / "a.txt", tokenizer="chars") == [list(">head"), list("AC"), list("GT")]
    (tmp_path / "a.fa").write_text("سلام\n")  # Persian, not FASTA
    assert found_in(tmp_path / "a.fa") == [["سلام"]]
    assert found_in(tmp_path / "a.txt") == [[">head"], ["AC"], ["GT"]]
    assert spelled(read_lines(tmp_path / "a.FASTA", Reading(tokenizer=str.split))) == [[">head"], ["AC"], ["GT"]]


@pytest.mark.parametrize("blank", ["\n", "\r\n\r\n", " \t\n\n", "\ufeff\n"])
def test_fasta_may_begin_with_blank_lines(tmp_path, blank):
    path = tmp_path / "a.fa"
    path.write_bytes(f"{blank}>head\nAC\nGT\n".encode())
    assert found_in(path, tokenizer="kmers:2") == [["AC", "CG", "GT"]]
    with pytest.raises(CorpusError, match=r"a\.fa is FASTA"):
        found_in(path)
    path.write_bytes(f"{blank};head\nAC\nGT\n".encode())
    assert found_in(path, tokenizer="kmers:2") == [["AC", "CG", "GT"]]


@pytest.mark.parametrize("tokenizer", [None, "whitespace", "words"])
def test_white_space_divides_no_fasta(tmp_path, tokenizer):
    (tmp_path / "prot.fasta.gz").write_bytes(gzip.compress(b">head\nMKV\n"))
    with pytest.raises(CorpusError, match=r"prot\.fasta\.gz is FASTA.* give --tokenizer kmers:3"):
        found_in(tmp_path / "prot.fasta.gz", tokenizer=tokenizer)


def test_fasta_is_told_once(tmp_path, temporary):
    for name in ("a.fa", "b.fa", "c.txt"):
        (tmp_path / name).write_text(">x\nACGT\n" if name != "c.txt" else "ACGT\n")
    said = []
    with build_corpus(tmp_path, min_count=1, reading=Reading(tokenizer="kmers:2", tmp=temporary), say=said.append):
        assert said == [
            f"reads {tmp_path / 'a.fa'} and 1 more file as FASTA: headers are left out, a sequence is a line"
        ]


# Functions.


@pytest.mark.parametrize("block", SIZES)
def test_a_function_gets_each_line(tmp_path, block):
    draw, path = random.Random(block), tmp_path / "text"

    def divide(line):
        assert line
        assert not set(line) & set("\r\n")
        return [line[::2], *(word.title() for word in line.split())]

    for _ in range(40):
        path.write_bytes("".join(draw.choices([*PARTS, "\ufeff"], k=draw.randrange(40))).encode())
        blocks = TextReader([str(path)], Reading(tokenizer=divide), None, block)
        found = spelled(read_lines_of(blocks, divide))
        assert found == [divide(line) if line else [] for line in lines_of(path)]


def read_lines_of(blocks, divide):
    return lines.tokenized_lines(blocks, blocks, Reading(tokenizer=divide))


def test_tokens_of_a_function_may_hold_anything(tmp_path):
    path = tmp_path / "text"
    path.write_text("New York\n\n1 2\n")
    assert spelled(read_lines(path, Reading(tokenizer=lambda line: [line]))) == [["New York"], [], ["1 2"]]
    assert spelled(read_lines(path, Reading(tokenizer=lambda line: map(len, line.split())))) == [
        ["3", "4"],
        [],
        ["1", "1"],
    ]
    assert spelled(read_lines(path, Reading(tokenizer=str.split, lower=True)))[0] == ["new", "york"]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("a b", r"what the tokenizer made of line 2 of .*text is 'a b' \(str\); expected a list of tokens, .* string$"),
        (None, r"what the tokenizer made of line 2 of .*text is None \(NoneType\); expected a list of tokens"),
        (["a", 1.5], r"token 1 of what the tokenizer made of line 2 of .*text is 1\.5 \(float\); expected a str"),
        (["a", ""], "token 1 of what the tokenizer made of line 2 of .*text is an empty string"),
    ],
)
def test_what_a_function_makes_is_checked(tmp_path, made, message):
    path = tmp_path / "text"
    path.write_text("fine\nline\n")
    with pytest.raises(CorpusError, match=message):
        spelled(read_lines(path, Reading(tokenizer=lambda line: ["a"] if line == "fine" else made)))


def test_what_a_function_raises_is_the_users_own(tmp_path):
    (tmp_path / "text").write_text("fine\n")
    with pytest.raises(ZeroDivisionError):
        spelled(read_lines(tmp_path / "text", Reading(tokenizer=lambda line: 1 // 0)))


def test_a_line_without_end_is_refused_for_a_function(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MAX_LINE", 1000)
    (tmp_path / "text").write_text("short\n" + "long " * 1000)
    lines = TextReader([str(tmp_path / "text")], Reading(tokenizer=str.split), None, 100)
    with pytest.raises(CorpusError, match="text: a line of more than 1,000 bytes after byte 6: a function"):
        list(*lines.blocks_of_files())


# Text in memory.


@pytest.mark.parametrize("tokenizer", ["whitespace", "words", "chars", "kmers:3", "kmers:3:3", str.split])
@pytest.mark.parametrize("lower", [False, True])
def test_strings_are_read_as_a_file_with_these_lines(tmp_path, tokenizer, lower, monkeypatch):
    pytest.importorskip("regex")
    monkeypatch.setattr("firth.corpus.strings.BLOCK_SIZE", 50)
    lines = ["It's ÉLAN,\u2003so to say.", "", "ab", " ", "字字字e\u0301字", "ACGTACGT"] * 5
    (tmp_path / "text").write_text("\n".join(lines), encoding="utf-8")
    reading = Reading(tokenizer=tokenizer, lower=lower)
    expected = spelled(read_lines(tmp_path / "text", reading))
    assert len(expected) == len(lines)
    assert spelled(read_lines(iter(lines), reading)) == expected
    assert spelled(read_lines(lines, reading)) == expected
    assert [tokens_of(line, reading) for line in lines] == expected
    assert spelled(read_lines(iter(["a\nb", "c\r\n"]), Reading(tokenizer="whitespace"))) == [["a", "b"], ["c"]]


def test_a_list_of_strings_is_text_where_the_first_is_no_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.txt").write_text("of a file\n")
    named = Reading(tokenizer="whitespace")
    lines = read_lines(["the cat", "there.txt"], named)
    assert spelled(lines) == [["the", "cat"], ["there.txt"]]
    assert lines.origin.notes == ["reads 2 strings as lines of text"]
    for paths in (["there.txt", "there.txt"], ["*.txt", "there.txt"], [".", "there.txt"]):
        lines = read_lines(paths, named)
        assert spelled(lines) == [["of", "a", "file"]] * 2
        assert lines.origin.notes == []
    for source, reading in ((["the cat"], named), (["there.txt", "absent"], named), (["the cat", "sat"], Reading())):
        with pytest.raises(CorpusError, match=r"no such file: .*lists of tokens.*tokenizer='whitespace'"):
            read_lines(source, reading)
    with pytest.raises(CorpusError, match=r"expected a list of tokens.*, or name a tokenizer .*tokenizer='whitespace'"):
        spelled(read_lines(iter(["the cat", "sat"]), Reading()))
