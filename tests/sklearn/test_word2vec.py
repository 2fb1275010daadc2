"""`Word2VecVectorizer`: its vectors, its parameters, and its places in scikit-learn."""

import io
import itertools
import pickle

import numpy as np
import pytest

import firth

pytest.importorskip("sklearn")

import joblib
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from firth.sklearn import Word2VecVectorizer

SMALL = {"dim": 10, "min_count": 1, "subsample": 0, "lr": 0.1}

TOPICS = [
    ["Salt", "Pepper", "dish", "oven", "spoon", "butter", "flour", "sugar", "onion", "garlic"],
    ["wind", "rain", "storm", "cloud", "snow", "frost", "thunder", "breeze", "hail", "fog"],
]


def made_texts(documents, seed=1):
    """Texts about two topics and their labels; each has four words of its topic and four that both have."""
    random = np.random.default_rng(seed)
    labels = np.arange(documents) % 2
    both = ["the", "a", "and", "of", "it", "was"]
    words = [[*random.choice(TOPICS[label], 4), *random.choice(both, 4)] for label in labels]
    return [f"{' '.join(random.permutation(one))}." for one in words], labels


TEXTS, LABELS = made_texts(200)


@pytest.fixture(scope="module")
def fitted():
    return Word2VecVectorizer(**SMALL).fit(TEXTS)


def test_the_vectors_are_those_of_firth(fitted):
    lines = [text.lower().strip(".").split() for text in TEXTS]
    vectors = firth.train(lines, threads=1, quiet=True, **SMALL)
    assert fitted.vectors_.words == vectors.words
    assert fitted.vectors_.center.tobytes() == vectors.center.tobytes()
    right = firth.documents(vectors, lines, quiet=True)
    assert fitted.transform(TEXTS).tobytes() == right.matrix.tobytes()
    assert fitted.documents_.matrix.tobytes() == right.matrix.tobytes()


@pytest.mark.parametrize("method", ["sif", "mean"])
def test_fit_transform_gives_what_transform_gives_after_fit(method):
    vectorizer = Word2VecVectorizer(method=method, **SMALL)
    together = vectorizer.fit_transform(TEXTS, LABELS)
    assert together.dtype == np.float32
    assert together.shape == (200, 10)
    assert together.tobytes() == clone(vectorizer).fit(iter(TEXTS)).transform(TEXTS).tobytes()
    assert together.tobytes() == clone(vectorizer).fit_transform(iter(TEXTS)).tobytes()
    together[:] = 0
    assert vectorizer.documents_.matrix.any()


def test_the_components_of_the_training_are_removed_from_new_documents(fitted):
    new, _ = made_texts(20, seed=2)
    found = fitted.transform(new)
    assert np.abs(found @ fitted.documents_.common.T).max() < 1e-6 * np.abs(found).max() + 1e-7
    assert found[3:5].tobytes() == fitted.transform(new[3:5]).tobytes()


def test_documents_without_known_words_are_zeros(fitted):
    found = fitted.transform(["nothing known", "", "salt", "..."])
    assert found.any(axis=1).tolist() == [False, False, True, False]
    assert fitted.transform([]).shape == (0, 10)
    assert not fitted.transform([["salz"], []]).any()


def test_with_subwords_words_never_seen_have_vectors():
    vectorizer = Word2VecVectorizer(**SMALL, maxn=4, settings={"bucket": 100}).fit(TEXTS)
    assert vectorizer.transform(["thunderstorms"]).any()
    again = pickle.loads(pickle.dumps(vectorizer))
    assert again.transform(["thunderstorms"]).tobytes() == vectorizer.transform(["thunderstorms"]).tobytes()


