"""FastText by gensim's names, and the models of Facebook's fastText."""

import inspect
import itertools
import pickle
import subprocess
import sys

import numpy as np
import pytest

import firth
from firth.errors import FirthError, FormatError
from firth.gensim.models import Doc2Vec, FastText, Word2Vec
from firth.gensim.models.fasttext import load_facebook_model, load_facebook_vectors, save_facebook_model
from firth.vectors.subwords import ngram_rows

LONG = [["night", "nights", "day", "days"], ["day", "nightly", "daily"]] * 20
SMALL = {"vector_size": 4, "min_count": 1, "workers": 1, "sample": 0, "bucket": 50}


def model(sentences=LONG, **options):
    return FastText(sentences, **(SMALL | options))


def test_the_constructor_has_gensims_order_and_defaults():
    parameters = list(inspect.signature(FastText).parameters.values())[:-1]
    assert [(one.name, one.default) for one in parameters] == [
        *(("sentences", None), ("corpus_file", None), ("sg", 0), ("hs", 0), ("vector_size", 100), ("alpha", 0.025)),
        *(("window", 5), ("min_count", 5), ("max_vocab_size", None), ("word_ngrams", 1), ("sample", 1e-3)),
        *(("seed", 1), ("workers", 3), ("min_alpha", 1e-4), ("negative", 5), ("ns_exponent", 0.75)),
        *(("cbow_mean", 1), ("hashfxn", hash), ("epochs", 5), ("null_word", 0), ("min_n", 3), ("max_n", 6)),
        *(("sorted_vocab", 1), ("bucket", 2000000), ("trim_rule", None), ("batch_words", 10000)),
        *(("callbacks", ()), ("max_final_vocab", None), ("shrink_windows", True)),
    ]


def means(one):
    """The vectors of the words, by hand."""
    rows = np.concatenate([one.wv.vectors_vocab, one.wv.vectors_ngrams]).astype(float)
    offsets, parts = ngram_rows(one.wv.index_to_key, one.min_n, one.max_n, one.bucket)
    return [rows[parts[begin:end]].mean(axis=0) for begin, end in itertools.pairwise(offsets)]


def test_vectors_are_means_of_the_rows_that_training_changes():
    one = FastText(**SMALL)
    one.build_vocab(LONG)
    assert one.wv.vectors_vocab.shape == (6, 4)
    assert one.wv.vectors_ngrams.shape == (50, 4)
    assert one.wv.vectors == pytest.approx(np.array(means(one)), abs=1e-6)
    before, rows = one.wv.vectors.copy(), one.wv.vectors_ngrams
    one.train(LONG, total_examples=one.corpus_count, epochs=2)
    assert np.shares_memory(one.wv.vectors_ngrams, rows)
    assert one.wv.vectors == pytest.approx(np.array(means(one)), abs=1e-6)
    assert not np.array_equal(one.wv.vectors, before)
    assert isinstance(one, Word2Vec)
    assert str(one) == "FastText<vocab=6, vector_size=4, alpha=0.025>"


def test_callbacks_see_new_vectors():
    seen = []

    class Callback:
        def on_train_begin(self, one): ...
        def on_epoch_begin(self, one): ...
        def on_epoch_end(self, one):
            seen.append((one.wv.vectors.copy(), means(one)))

        def on_train_end(self, one): ...

    model(callbacks=[Callback()], epochs=2)
    assert all(vectors == pytest.approx(np.array(expected), abs=1e-6) for vectors, expected in seen)
    assert not np.array_equal(seen[0][0], seen[1][0])


def test_update_keeps_rows():
    one = model()
    words, ngrams = one.wv.vectors_vocab.copy(), one.wv.vectors_ngrams.copy()
    one.build_vocab([["week", "weekly"]], update=True)
    assert len(one.wv.index_to_key) == 8
    assert np.array_equal(one.wv.vectors_vocab[:6], words)
    assert np.array_equal(one.wv.vectors_ngrams, ngrams)
    one.train([["week", "weekly", "day"]] * 9, epochs=1)
    assert not np.array_equal(one.wv.vectors_ngrams, ngrams)


def test_ngrams_of_0_characters_are_those_of_1():
    one, same = model(min_n=0, max_n=2), model(min_n=1, max_n=2)
    assert (one.min_n, one.wv.min_n, len(one.wv.buckets_word[0])) == (1, 1, len(same.wv.buckets_word[0]))
    assert np.array_equal(one.wv.vectors, same.wv.vectors)


