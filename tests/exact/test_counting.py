"""Co-occurrence counts against the definition, for any number of threads and any memory, and what is left behind."""

import sys
import threading
import time
from collections import Counter
from itertools import product

import numpy as np
import pytest

from firth import reference
from firth.corpus.encode import Corpus, build_corpus
from firth.corpus.subsampling import DRAWS, keep_thresholds
from firth.corpus.vocabulary import Vocabulary
from firth.errors import ConfigError, CorpusError, MissingExtraError
from firth.exact import _pairs as pairs
from firth.exact import counting as cooccurrence
from firth.exact.counting import cooccurrences, count_pairs
from firth.files.folders import OWNER, TemporaryFolder
from firth.settings import Reading, TrainConfig

SENTENCE = [0, 2, 1, 2, 3]
KEEP = np.array([0.9, 0.35, 0.6, 1.0])
NO_FOLDER = TemporaryFolder(None, "a corpus in memory", "")


def all_draws(sentence, keep, window, fixed_window):
    """Pairs summed over all subsets of kept tokens and all radii of their windows, each by its probability."""
    pairs = np.zeros((len(keep), len(keep)))
    for kept in product([False, True], repeat=len(sentence)):
        p = np.prod([keep[w] if stays else 1 - keep[w] for w, stays in zip(sentence, kept, strict=True)])
        left = [w for w, stays in zip(sentence, kept, strict=True) if stays]
        radii = [window] if fixed_window else range(1, window + 1)
        for position, center in enumerate(left):
            for radius in radii:
                for outside in reference.window_ids(left, position, radius):
                    pairs[center, outside] += p / len(radii)
    return pairs


@pytest.mark.parametrize("fixed_window", [False, True])
@pytest.mark.parametrize("window", [1, 2, 3, 7])
def test_the_reference_is_the_mean_over_all_draws(window, fixed_window):
    found = reference.expected_pairs(SENTENCE, KEEP, window, fixed_window)
    np.testing.assert_allclose(found, all_draws(SENTENCE, KEEP, window, fixed_window), rtol=1e-12)


def test_the_reference_keeps_sentences_apart():
    halves = [SENTENCE[:2], SENTENCE[2:], []]
    found = reference.expected_pairs(halves, KEEP, 4)
    np.testing.assert_allclose(found, sum(all_draws(half, KEEP, 4, False) for half in halves), rtol=1e-12)


def random_sentences(seed, words=23, sentences=5, longest=50):
    """Sentences of words with very different counts, of one token and more."""
    rng = np.random.default_rng(seed)
    lengths = [1, longest, *rng.integers(1, longest, size=sentences)]
    return [[f"w{i}" for i in rng.zipf(1.4, size=length) % words] for length in lengths]


@pytest.fixture
def corpus():
    with build_corpus(random_sentences(0), min_count=1) as corpus:
        yield corpus


def expected(corpus, config):
    """X by the reference."""
    keep = (keep_thresholds(corpus.frequencies, config.subsample) + 1) / DRAWS
    sentences = [corpus.ids[a:b].tolist() for a, b in zip(corpus.offsets, corpus.offsets[1:], strict=False)]
    return reference.expected_pairs(sentences, keep, config.window, config.fixed_window)


def dense(counts):
    """X as a full matrix, after a look at the form."""
    n, m = counts.shape
    assert counts.indptr.dtype == np.int64
    assert counts.indices.dtype == np.int32
    assert counts.data.dtype == np.float32
    assert counts.indptr.shape == (n + 1,)
    assert counts.indptr[0] == 0
    assert counts.indptr[-1] == len(counts.indices) == len(counts.data)
    full = np.zeros((n, m), np.float32)
    for row in range(n):
        entries = slice(counts.indptr[row], counts.indptr[row + 1])
        assert (np.diff(counts.indices[entries]) > 0).all()
        full[row, counts.indices[entries]] = counts.data[entries]
    assert np.count_nonzero(full) == len(counts.data)
    return full


