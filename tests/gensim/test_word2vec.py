"""Word2Vec by gensim's names: vocabulary, training, questions, files, processes."""

import copy
import inspect
import logging
import math
import pickle
import warnings

import numpy as np
import pytest

from firth.errors import FirthError, FormatError
from firth.gensim import _saved
from firth.gensim.models import Word2Vec
from firth.gensim.models.keyedvectors import KeyedVectors
from firth.gensim.models.word2vec import LineSentence, PathLineSentences

SENTENCES = [["a", "b", "c", "a"], ["b", "d", "a", "e"], [], ["f", "a", "b"]]
LONG = [["a", "b", "c", "d"], ["b", "a", "d", "c", "e"], ["e", "f", "a"]] * 30
SMALL = {"vector_size": 4, "min_count": 1, "workers": 1, "sample": 0}
LN2 = math.log(2)


def model(sentences=LONG, **options):
    return Word2Vec(sentences, **(SMALL | options))


def built(sentences=LONG, **options):
    one = Word2Vec(**(SMALL | options))
    one.build_vocab(sentences)
    return one


def counts(one):
    return dict(zip(one.wv.index_to_key, one.wv.expandos["count"].tolist(), strict=True))


class Once:
    """An iterator, which gives its sentences once; it counts how often it is asked for them."""

    def __init__(self, sentences):
        self.left, self.asked = list(sentences), 0

    def __iter__(self):
        self.asked += 1
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        return self.left.pop(0)


class Callback:
    """Calls the functions that it is given."""

    def __init__(self, **functions):
        for name in ("on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end"):
            setattr(self, name, functions.get(name, lambda one: None))


def test_the_constructor_has_gensims_order_and_defaults():
    parameters = list(inspect.signature(Word2Vec).parameters.values())[:-1]
    assert [(one.name, one.default) for one in parameters] == [
        *(("sentences", None), ("corpus_file", None), ("vector_size", 100), ("alpha", 0.025), ("window", 5)),
        *(("min_count", 5), ("max_vocab_size", None), ("sample", 1e-3), ("seed", 1), ("workers", 3)),
        *(("min_alpha", 1e-4), ("sg", 0), ("hs", 0), ("negative", 5), ("ns_exponent", 0.75), ("cbow_mean", 1)),
        *(("hashfxn", hash), ("epochs", 5), ("null_word", 0), ("trim_rule", None), ("sorted_vocab", 1)),
        *(("batch_words", 10000), ("compute_loss", False), ("callbacks", ()), ("comment", None)),
        *(("max_final_vocab", None), ("shrink_windows", True)),
    ]


def test_a_corpus_in_the_constructor_builds_and_trains():
    one = model(SENTENCES * 9)
    assert one.wv.index_to_key == ["a", "b", "c", "d", "e", "f"]
    assert counts(one) == {"a": 36, "b": 27, "c": 9, "d": 9, "e": 9, "f": 9}
    assert (one.corpus_count, one.corpus_total_words, one.train_count) == (36, 99, 1)
    assert one.wv.vectors.shape == one.syn1neg.shape == (6, 4)
    assert one.syn1neg.any()
    assert not hasattr(one, "syn1")
    assert str(one) == "Word2Vec<vocab=6, vector_size=4, alpha=0.025>"


def test_settings_mean_what_they_mean_in_gensim():
    def config(**options):
        return Word2Vec(**(SMALL | options))._firth_run_config()

    cbow = config()
    assert (cbow.architecture, cbow.loss, cbow.cbow_undivided, cbow.cbow_sum) == (
        *("cbow", "negative-sampling"),
        *(True, False),
    )
    assert (cbow.lr, cbow.min_lr, cbow.epochs, cbow.negatives, cbow.ns_exponent) == (0.025, 1e-4, 5, 5, 0.75)
    assert config(cbow_mean=0).cbow_sum
    skipgram = config(sg=1, shrink_windows=False, window=3, seed=7)
    assert (skipgram.architecture, skipgram.update, skipgram.fixed_window, skipgram.window, skipgram.seed) == (
        *("skipgram", "shared"),
        *(True, 3, 7),
    )
    assert config(hs=1, negative=0).loss == "hierarchical-softmax"
    assert config(hs=1).loss == "negative-sampling+hierarchical-softmax"
    assert config(workers=1).threads == 1


def test_one_worker_gives_the_same_vectors_again():
    assert np.array_equal(model().wv.vectors, model().wv.vectors)
    assert not np.array_equal(model().wv.vectors, model(seed=2).wv.vectors)


def test_the_constructor_reads_once():
    source = Once(LONG)
    assert np.array_equal(model(source).wv.vectors, model().wv.vectors)
    assert source.asked == 1


def test_building_and_training_apart_is_the_same():
    one = built()
    one.train(LONG, total_examples=one.corpus_count, epochs=one.epochs)
    assert np.array_equal(one.wv.vectors, model().wv.vectors)


def test_an_iterator_that_is_used_up_is_an_error_that_names_the_cure():
    one, source = Word2Vec(**SMALL), Once(LONG)
    one.build_vocab(source)
    with pytest.raises(RuntimeError, match=r"used up: an iterator gives them once.*__iter__ begins anew") as caught:
        one.train(source, total_examples=one.corpus_count, epochs=2)
    assert isinstance(caught.value, FirthError)
    one.train(iter(LONG), epochs=2)  # a fresh one serves