@pytest.mark.parametrize("options", [{"max_n": 0}, {"bucket": 0}, {"min_n": 0, "max_n": 0}, {"min_n": 7}])
def test_no_ngrams(options):
    one = model(**options)
    assert one.wv.vectors_ngrams.shape == (0, 4)
    assert np.array_equal(one.wv.vectors, one.wv.vectors_vocab)
    assert one._firth_run_config().maxn == 0


def test_options_are_checked():
    for options in ({"bucket": -1}, {"min_n": "x"}, {"max_n": None}):
        with pytest.raises(ValueError, match=f"{next(iter(options))} is "):
            FastText(**options)
    with pytest.raises(ValueError, match="max_n is 100"):
        FastText(max_n=100)
    with pytest.warns(UserWarning, match="word_ngrams"):
        FastText(word_ngrams=2)
    one = model()
    one.wv.vectors_ngrams_lockf = np.zeros(1)
    with pytest.raises(ValueError, match=r"wv.vectors_ngrams_lockf .* cannot be frozen"):
        one.train(LONG, epochs=1)


def test_saved_and_pickled_models_train_on(tmp_path):
    one = model()
    one.save(tmp_path / "model")
    others = FastText.load(tmp_path / "model"), pickle.loads(pickle.dumps(one))
    one.train(LONG, epochs=1)
    for other in others:
        assert (other.wv.min_n, other.wv.max_n, other.wv.bucket) == (3, 6, 50)
        other.train(LONG, epochs=1)
        assert np.array_equal(other.wv.vectors, one.wv.vectors)
    assert type(Word2Vec.load(tmp_path / "model")) is FastText
    with pytest.raises(FormatError, match=r"a saved FastText: load it with FastText.load"):
        Doc2Vec.load(tmp_path / "model")


@pytest.mark.parametrize("options", [{}, {"hs": 1, "negative": 0, "sg": 1}, {"max_n": 0}])
def test_models_of_fasttext_come_and_go(tmp_path, options):
    one = model(**options)
    save_facebook_model(one, tmp_path / "model.bin")
    other = load_facebook_model(tmp_path / "model.bin")
    assert other.wv.index_to_key == one.wv.index_to_key
    assert np.array_equal(other.wv.vectors_ngrams, one.wv.vectors_ngrams)
    assert other.wv.vectors == pytest.approx(one.wv.vectors, abs=1e-6)
    assert (other.sg, other.hs, other.negative, other.window) == (one.sg, one.hs, one.negative, one.window)
    assert np.array_equal(other.syn1[:-1], one.syn1[:-1]) if one.hs else np.array_equal(other.syn1neg, one.syn1neg)
    other.train(LONG, epochs=1)
    vectors = load_facebook_vectors(tmp_path / "model.bin")
    assert vectors.vectors == pytest.approx(one.wv.vectors, abs=1e-6)
    assert firth.load(tmp_path / "model.bin")["night"] == pytest.approx(one.wv.vectors[one.wv.key_to_index["night"]])


def test_other_files_are_no_models_of_fasttext(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("1 2\na 1 2\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"expected a .bin model of fastText's"):
        load_facebook_model(path)
    with pytest.raises(FirthError, match="expected 'utf-8'"):
        load_facebook_model(path, encoding="latin1")
    with pytest.raises(RuntimeError, match="no words"):
        save_facebook_model(FastText(**SMALL), tmp_path / "x.bin")


def test_attributes_of_keys_and_views_stay(tmp_path):
    one = model()
    one.wv.set_vecattr("day", "mine", 7)
    one.save(tmp_path / "model")
    for other in (FastText.load(tmp_path / "model"), pickle.loads(pickle.dumps(one))):
        held = other.wv.vectors, other.wv.vectors_vocab, other.wv.vectors_ngrams, other.syn1neg
        before = [array.copy() for array in held]
        other.train(LONG, epochs=1)
        other.wv.vectors_vocab = other.wv.vectors_vocab.copy()
        other.train(LONG, epochs=1)
        assert other.wv.get_vecattr("day", "mine") == 7
        assert not any(map(np.array_equal, held, before))
    one.build_vocab([["week"]], update=True)
    assert (one.wv.get_vecattr("day", "mine"), one.wv.get_vecattr("week", "mine")) == (7, 0)


def test_word2vec_loads_it_where_nothing_has_imported_fasttext(tmp_path):
    model().save(tmp_path / "model")
    code = "import sys; from firth.gensim.models.word2vec import Word2Vec; print(Word2Vec.load(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path / "model")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith("FastText<")