def test_texts_are_read_as_the_parameters_say(fitted):
    assert fitted.transform(["SALT, (rain)!\nsalt"]).tobytes() == fitted.transform(["salt rain salt"]).tobytes()
    assert {"salt", "pepper"} < set(fitted.vectors_.words)
    plain = Word2VecVectorizer(**SMALL, lower=False, tokenizer=None).fit(TEXTS)
    assert {"Salt", "Salt."} < set(plain.vectors_.words)
    assert not plain.transform(["salt"]).any()
    own = Word2VecVectorizer(**SMALL, tokenizer=lambda text: [word[::-1] for word in text.split()]).fit(TEXTS)
    assert "tlas" in own.vectors_


def test_lists_of_tokens_are_taken_as_they_are(fitted):
    assert fitted.transform([["salt", "rain"]]).tobytes() == fitted.transform(["Salt, rain"]).tobytes()
    assert not fitted.transform([["Salt", "salt,"]]).any()
    lists = Word2VecVectorizer(**SMALL).fit([["A", "b,", "c"], ["A", "c"], ["b,", 7]] * 100)
    assert set(lists.vectors_.words) == {"A", "b,", "c", "7"}
    assert lists.transform(["C"]).tobytes() == lists.transform([["c"]]).tobytes()


def test_strings_are_texts_and_never_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus.txt").write_text("other words " * 100)
    found = Word2VecVectorizer(**SMALL, tokenizer=None, lower=False, method="mean").fit(
        ["corpus.txt", "corpus.txt b"] * 300
    )
    assert found.vectors_.words == ["corpus.txt", "b"]


def test_all_parameters_reach_the_training(monkeypatch):
    def train(source, **keywords):
        asked.update(keywords)
        raise firth.CorpusError(" | ".join(map(str, source)))

    asked = {}
    monkeypatch.setattr("firth.sklearn.vectorizer.train", train)
    given = {
        **{"loss": "hierarchical-softmax", "architecture": "cbow", "dim": 6, "window": 3, "min_count": 2, "epochs": 2},
        **{"max_vocab": 9, "lr": 0.2, "min_lr": 0.1, "subsample": 0.5, "negatives": 4, "seed": 7, "threads": 2},
        **{"maxn": 4, "lower": False, "tokenizer": "chars"},
    }
    others = {"fixed_window": True, "cbow_sum": True}
    with pytest.raises(ValueError, match=r"^a b \| c$"):
        Word2VecVectorizer(**given, settings=others).fit(["a b", "c"])
    assert asked == given | others | {"quiet": True}
    asked.clear()
    with pytest.raises(ValueError, match=r"^\['a'\]"):
        Word2VecVectorizer(verbose=True).fit([["a"], ["b"]])
    assert {name: asked[name] for name in ("lower", "tokenizer", "quiet")} == {
        **{"lower": False, "tokenizer": "whitespace", "quiet": False}
    }


def test_the_defaults_are_those_of_firth():
    from firth.settings import DocumentOptions, TrainConfig

    known, plain = Word2VecVectorizer().get_params(), (TrainConfig(threads=1), DocumentOptions())
    names = {name: getattr(options, name) for options in plain[::-1] for name in known if hasattr(options, name)}
    left_open = {name for name, value in known.items() if value is None}
    assert left_open == {"max_vocab", "epochs", "lr", "min_lr", "subsample", "negatives", "settings"}
    assert set(known) - set(names) == {"settings", "verbose"}
    own = {"lower": True, "tokenizer": "words"}
    assert {name: known[name] for name in names.keys() - left_open} == {
        name: value for name, value in (names | own).items() if name not in left_open
    }


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dim": 0}, "^dim is 0: expected a whole number from 1 to 8192$"),
        ({"method": "tfidf"}, "^method is 'tfidf': expected 'sif' or 'mean'$"),
        ({"method": "mean", "components": 2}, "^components is a setting of method 'sif'"),
        ({"components": 200}, "^X has n_samples = 200, and components is 200: nothing would be left"),
        ({"components": 10}, "^components is 10: expected fewer than the dimension"),
        ({"lower": "yes"}, "^lower is 'yes'"),
        ({"tokenizer": "sentences"}, "^tokenizer is 'sentences': expected whitespace, words"),
        ({"settings": "fixed_window"}, "^settings is 'fixed_window': expected a dict"),
        ({"settings": {"dim": 3}}, "^settings has 'dim', which is a parameter: give dim= in its place$"),
        ({"settings": {"quiet": True}}, "^settings has 'quiet': leave it out; verbose=True shows progress$"),
        ({"settings": {"preset": "items"}}, "^settings has 'preset': leave it out"),
        ({"settings": {"documents": True}}, "^settings has 'documents': leave it out"),
        ({"settings": {"ns_exponant": 1}}, "^unknown setting 'ns_exponant': did you mean 'ns_exponent'"),
        ({"min_count": 1000}, "min_count"),
    ],
)
def test_wrong_parameters_are_refused_by_fit(parameters, message):
    vectorizer = Word2VecVectorizer(**SMALL | parameters)
    for act in (vectorizer.fit, vectorizer.fit_transform):
        with pytest.raises(ValueError, match=message) as found:
            act(TEXTS)
        assert isinstance(found.value, firth.FirthError)
        with pytest.raises(NotFittedError):
            vectorizer.transform(TEXTS)