@pytest.mark.parametrize("read", [lambda path: {"corpus_file": path}, lambda path: {"sentences": LineSentence(path)}])
def test_files_are_read_like_lists_of_their_lines(tmp_path, read):
    path = tmp_path / "corpus.txt"
    path.write_text("\n\n".join(" ".join(sentence) for sentence in LONG) + "\n", encoding="utf-8")
    one = Word2Vec(**(SMALL | read(str(path))))
    assert np.array_equal(one.wv.vectors, model().wv.vectors)
    assert one.corpus_count == 90


def test_long_sentences_are_whole():
    sentence = [f"w{i % 7}" for i in range(25_000)]
    one = built([sentence], compute_loss=True)
    one.train([sentence], epochs=1, compute_loss=True, start_alpha=0.0, end_alpha=0.0)
    assert one.get_latest_training_loss() == pytest.approx(25_000 * 6 * LN2)
    assert one.corpus_total_words == 25_000


def test_lines_are_cut_where_that_was_asked(tmp_path):
    (tmp_path / "text").write_text("w v u " * 9000, encoding="utf-8")

    def sentences(length, kind=LineSentence, **options):
        one = Word2Vec(min_count=1)
        one.build_vocab(kind(tmp_path / "text", length, **options))
        assert one.corpus_total_words == 27_000
        return one.corpus_count

    assert sentences(None) == sentences(10_000) == sentences(10_000, limit=1) == 1
    assert sentences(10_000, PathLineSentences) == sentences(10_000, PathLineSentences, limit=1) == 1
    assert sentences(5_000) == sentences(5_000, PathLineSentences) == 6
    lines = LineSentence(tmp_path / "text")
    Word2Vec(min_count=1).build_vocab(lines)
    with open(tmp_path / "text", encoding="utf-8") as file:
        one = Word2Vec(min_count=1)
        one.build_vocab(LineSentence(file))
    assert one.corpus_count == 1
    assert len(list(lines)) == 3, "the object that was given stays as it was"


def test_integers_stay_integers():
    one = model([[3, 5, np.int64(7)], np.array([5, 7, 9])] * 9)
    assert set(one.wv.index_to_key) == {3, 5, 7, 9}
    assert set(map(type, one.wv.index_to_key)) == {int}
    one.train([[3, 5]] * 9, epochs=1)


@pytest.mark.parametrize(
    ("sentences", "kind", "message"),
    [
        ("a b c", TypeError, "one string: expected lists of words"),
        (["a b", "c"], TypeError, r"sentence 0 .* is 'a b', one string, which would be read letter by letter"),
        (5, TypeError, r"are 5 \(int\)"),
        ({"a": 1}, TypeError, r"\(dict\)"),
        ([["a"], 5], TypeError, "sentence 1 .* is 5"),
        ([["a", None]], TypeError, "token 1 of sentence 0"),
        (
            [[(0, 1), (0, 2)]],
            TypeError,
            r"token 0 .* is \(0, 1\) \(tuple\).*such as the nodes of a graph, give str\(\)",
        ),
        ([["a"], [5], [6]], TypeError, r"mix strings and integers.*give str\(\) of each"),
        ([["a", 5]], TypeError, "mix strings and integers|token 1"),
        ([["a"], [5]], TypeError, "mix strings and integers"),
        ([], RuntimeError, "the corpus is empty: there is no word in its 0 sentences"),
        ([[], []], RuntimeError, "no word in its 2 sentences"),
    ],
)
def test_what_is_no_corpus_is_refused(sentences, kind, message):
    for call in (lambda: model(sentences), lambda: built(sentences), lambda: built().train(sentences, epochs=1)):
        with pytest.raises(kind, match=message) as caught:
            call()
        assert isinstance(caught.value, FirthError)


def test_empty_strings_are_left_out_with_a_warning():
    with pytest.warns(UserWarning, match="2 empty strings"):
        one = model([["a", "", "b"], ["", "b", "a"]] * 1)
    assert sorted(one.wv.index_to_key) == ["a", "b"]


