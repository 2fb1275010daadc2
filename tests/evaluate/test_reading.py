"""Benchmarks in every published form, recognised and read; and files that are none, refused at their line."""

import bz2
import gzip
import lzma
import re
import time

import pytest

from firth.errors import ConfigError, FormatError
from firth.evaluate.reading import BUNDLED, Analogies, Categories, OddOneOut, Similarity, read

SIMLEX = """word1\tword2\tPOS\tSimLex999\tconc(w1)\tconc(w2)\tconcQ\tAssoc(USF)\tSimAssoc333\tSD(SimLex)
old\tnew\tA\t1.58\t2.72\t2.81\t2\t7.25\t1\t0.41
smart\tintelligent\tA\t9.2\t1.75\t2.46\t1\t7.11\t1\t0.67
bird\thawk\tN\t7.85\t5\t4.93\t4\t1.3\t0\t1.41
"""
SET1 = """Word 1,Word 2,Human (mean),1,2,3
love,sex,6.77,9,6,8
tiger,cat,7.35,9,7,8
tiger,tiger,10.00,10,10,10
"""
RARE = """squishing\tsquirt\t5.88\t7\t1\t7\t10
undated\tundatable\t5.83\t10\t9\t4\t6
circumvents\tbeat\t5.33\t7\t4\t6\t2
"""


@pytest.fixture
def made(tmp_path):
    """What is read from a text or bytes, as the kind that is named or recognised."""

    def make(content, kind=None):
        path = tmp_path / "set.dat"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, kind)

    return make


# Similarity.


@pytest.mark.parametrize(
    "content",
    [
        "sun\tsunlight\t50\ncar\tauto\t2.5\n",
        "sun sunlight 50.000000\ncar auto 2.5",
        "sun,sunlight,50\ncar,auto,2.5\n",
        '"sun", "sunlight", 50\n"car","auto",2.5\n',
        "sun; sunlight; 50\ncar; auto; 2,5\n",
        "sun\tsunlight\t50\ncar\tauto\t2,5\n",
        "sun  sunlight\t50\ncar auto 2.5\n",
        b"\xef\xbb\xbfsun\tsunlight\t50\r\ncar\tauto\t2.5\r\n",
        "sun\tsunlight\t50\rcar\tauto\t2.5\r",
        "sun\tsunlight\t\t50\ncar\tauto\t2\t3\n",
        "word1,word2,1,2\nsun,sunlight,40,60\ncar,auto,2,3\n",
        "# two pairs\n\nsun sunlight 50\n; the other\ncar auto 2.5\n",
        "word1\tword2\tscore\nsun\tsunlight\t50\ncar\tauto\t2.5\n",
        "Word 1,Word 2,Human (mean)\nsun,sunlight,50\ncar,auto,2.5\n",
        "sun-n sunlight-n 50\ncar-n auto-n 2.5\n",
        "sun_N\tsunlight_N\t50\ncar_N\tauto_N\t2.5\n",
        "sun\tsunlight\tN\t50\ncar\tauto\tN\t2.5\n",
        "sun\tsunlight\tN\t50\tSYNONYMS\ncar\tauto\tN\t2.5\tNONE\n",
        "t\tsun\tsunlight\t50\nt\tcar\tauto\t2.5\n",
        "1,sun,sunlight,50\n2,car,auto,2.5\n",
        ",word1,word2,score\n0,sun,sunlight,50\n1,car,auto,2.5\n",
        "sun\tsunlight\t50\t\t\ncar\tauto\t2.5\t\t\n",
        "word1\tword2\trater 1\trater 2\nsun\tsunlight\t40\t60\ncar\tauto\t2\t3\n",
        "word1\tword2\t1\t2\t3\nsun\tsunlight\t40\t60\t\ncar\tauto\t2\t3\t\n",
        "sun\tsunlight\t40\t60\ncar\tauto\t2\t3\n",
    ],
)
def test_pairs_and_ratings_in_every_form(made, content):
    benchmark = made(content)
    assert isinstance(benchmark, Similarity)
    assert (benchmark.name, benchmark.kind) == ("set", "similarity")
    assert benchmark.pairs == [("sun", "sunlight"), ("car", "auto")]
    assert benchmark.ratings == [50, 2.5]