@pytest.mark.parametrize("fixed_window", [False, True])
@pytest.mark.parametrize("subsample", [0, 0.3, 0.02, 1e-4])
@pytest.mark.parametrize("window", [1, 2, 5, 16, 20])
def test_counts_are_those_of_the_reference(monkeypatch, window, subsample, fixed_window):
    monkeypatch.setattr(cooccurrence, "CUTOFF", 0.0)
    with build_corpus(random_sentences(window), min_count=1) as corpus:
        config = TrainConfig(window=window, subsample=subsample, fixed_window=fixed_window, threads=2)
        found = count_pairs(corpus, config)
        np.testing.assert_allclose(dense(found), expected(corpus, config), rtol=3e-6, atol=1e-12)
        assert found.words == corpus.vocab.words
        np.testing.assert_array_equal(found.counts, corpus.vocab.counts)


def test_frequencies_that_were_given_decide_what_is_kept(monkeypatch):
    monkeypatch.setattr(cooccurrence, "CUTOFF", 0.0)
    given = Vocabulary(["never", *(f"w{i}" for i in range(5))], np.array([900, 3, 50, 1, 1, 20]))
    config = TrainConfig(window=5, subsample=0.02, threads=2)
    with build_corpus(random_sentences(0), vocab=given, min_count=1) as corpus:
        found = count_pairs(corpus, config)
        assert corpus.frequencies.tolist() != corpus.vocab.counts.tolist()
        np.testing.assert_allclose(dense(found), expected(corpus, config), rtol=3e-6, atol=1e-12)
        np.testing.assert_array_equal(found.counts, corpus.vocab.counts)


@pytest.mark.parametrize("window", [1, 2, 17])
def test_a_word_that_is_nearly_always_kept(monkeypatch, window):
    """Far pairs depend on 1 - k, of which float32 k would keep hardly a digit."""
    monkeypatch.setattr(cooccurrence, "CUTOFF", 0.0)
    with build_corpus([["a", *["x"] * (window + 1), "b"]], min_count=1) as corpus:
        share = corpus.vocab.counts.max() / len(corpus.ids)
        config = TrainConfig(window=window, subsample=0.381965 * share, threads=1)  # sqrt(t/f) + t/f is 1 at 0.381966
        right = expected(corpus, config)
        found = dense(count_pairs(corpus, config))
    a, b = corpus.vocab.ids["a"], corpus.vocab.ids["b"]
    assert 0 < right[a, b] < 1e-8
    np.testing.assert_allclose(found, right, rtol=3e-6)


@pytest.mark.parametrize("fixed_window", [False, True])
@pytest.mark.parametrize("window", [1, 5, 16, 20])
def test_without_subsampling_the_default_is_exact(corpus, window, fixed_window):
    config = TrainConfig(window=window, subsample=0, fixed_window=fixed_window, threads=2)
    right = expected(corpus, config)
    found = dense(count_pairs(corpus, config))
    np.testing.assert_array_equal(found != 0, right != 0)
    np.testing.assert_allclose(found, right, rtol=1e-7)
    np.testing.assert_array_equal(found, found.T)


def test_fixed_windows_without_subsampling_count_pairs(corpus):
    counts = count_pairs(corpus, TrainConfig(window=3, subsample=0, fixed_window=True, threads=2))
    lengths = np.diff(corpus.offsets)
    assert counts.data.sum() == 2 * sum(np.maximum(lengths - distance, 0).sum() for distance in (1, 2, 3))