def test_a_wrong_method_is_refused_before_the_training(monkeypatch):
    monkeypatch.setattr("firth.sklearn.vectorizer.train", None)
    for wrong in ({"method": "tfidf"}, {"a": -1.0}, {"method": "mean", "a": 1.0}, {"components": len(TEXTS)}):
        with pytest.raises(ValueError, match=r"method|a is|components"):
            Word2VecVectorizer(**SMALL, **wrong).fit(TEXTS)


@pytest.mark.parametrize("x", [[], ["", "."], [[], []]])
def test_documents_without_words_are_refused(x):
    with pytest.raises(ValueError, match="the corpus is empty") as found:
        Word2VecVectorizer(**SMALL, components=0).fit(x)
    assert isinstance(found.value, firth.CorpusError)


def test_one_text_is_refused_and_so_is_an_unfitted_vectorizer(fitted):
    for act in (fitted.transform, clone(fitted).fit, clone(fitted).fit_transform):
        with pytest.raises(ValueError, match=r"^Iterable over raw text documents expected"):
            act("one text")
    with pytest.raises(NotFittedError):
        clone(fitted).transform(TEXTS)
    with pytest.raises(NotFittedError):
        clone(fitted).get_feature_names_out()


def test_it_is_silent_unless_verbose(capsys):
    vectorizer = Word2VecVectorizer(**SMALL)
    vectorizer.fit(TEXTS).transform(TEXTS)
    assert capsys.readouterr() == ("", "")
    vectorizer.set_params(verbose=True).fit(TEXTS)
    out, err = capsys.readouterr()
    assert out == ""
    assert "words in the vocabulary" in err
    assert "of the tokens have a vector" in err


def test_frames_come_out_where_they_are_asked_for():
    pandas = pytest.importorskip("pandas")
    vectorizer = Word2VecVectorizer(**SMALL)
    plain = vectorizer.fit_transform(TEXTS)
    names = [f"word2vecvectorizer{column}" for column in range(10)]
    assert vectorizer.get_feature_names_out().tolist() == names
    series = pandas.Series(TEXTS, index=np.arange(200) + 7)
    vectorizer.set_output(transform="pandas")
    for found in (vectorizer.transform(series), vectorizer.fit_transform(series)):
        assert isinstance(found, pandas.DataFrame)
        assert found.columns.tolist() == names
        assert found.index.tolist() == series.index.tolist()
        assert found.to_numpy().tobytes() == plain.tobytes()


def test_polars_frames_come_out_too(fitted):
    polars = pytest.importorskip("polars")
    found = clone(fitted).set_output(transform="polars").fit_transform(polars.Series(TEXTS))
    assert isinstance(found, polars.DataFrame)
    assert found.to_numpy().tobytes() == fitted.transform(TEXTS).tobytes()