@pytest.mark.parametrize(
    ("content", "ratings", "note"),
    [
        (SIMLEX, [1.58, 9.2, 7.85], "ratings: column 'SimLex999'"),
        (SET1, [6.77, 7.35, 10], "ratings: column 'Human (mean)'"),
        (RARE, [5.88, 5.83, 5.33], "ratings: the first of the columns of numbers, which is between the others"),
        # the first column is no mean: it is above all others in the second line
        ("a b 2 1 3\nc d 9 2 1\n", [2, 4], "ratings: mean of 3 columns"),
        ("w1\tw2\tA\tscore\na\tb\t7\t1\nc\td\t8\t2\n", [1, 2], "ratings: column 'score'"),
        ("w1\tw2\tmean of five\tmean\na\tb\t7\t1\nc\td\t8\t2\n", [1, 2], "ratings: column 'mean'"),
        ("a-n b-n 1\nc-v d-v 2\n", [1, 2], "parts of speech taken off the words, as in sun-n"),
        ("a-n b-n 1\nc-v d 2\n", [1, 2], ""),
    ],
)
def test_which_column_is_the_rating_is_said(made, content, ratings, note):
    benchmark = made(content)
    assert benchmark.ratings == ratings
    assert benchmark.note == note


def test_words_may_be_numbers(made):
    assert made("12 47 0.5\n13 47 0.25\n").pairs == [("12", "47"), ("13", "47")]
    assert made("nan inf 1\n1984 book 2\nc d 3\n").pairs == [("nan", "inf"), ("1984", "book"), ("c", "d")]


def test_quotes_within_a_word_and_long_fields_are_read_as_they_are(made):
    assert made('a"b,c,1\n"d, e",f,2\n').pairs == [('a"b', "c"), ("d, e", "f")]
    assert made(f'"a",{"x" * 140_000},1\nb,c,2\n').pairs[1] == ("b", "c")


def test_a_comma_divides_only_if_every_line_has_one(made):
    assert made("rock,paper stone 1\na b 2\n").pairs == [("rock,paper", "stone"), ("a", "b")]


# Analogies.


def test_analogies_with_sections(made):
    benchmark = made(b"\xef\xbb\xbf: capitals\r\nAthens Greece Oslo Norway\r\n\r\n:gram1-x\r\na  b\tc d\r\n: empty\r\n")
    assert isinstance(benchmark, Analogies)
    assert benchmark.sections == {
        "capitals": [("Athens", "Greece", "Oslo", ("Norway",))],
        "gram1-x": [("a", "b", "c", ("d",))],
        "empty": [],
    }


@pytest.mark.parametrize(
    "content", ["a b c d\ne f g h\n", "a,b,c,d\ne,f,g,h\n", "word1\tword2\tword3\tword4\na\tb\tc\td\ne\tf\tg\th\n"]
)
def test_analogies_without_sections(made, content):
    assert made(content).sections == {"": [("a", "b", "c", ("d",)), ("e", "f", "g", ("h",))]}


def test_a_section_that_comes_twice_is_one(made):
    content = ": s\na b c d\n: t\na b c e\n: s\na b c f\n"
    assert {name: len(ones) for name, ones in made(content).sections.items()} == {"s": 2, "t": 1}


