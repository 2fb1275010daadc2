import gc
import gzip
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from firth.corpus import encode, selection, tokens
from firth.corpus.encode import build_corpus
from firth.corpus.joining import PhraseSettings
from firth.corpus.reader import TextReader
from firth.errors import CorpusError, FirthError
from firth.files.folders import OWNER
from firth.settings import Reading

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the corpora in ../shared/data")


def sentences(corpus) -> list[list[str]]:
    pairs = zip(corpus.offsets[:-1], corpus.offsets[1:], strict=True)
    return [[corpus.vocab.words[number] for number in corpus.ids[start:end]] for start, end in pairs]


def naive(lists, min_count=5, max_vocab=None):
    """What a corpus must hold, by dict and list: sentences, words, counts, tokens."""
    lists = [list(tokens) for tokens in lists]
    counts = Counter(token for tokens in lists for token in tokens)
    ranked = sorted(counts, key=lambda token: -counts[token])  # a Counter keeps the order of appearance
    words = [token for token in ranked if counts[token] >= min_count][:max_vocab]
    known = set(words)
    kept = [[token for token in tokens if token in known] for tokens in lists]
    return (
        [tokens for tokens in kept if tokens],
        words,
        [counts[word] for word in words],
        sum(counts.values()),
    )


def held(corpus):
    assert corpus.offsets[0] == 0
    assert corpus.offsets[-1] == len(corpus.ids)
    return sentences(corpus), corpus.vocab.words, corpus.vocab.counts.tolist(), corpus.tokens


def set_pieces(monkeypatch, size):
    """Number, look up and renumber `size` words at a time."""
    monkeypatch.setattr(tokens, "IDS_AT_ONCE", size)
    monkeypatch.setattr(selection, "WORDS_AT_ONCE", size)
    monkeypatch.setattr(encode, "IDS_AT_ONCE", size)


LISTS = [
    ["b", "a", "rare", "c"],
    [],
    ["only", "once"],
    ["c", "b", "d", "é"],
    ["d", "é", "a", "b"],
    ["rare", "e"],
    ["e"],
]


@pytest.mark.parametrize("min_count", [1, 2, 3])
@pytest.mark.parametrize("max_vocab", [None, 1, 3, 100])
@pytest.mark.parametrize("piece", [1, 2, 5, 1 << 20])
def test_text_and_lists_make_the_same_corpus(tmp_path, temporary, monkeypatch, min_count, max_vocab, piece):
    set_pieces(monkeypatch, piece)
    (tmp_path / "text").write_text("\n".join(map(" ".join, LISTS)), encoding="utf-8")
    settings = {"min_count": min_count, "max_vocab": max_vocab, "reading": Reading(tmp=temporary)}
    expected = naive(LISTS, min_count, max_vocab)
    for source in (tmp_path / "text", LISTS, (iter(sentence) for sentence in LISTS), map(np.array, LISTS)):
        with build_corpus(source, **settings) as corpus:
            assert held(corpus) == expected
            assert corpus.replaced == 0


def test_the_arrays_are_plain_and_their_files_have_no_names(temporary):
    with build_corpus([["a", "b"], ["b"]], min_count=1, reading=Reading(tmp=temporary)) as corpus:
        assert type(corpus.ids) is np.ndarray
        assert type(corpus.offsets) is np.ndarray
        assert (corpus.ids.dtype, corpus.offsets.dtype) == (np.int32, np.int64)
        assert corpus.ids.flags.writeable
        assert corpus.ids.flags.c_contiguous
        assert [file.name for file in temporary.rglob("*") if file.is_file()] == [OWNER]


@pytest.mark.parametrize("piece", [1, 2, 5, 1 << 20])
def test_the_numbers_of_lines_count_blank_ones_and_those_of_all_files(tmp_path, temporary, monkeypatch, piece):
    set_pieces(monkeypatch, piece)
    (tmp_path / "a").write_text("\n".join(map(" ".join, LISTS)), encoding="utf-8")
    (tmp_path / "b").write_text("\n\nb\n", encoding="utf-8")
    expected = [0, 3, 4, 5, 6, 9]
    paths = [tmp_path / "a", tmp_path / "b"]
    for source in (paths, [*LISTS, [], [], ["b"]]):
        with build_corpus(source, min_count=2, lines=True, reading=Reading(tmp=temporary)) as corpus:
            assert corpus.lines.dtype == np.int64
            assert (corpus.lines.tolist(), corpus.line_count) == (expected, 10)
            lines = [*LISTS, [], [], ["b"]]
            for line, sentence in zip(corpus.lines.tolist(), sentences(corpus), strict=True):
                assert sentence == [word for word in lines[line] if word in corpus.vocab.ids]
        assert corpus.lines is None


def test_phrases_leave_the_numbers_of_lines_as_they_are():
    lists = [["new", "york"], [], ["rare"], ["new", "york", "x"]] * 20
    phrases = PhraseSettings(1, "count", 1.0, "_")
    with build_corpus(lists, min_count=20, lines=True, phrases=phrases) as corpus:
        assert "new_york" in corpus.vocab.words
        assert corpus.line_count == 80
        assert corpus.lines[:5].tolist() == [0, 2, 3, 4, 6]