@pytest.mark.parametrize("again", ["pickle", "joblib", "copy"])
def test_a_fitted_vectorizer_comes_back_from_a_pickle(fitted, again):
    import copy

    fitted.vectors_.neighbors("salt")
    fitted.documents_.nearest(["salt"])
    if again == "joblib":
        file = io.BytesIO()
        joblib.dump(fitted, file)
        file.seek(0)
        found = joblib.load(file)
    else:
        found = copy.deepcopy(fitted) if again == "copy" else pickle.loads(pickle.dumps(fitted))
    assert found.get_params() == fitted.get_params()
    assert found.transform(TEXTS).tobytes() == fitted.transform(TEXTS).tobytes()
    assert found.vectors_.neighbors("salt") == fitted.vectors_.neighbors("salt")
    assert found.documents_.nearest(["salt"]) == fitted.documents_.nearest(["salt"])
    assert found.documents_.vectors is found.vectors_
    assert found.vectors_.config == fitted.vectors_.config
    assert found.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()


def test_a_pickle_holds_plain_state_and_no_more(fitted):
    state = fitted.__getstate__()
    assert type(state["vectors_"]) is dict
    assert type(state["documents_"]) is dict
    assert state["documents_"]["vectors"] is None
    size = len(pickle.dumps(clone(fitted).fit(TEXTS)))
    fitted.vectors_.neighbors("salt")  # which keeps what it computes
    assert len(pickle.dumps(fitted)) == pytest.approx(size, abs=64)
    assert isinstance(fitted.vectors_, firth.WordVectors)


def test_parameters_are_copied_and_kept():
    settings = {"fixed_window": True}
    vectorizer = Word2VecVectorizer(**SMALL, settings=settings)
    assert clone(vectorizer).get_params() == vectorizer.get_params()
    assert vectorizer.fit(TEXTS).settings is settings
    assert settings == {"fixed_window": True}


@pytest.mark.parametrize("method", ["sif", "mean"])
def test_it_tells_topics_apart(method):
    model = make_pipeline(Word2VecVectorizer(method=method, **SMALL), LogisticRegression(C=1e4))
    assert cross_val_score(model, TEXTS, LABELS, cv=3).min() > 0.95
    new, labels = made_texts(50, seed=3)
    assert model.fit(TEXTS, LABELS).score(new, labels) > 0.95


def test_a_search_tunes_it():
    model = Pipeline([("words", Word2VecVectorizer(**SMALL)), ("classes", LogisticRegression(C=1e4))])
    grid = {"words__method": ["sif", "mean"], "words__epochs": [1, 10]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(TEXTS, LABELS)
    assert search.best_score_ > 0.95
    tried = [(p["words__method"], p["words__epochs"]) for p in search.cv_results_["params"]]
    assert sorted(tried) == sorted(itertools.product(grid["words__method"], grid["words__epochs"]))


def test_it_stands_beside_others_in_unions_and_columns():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": TEXTS, "length": np.arange(200.0)})
    columns = ColumnTransformer([("words", Word2VecVectorizer(**SMALL), "text"), ("rest", "passthrough", ["length"])])
    found = columns.set_output(transform="pandas").fit_transform(frame)
    assert found.columns.tolist() == [f"words__word2vecvectorizer{i}" for i in range(10)] + ["rest__length"]
    assert found["rest__length"].tolist() == frame["length"].tolist()
    with pytest.raises(ValueError, match=r"a ColumnTransformer gives one where the column is named without a list"):
        ColumnTransformer([("words", Word2VecVectorizer(**SMALL), ["text"])]).fit(frame)
    one, two = Word2VecVectorizer(**SMALL), Word2VecVectorizer(**SMALL, method="mean")
    union = FeatureUnion([("one", one), ("two", two)]).fit(TEXTS)
    assert union.transform(TEXTS).shape == (200, 20)
    assert union.get_feature_names_out()[10] == "two__word2vecvectorizer0"