def test_pairs_are_asked_with_every_other_pair(made):
    benchmark = made("athens\tgreece\noslo\tnorway/norge\nparis\tfrance\n")
    assert benchmark.note == "every pair is asked with every other pair"
    assert benchmark.sections[""] == [
        ("athens", "greece", "oslo", ("norway", "norge")),
        ("athens", "greece", "paris", ("france",)),
        ("oslo", "norway", "athens", ("greece",)),
        ("oslo", "norway", "paris", ("france",)),
        ("paris", "france", "athens", ("greece",)),
        ("paris", "france", "oslo", ("norway", "norge")),
    ]
    assert {name: len(ones) for name, ones in made(": x\na b\nc d\n: y\ne f\ng h\n").sections.items()} == {
        "x": 2,
        "y": 2,
    }


def test_too_many_pairs_are_refused(made):
    with pytest.raises(FormatError, match="1,025 pairs of words with up to 1 alternatives: expected fewer"):
        made("".join(f"a{i} b{i}\n" for i in range(1025)))
    with pytest.raises(FormatError, match="3 pairs of words with up to 400,000 alternatives"):
        made("a b\nc d\ne " + "x/" * 400_000 + "\n")
    assert len(made("".join(f"a{i} b{i}\n" for i in range(1024))).sections[""]) == 1024 * 1023


def test_pairs_belong_to_the_heading_before_them(made):
    content = "a b\nc d\n: y\n: x\ne f\ng h\n: \ni j\n"
    assert {name: len(ones) for name, ones in made(content).sections.items()} == {"": 6, "x": 2}


def test_a_heading_before_every_pair_takes_no_longer(made):
    start = time.perf_counter()
    with pytest.raises(FormatError, match="60,000 pairs of words"):
        made(": a\nb c\n" * 60_000)
    assert len(made("".join(f": {i}\nb c\nd e\n" for i in range(40_000))).sections) == 40_000
    assert time.perf_counter() - start < 10  # some 0.7 s; minutes if each pair looks at every heading


# Categories and odd ones.


@pytest.mark.parametrize(
    "content",
    [
        "owl\tbird\nhen\tbird\nfig\tfruit\nkiwi\tfruit\n",
        "owl,bird\nhen,bird\nfig,fruit\nkiwi,fruit\n",
        "owl-n bird\nhen-n bird\nfig-n fruit\nkiwi-n fruit\n",
        "word\tclass\nowl\tbird\nhen\tbird\nfig\tfruit\nkiwi\tfruit\n",
    ],
)
def test_categories(made, content):
    benchmark = made(content)
    assert isinstance(benchmark, Categories)
    assert benchmark.words == ["owl", "hen", "fig", "kiwi"]
    assert benchmark.classes == ["bird", "bird", "fruit", "fruit"]


def test_classes_may_be_numbers_and_few_classes_with_alternatives_are_analogies(made):
    assert made("a 1\nb 1\nc 2\nd 2\n").classes == ["1", "1", "2", "2"]
    assert made("ant\tblack/red\ncrow\tblack\ncoal\tblack\nfrog\tgreen\n").kind == "analogy"
    assert made("ant\tblack\ncrow\tblack\ncoal\tblack\nfrog\tgreen\n", "analogy").kind == "analogy"


@pytest.mark.parametrize(
    "content",
    [
        "apple banana lemon : book\nbee ant wasp : kiwi\n",
        "apple, banana, lemon : book\nbee;ant;wasp : kiwi\n",
        "apple banana lemon: book\nbee ant wasp: kiwi\n",
        "apple book banana lemon : book\nbee ant wasp : kiwi\n",
    ],
)
def test_odd_ones_a_line_each(made, content):
    benchmark = made(content)
    assert isinstance(benchmark, OddOneOut)
    assert benchmark.groups == [("apple", "banana", "lemon"), ("bee", "ant", "wasp")]
    assert benchmark.odd == ["book", "kiwi"]


def test_odd_ones_in_blocks(made):
    benchmark = made("owl\nhen\n\nbook\nbee\n\n\napple\nlemon\nfig\n\nowl\n")
    assert benchmark.groups == [("owl", "hen"), ("owl", "hen"), ("apple", "lemon", "fig")]
    assert benchmark.odd == ["book", "bee", "owl"]


# What is refused.