def test_the_cutoff_leaves_out_what_it_says(monkeypatch):
    line = ["a", *["x"] * 60, "b"]
    with build_corpus([line], min_count=1) as corpus:
        config = TrainConfig(window=2, subsample=0.25, threads=1)
        k = (keep_thresholds(corpus.vocab.counts, config.subsample)[0] + 1) / DRAWS
        chance, gap = 1.0, 0  # of a pair with `gap` words x between
        while chance >= cooccurrence.CUTOFF:
            gap += 1
            chance = (1 - k) ** gap + gap * k * (1 - k) ** (gap - 1) / 2
        right = expected(corpus, config)
        found = dense(count_pairs(corpus, config))
    a, x = corpus.vocab.ids["a"], corpus.vocab.ids["x"]
    assert 2 < gap < 60
    assert right[a, corpus.vocab.ids["b"]] > 0
    assert found[a, corpus.vocab.ids["b"]] == 0
    np.testing.assert_allclose(found[a, x], reference.expected_pairs([0, *[1] * gap], [1, k], 2)[0, 1], rtol=1e-6)


def test_rows_and_columns_may_be_different_words(corpus):
    config = TrainConfig(window=4, subsample=0.02, threads=2)
    square, tall = (count_pairs(corpus, config, centers=centers) for centers in (None, 7))
    m = len(corpus.vocab)
    assert tall.shape == (7, m)
    assert tall.words == corpus.vocab.words
    np.testing.assert_array_equal(dense(tall), dense(square)[:7])
    assert count_pairs(corpus, config, centers=m + 1).shape == (m, m)


def test_the_square_is_symmetric(corpus):
    full = dense(count_pairs(corpus, TrainConfig(window=6, subsample=0.02, threads=1)))
    np.testing.assert_allclose(full, full.T, rtol=1e-6)


def small_steps(monkeypatch, **changes):
    for name, value in {"TASK": 40, "QUOTA": 40, "CAPACITY": 3, "STRETCH": 7, **changes}.items():
        monkeypatch.setattr(cooccurrence, name, value)


def same_bytes(a, b):
    return all(getattr(a, name).tobytes() == getattr(b, name).tobytes() for name in ("indptr", "indices", "data"))


def test_neither_threads_nor_memory_nor_steps_change_a_byte(corpus, monkeypatch, tmp_path):
    configs = [TrainConfig(window=5, subsample=0.02, threads=threads) for threads in (1, 2, 3, 7)]
    whole = count_pairs(corpus, configs[0])
    assert corpus.vocab.counts[0] > 40
    assert len(whole.data) > 200
    small_steps(monkeypatch)
    for config in configs:
        assert same_bytes(whole, count_pairs(corpus, config))
        for memory in (1, 300, 1500, 10_000):
            with count_pairs(corpus, config, memory=memory, folder=tmp_path) as counts:
                assert same_bytes(whole, counts)
    monkeypatch.setattr(cooccurrence, "LARGEST_INT32", 5)
    assert same_bytes(whole, count_pairs(corpus, configs[1]))
    assert list(tmp_path.iterdir()) == []


def test_passes_are_over_words_that_fit():
    counts = np.array([9, 4, 3, 2, 0, 1])
    assert list(cooccurrence._passes(counts, 7)) == [(0, 1), (1, 3), (3, 6)]
    assert list(cooccurrence._passes(counts, 19)) == [(0, 6)]
    assert list(cooccurrence._passes(counts, 0)) == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)]


def test_what_does_not_fit_is_in_files_until_closed(corpus, tmp_path):
    counts = count_pairs(corpus, TrainConfig(threads=2), memory=1, folder=tmp_path)
    (home,) = tmp_path.iterdir()
    assert sorted(path.name for path in home.iterdir()) == [OWNER]
    assert counts.data.nbytes > 0
    counts.close()
    assert list(tmp_path.iterdir()) == []
    assert counts.indptr[-1] == len(counts.data) == 0


def test_the_files_go_with_the_counts(corpus, tmp_path):
    counts = count_pairs(corpus, TrainConfig(threads=2), memory=1, folder=tmp_path)
    assert list(tmp_path.iterdir())
    del counts
    assert list(tmp_path.iterdir()) == []


def test_what_fits_needs_no_files(corpus, tmp_path):
    with count_pairs(corpus, TrainConfig(threads=2), folder=tmp_path / "none"):
        assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to(corpus, tmp_path):
    with pytest.raises(CorpusError, match=r"cannot write what counting pairs needs in .*none: No such file"):
        count_pairs(corpus, TrainConfig(threads=2), memory=1, folder=tmp_path / "none")


