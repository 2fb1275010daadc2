"""`Doc2VecVectorizer`: what it asks of training and inference, its vectors, and its places in scikit-learn."""

import pickle

import numpy as np
import pytest

import firth

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from firth.sklearn import Doc2VecVectorizer

SMALL = {"dim": 8, "min_count": 1, "subsample": 0, "lr": 0.1, "window": 1, "epochs": 10}

TOPICS = [
    ["salt", "pepper", "dish", "oven", "spoon", "butter", "flour", "sugar", "onion", "garlic"],
    ["wind", "rain", "storm", "cloud", "snow", "frost", "thunder", "breeze", "hail", "fog"],
]

BOTH = ["the", "a", "and", "of"]


def made_texts(documents, seed=1):
    """Texts and their labels: words of a topic between words of no topic, so that these do not tell the topic."""
    random = np.random.default_rng(seed)
    labels = np.arange(documents) % 2
    pairs = [zip(random.choice(TOPICS[label], 10), random.choice(BOTH, 10), strict=True) for label in labels]
    return [f"{' '.join(word for pair in text for word in pair)}." for text in pairs], labels


TEXTS, LABELS = made_texts(100)


@pytest.fixture(scope="module")
def fitted():
    return Doc2VecVectorizer(**SMALL).fit(TEXTS)


def test_all_parameters_reach_training_and_inference(monkeypatch):
    def train(source, **keywords):
        asked.append((list(source), keywords))
        center = np.ones((2, 6), np.float32)
        return firth.WordVectors(["a", "b"], np.array([2, 1]), center, None, {}, [])

    def infer(vectors, source, **keywords):
        documents = list(source)
        asked.append((documents, keywords))
        return np.full((len(documents), 6), 3, np.float32)

    asked = []
    monkeypatch.setattr("firth.sklearn.vectorizer.train", train)
    monkeypatch.setattr("firth.sklearn.doc2vec.infer", infer)
    given = {
        **{"loss": "hierarchical-softmax", "architecture": "cbow", "dim": 6, "window": 3, "min_count": 2, "epochs": 2},
        **{"max_vocab": 9, "lr": 0.2, "min_lr": 0.1, "subsample": 0.5, "negatives": 4, "seed": 7, "threads": 2},
        **{"lower": False, "tokenizer": "chars", "documents_alone": True, "concatenate": True},
    }
    found = Doc2VecVectorizer(**given, settings={"fixed_window": True}, infer_epochs=30).fit_transform(["a b", "c"])
    assert found.tolist() == [[3.0] * 6] * 2
    training, inference = asked
    assert training == (["a b", "c"], given | {"fixed_window": True, "documents": True, "quiet": True})
    more = {"epochs": 30, "seed": 7, "threads": 2, "quiet": True}
    assert inference == (["a b", "c"], more | {"lower": False, "tokenizer": "chars"})
    asked.clear()
    Doc2VecVectorizer(verbose=True).fit(["A text"]).transform([["A"]])
    assert asked[0][1]["lower"]
    assert asked[1] == (
        [["A"]],
        {"epochs": None, "seed": 1, "threads": 1, "quiet": False, "lower": False, "tokenizer": "whitespace"},
    )


def test_parameters_are_checked_by_fit():
    for parameters, message in [
        ({"architecture": "cbow", "documents_alone": True}, "^PV-DM predicts from words too"),
        ({"concatenate": True}, "^skip-gram has no window to concatenate"),
        ({"loss": "softmax", "lr": None}, "^loss 'softmax' knows no documents"),
        ({"settings": {"maxn": 3}}, r"^documents and subwords \(maxn\) are given"),
        ({"settings": {"epochs": 3}}, "^settings has 'epochs', which is a parameter"),
    ]:
        with pytest.raises(ValueError, match=message) as found:
            Doc2VecVectorizer(**{**SMALL, **parameters}).fit(TEXTS)
        assert isinstance(found.value, firth.ConfigError)
    with pytest.raises(NotFittedError):
        Doc2VecVectorizer().transform(TEXTS)
    with pytest.raises(ValueError, match=r"^Iterable over raw text documents expected"):
        Doc2VecVectorizer().fit("one text")


@pytest.mark.parametrize(
    "kind", [{}, {"documents_alone": True}, {"architecture": "cbow"}, {"architecture": "cbow", "concatenate": True}]
)
def test_it_tells_topics_apart(fitted, kind):
    vectorizer = Doc2VecVectorizer(**SMALL | {"epochs": 50}, **kind)
    found = vectorizer.fit_transform(TEXTS)
    assert found.dtype == np.float32
    assert found.shape == (100, 8)
    assert found.tobytes() == clone(vectorizer).fit(iter(TEXTS)).transform(TEXTS).tobytes()
    model = make_pipeline(vectorizer, LogisticRegression(C=1e3))
    assert cross_val_score(model, TEXTS, LABELS, cv=2).min() > 0.9


def test_documents_without_known_words_are_zeros(fitted):
    assert fitted.transform(["nothing known", "", "salt"]).any(axis=1).tolist() == [False, False, True]
    assert fitted.transform([]).shape == (0, 8)
    assert len(fitted.vectors_.documents) == 100


def test_a_fitted_vectorizer_comes_back_from_a_pickle(fitted):
    found = pickle.loads(pickle.dumps(fitted))
    assert found.transform(TEXTS).tobytes() == fitted.transform(TEXTS).tobytes()
    assert found.vectors_.documents.matrix.tobytes() == fitted.vectors_.documents.matrix.tobytes()
    assert type(fitted.__getstate__()["vectors_"]["documents"]) is dict


def test_frames_come_out_where_they_are_asked_for(fitted):
    pandas = pytest.importorskip("pandas")
    found = clone(fitted).set_output(transform="pandas").fit_transform(pandas.Series(TEXTS))
    assert found.columns.tolist() == [f"doc2vecvectorizer{column}" for column in range(8)]
    assert found.to_numpy().tobytes() == fitted.transform(TEXTS).tobytes()


def test_a_search_tunes_it(fitted):
    model = make_pipeline(clone(fitted), LogisticRegression(C=1e3))
    grid = {"doc2vecvectorizer__epochs": [20, 50], "doc2vecvectorizer__infer_epochs": [20]}
    assert GridSearchCV(model, grid, cv=2, error_score="raise").fit(TEXTS, LABELS).best_score_ > 0.9