@pytest.mark.parametrize(
    ("content", "kind", "line", "message"),
    [
        ("x\ty\t1\nx\ty\tseven\n", None, 2, "word, word, rating, with a number in column 3"),
        ("a b 1 2 3\nc d 1 2 x\n", None, 2, "word, word, rating, with a number in columns 3 to 5"),
        ("x\ty\t1\nx\ty\tnan\n", None, 2, "word, word, rating, with a number in column 3"),
        ("x y 1\nnew york city 2\n", None, 2, "3 fields, as in line 1: word, word, rating"),
        ("# c\nx\ty\t1\n\n\ty\t1\n", None, 4, "a word in column 1"),
        ("x y 1\nz 1\n", None, 2, "3 fields, as in line 1"),
        ("king 0.5 0.25 0.125\nqueen 0.5 0.25 1\n", None, 1, "word, word, rating"),
        ("word1\tword2\tscore\n", None, 1, "word, word, rating (similarity), four words (analogy)"),
        ("good better rough\n", None, 1, "word, word, rating (similarity), four words (analogy)"),
        ("one\ntwo\n", None, 1, "word, word, rating (similarity), four words (analogy)"),
        ("the 3000\nmilk 175\nbread 146\n", None, 1, "word, word, rating (similarity), four words (analogy)"),
        (": s\na b c\n", None, 2, "four words, or ': name of a section'"),
        ("a b c d\ne f g h i\n", None, 2, "four words, or ': name of a section'"),
        ("a b c d\ne f g h\n", "similarity", 1, "word, word, rating"),
        ("a x/y\nb\n", None, 2, "a pair of words, the second with alternatives divided by /"),
        ("a b\n", "analogy", 1, "two pairs of words or more"),
        ("a x\nb x\nc x\nd\n", None, 4, "word, class"),
        ("a b\n", "similarity", 1, "word, word, rating"),
        ("a b : c\nd : e\n", None, 2, "two words or more that belong together, colon, odd word"),
        ("a b : c\nd e f\n", "odd", 2, "two words or more that belong together, colon, odd word"),
        ("a\nb\n\nc\n\nd\n", None, 1, "words, colon, odd word on every line; or the words of a group one a line"),
        ("a\n\nb\n", None, 1, "two words or more that belong together, one a line"),
        (b"x\ty\t1\n\xff\ty\t2\n", None, 2, "UTF-8; save the file as UTF-8"),
        (b"x\ty\t1\r# \xe4\r", None, 2, "UTF-8; save the file as UTF-8"),
        ("king\tqueen\tnan\nx\ty\t1\n", None, 1, "word, word, rating, with a number in column 3"),
        ("king\tqueen\t-Inf\nx\ty\t1\n", None, 1, "word, word, rating, with a number in column 3"),
        ("king\tqueen\t8.l\nx\ty\t1\n", None, 1, "word, word, rating, with a number in column 3"),
        ("king\tqueen\t.5.\nx\ty\t1\n", None, 1, "word, word, rating, with a number in column 3"),
        ("king\tqueen\t7\t8.l\nx\ty\t1\t2\n", None, 1, "word, word, rating, with a number in columns 3 to 4"),
        ("king,queen,8,5\nman,woman,7,25\nx,y,10\n", None, 1, "word, word, rating, but two whole numbers may also"),
    ],
)
def test_a_line_that_is_not_understood_is_named(made, tmp_path, content, kind, line, message):
    place = re.escape(f"{tmp_path / 'set.dat'}, line {line}: ")
    with pytest.raises(FormatError, match=place + ".*: expected " + re.escape(message)):
        made(content, kind)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("\n# nothing\n", "no line but blank ones and comments: expected word, word, rating"),
        (": s\n", "sections without a question"),
        (
            "w1\tw2\tfirst\tsecond\na\tb\t1\t2\nc\td\t2\t3\n",
            "the columns 'first', 'second' are numbers: expected one with",
        ),
    ],
)
def test_a_file_without_items_or_without_a_known_rating_is_refused(made, content, message):
    with pytest.raises(FormatError, match=message):
        made(content)


