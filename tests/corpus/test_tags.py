"""The tags of documents: rows by first appearance, one entry a line, and what is refused."""

import io

import numpy as np
import pytest

from firth.corpus.encode import build_corpus
from firth.corpus.tags import numbered, read_tags
from firth.errors import ConfigError, CorpusError

LINES = [["a", "b"], [], ["rare"], ["b", "a"], ["a"]]
"""Lines 1 and 2 are no sentences, as their words are dropped."""

TAGS = ["first", ["none", "common"], "dropped", ["common", "third"], ["first", "5"]]
TEXT = "first\nnone common\r\ndropped\n common\tthird\nfirst 5"


@pytest.fixture
def corpus():
    with build_corpus(LINES, min_count=2, lines=True) as corpus:
        assert corpus.lines.tolist() == [0, 3, 4]
        yield corpus


def tagged(tags):
    """The names of the tags of each sentence."""
    assert (tags.begins.dtype, tags.rows.dtype) == (np.int64, np.int32)
    rows = [tags.rows[begin:end].tolist() for begin, end in zip(tags.begins[:-1], tags.begins[1:], strict=True)]
    assert tags.begins[-1] == len(tags.rows)
    return rows if tags.names is None else [[tags.names[row] for row in some] for some in rows]


def test_without_tags_the_numbers_of_the_lines_are_tags(corpus):
    tags = read_tags(None, corpus)
    assert tagged(tags) == [[0], [3], [4]]
    assert (tags.documents, tags.names) == (5, None)
    same = numbered(corpus.lines, 5)
    assert (same.rows.tolist(), same.begins.tolist(), same.documents) == ([0, 3, 4], [0, 1, 2, 3], 5)


@pytest.mark.parametrize("kind", ["list", "generator", "tuples", "file", "open file", "open bytes"])
def test_tags_go_by_first_appearance_over_all_lines(corpus, tmp_path, kind):
    (tmp_path / "tags.txt").write_bytes(TEXT.encode())
    source = {
        "list": TAGS,
        "generator": iter(TAGS),
        "tuples": tuple(tuple(tag) if isinstance(tag, list) else tag for tag in TAGS),
        "file": tmp_path / "tags.txt",
        "open file": io.StringIO(TEXT),
        "open bytes": io.BytesIO(TEXT.encode()),
    }[kind]
    tags = read_tags(source, corpus)
    assert tags.names == ["first", "none", "common", "dropped", "third", "5"]
    assert tags.documents == 6
    assert tagged(tags) == [["first"], ["common", "third"], ["first", "5"]]


def test_the_text_of_a_tag_in_a_list_may_have_white_space(corpus):
    tags = read_tags(["a b", "c", "d", "a b", "é"], corpus)
    assert tagged(tags) == [["a b"], ["a b"], ["é"]]


@pytest.mark.parametrize("kind", [list, np.array, tuple, iter])
def test_integers_are_named_by_their_decimal_forms(corpus, kind):
    tags = read_tags(kind([7, 7, -1, 10**3, 7]), corpus)
    assert tags.names == ["7", "-1", "1000"]
    assert tagged(tags) == [["7"], ["1000"], ["7"]]
    assert tagged(read_tags([1, "x", "x", [2, "1"], "1"], corpus)) == [["1"], ["2", "1"], ["1"]]


def test_a_series_is_a_list(corpus):
    pandas = pytest.importorskip("pandas")
    assert tagged(read_tags(pandas.Series(list("abcda")), corpus)) == [["a"], ["d"], ["a"]]
    with pytest.raises(ConfigError, match=r"\(DataFrame\): expected the path of a file, or an iterable"):
        read_tags(pandas.DataFrame({"tag": list("abcda")}), corpus)


def test_a_line_that_is_no_document_needs_no_tag(corpus):
    assert tagged(read_tags(["a", [], (), "b", "c"], corpus)) == [["a"], ["b"], ["c"]]
    assert tagged(read_tags(io.StringIO("a\n\n\nb\nc\n"), corpus)) == [["a"], ["b"], ["c"]]


def test_a_document_without_a_tag_is_refused_by_its_line(corpus, tmp_path):
    with pytest.raises(
        CorpusError, match=r"^tags: document 3, line 4 of the corpus, has no tag: expected one or more$"
    ):
        read_tags(["a", "b", "c", [], "d"], corpus)
    (tmp_path / "tags").write_text("a\nb\nc\n \nd\n")
    with pytest.raises(CorpusError, match=r"tags: document 3, line 4 of the corpus, has no tag"):
        read_tags(tmp_path / "tags", corpus)


@pytest.mark.parametrize(("tags", "found"), [(TAGS[:4], 4), ([*TAGS, "x"], 6), ([], 0), (iter("ab"), 2)])
def test_another_number_of_entries_is_refused(corpus, tags, found):
    with pytest.raises(CorpusError) as caught:
        read_tags(tags, corpus)
    assert str(caught.value) == (
        f"tags: entries: {found}; lines of the corpus: 5: expected an entry for each line, blank lines included"
    )


@pytest.mark.parametrize("wrong", [7, b"a", {"a": 1}, {"a"}, None])
def test_what_holds_no_tags_is_refused(corpus, wrong):
    if wrong is not None:
        with pytest.raises(ConfigError, match=r"^tags is .*: expected the path of a file, or an iterable with a tag"):
            read_tags(wrong, corpus)
    entry = 1.5 if wrong == 7 else wrong
    with pytest.raises(CorpusError, match=r"^token 0 of the tags of document 1 \(counted from 0\) is "):
        read_tags(["a", entry, "c", "d", "e"], corpus)


def test_files_that_cannot_be_read_are_refused(corpus, tmp_path):
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(CorpusError, match="cannot read"):
            read_tags(path, corpus)
    (tmp_path / "binary").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(CorpusError):
        read_tags(tmp_path / "binary", corpus)


def test_progress_is_told(corpus, tmp_path):
    (tmp_path / "tags").write_text(TEXT.replace("\r", ""))
    told = []
    read_tags(tmp_path / "tags", corpus, lambda *now: told.append(now))
    assert told[-1] == (len(TEXT) - 1, len(TEXT) - 1)
