import errno
import gc
import gzip
import os
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from firth.corpus import encode, numbering, selection
from firth.corpus.encode import build_corpus
from firth.corpus.reader import TextReader
from firth.corpus.vocabulary import Vocabulary
from firth.errors import ConfigError, CorpusError, FirthError, VocabularyError
from firth.settings import Reading

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the corpora in ../shared/data")


@pytest.fixture
def temporary(tmp_path):
    """A folder for temporary files; nothing may be left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    gc.collect()
    assert list(folder.iterdir()) == []


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
    monkeypatch.setattr(numbering, "IDS_AT_ONCE", size)
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
    for source in (tmp_path / "text", LISTS, (iter(tokens) for tokens in LISTS), map(np.array, LISTS)):
        with build_corpus(source, **settings) as corpus:
            assert held(corpus) == expected
            assert corpus.replaced == 0


@pytest.mark.parametrize("piece", [1, 2, 5, 1 << 20])
@pytest.mark.parametrize("given", [["e", "no such", "a", "b", "é"], ["rare"], ["c", "d", "", "a b"]])
def test_given_words_are_the_vocabulary(tmp_path, temporary, monkeypatch, given, piece):
    set_pieces(monkeypatch, piece)
    (tmp_path / "text").write_text("\n".join(map(" ".join, LISTS)), encoding="utf-8")
    kept = [[token for token in tokens if token in given] for tokens in LISTS]
    counts = Counter(token for tokens in kept for token in tokens)
    tokens = sum(map(len, LISTS))
    expected = [tokens for tokens in kept if tokens], given, [counts[word] for word in given], tokens
    for source in (tmp_path / "text", LISTS, (iter(tokens) for tokens in LISTS)):
        with build_corpus(source, words=given, max_vocab=1, reading=Reading(tmp=temporary)) as corpus:
            assert held(corpus) == expected
            assert corpus.vocab.counts.dtype == np.int64


def test_given_words_are_compared_with_lower_cased_tokens(temporary):
    with build_corpus(
        [["The", "the", "É"]], words=["é", "The", "the"], reading=Reading(lower=True, tmp=temporary)
    ) as corpus:
        assert corpus.ids.tolist() == [2, 2, 0]
        assert corpus.vocab.counts.tolist() == [1, 0, 2]


@pytest.mark.parametrize(("given", "begin"), [(["the", "of", "x" * 999], r"\['the', 'of', 'xx"), ([], r"\[\]")])
def test_a_corpus_without_any_of_the_given_words_is_refused(tmp_path, temporary, given, begin):
    (tmp_path / "text").write_text("A The The\n" * 1000)
    message = rf"none of the 3,000 tokens .* the {len(given)} given words, which begin with {begin}.*; "
    message += r"the most frequent token is 'The'\. Give .* lower-cased or not \(--lower\), .*--tokenizer"
    for source in (tmp_path / "text", [["A", "The", "The"]] * 1000):
        with pytest.raises(CorpusError, match=message) as caught:
            build_corpus(source, words=given, reading=Reading(tmp=temporary))
        assert len(str(caught.value)) < 500


def test_a_word_given_twice_is_found_before_reading(temporary):
    with pytest.raises(VocabularyError, match="the word 'b' is given twice"):
        build_corpus("no such file", words=["a", "b", "c", "b"], reading=Reading(tmp=temporary))


def by_hand(lists, min_count, max_vocab, vocab, keep_words, known):
    """What `build_corpus` says that it keeps, word by word: (words, counts, frequencies, totals)."""
    counts = Counter(token for tokens in lists for token in tokens)
    frequency = {word: (vocab or {}).get(word, counts[word]) for word in [*known, *(vocab or {}), *counts]}
    total = {word: frequency[word] + known.get(word, 0) for word in frequency}
    ranked = sorted(frequency, key=lambda word: -total[word])  # sorted and dict keep the order of equal ones
    safe = {word for word in ranked if word in known or word in keep_words}
    others = [word for word in ranked if word not in safe and frequency[word] >= min_count]
    others = [word for word in others if vocab is None or word in vocab]
    if max_vocab is not None:
        others = others[: max(0, max_vocab - len(safe))]
    words = [word for word in ranked if word in safe or word in others]
    return words, [counts[word] for word in words], [frequency[word] for word in words], [total[word] for word in words]


def kept(corpus):
    arrays = corpus.vocab.counts, corpus.frequencies, corpus.totals
    assert all(array.dtype == np.int64 for array in arrays)
    return corpus.vocab.words, *(array.tolist() for array in arrays)


def vocabulary(counts):
    return None if counts is None else Vocabulary(list(counts), np.array(list(counts.values()), np.int64))


@pytest.mark.filterwarnings("ignore:.* words to keep")
@pytest.mark.parametrize("piece", [3, 1 << 20])
@pytest.mark.parametrize("min_count", [1, 2, 4])
@pytest.mark.parametrize("max_vocab", [None, 1, 6])
@pytest.mark.parametrize("vocab", [None, {"e": 3, "absent": 3, "a": 4, "rare": 1, "b": 4, "c": 0, "zero": 0}])
@pytest.mark.parametrize("keep_words", [[], ["once", "rare"], {"é", "a", "zero", "old", "c"}])
@pytest.mark.parametrize("known", [{}, {"e": 1, "old": 0, "a": 0, "older": 7, "d": 1}])
def test_which_words_are_kept(tmp_path, temporary, monkeypatch, piece, min_count, max_vocab, vocab, keep_words, known):
    set_pieces(monkeypatch, piece)
    (tmp_path / "text").write_text("\n".join(map(" ".join, LISTS)), encoding="utf-8")
    expected = by_hand(LISTS, min_count, max_vocab, vocab, keep_words, known)
    lines = [[token for token in tokens if token in expected[0]] for tokens in LISTS]
    settings = {
        "min_count": min_count,
        "max_vocab": max_vocab,
        "keep_words": keep_words,
        "reading": Reading(tmp=temporary),
    }
    given = {"vocab": vocabulary(vocab), "known": vocabulary(known)}
    for source in (tmp_path / "text", LISTS):
        if not (any(expected[1]) and any(expected[2])):
            with pytest.raises(FirthError):
                build_corpus(source, **settings, **given)
            continue
        with build_corpus(source, **settings, **given) as corpus:
            assert kept(corpus) == expected
            assert sentences(corpus) == [tokens for tokens in lines if tokens]
            assert corpus.tokens == sum(map(len, LISTS))


def test_given_frequencies_are_those_of_subsampling_and_the_text_gives_the_ids(temporary):
    vocab = vocabulary({"the": 70, "cat": 5, "sat": 5, "hat": 1, "mat": 9})
    with build_corpus([["cat", "dog", "cat", "mat", "hat"]], vocab=vocab, reading=Reading(tmp=temporary)) as corpus:
        assert kept(corpus) == (["the", "mat", "cat", "sat"], [0, 1, 2, 0], [70, 9, 5, 5], [70, 9, 5, 5])
        assert corpus.ids.tolist() == [2, 2, 1]
        assert corpus.tokens == 5


def test_new_text_adds_to_the_counts_of_known_words(temporary):
    known = vocabulary({"the": 70, "cat": 5, "gone": 5})
    lists = [["cat"] * 2 + ["dog"] * 7 + ["the"] + ["new"] * 5 + ["rare"] * 4]
    with build_corpus(lists, known=known, reading=Reading(tmp=temporary)) as corpus:
        words = ["the", "cat", "dog", "gone", "new"]
        assert kept(corpus) == (words, [1, 2, 7, 0, 5], [1, 2, 7, 0, 5], [71, 7, 7, 5, 5])
    with build_corpus(lists, known=known, max_vocab=4, reading=Reading(tmp=temporary)) as corpus:
        assert corpus.vocab.words == ["the", "cat", "dog", "gone"]
    with build_corpus(lists, known=known, max_vocab=1, reading=Reading(tmp=temporary)) as corpus:
        assert corpus.vocab.words == ["the", "cat", "gone"]
    assert known.counts.tolist() == [70, 5, 5]


def test_without_anything_given_frequencies_and_totals_are_the_counts(temporary):
    with build_corpus([["a", "b", "a"]], min_count=1, reading=Reading(tmp=temporary)) as corpus:
        assert kept(corpus) == (["a", "b"], [2, 1], [2, 1], [2, 1])
    with build_corpus([["a", "b", "a"]], words=["b", "c"], reading=Reading(tmp=temporary)) as corpus:
        assert kept(corpus) == (["b", "c"], [1, 0], [1, 0], [1, 0])


def test_words_to_keep_that_are_nowhere_are_named_in_one_warning(temporary):
    absent = [f"no{number}" for number in range(9)]
    settings, lowered = {"min_count": 2, "reading": Reading(tmp=temporary)}, Reading(lower=True, tmp=temporary)
    with pytest.warns(
        UserWarning, match=r"^9 of the 11 words to keep are not .*: 'no0', .* 'no4', \.\.\.\. A"
    ) as caught:
        corpus = build_corpus([["a", "a", "b"]], keep_words={"b", "a", *absent}, **settings)
    assert len(caught) == 1
    assert Path(caught[0].filename) == Path(__file__)
    with corpus:
        assert kept(corpus)[:2] == (["a", "b"], [2, 1])
    with pytest.warns(UserWarning, match=r"1 of the 1 words to keep is not in the corpus: 'The'\. .*lower-cased"):
        build_corpus([["The", "the"]], keep_words=["The"], **settings | {"reading": lowered}).close()
    known, vocab = vocabulary({"old": 1}), vocabulary({"a": 9, "given": 0})
    build_corpus([["a"]], keep_words=["old", "given"], known=known, vocab=vocab, **settings).close()


def test_the_choice_does_not_depend_on_the_order_of_a_set():
    code = (
        "import sys; from firth.corpus.encode import build_corpus; words = [f'w{i}' for i in range(300)];"
        "print(build_corpus([words], min_count=2, keep_words=set(words[::2])).vocab.words)"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, **seed}).stdout
        for seed in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"})
    }
    assert runs == {f"{[f'w{i}' for i in range(0, 300, 2)]}\n".encode()}


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"vocab": {"x": 9, "y": 8}}, CorpusError, r"none of the 3 tokens .* among the 2 given words, .*\['x', 'y'\]"),
        ({"known": {"x": 9}}, CorpusError, r"none of the 3 tokens .* 1 given words, .*; the most .* is 'b'"),
        ({"known": {"x": 9}, "vocab": {"y": 9}}, CorpusError, "none of the 3 tokens .* 2 given words"),
        ({"vocab": {"b": 4, "a": 1}}, VocabularyError, "no word occurs 5 times by the counts .*'b', occurs 4 times"),
        ({"vocab": {"b": 0, "a": 0}}, VocabularyError, "every word of the vocabulary that was given has the count 0"),
        ({"vocab": {"b": 3, "a": 0}, "keep_words": ["a"]}, VocabularyError, "no word occurs 5 times by the counts"),
        ({"keep_words": []}, VocabularyError, "no word occurs 5 times: the most frequent, 'b', occurs 2 times"),
    ],
)
def test_nothing_to_train_on_is_an_error(temporary, given, error, message):
    given = {name: value if name == "keep_words" else vocabulary(value) for name, value in given.items()}
    with pytest.raises(error, match=message):
        build_corpus([["a", "b", "b"]], reading=Reading(tmp=temporary), **given)


def test_totals_that_are_too_large_are_refused(temporary):
    known, vocab = vocabulary({"a": 2**61}), vocabulary({"a": 2**61})
    with pytest.raises(VocabularyError, match=r"the counts add up to 4\.612e\+18"):
        build_corpus([["a"]], known=known, vocab=vocab, reading=Reading(tmp=temporary))


def test_the_arrays_are_plain_and_the_files_hold_no_more(temporary):
    with build_corpus([["a", "b"], ["b"]], min_count=1, reading=Reading(tmp=temporary)) as corpus:
        assert type(corpus.ids) is np.ndarray
        assert type(corpus.offsets) is np.ndarray
        assert (corpus.ids.dtype, corpus.offsets.dtype) == (np.int32, np.int64)
        assert corpus.ids.flags.writeable
        assert corpus.ids.flags.c_contiguous
        files = [file.read_bytes() for file in temporary.rglob("*") if file.is_file()]
        assert sum(map(len, files)) == 3 * 4 + 3 * 8


def test_ties_keep_the_order_of_appearance(temporary):
    words = [f"w{number * 7919 % 1000}" for number in range(1000)]
    with build_corpus([words, words[::-1]], min_count=1, reading=Reading(tmp=temporary)) as corpus:
        assert corpus.vocab.words == words


def test_lower_joins_counts(tmp_path, temporary):
    (tmp_path / "text").write_text("The the THE É é\n", encoding="utf-8")
    for source in (tmp_path / "text", [["The", "the", "THE", "É", "é"]]):
        with build_corpus(source, min_count=1, reading=Reading(lower=True, tmp=temporary)) as corpus:
            assert (corpus.vocab.words, corpus.vocab.counts.tolist()) == (["the", "é"], [3, 2])


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
        assert [bool(caught)] == [file.name == "invalid-utf8.txt"], file
    assert set(refused) == {"empty.txt", "only-spaces.txt", "gz-not-really.txt.gz"}
    assert "empty: there is no word in" in refused["empty.txt"]


def test_invalid_utf8_is_counted_in_one_warning(tmp_path, temporary):
    (tmp_path / "a").write_bytes(b"fine\n")
    (tmp_path / "b").write_bytes(b"caf\xe9 \xff\xfe\n" * 3)
    files = [tmp_path / "a", tmp_path / "b"]
    with pytest.warns(UserWarning, match=r"replaced 9 invalid UTF-8 .* at .*b, byte 3:") as caught:
        corpus = build_corpus(files, min_count=1, reading=Reading(tmp=temporary))
    assert len(caught) == 1
    assert Path(caught[0].filename) == Path(__file__)
    assert corpus.replaced == 9
    corpus.close()
    with pytest.raises(CorpusError, match=r"b, byte 3: invalid UTF-8"):
        build_corpus(files, min_count=1, reading=Reading(errors="strict", tmp=temporary))


def test_a_generator_is_read_once(temporary):
    read = []

    def lists():
        for number in range(10):
            read.append(number)
            yield ["word", str(number)]

    with build_corpus(lists(), min_count=2, reading=Reading(tmp=temporary)) as corpus:
        assert corpus.tokens == 20
    assert read == list(range(10))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([], "is empty"),
        (iter([]), "is empty: there is no token in its 0 sentences"),
        ([[], []], "is empty: there is no token in its 2 sentences"),
        (b"bytes", r"the corpus is b'bytes' \(bytes\); expected the path of a text or an iterable"),
        (None, r"the corpus is None \(NoneType\)"),
        (5, r"the corpus is 5 \(int\)"),
        ("the cat sat", "no such file: the cat sat.*iterable of lists of tokens"),
        (["the", "cat"], "no such file: the.*iterable of lists of tokens"),
        (iter(["the cat", "sat"]), r"sentence 0 .* is 'the cat' \(str\); expected a list of tokens"),
        ([["a"], "the cat"], "sentence 1 .* is 'the cat'"),
        ([["a"], b"the cat"], "sentence 1 .* is b'the cat'"),
        ([["a"], 7], "sentence 1 .* is 7"),
        ([["a"], ["b", 7]], r"token 1 of sentence 1 .* is 7 \(int\); expected a str"),
        ([["a"], ["b", ["c"]]], r"token 1 of sentence 1 .* is \['c'\] \(list\)"),
        ({("a", "b")}, r"the corpus is \{.*\(set\); expected"),
        ([["a"], {"b"}], r"sentence 1 .*\(set\); expected"),
        ([["a", None]], "token 1 of sentence 0 .* is None"),
        ([["a", b"b"]], r"token 1 of sentence 0 .* \(bytes\)"),
        ([["a", "b", ""]], "token 2 of sentence 0 .* is an empty string"),
        ([["a\ud800"]], r"token 0 of sentence 0 .* lone surrogate"),
        ({"a": 1}, "sentence 0 .* is 'a'"),
    ],
)
def test_bad_sources(source, message, temporary, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=message):
        build_corpus(source, min_count=1, reading=Reading(tmp=temporary))


@pytest.mark.parametrize("token", [7, None, b"b", ["b"], "", "\ud800"])
def test_bad_tokens_to_lower(token, temporary):
    with pytest.raises(CorpusError, match=r"token 1 of sentence 2 "):
        build_corpus([["a"], [], ["a", token]], min_count=1, reading=Reading(lower=True, tmp=temporary))


def test_nothing_left_names_the_largest_count(tmp_path, temporary):
    (tmp_path / "text").write_text("a b c b\n")
    for source in (tmp_path / "text", [["a", "b", "c", "b"]]):
        with pytest.raises(VocabularyError, match=r"no word occurs 5 times: the most frequent, 'b', occurs 2 times"):
            build_corpus(source, reading=Reading(tmp=temporary))


def test_lists_have_no_tokenizer(temporary):
    with pytest.raises(ConfigError, match="tokenizer is 'words'"):
        build_corpus([["a"]], reading=Reading(tokenizer="words", tmp=temporary))


def test_errors_of_the_source_itself_pass_and_leave_nothing(temporary):
    def lists():
        yield ["a"]
        raise OSError("the user's own")

    with pytest.raises(OSError, match="the user's own"):
        build_corpus(lists(), min_count=1, reading=Reading(tmp=temporary))


def test_damage_leaves_nothing(tmp_path, temporary):
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"some words\n" * 1000)[:-9])
    with pytest.raises(CorpusError, match=r"cut\.gz: the gz stream is cut short after 11,000 bytes"):
        build_corpus(tmp_path / "cut.gz", min_count=1, reading=Reading(tmp=temporary))


@pytest.mark.parametrize("source", ["text", "lists"])
def test_a_full_disk(source, tmp_path, temporary, monkeypatch):
    (tmp_path / "text").write_text("some words\n")

    def full(file, array):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(numbering, "write_all", full)
    with pytest.raises(CorpusError, match=r"cannot write the encoded corpus in .*No space left.*another disk"):
        build_corpus(tmp_path / "text" if source == "text" else [["a"]], min_count=1, reading=Reading(tmp=temporary))


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
    assert [file.name for file in sorted(tmp_path.rglob("*"))][1:] == ["ids", "offsets"]
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


def test_progress_of_lists_counts_sentences(temporary, monkeypatch):
    monkeypatch.setattr(numbering, "IDS_AT_ONCE", 4)
    seen = []
    build_corpus(
        [["a", "b"]] * 5, min_count=1, reading=Reading(tmp=temporary), progress=lambda *step: seen.append(step)
    ).close()
    assert seen == [(2, None), (4, None), (5, None)]


def test_memory_does_not_hold_the_text(tmp_path, temporary):
    """The reader hands out blocks; no block is larger than the text between two cuts."""
    (tmp_path / "text").write_bytes(b"some words\n" * 200_000)
    assert max(map(len, TextReader([str(tmp_path / "text")]).blocks())) < 1_100_000