def test_one_corpus_is_expected():
    with pytest.raises(TypeError, match="both are given"):
        Word2Vec(LONG, corpus_file="x")
    with pytest.raises(TypeError, match="there is neither"):
        Word2Vec().build_vocab()
    with pytest.raises(TypeError, match="expected the path of a text"):
        Word2Vec(corpus_file="/no/such/file")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"negative": 0}, "hs is 0 and negative is 0"),
        ({"workers": 0}, "workers is 0"),
        ({"workers": -1}, "workers is -1"),
        ({"vector_size": 0}, "vector_size is 0"),
        ({"alpha": -0.1}, "alpha is -0.1"),
        ({"epochs": 0}, "epochs is 0"),
        ({"window": 0}, "window is 0"),
        ({"sample": "x"}, "sample is 'x'"),
        ({"window": 2.5}, "window is 2.5"),
        ({"negative": -1}, "hs is 0 and negative is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"min_count": "x"}, "min_count is 'x'"),
        ({"max_final_vocab": 0}, "max_final_vocab is 0"),
        ({"negative": 2000}, "negative is 2000"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        Word2Vec(**(SMALL | options))
    assert isinstance(caught.value, FirthError)


def test_values_that_gensim_takes():
    one = model(window=2.0, workers=1.0, negative=np.float64(3), min_count=1.0, epochs=2.0, max_vocab_size=0)
    same = model(window=2, negative=3, epochs=2)
    assert np.array_equal(one.wv.vectors, same.wv.vectors)
    assert (one.window, type(one.window), one.max_vocab_size) == (2, int, None)
    assert model(sample=None).sample == model(sample=-1).sample == 0
    one = model(negative=-1, hs=1, min_count=-1)
    assert (one.negative, one.min_count, hasattr(one, "syn1neg")) == (0, 0, False)
    seeds = {Word2Vec(seed=None).seed for _ in range(3)}
    assert len(seeds) > 1
    assert set(map(type, seeds)) == {int}


def test_options_without_meaning_are_told_of_once():
    with pytest.warns(UserWarning, match="options without an effect") as caught:
        Word2Vec(hashfxn=len, batch_words=5, null_word=1)
    assert len(caught) == 1
    assert all(name in str(caught[0].message) for name in ("hashfxn", "batch_words", "null_word"))
    assert caught[0].filename == __file__


def test_an_unknown_option_is_a_type_error():
    with pytest.raises(TypeError, match="'foo'"):
        Word2Vec(foo=1)
    with pytest.raises(TypeError, match="'foo'"):
        built().train(LONG, foo=1)


def test_no_word_left():
    with pytest.raises(RuntimeError, match="no word occurs 100 times: the most frequent, 'a', occurs 4 times"):
        model(SENTENCES, min_count=100)
    with pytest.raises(RuntimeError, match="call build_vocab"):
        Word2Vec(**SMALL).train(LONG, epochs=1)


class TestVocabulary:
    def test_update_keeps_vectors_and_adds_counts(self):
        one = model(min_count=2)
        before, outside = one.wv.vectors.copy(), one.syn1neg.copy()
        one.build_vocab([["a", "z", "z", "q"], ["z", "b", "q", "y"]], update=True)
        assert one.wv.index_to_key == ["a", "b", "c", "d", "e", "f", "z", "q"]
        assert counts(one) == {"a": 91, "b": 61, "c": 60, "d": 60, "e": 60, "f": 30, "z": 3, "q": 2}
        assert np.array_equal(one.wv.vectors[:6], before)
        assert np.array_equal(one.syn1neg[:6], outside)
        assert one.wv.vectors[6:].any(axis=1).all()
        assert (one.corpus_count, one.corpus_total_words) == (2, 8)
        one.train([["z", "q", "a"]] * 20, epochs=3)
        assert one.syn1neg[6:].any(axis=1).all()

    def test_update_keeps_the_attributes_of_keys(self):
        one = built()
        one.wv.set_vecattr("b", "mine", 7)
        one.build_vocab([["z"]], update=True)
        assert [one.wv.get_vecattr(key, "mine") for key in "abz"] == [0, 7, 0]
        assert one.wv.get_vecattr("z", "count") == 1
        one.build_vocab(LONG)
        assert list(one.wv.expandos) == ["count"]

    def test_update_needs_a_vocabulary(self):
        with pytest.raises(RuntimeError, match="no vocabulary to update"):
            Word2Vec(**SMALL).build_vocab(LONG, update=True)

    def test_counts_can_be_given(self):
        one = Word2Vec(**(SMALL | {"min_count": 2}))
        one.build_vocab_from_freq({"y": 3.0, "x": 5, "z": 1}, corpus_count=7)
        assert (one.wv.index_to_key, one.corpus_count) == (["x", "y"], 7)
        one.build_vocab_from_freq({"w": 5, "x": 3}, update=True)
        assert counts(one) == {"x": 8, "y": 3, "w": 5}
        one.train([["x", "y", "w"]] * 9, epochs=1)

    @pytest.mark.parametrize(
        ("given", "kind"),
        [(["a"], TypeError), ({"a": 1.5}, ValueError), ({"a": -1}, ValueError), ({"a": 1, 2: 1}, TypeError)],
    )
    def test_counts_are_checked(self, given, kind):
        with pytest.raises(kind) as caught:
            Word2Vec(**SMALL).build_vocab_from_freq(given)
        assert isinstance(caught.value, FirthError)

    @pytest.mark.parametrize(("most", "words", "least"), [(1, "a", 4), (2, "ab", 2), (3, "ab", 2), (6, "abcdef", 1)])
    def test_max_final_vocab_raises_min_count(self, most, words, least):
        one = built(SENTENCES, max_final_vocab=most)
        assert (one.wv.index_to_key, one.effective_min_count) == (list(words), least)

    def test_max_vocab_size_keeps_the_most_frequent(self):
        assert built(SENTENCES, max_vocab_size=2).wv.index_to_key == ["a", "b"]

    def test_sorted_vocab_0_keeps_the_order_of_appearance(self):
        assert built([["x", "y", "y"], ["z", "z", "z"]], sorted_vocab=0).wv.index_to_key == ["x", "y", "z"]
        assert built([["x", "y", "y"], ["z", "z", "z"]]).wv.index_to_key == ["z", "y", "x"]

    def test_a_trim_rule_decides(self):
        def rule(word, count, min_count):
            return {"a": 1, "f": 2}.get(word, 0)

        one = Word2Vec(**(SMALL | {"min_count": 2}))
        one.build_vocab(SENTENCES, trim_rule=rule)
        assert one.wv.index_to_key == ["b", "f"]
        one.build_vocab(SENTENCES, trim_rule=lambda word, *_: {"f": 2}.get(word))
        assert one.wv.index_to_key == ["a", "b", "f"]
        with pytest.raises(RuntimeError, match="trim_rule discards all"):
            one.build_vocab(SENTENCES, trim_rule=lambda *_: 1)
        with pytest.raises(ValueError, match="trim_rule returned 'x'"):
            one.build_vocab(SENTENCES, trim_rule=lambda *_: "x")

    def test_the_raw_vocabulary_stays_on_request(self):
        one = Word2Vec(**SMALL)
        one.build_vocab(SENTENCES, keep_raw_vocab=True)
        assert one.raw_vocab == {"a": 4, "b": 3, "c": 1, "d": 1, "e": 1, "f": 1}
        told = one.prepare_vocab(min_count=3, dry_run=True, keep_raw_vocab=True)
        assert (told["drop_unique"], told["retain_total"], told["num_retained_words"]) == (4, 7, 2)
        assert one.min_count == 1
        assert not built(SENTENCES).raw_vocab

    def test_the_steps_can_be_called_one_by_one(self):
        one = Word2Vec(**SMALL)
        assert one.scan_vocab(SENTENCES) == (11, 4)
        one.prepare_vocab()
        one.prepare_weights()
        assert np.array_equal(one.wv.vectors, built(SENTENCES).wv.vectors)

    def test_reset_from_takes_the_words_of_another(self):
        first, second = model(), Word2Vec(**(SMALL | {"vector_size": 6, "sg": 1}))
        second.reset_from(first)
        assert counts(second) == counts(first)
        assert second.wv.vectors.shape == (6, 6)
        assert second.corpus_count == first.corpus_count


class TestTraining:
    def test_vectors_are_a_view_of_the_matrix_under_training(self):
        one = built()
        view, before = one.wv.vectors, one.wv.vectors.copy()
        one.train(LONG, epochs=1)
        assert one.wv.vectors is view
        assert not np.array_equal(view, before)

    def test_training_goes_on_from_the_vectors_as_they_stand(self):
        one = model()
        one.wv.vectors[:] = 1.0
        one.train(LONG, epochs=1, start_alpha=0.0, end_alpha=0.0)
        assert (one.wv.vectors == 1.0).all()
        replaced = np.full((6, 4), 2.0)
        one.wv.vectors = replaced
        one.syn1neg = np.zeros((6, 4), np.float32)
        one.train(LONG, epochs=1, start_alpha=0.025)
        assert (np.abs(one.wv.vectors - 2.0) < 1.0).all()
        assert one.syn1neg.any()
        one.syn1neg = np.zeros((6, 5), np.float32)
        with pytest.raises(ValueError, match=r"syn1neg is float32 of shape \(6, 5\)"):
            one.train(LONG, epochs=1)

    def test_each_call_draws_anew(self):
        one = built()
        first = one._firth_run_config().seed
        one.train(LONG, epochs=1)
        assert (first, one._firth_run_config().seed != first) == (1, True)

    def test_totals_may_be_left_out_and_are_compared(self, caplog):
        one = built()
        assert one.train(LONG)[1] == 5 * 360
        assert one.train(LONG, epochs=2)[1] == 2 * 360
        assert one.epochs == 2
        with caplog.at_level(logging.WARNING):
            one.train(LONG, total_examples=3, total_words=360, epochs=1)
        assert "total_examples is 3, but the corpus has 90 sentences" in caplog.text
        assert "total_words" not in caplog.text

    def test_how_many_words_were_trained(self):
        assert built().train(LONG, epochs=2) == (720, 720)
        trained, read = built(sample=1e-2).train(LONG, epochs=2)
        assert read == 720
        assert 100 < trained < 600

    def test_a_rate_that_rises_again_is_logged(self, caplog):
        one = model()
        with caplog.at_level(logging.INFO, "firth.gensim"):
            one.train(LONG, epochs=1)
        found = [record for record in caplog.records if "alpha is higher than in earlier" in record.message]
        assert [record.levelname for record in found] == ["INFO"]

    def test_learning_rates_stay_with_the_model(self):
        one = built()
        one.train(LONG, epochs=1, start_alpha=0.05, end_alpha=0.01)
        assert (one.alpha, one.min_alpha, one.min_alpha_yet_reached) == (0.05, 0.01, 0.01)

    def test_a_rate_below_the_least_is_warned_of(self):
        one = built()
        one.alpha = 1e-5
        with pytest.warns(UserWarning, match="alpha is 1e-05, below min_alpha, 0.0001") as caught:
            one.train(LONG, epochs=1)
        assert caught[0].filename == __file__
        one.alpha = -0.01
        with pytest.raises(ValueError, match=r"alpha is -0.01"):
            one.train(LONG, epochs=1)

    def test_options_without_meaning_are_told_of_once(self):
        with pytest.warns(UserWarning, match="word_count.*queue_factor"):
            built().train(LONG, epochs=1, word_count=5, queue_factor=3)

    @pytest.mark.parametrize(("sg", "predictions"), [(0, 4 + 5 + 3), (1, 2 * (3 + 4 + 2))])
    def test_the_loss_is_the_sum_over_the_pairs(self, sg, predictions):
        one = built(sg=sg, window=1, shrink_windows=False)
        one.train(LONG, epochs=2, compute_loss=True, start_alpha=0.0, end_alpha=0.0)
        assert one.get_latest_training_loss() == pytest.approx(2 * 30 * predictions * 6 * LN2)
        one.train(LONG, epochs=1)
        assert one.get_latest_training_loss() == 0.0

    def test_nothing_known_is_warned_of(self):
        one = built()
        before = one.wv.vectors.copy()
        with pytest.warns(UserWarning, match="nothing was trained: none of the 2 words") as caught:
            assert one.train([["x", "y"]], epochs=1) == (0, 2)
        assert caught[0].filename == __file__
        with pytest.warns(UserWarning, match="nothing was trained: there was no pair"):
            one.train([["a"], ["b"]], epochs=1)
        assert np.array_equal(one.wv.vectors, before)

    def test_frozen_words_stay(self):
        one = built()
        before = one.wv.vectors.copy()
        one.wv.vectors_lockf = np.array([0, 1, 1, 1, 0, 1], np.float32)
        one.train(LONG, epochs=2)
        same = (one.wv.vectors == before).all(axis=1)
        assert same.tolist() == [True, False, False, False, True, False]
        assert one.syn1neg.any(axis=1).all()
        one.wv.vectors_lockf = np.zeros(1, np.float32)
        before = one.wv.vectors.copy()
        one.train(LONG, epochs=1)
        assert np.array_equal(one.wv.vectors, before)

    @pytest.mark.parametrize("sg", [0, 1])
    def test_frozen_words_stay_with_both_losses(self, sg):
        one, free = built(hs=1, sg=sg), built(hs=1, sg=sg)
        before = one.wv.vectors.copy()
        one.wv.vectors_lockf = np.array([0, 1, 1, 1, 0, 1], np.float32)
        one.train(LONG, epochs=2)
        assert (one.wv.vectors == before).all(axis=1).tolist() == [True, False, False, False, True, False]
        assert one.syn1[:5].any(axis=1).all()
        assert one.syn1neg.any(axis=1).all()
        again = built(hs=1, sg=sg)
        again.wv.vectors_lockf = np.array([1, 1, 1, 1, 1, 0])  # of a word that the text below lacks
        for side in (again, free):
            side.train([["a", "b", "c", "d", "e"]] * 20, epochs=2)
        assert again.wv.vectors == pytest.approx(free.wv.vectors, abs=1e-6)
        assert again.syn1 == pytest.approx(free.syn1, abs=1e-6)

    @pytest.mark.parametrize(
        ("lockf", "message"), [([0.5] * 6, "vectors_lockf holds .*0.5"), ([1, 1], "has 2 numbers")]
    )
    def test_other_locks_are_refused(self, lockf, message):
        one = built()
        one.wv.vectors_lockf = np.array(lockf)
        with pytest.raises(ValueError, match=message):
            one.train(LONG, epochs=1)

    def test_callbacks_find_the_model_as_it_stands(self, tmp_path):
        calls = []

        class Callback:
            def on_train_begin(self, one):
                calls.append("train begins")

            def on_epoch_begin(self, one):
                calls.append("epoch begins")

            def on_epoch_end(self, one):
                calls.append((one.get_latest_training_loss(), one.wv.vectors.copy()))
                one.save(tmp_path / f"{len(calls)}")

            def on_train_end(self, one):
                calls.append("train ends")

        one = model(callbacks=[Callback()], compute_loss=True, epochs=2)
        names = [call for call in calls if isinstance(call, str)]
        assert names == ["train begins", "epoch begins", "epoch begins", "train ends"]
        (first, early), (second, late) = calls[2], calls[4]
        assert 0 < first < second == one.get_latest_training_loss()
        assert not np.array_equal(early, late)
        assert np.array_equal(Word2Vec.load(tmp_path / "3").wv.vectors, early)
        assert np.array_equal(one.wv.vectors, late)

    @pytest.mark.parametrize("when", ["on_train_begin", "on_epoch_begin", "on_epoch_end"])
    @pytest.mark.parametrize("whole", [False, True])
    def test_vectors_that_a_callback_assigns_are_trained(self, when, whole):
        def assign(one):
            if whole:
                one.wv = copy.deepcopy(one.wv)
            one.wv.vectors = np.full((6, 4), 5.0, np.float32)
            one.syn1neg = one.syn1neg.copy()

        one = built()
        one.train(LONG, epochs=2, callbacks=[Callback(**{when: assign})])
        assert (np.abs(one.wv.vectors - 5.0) < 1.0).all()
        assert (one.wv.vectors != 5.0).any() == (when != "on_epoch_end")
        view, before = one.wv.vectors, one.wv.vectors.copy()
        one.train(LONG, epochs=1)
        assert one.wv.vectors is view
        assert not np.array_equal(view, before)

    def test_a_callback_may_lock_vectors_but_not_change_the_words(self):
        def lock(one):
            one.wv.vectors_lockf = np.array([0, 1, 1, 1, 1, 1])

        one = built()
        before = one.wv.vectors.copy()
        one.train(LONG, epochs=1, callbacks=[Callback(on_epoch_begin=lock)])
        assert (one.wv.vectors == before).all(axis=1).tolist() == [True] + 5 * [False]
        added = Callback(on_epoch_begin=lambda one: one.build_vocab([["new"]], update=True))
        with pytest.raises(RuntimeError, match="a callback has changed the keys, from 6 to 7") as caught:
            one.train(LONG, epochs=1, callbacks=[added])
        assert isinstance(caught.value, FirthError)

    def test_a_callback_may_set_the_loss_back(self):
        losses = []

        def take(one):
            losses.append(one.get_latest_training_loss())
            one.running_training_loss = 0.0

        one, other = built(), built()
        one.train(LONG, epochs=3, compute_loss=True, callbacks=[Callback(on_epoch_end=take)])
        assert len(losses) == 3
        other.train(LONG, epochs=3, compute_loss=True)
        assert sum(losses) == pytest.approx(other.get_latest_training_loss())
        assert max(losses) < 1.5 * min(losses)
        assert one.get_latest_training_loss() == 0.0

    def test_a_callback_may_set_the_learning_rate(self):
        def lower(one):
            one.alpha = one.min_alpha = 0.0

        seen = []
        end = Callback(on_epoch_end=lambda one: (seen.append(one.wv.vectors.copy()), lower(one)))
        built().train(LONG, epochs=3, callbacks=[end])
        assert np.array_equal(seen[0], seen[2])

        def negative(one):
            one.alpha = -0.1

        with pytest.raises(ValueError, match=r"alpha is -0.1"):
            built().train(LONG, epochs=2, callbacks=[Callback(on_epoch_end=negative)])

    def test_a_callback_may_end_training(self):
        class Enough(Exception):
            pass

        class Callback:
            def on_train_begin(self, one): ...
            def on_epoch_begin(self, one): ...
            def on_epoch_end(self, one):
                raise Enough

        one = built()
        before = one.wv.vectors.copy()
        with pytest.raises(Enough):
            one.train(LONG, epochs=3, callbacks=[Callback()])
        assert not np.array_equal(one.wv.vectors, before)

    def test_hierarchical_softmax(self):
        one = model(sg=1, hs=1, negative=0)
        assert one.syn1.shape == (6, 4)
        assert one.syn1[:5].any(axis=1).all()
        assert not one.syn1[5].any()
        assert not hasattr(one, "syn1neg")
        before = one.syn1.copy()
        one.train(LONG, epochs=1, start_alpha=0.0, end_alpha=0.0)
        assert np.array_equal(one.syn1, before)

    def test_both_losses(self):
        pytest.importorskip("firth.sgd._both")
        one = model(hs=1, negative=5)
        assert one.syn1.shape == one.syn1neg.shape == (6, 4)
        assert one.syn1[:5].any(axis=1).all()
        assert one.syn1neg.any(axis=1).all()

    def test_the_log_goes_to_the_modules_logger(self, caplog, capsys):
        with caplog.at_level(logging.INFO, "firth.gensim"):
            model()
        assert {record.name.rpartition(".")[0] for record in caplog.records} == {"firth.gensim.models"}
        assert "collected 6 word types from a corpus of 360 raw words and 90 sentences" in caplog.text
        assert "EPOCH 4" in caplog.text
        assert capsys.readouterr() == ("", "")


class TestQuestions:
    def test_predicted_words_are_a_softmax(self):
        one = model()
        one.syn1neg[:] = np.random.default_rng(0).normal(size=(6, 4))
        ids = one.wv.key_to_index
        context = one.wv.vectors[[ids["a"], ids["b"], ids["a"]]].astype(float)
        for mean in (1, 0):
            one.cbow_mean = mean
            scores = np.exp(one.syn1neg.astype(float) @ (context.mean(0) if mean else context.sum(0)))
            shares = scores / scores.sum()
            best = np.argsort(-shares)[:3]
            found = one.predict_output_word(["a", "zz", "b", "a"], topn=3)
            assert [word for word, _ in found] == [one.wv.index_to_key[i] for i in best]
            assert [share for _, share in found] == pytest.approx(shares[best], rel=1e-5)
        assert one.predict_output_word([0, 1]) == one.predict_output_word(one.wv.index_to_key[:2])
        assert one.predict_output_word(["zz", 6]) is None
        with pytest.raises(RuntimeError, match="negative sampling"):
            Word2Vec(hs=1, negative=0).predict_output_word(["a"])
        with pytest.raises(RuntimeError, match="nothing to predict from"):
            Word2Vec().predict_output_word(["a"])

    @pytest.mark.parametrize(("sg", "mean"), [(1, 1), (0, 1), (0, 0)])
    def test_scores_are_log_probabilities(self, sg, mean):
        from firth.reference import hierarchical_probabilities, huffman

        one = model(sg=sg, hs=1, negative=0, cbow_mean=mean, window=2)
        one.syn1[:5] = np.random.default_rng(0).normal(size=(5, 4))
        one.wv.vectors[:] = np.random.default_rng(1).normal(size=(6, 4))
        vectors, paths = one.wv.vectors.astype(float), huffman(list(counts(one).values()))
        sentences = [["a", "zz", "b", "c", "d"], ["e"], [], ["f", "f", "a"]]
        expected = []
        for sentence in sentences:
            ids = [one.wv.key_to_index[word] for word in sentence if word in one.wv.key_to_index]
            total = 0.0
            for place, word in enumerate(ids):
                others = ids[max(0, place - 2) : place] + ids[place + 1 : place + 3]
                if sg:
                    hidden = [vectors[other] for other in others]
                else:
                    hidden = [vectors[others].mean(0) if mean else vectors[others].sum(0)] if others else []
                for one_hidden in hidden:
                    total += np.log(hierarchical_probabilities(one_hidden, one.syn1[:5].astype(float), paths)[word])
            expected.append(total)
        assert one.score(iter(sentences)) == pytest.approx(expected, rel=1e-5)
        assert len(one.score(sentences, total_sentences=2)) == 2
        assert one.score(sentences).dtype == np.float32

    def test_scores_need_the_tree_alone(self):
        with pytest.raises(RuntimeError, match="no vocabulary"):
            Word2Vec().score(LONG)
        with pytest.raises(RuntimeError, match="hs=1 and negative=0"):
            model().score(LONG)

    def test_memory_is_estimated(self):
        found = model().estimate_memory()
        assert found["total"] == found["vocab"] + found["vectors"] + found["syn1neg"] > 0
        assert Word2Vec().estimate_memory(1000)["vectors"] == 1000 * 112 * 4

    def test_events_are_kept(self):
        one = model()
        one.add_lifecycle_event("mine", answer=42)
        assert [event["event"] for event in one.lifecycle_events] == [
            *("prepare_vocab", "build_vocab", "train", "created", "mine"),
        ]
        assert one.lifecycle_events[-1]["answer"] == 42
        one.lifecycle_events = None
        one.add_lifecycle_event("no more")
        assert one.lifecycle_events is None


class TestFilesAndProcesses:
    def test_a_saved_model_trains_on(self, tmp_path):
        one = model(comment="mine", sg=1)
        one.save(tmp_path / "model")
        other = Word2Vec.load(tmp_path / "model")
        assert (str(other), other.comment, other.sg, other.train_count) == (str(one), "mine", 1, 1)
        assert counts(other) == counts(one)
        for sides in (one, other):
            sides.train(LONG, epochs=2)
        assert np.array_equal(other.wv.vectors, one.wv.vectors)
        assert np.array_equal(other.syn1neg, one.syn1neg)

    def test_integers_and_attributes_of_ones_own_are_saved(self, tmp_path):
        one = model([[1, 2, 3]] * 9)
        one.mine, one.array, one.code, one.number = {"a": (1, None)}, np.arange(3), print, np.array(5)
        one.wv.expandos["of_keys"] = np.array([7, 8, 9])
        with pytest.warns(UserWarning, match="attributes that are not saved: code: a builtin_function_or") as caught:
            one.save(tmp_path / "model")
        assert caught[0].filename == __file__
        other = Word2Vec.load(tmp_path / "model", mmap="r")
        assert other.wv.expandos["of_keys"].tolist() == [7, 8, 9]
        assert sorted(other.wv.index_to_key) == [1, 2, 3]
        assert (other.mine, other.array.tolist(), other.number) == ({"a": [1, None]}, [0, 1, 2], 5)
        assert other.hashfxn is hash
        other.train([[1, 2, 3]] * 9, epochs=1)

    def test_pickles_and_copies_are_models(self):
        one = model(hashfxn=hash)
        for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
            assert np.array_equal(other.wv.vectors, one.wv.vectors)
            assert not np.shares_memory(other.wv.vectors, one.wv.vectors)
            other.train(LONG, epochs=1)
            assert other.wv.vectors.any()

    def test_training_changes_the_arrays_that_a_model_begins_with(self, tmp_path):
        one = model(hs=1)
        one.save(tmp_path / "model")
        for other in (Word2Vec.load(tmp_path / "model"), pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
            held = other.wv.vectors, other.syn1neg, other.syn1
            before = [array.copy() for array in held]
            other.train(LONG, epochs=1)
            assert all(new is old for new, old in zip((other.wv.vectors, other.syn1neg, other.syn1), held, strict=True))
            assert not any(map(np.array_equal, held, before))
        assert not Word2Vec.load(tmp_path / "model", mmap="r").wv.vectors.flags.writeable

    def test_a_subclass_has_attributes_of_its_own(self, tmp_path):
        class Sub(Word2Vec):
            flag, syn9 = 1, None

            def __init__(self, *arguments, **options):
                self.syn0, self.vocab, self._read, self._weights = {}, {}, 1, 2
                super().__init__(*arguments, **options)
                self.flag, self.size, self.vocabulary = 2, 3, 4

            def _settings(self):
                raise AssertionError

        one = Sub(LONG, **SMALL)
        vars(one)["my attr"] = vars(one)["__x"] = vars(one)["train"] = 1
        with pytest.warns(UserWarning, match="attributes that are not saved") as caught:
            one.save(tmp_path / "model")
        assert all(name in str(caught[0].message) for name in ("my attr", "__x", "train", "syn0"))
        other = Sub.load(tmp_path / "model")
        assert (other.flag, other.size, other.vocabulary, other.vocab, other._read) == (2, 3, 4, {}, 1)
        assert one.syn0 == {}

    def test_the_raw_vocabulary_is_saved_where_it_is_kept(self, tmp_path):
        one = Word2Vec(**SMALL)
        one.build_vocab([[1, 2, 2]], keep_raw_vocab=True)
        one.save(tmp_path / "model")
        assert Word2Vec.load(tmp_path / "model").raw_vocab == {1: 1, 2: 2}

    def test_a_model_without_output_vectors_stays_one(self, tmp_path):
        one = model()
        del one.syn1neg
        one.save(tmp_path / "model")
        other = Word2Vec.load(tmp_path / "model")
        assert not hasattr(other, "syn1neg")
        other.train(LONG, epochs=1)
        assert other.syn1neg.any()

    def test_a_shallow_copy_shares_the_vectors(self):
        one = model()
        view, other = one.wv.vectors, copy.copy(one)
        other.train(LONG, epochs=1)
        assert one.wv.vectors is view is other.wv.vectors
        assert one.syn1neg is other.syn1neg

    def test_other_files_are_refused(self, tmp_path):
        one, path = model(), tmp_path / "model"
        path.write_bytes(pickle.dumps({}))
        with pytest.raises(FormatError, match="a pickle, as gensim saves"):
            Word2Vec.load(path)
        with pytest.raises(FormatError, match="no such file"):
            Word2Vec.load(tmp_path / "none")
        one.save(path)
        kind, state, file = _saved.load_state(path)
        tensors = {name: np.array(file.tensor(name, file.dtype(name))) for name in file}

        def refused(match, kind=kind, more=None, **changed):
            _saved.save_state(path, kind, tensors | (more or {}), state | changed)
            with pytest.raises(FormatError, match=match):
                Word2Vec.load(path)

        refused("load it with Doc2Vec.load", kind="Doc2Vec")
        refused("a word comes twice", keys=["a"] * 6)
        refused("not all strings", keys=["a", "b", "c", "d", "e", 5])
        refused("not all strings", keys=None)
        refused("6 counts for 5 words", keys=["a", "b", "c", "d", "e"])
        refused("no attributes", attributes=None)
        refused("attribute 'train'", attributes=state["attributes"] | {"train": 1})
        refused("attribute epochs is 'x'|settings", attributes=state["attributes"] | {"epochs": "x"})
        refused("settings of this Word2Vec", attributes=state["attributes"] | {"vector_size": -1})
        refused("settings of this Word2Vec", attributes={})
        refused("expected another type", attributes=state["attributes"] | {"train_count": "x"})
        for name in ("min_count", "sg", "shrink_windows", "window", "ns_exponent", "min_alpha_yet_reached"):
            refused(name, attributes=state["attributes"] | {name: "x"})
            refused(name, attributes=state["attributes"] | {name: [1]})
            refused(name, attributes={other: value for other, value in state["attributes"].items() if other != name})
        for name in ("min_count", "window", "alpha"):
            refused(name, attributes=state["attributes"] | {name: None})
        for wrong in ([["a", "x"]], [["a", -1]], [[[], 1]], 5, [1]):
            refused("raw_vocab", raw_vocab=wrong)
        for name in ("__x", "my attr", "_firth_weights", "_firth_begin", "wv", "iter"):
            refused("the attribute", attributes=state["attributes"] | {name: 1})
        refused("syn1neg is of shape", more={"syn1neg": np.zeros((5, 4), np.float32)})
        refused("vectors is of shape", more={"vectors": np.zeros((6, 3), np.float32)})
        refused("expected one a word", more={"vecattr.x": np.zeros(5)})
        refused("counts", more={"count": np.full(6, -1)})


class TestSubclasses:
    def test_inner_methods_are_refused(self):
        class Inner(Word2Vec):
            def _do_train_job(self, sentences, alpha, inits): ...

        class Deeper(Inner):
            pass

        with pytest.raises(TypeError, match="Inner overrides _do_train_job, an inner method of gensim's") as caught:
            Deeper(LONG, **SMALL)
        assert isinstance(caught.value, FirthError)

    def test_public_methods_are_called(self):
        calls = []

        class Mine(Word2Vec):
            def build_vocab(self, *arguments, **named):
                calls.append("build_vocab")
                return super().build_vocab(*arguments, **named)

            def train(self, *arguments, **named):
                calls.append("train")
                return super().train(*arguments, **named)

        assert np.array_equal(Mine(LONG, **SMALL).wv.vectors, model().wv.vectors)
        assert calls == ["build_vocab", "train"]


class TestOldNames:
    def test_of_options(self):
        with pytest.warns(DeprecationWarning, match="gensim 3") as caught:
            one = Word2Vec(LONG, min_count=1, size=6, iter=2, workers=1, sample=0)
        assert [str(one.message) for one in caught] == [
            "size is the name of gensim 3: use vector_size",
            "iter is the name of gensim 3: use epochs",
        ]
        assert caught[0].filename == __file__
        assert (one.vector_size, one.epochs, one.wv.vectors.shape) == (6, 2, (6, 6))

    def test_of_sentences(self):
        one = Word2Vec(**SMALL)
        with pytest.warns(DeprecationWarning, match="use corpus_iterable="):
            one.build_vocab(sentences=LONG)
        with pytest.warns(DeprecationWarning, match="use corpus_iterable=") as caught:
            one.train(sentences=LONG, epochs=1)
        assert caught[0].filename == __file__

    def test_of_attributes(self):
        one = model()
        for old, expected in {"iter": 5, "size": 4, "index2word": one.wv.index_to_key, "trainables": one}.items():
            with pytest.warns(DeprecationWarning, match=f"model.{old} is the name of gensim 3") as caught:
                assert getattr(one, old) is expected or getattr(one, old) == expected
            assert caught[0].filename == __file__
        with pytest.warns(DeprecationWarning, match="use model.epochs"):
            one.iter = 7
        assert one.epochs == 7
        with pytest.warns(DeprecationWarning, match="use model.wv.vectors"):
            assert one.syn0 is one.wv.vectors
        with pytest.warns(DeprecationWarning, match="use model.wv.vectors") as caught:
            one.syn0 = one.wv.vectors + 1
        assert (len(caught), caught[0].filename) == (1, __file__)
        with pytest.warns(DeprecationWarning, match="use model.wv.vectors_lockf|use the model itself"):
            one.trainables.vectors_lockf = np.zeros(6)
        assert not one.wv.vectors_lockf.any()
        with warnings.catch_warnings(), pytest.raises(TypeError, match="not iterable"):
            iter(one)

    @pytest.mark.skipif(not hasattr(KeyedVectors, "most_similar"), reason="the queries of KeyedVectors come later")
    def test_of_questions(self):
        one = model()
        with pytest.warns(DeprecationWarning, match=r"use model.wv\[word\]"):
            assert np.array_equal(one["a"], one.wv.vectors[0])
        with pytest.warns(DeprecationWarning, match="use word in model.wv"):
            assert "a" in one
        with pytest.warns(DeprecationWarning, match="use model.wv.most_similar") as caught:
            assert one.most_similar("a", topn=2) == one.wv.most_similar("a", topn=2)
        assert len(caught) == 1
        with pytest.warns(DeprecationWarning, match="use model.wv.key_to_index") as caught:
            assert one.vocab["b"].count == 60
        assert len(caught) == 1

    def test_of_accuracy(self, tmp_path):
        (tmp_path / "questions").write_text(": one\na b c d\n", encoding="utf-8")
        with pytest.warns(DeprecationWarning, match="use model.wv.evaluate_word_analogies") as caught:
            sections = model().accuracy(tmp_path / "questions")
        assert (len(caught), sections[0]["section"]) == (1, "one")
