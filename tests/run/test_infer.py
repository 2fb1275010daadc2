"""`firth.infer`: which documents it reads, how it cuts them, and what it refuses."""

import inspect

import numpy as np
import pytest

import firth
from firth.declaring import declared
from firth.errors import ConfigError, FirthError, FormatError
from firth.run import infer as module
from firth.settings import InferOptions

FOOD, WEATHER = ["salt", "pepper", "dish", "spoon"], ["wind", "rain", "storm", "cloud"]
SETTINGS = {"dim": 8, "min_count": 1, "subsample": 0, "threads": 1, "quiet": True, "epochs": 3}


@pytest.fixture(scope="module")
def texts():
    rng = np.random.default_rng(3)
    return [rng.choice(FOOD if i % 2 else WEATHER, 8).tolist() for i in range(60)]


@pytest.fixture(scope="module")
def vectors(texts):
    return firth.train(texts, documents=True, documents_alone=True, **SETTINGS)


def infer(vectors, source, **settings):
    return firth.infer(vectors, source, quiet=True, **settings)


def with_parts(vectors, **parts):
    return firth.WordVectors(**vectors.parts() | parts)


def test_its_keywords_are_those_declared():
    assert list(inspect.signature(firth.infer).parameters) == ["vectors", "source", *declared(InferOptions)]


def test_each_line_has_a_row_whatever_is_beside_it_and_however_it_is_cut(monkeypatch, vectors):
    source = [["zzz", "salt", "yyy"], ["zzz"], [], ["wind", "rain"], ["dish"] * 9]
    found = infer(vectors, source)
    assert found.any(axis=1).tolist() == [True, False, False, True, True]
    assert found[0].tobytes() == infer(vectors, [["salt"]])[0].tobytes()
    for tokens in (1, 3, 7):
        monkeypatch.setattr(module, "TOKENS_AT_ONCE", tokens)
        assert infer(vectors, source, threads=2).tobytes() == found.tobytes()


@pytest.mark.parametrize("source", [[[]], [[], []], [["zzz"]]], ids=str)
def test_documents_without_known_words_are_zeros(vectors, source):
    found = infer(vectors, source)
    assert found.shape == (len(source), 8)
    assert not found.any()


def test_a_text_of_blank_lines_and_a_text_without_lines(vectors, tmp_path):
    path = tmp_path / "new.txt"
    path.write_text("\n\nsalt wind\n\n", "utf-8")
    assert infer(vectors, path).any(axis=1).tolist() == [False, False, True, False]
    assert infer(vectors, []).shape == (0, 8)


def test_it_says_what_it_read(capsys, vectors):
    firth.infer(vectors, [["salt"], ["zzz"]])
    lines = [line for line in capsys.readouterr().err.splitlines() if "compil" not in line]
    assert lines[0].startswith("read 2 lines and 2 tokens")
    assert lines[1] == "1 line has no known word: the vector is zero"


def test_rates_and_passes_are_those_of_training_unless_given(vectors):
    document = [["salt", "dish"]]
    config = vectors.config
    given = {name: config[name] for name in ("epochs", "lr", "min_lr")}
    assert infer(vectors, document).tobytes() == infer(vectors, document, **given).tobytes()
    for name, value in (("epochs", 9), ("lr", 0.2), ("min_lr", 0.01), ("seed", 5)):
        assert infer(vectors, document, **{name: value}).tobytes() != infer(vectors, document).tobytes()
    assert infer(vectors, document, lr=1e-5).any()  # below the last rate of training, which then is not used


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"lr": 0.01, "min_lr": 0.1}, ConfigError, "min_lr is 0.1, above lr, 0.01"),
        ({"epochs": 0}, ConfigError, "epochs is 0"),
        ({"topn": 3}, ConfigError, "unknown setting 'topn'"),
        ({"lr": 1000.0, "epochs": 400}, FirthError, "diverged"),
    ],
)
def test_wrong_settings_are_refused(vectors, settings, error, message):
    if message == "diverged":
        outside = np.full_like(vectors.outside, 1e36)
        vectors = with_parts(vectors, outside=outside)
    with pytest.raises(error, match=message):
        infer(vectors, [["salt", "wind"] * 50], **settings)


def test_what_is_no_model_of_documents_is_refused(vectors, texts):
    with pytest.raises(ConfigError, match=r"firth.load\(path\) reads a file"):
        infer("vectors.safetensors", [["salt"]])
    with pytest.raises(ConfigError, match="trained without documents"):
        infer(with_parts(vectors, documents=None), [["salt"]])
    with pytest.raises(ConfigError, match="lack the outside vectors or nodes"):
        infer(vectors.normalized(), [["salt"]])
    outside = vectors.outside.copy()
    outside[0, 0] = np.nan
    with pytest.raises(FormatError, match="NaN"):
        infer(with_parts(vectors, outside=outside), [["salt"]])


def test_the_dimension_is_that_of_the_vectors(vectors):
    other = with_parts(vectors, config=vectors.config | {"dim": 64})
    assert infer(other, [["salt"]]).tobytes() == infer(vectors, [["salt"]]).tobytes()


def test_phrases_are_not_joined_which_is_warned_of(texts):
    source = [["new", "york", *text] for text in texts * 3]
    phrases = {"phrases": 1, "phrase_threshold": 0.1, "lr": 0.3}
    vectors = firth.train(source, documents=True, documents_alone=True, **phrases, **SETTINGS)
    with pytest.warns(UserWarning, match="words of new documents are not joined"):
        assert not infer(vectors, [["new", "york"]]).any()


def test_several_tags_side_by_side_cannot_be_inferred(texts):
    settings = SETTINGS | {"architecture": "cbow", "concatenate": True, "window": 1}
    tags = [[f"d{i}", f"t{i % 2}"] for i in range(len(texts))]
    vectors = firth.train(texts, documents=True, tags=tags, **settings)
    with pytest.raises(ConfigError, match="put 4 vectors side by side, and one document with a window are 3"):
        infer(vectors, [["salt"]])
    with pytest.raises(firth.CorpusError, match=r"document 2 .* has 1 tags, and the first one 2"):
        firth.train(texts, documents=True, tags=[*tags[:2], "alone", *tags[3:]], **settings)