def test_a_full_disk_while_threads_count(corpus, monkeypatch, tmp_path):
    def full(self, entries):
        raise CorpusError("no space")

    monkeypatch.setattr(cooccurrence._Output, "_spill", full)
    small_steps(monkeypatch)
    with pytest.raises(CorpusError, match="no space"):
        count_pairs(corpus, TrainConfig(threads=3), memory=1, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_many_columns_come_sorted():
    """More than 64 · 64 columns, so that the two levels of marks are both used, far apart and close together."""
    rng = np.random.default_rng(3)
    words = 9000
    lines = [rng.integers(words, size=400) for _ in range(40)] + [np.arange(words), np.full(30, 8191)]
    with build_corpus([[str(i) for i in line] for line in lines], min_count=1) as corpus:
        config = TrainConfig(window=4, subsample=0, fixed_window=True, threads=2)
        counts = count_pairs(corpus, config)
        right: Counter[tuple[int, int]] = Counter()
        for a, b in zip(corpus.offsets, corpus.offsets[1:], strict=False):
            ids = corpus.ids[a:b].tolist()
            for position, center in enumerate(ids):
                right.update((center, outside) for outside in reference.window_ids(ids, position, 4))
    rows = np.repeat(np.arange(len(counts.words)), np.diff(counts.indptr)).tolist()
    pairs = list(zip(rows, counts.indices.tolist(), strict=True))
    assert pairs == sorted(right)
    assert counts.data.tolist() == [right[pair] for pair in pairs]


def test_sentences_without_pairs():
    with build_corpus([["alone"], ["alone"], ["too"]], min_count=1) as corpus:
        counts = count_pairs(corpus, TrainConfig(threads=2))
    assert counts.shape == (2, 2)
    assert counts.indptr.tolist() == [0, 0, 0]
    assert dense(counts).sum() == 0


def test_a_word_that_does_not_occur():
    """As a given vocabulary may have one."""
    vocab = Vocabulary(["a", "never", "b"], np.array([2, 0, 1]))
    ids, offsets = np.array([0, 2, 0], np.int32), np.array([0, 3])
    with Corpus(ids, offsets, vocab, vocab.counts, vocab.counts, 3, 0, NO_FOLDER) as corpus:
        full = dense(count_pairs(corpus, TrainConfig(window=1, threads=2)))
    assert (full[1] == 0).all()
    assert (full[:, 1] == 0).all()
    assert full[0, 2] > 0


def test_progress_ends_with_all_tokens_of_center_words(corpus, monkeypatch):
    small_steps(monkeypatch)
    calls = []
    count_pairs(
        corpus, TrainConfig(threads=2), centers=3, memory=1, progress=lambda done, total: calls.append((done, total))
    )
    total = int(corpus.vocab.counts[:3].sum())
    assert calls[-1] == (total, total)
    assert {of for _, of in calls} == {total}
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_an_interrupt_stops_the_threads_and_removes_the_files(monkeypatch, tmp_path):
    """All tokens are one word's, and walks are long: counting would take a minute, within one row of one task."""
    steps = []
    monkeypatch.setattr(cooccurrence._Tasks, "add", lambda self, occurrences: steps.append(occurrences))
    with build_corpus([["a"] * 1000] * 4000, min_count=1, reading=Reading(tmp=tmp_path)) as corpus:

        def interrupt(done, total):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            count_pairs(corpus, TrainConfig(window=100, threads=2), memory=1, folder=tmp_path, progress=interrupt)
        assert sum(steps) < len(corpus.ids) / 10
        assert len(list(tmp_path.iterdir())) == 1  # the corpus itself
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_no_thread_at_work(monkeypatch):
    """The threads still read arrays of the call that is being left. Interrupts while they end: native/test_threads."""
    running, count_rows = set(), pairs.count_rows

    def count_slowly(*arguments):
        running.add(threading.get_ident())
        time.sleep(0.2)
        filled = count_rows(*arguments)
        running.remove(threading.get_ident())
        return filled

    def interrupt(done, total):
        raise KeyboardInterrupt

    with build_corpus([["a"] * 1000] * 4000, min_count=1) as corpus:
        monkeypatch.setattr(pairs, "count_rows", count_slowly)
        with pytest.raises(KeyboardInterrupt):
            count_pairs(corpus, TrainConfig(window=100, threads=2), progress=interrupt)
        assert not running


def test_counts_of_a_text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("The cat sat\nthe CAT\nthe rare dog\n", encoding="utf-8")
    with cooccurrences(path, window=2, fixed_window=True, subsample=0, lower=True, min_count=1, max_vocab=3) as counts:
        assert counts.words == ["the", "cat", "sat"]
        assert counts.counts.tolist() == [3, 2, 1]
        assert dense(counts).tolist() == [[0, 2, 1], [2, 0, 1], [1, 1, 0]]
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_the_defaults_are_those_of_training():
    lines = random_sentences(5, words=6)
    with build_corpus(lines) as corpus:
        right = expected(corpus, TrainConfig())
        np.testing.assert_allclose(dense(cooccurrences(lines)), right, rtol=1e-4)


def test_as_a_scipy_array(corpus):
    pytest.importorskip("scipy")
    counts = count_pairs(corpus, TrainConfig(subsample=0.02), centers=9)
    matrix = counts.tocsr()
    assert type(matrix).__name__ == "csr_array"
    assert matrix.has_sorted_indices
    np.testing.assert_array_equal(matrix.toarray(), dense(counts))


def test_scipy_is_missed_by_name(corpus, monkeypatch):
    counts = count_pairs(corpus, TrainConfig())
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'firth\[scipy\]'"):
        counts.tocsr()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dim": 100}, "dim does not change which pairs there are; the settings are lower, "),
        ({"windw": 5}, "unknown setting 'windw': did you mean 'window'"),
        ({"center": 5}, "did you mean 'centers'"),
        ({"window": 0}, "window is 0"),
        ({"centers": 0}, "centers is 0: expected a whole number, 1 or more"),
        ({"centers": 2.0}, "centers is 2.0"),
        ({"memory": True}, "memory is True"),
        ({"memory": "2G"}, "memory is '2G'"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ConfigError, match=message):
        cooccurrences([["a", "b"]], **settings)


def test_sums_and_leading_part(monkeypatch):
    monkeypatch.setattr("firth.exact.cooccurrences.PART", 3)
    vocab = Vocabulary(["a", "b", "never", "c"], np.array([3, 2, 0, 1]))
    ids, offsets = np.array([0, 1, 0, 3, 0, 1], np.int32), np.array([0, 4, 6])
    with Corpus(ids, offsets, vocab, vocab.counts, vocab.counts, 6, 0, NO_FOLDER) as corpus:
        counts = count_pairs(corpus, TrainConfig(window=3, subsample=0.2, threads=2))
    full = dense(counts).astype(float)
    np.testing.assert_allclose(counts.row_sums, full.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(counts.column_sums, full.sum(axis=0), rtol=1e-12)
    assert counts.row_sums[2] == 0
    for n, m in [(3, 3), (1, 2), (2, 4), (4, 4)]:
        part = counts.leading(n, m)
        np.testing.assert_array_equal(dense(part), full[:n, :m])
        assert part.words == vocab.words[:m]
        assert part.counts.tolist() == vocab.counts[:m].tolist()


def test_sums_are_added_up_once_and_go_with_the_entries(corpus):
    counts = count_pairs(corpus, TrainConfig(threads=2))
    assert counts.row_sums is counts.row_sums
    assert counts.column_sums is counts.column_sums
    assert counts.row_sums.sum() > 0
    counts.close()
    assert counts.row_sums.tolist() == [0] * counts.shape[0]
    assert counts.column_sums.tolist() == [0] * counts.shape[1]