def test_a_path_that_is_no_file_a_large_file_and_an_unknown_kind_are_refused(tmp_path, monkeypatch):
    with pytest.raises(FormatError, match=r"missing\.tsv: there is no such file"):
        read(tmp_path / "missing.tsv")
    with pytest.raises(FormatError, match="not a regular file: expected a file of a benchmark"):
        read(tmp_path)
    (tmp_path / "a.tsv").write_text("a\tb\t1\n")
    with pytest.raises(ConfigError, match="kind is 'pairs': expected one of similarity, analogy, categories, odd"):
        read(tmp_path / "a.tsv", "pairs")
    monkeypatch.setattr("firth.evaluate.reading.LARGEST", 5)
    with pytest.raises(FormatError, match=r"a\.tsv: more than 5 bytes: expected a benchmark"):
        read(tmp_path / "a.tsv")


def test_more_lines_or_fields_than_any_benchmark_has_are_refused(made, monkeypatch):
    with pytest.raises(FormatError, match="more than 131,072 lines: expected a benchmark"):
        made("a\n" * (2**17 + 1))
    with pytest.raises(FormatError, match="more than 131,072 lines"):
        made("\r" * (2**17 + 1))
    with pytest.raises(FormatError, match=r"line 2: .*: expected at most 1,048,576 characters"):
        made("a b 1\n" + "a " * 2**19 + "b\n")
    monkeypatch.setattr("firth.evaluate.reading.MOST_FIELDS", 10)
    assert len(made("a b 1\n" * 3).pairs) == 3
    for content in ("a b 1\n" * 4, "a b : c\n" * 6, "a\tb\t" + "1\t" * 3 + "1\n" + "a\tb\n"):
        with pytest.raises(FormatError, match=r"line [146]: .*: expected a benchmark of at most 10 fields"):
            made(content)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_is_to_be_decompressed(made, pack):
    with pytest.raises(FormatError, match=r"compressed \(.+\): expected text; decompress it first"):
        made(pack(SIMLEX.encode()))


# The bundled sets.


def test_the_bundled_sets_are_read_whole():
    names = ["wordsim353", "wordsim353-sim", "wordsim353-rel", "rg-65", "questions-words"]
    found = [read(path) for path in BUNDLED]
    assert [benchmark.name for benchmark in found] == names
    assert [len(benchmark.pairs) for benchmark in found[:4]] == [353, 203, 252, 65]
    assert (found[0].pairs[0], found[0].ratings[0]) == (("love", "sex"), 6.77)
    assert (found[3].pairs[0], found[3].ratings[0]) == (("gem", "jewel"), 3.94)
    sections = found[4].sections
    assert len(sections) == 14
    assert sum(map(len, sections.values())) == 19544
    assert len(sections["capital-common-countries"]) == 506
    assert sections["family"][0] == ("boy", "girl", "brother", ("sister",))


def test_the_halves_are_pairs_of_wordsim_with_their_ratings():
    whole, similar, related = (set(zip(found.pairs, found.ratings, strict=True)) for found in map(read, BUNDLED[:3]))
    assert similar | related < whole
    assert len(whole - similar - related) == 1
    assert len(similar & related) == 103  # unrelated pairs are in both


def test_a_first_line_of_words_such_as_w1_and_a_number_is_a_pair(tmp_path):
    (tmp_path / "pairs.tsv").write_text("w1\tw2\t2\nw2\tw3\t4\nw3\tw4\t1\n")
    assert read(tmp_path / "pairs.tsv").ratings == [2, 4, 1]
    (tmp_path / "raters.tsv").write_text("word1\tword2\t1\t2\nsun\tmoon\t4\t6\nsea\tsky\t1\t3\n")
    assert read(tmp_path / "raters.tsv").pairs == [("sun", "moon"), ("sea", "sky")]