def test_a_corpus_has_no_numbers_of_lines_unless_asked():
    with build_corpus([["a"]], min_count=1) as corpus:
        assert (corpus.lines, corpus.line_count) == (None, 0)


def test_a_line_of_a_million_tokens_is_one_sentence(tmp_path, temporary):
    (tmp_path / "text").write_bytes(b"one two " * 500_000 + b"\nthree")
    with build_corpus(tmp_path / "text", min_count=1, reading=Reading(tmp=temporary)) as corpus:
        assert corpus.offsets.tolist() == [0, 1_000_000, 1_000_001]
        assert corpus.vocab.counts.tolist() == [500_000, 500_000, 1]


def test_random_corpora(tmp_path, temporary):
    draw = np.random.default_rng(3)
    for size in (1, 10, 1000, 50_000):
        words = [f"w{number}" for number in draw.zipf(1.3, size)]
        ends = np.sort(draw.integers(0, size, size // 5 + 1))
        lists = [list(tokens) for tokens in np.split(np.array(words), ends)]
        (tmp_path / "text").write_text("\n".join(map(" ".join, lists)))
        for min_count in (1, 3):
            expected = naive(lists, min_count)
            for source in (tmp_path / "text", lists):
                if expected[0]:
                    with build_corpus(source, min_count=min_count, reading=Reading(tmp=temporary)) as corpus:
                        assert held(corpus) == expected


@needs_data
@pytest.mark.parametrize("name", ["ar", "zh.segmented", "many-scripts"])
def test_corpora_of_other_scripts(tmp_path, temporary, name):
    import lzma

    file = DATA / "lang" / f"{name}.txt.xz"
    with (
        lzma.open(file, "rt", encoding="utf-8-sig") as text,
        build_corpus(file, reading=Reading(tmp=temporary)) as corpus,
    ):
        assert held(corpus) == naive(line.split() for line in text)


@needs_data
def test_nasty_files_make_a_corpus_or_a_firth_error(temporary):
    refused = {}
    for file in sorted((DATA / "nasty").iterdir()):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                build_corpus(file, min_count=1, reading=Reading(tmp=temporary)).close()
            except FirthError as error:
                refused[file.name] = str(error)
        assert bool(caught) == (file.name in ("invalid-utf8.txt", "nul.txt")), file
    assert set(refused) == {"empty.txt", "only-spaces.txt", "gz-not-really.txt.gz"}
    assert "empty: there is no word in" in refused["empty.txt"]


def test_damage_leaves_nothing(tmp_path, temporary):
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"some words\n" * 1000)[:-9])
    with pytest.raises(CorpusError, match=r"cut\.gz: the gz stream is cut short after 11,000 bytes"):
        build_corpus(tmp_path / "cut.gz", min_count=1, reading=Reading(tmp=temporary))


@pytest.mark.parametrize("source", ["text", "lists"])
def test_a_limit_to_the_size_of_files(source, tmp_path, temporary):
    resource = pytest.importorskip("resource")
    (tmp_path / "text").write_text("some words\n" * 3000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_001, hard))
    try:
        with pytest.raises(CorpusError, match=r"cannot write the encoded corpus in .*File too large"):
            build_corpus(
                tmp_path / "text" if source == "text" else [["a"]] * 9000, min_count=1, reading=Reading(tmp=temporary)
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(CorpusError, match=r"cannot write the encoded corpus in .*absent: No such .*choose a folder"):
        build_corpus([["a"]], min_count=1, reading=Reading(tmp=tmp_path / "absent"))


def test_files_go_with_the_corpus(tmp_path):
    corpus = build_corpus([["a"]], min_count=1, reading=Reading(tmp=tmp_path))
    assert [file.name for file in sorted(tmp_path.rglob("*"))][1:] == [OWNER]
    corpus.close()
    corpus.close()
    assert list(tmp_path.iterdir()) == []
    corpus = build_corpus([["a"]], min_count=1, reading=Reading(tmp=tmp_path))
    ids = corpus.ids
    del corpus
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert ids.tolist() == [0]


def test_files_go_at_the_end_of_the_program(tmp_path):
    code = (
        "import os, sys; from firth.corpus.encode import build_corpus; from firth.settings import Reading;"
        "corpus = build_corpus([['a']], min_count=1, reading=Reading(tmp=sys.argv[1]));"
        "print(len(os.listdir(sys.argv[1])))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing(tmp_path):
    code = (
        "import sys; from firth.corpus.encode import build_corpus; from firth.settings import Reading;"
        "build_corpus('-', reading=Reading(tmp=sys.argv[1]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"some words\n" * 100_000)
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not any(file.stat().st_size for file in tmp_path.rglob("ids")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate()
    assert b"KeyboardInterrupt" in talk
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_hold_the_text(tmp_path, temporary):
    """The reader hands out blocks; no block is larger than the text between two cuts."""
    (tmp_path / "text").write_bytes(b"some words\n" * 200_000)
    (blocks,) = TextReader([str(tmp_path / "text")]).blocks_of_files()
    assert max(map(len, blocks)) < 1_100_000
