"""What a name that firth does not have means."""

import pytest

from firth.declaring import declared
from firth.errors import ConfigError
from firth.names import OTHERWISE, SAME, check_names, meaning
from firth.settings import PhraseOptions, TrainOptions

KNOWN = list(declared(TrainOptions))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("vector_size", "firth calls it dim"),
        ("size", "firth calls it dim"),
        ("iter", "firth calls it epochs"),
        ("epoch", "firth calls it epochs"),
        ("alpha", "firth calls it lr"),
        ("min_alpha", "firth calls it min_lr"),
        ("workers", "firth calls it threads"),
        ("thread", "firth calls it threads"),
        ("negative", "firth calls it negatives"),
        ("neg", "firth calls it negatives"),
        ("ws", "firth calls it window"),
        ("sample", "firth calls it subsample"),
        ("t", "firth calls it subsample"),
        ("max_final_vocab", "firth calls it max_vocab"),
        ("minCount", "did you mean min_count?"),
        ("min_n", "did you mean minn?"),
        ("min-lr", "did you mean min_lr?"),
        ("from", "did you mean from_?"),
        ("windw", "did you mean window?"),
        ("dmi", "did you mean dim?"),
        ("sg", "give architecture: 'skipgram' for sg=1, 'cbow' for sg=0"),
        ("hs", "give loss: 'hierarchical-softmax' for hs=1, 'negative-sampling' for hs=0"),
        ("cbow_mean", "the mean is the default; cbow_sum takes the sum"),
        ("sentences", "give the source as the first argument"),
        ("corpus_file", "give the source as the first argument"),
        ("wordNgrams", "firth has no word n-grams: phrases joins words into phrases, maxn adds character n-grams"),
        ("lrUpdateRate", "the learning rate falls with every token: leave it out"),
        ("batch_words", "firth has no batches of words: leave it out"),
        ("callbacks", "firth calls it on_epoch"),
        ("early_stopping", "firth calls it patience"),
        ("topics", ""),
    ],
)
def test_what_is_meant(name, meant):
    assert meaning(name, KNOWN, str) == meant


def test_the_message_has_the_spelling_of_the_caller():
    assert meaning("vector_size", KNOWN, repr) == "firth calls it 'dim'"
    assert meaning("--size", KNOWN, "--{}".format) == "firth calls it --dim"


def test_advice_names_only_what_there_is():
    phrases = list(declared(PhraseOptions))
    assert meaning("scoring", phrases, str) == "firth calls it score"
    assert meaning("connector_words", phrases, str) == "firth calls it connectors"
    assert "{" not in meaning("wordNgrams", phrases, str)
    assert "maxn" not in meaning("wordNgrams", phrases, str)


def test_every_advice_is_about_settings_that_exist():
    known = {*KNOWN, *declared(PhraseOptions)}
    assert set(SAME) - known == {"k"}  # an option of queries
    for name, advice in OTHERWISE.items():
        found = meaning(name, KNOWN, str)
        assert found, name
        assert "{" not in found
        assert found.startswith(advice.partition("{")[0])


def test_known_names_pass():
    check_names(["dim", "lr"], KNOWN)
    with pytest.raises(ConfigError, match=r"^unknown setting 'size': firth calls it 'dim'$"):
        check_names(["dim", "size"], KNOWN)
