"""The settings: defaults of each loss, which belong to which, and the sentence a wrong value gets."""

import dataclasses
import importlib.util
import math
import subprocess
import sys

import numpy as np
import pytest

import firth
from firth import settings as config
from firth.declaring import declared, grouped
from firth.errors import ConfigError
from firth.settings import (
    CHOICES,
    PRESETS,
    PhraseOptions,
    Reading,
    TrainConfig,
    TrainOptions,
    defaults,
    make_config,
    preset_settings,
)

LOSSES = list(CHOICES["loss"])
BOTH = "negative-sampling+hierarchical-softmax"
SPECIAL = {
    ("negative-sampling", "skipgram"): {"update": "per-pair", "negatives": 3, "ns_exponent": 0.5},
    ("negative-sampling", "cbow"): {"negatives": 3, "ns_exponent": 0.5, "cbow_sum": True},
    ("softmax", "skipgram"): {"outside_vocab": 30, "mix": 0.5},
    ("hierarchical-softmax", "skipgram"): {},
    ("hierarchical-softmax", "cbow"): {"cbow_undivided": True},
    (BOTH, "skipgram"): {"negatives": 3, "ns_exponent": 0.5},
    (BOTH, "cbow"): {"negatives": 3, "ns_exponent": 0.5, "cbow_sum": True},
}
"""The settings that some losses and architectures have and others not, each with a value that is not the default."""
KINDS = list(SPECIAL)
NO_TOKENIZERS = (
    "",
    "kmers",
    "kmers:",
    "kmers:0",
    "kmers:1025",
    "kmers:3:4",
    "kmers:3:0",
    "kmers:3:",
    "kmers:-3",
    3,
    b"",
)
OF_CBOW = ("cbow_sum", "cbow_undivided")
OF_SOME = {name: value for special in SPECIAL.values() for name, value in special.items()}


def has(kind, name):
    """Whether runs of a kind have a setting of some kinds."""
    return name in SPECIAL[kind] or (name in OF_CBOW and kind[1] == "cbow")


def made_of(kind, **settings):
    return TrainConfig(loss=kind[0], architecture=kind[1], **settings)


SAMPLED = {"subsample": 1e-3, "epochs": 5, "min_lr": 1e-4}
WINDOWS = dict.fromkeys(OF_CBOW, False)
TOLD = {
    ("negative-sampling", "skipgram"): {"lr": 0.05, "update": "shared", "negatives": 5, "ns_exponent": 0.75} | SAMPLED,
    ("negative-sampling", "cbow"): {"lr": 0.15, "negatives": 5, "ns_exponent": 0.75} | SAMPLED | WINDOWS,
    ("softmax", "skipgram"): {
        **{"subsample": 1e-4, "epochs": 12, "lr": 0.3, "min_lr": 0.15},
        **{"outside_vocab": None, "mix": 0.25},
    },
    ("hierarchical-softmax", "skipgram"): {"lr": 0.025} | SAMPLED,
    ("hierarchical-softmax", "cbow"): {"lr": 0.1} | SAMPLED | WINDOWS,
    (BOTH, "skipgram"): {"lr": 0.025, "negatives": 5, "ns_exponent": 0.75} | SAMPLED,
    (BOTH, "cbow"): {"lr": 0.1, "negatives": 5, "ns_exponent": 0.75} | SAMPLED | WINDOWS,
}
"""The defaults that depend on the loss and the architecture."""


def test_the_defaults_are_those_of_skipgram_with_negative_sampling():
    assert (TrainConfig().loss, TrainConfig().architecture) == KINDS[0]
    assert LOSSES == ["negative-sampling", "softmax", "hierarchical-softmax", BOTH]


@pytest.mark.parametrize("kind", KINDS)
def test_every_loss_and_architecture_has_its_defaults(kind):
    assert defaults(*kind) == TOLD[kind]
    made = made_of(kind)
    assert {name: getattr(made, name) for name in TOLD[kind]} == TOLD[kind]


def test_wide_windows_and_sums_have_rates_of_their_own():
    for window, fixed, lr in ((10, False, 0.05), (11, False, 0.025), (5, True, 0.05), (6, True, 0.025)):
        for maxn in (0, 6):
            assert TrainConfig(window=window, fixed_window=fixed, maxn=maxn).lr == lr
    assert TrainConfig(window=11, update="per-pair").lr == 0.05
    for loss in ("softmax", "hierarchical-softmax"):
        assert TrainConfig(loss=loss, window=11).lr == TrainConfig(loss=loss).lr
    assert TrainConfig(architecture="cbow", window=11).lr == 0.15
    assert TrainConfig(window=11, lr=0.5).lr == 0.5
    assert TrainConfig(maxn=6, loss="hierarchical-softmax").lr == 0.025
    for loss, lr in (("negative-sampling", 0.15), ("hierarchical-softmax", 0.1), (BOTH, 0.1)):
        assert TrainConfig(loss=loss, architecture="cbow", maxn=6).lr == lr
        for maxn in (0, 6):
            for name in OF_CBOW:
                assert TrainConfig(loss=loss, architecture="cbow", maxn=maxn, **{name: True}).lr == 0.025
    assert TrainConfig(maxn=6, lr=0.5).lr == 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_the_settings_of_other_kinds_are_left_out(kind):
    names = [one.name for ones in grouped(TrainConfig, config.GROUPS).values() for one in ones if one.setting.recorded]
    assert {field.name for field in dataclasses.fields(TrainConfig)} - set(names) == {"tmp", "column"}
    others = {name for name in OF_SOME if not has(kind, name)}
    made = made_of(kind)
    assert list(made.as_dict()) == [name for name in names if name not in others]
    assert all(getattr(made, name) is None for name in others)
    assert all(name in defaults(*kind) for name in SPECIAL[kind])


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in OF_SOME if not has(kind, name)])
def test_a_setting_of_another_kind_is_refused(kind, name):
    with pytest.raises(ConfigError) as error:
        made_of(kind, max_vocab=20, **{name: OF_SOME[name]})
    assert str(error.value) == f"{name} is no setting of {kind[1]} with loss {kind[0]!r}: leave it out"
    with pytest.raises(ConfigError, match="is no setting of"):
        made_of(kind, max_vocab=20, **{name: False})  # given, if not true


@pytest.mark.parametrize("kind", KINDS)
def test_a_config_is_made_again_from_its_settings(kind):
    made = made_of(kind, max_vocab=20, dim=7, **SPECIAL[kind])
    assert all(made.as_dict()[name] == value for name, value in SPECIAL[kind].items())
    assert TrainConfig(**made.as_dict()).as_dict() == made.as_dict()
    assert made.as_dict()["tokenizer"] == "whitespace"
    assert dataclasses.replace(made, epochs=3).as_dict() == made.as_dict() | {"epochs": 3}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"loss": "hinge"},
            "loss is 'hinge': expected 'negative-sampling', 'softmax', 'hierarchical-softmax' or '" + BOTH,
        ),
        ({"loss": None}, "loss is None"),
        ({"architecture": "glove"}, "architecture is 'glove': expected 'skipgram' or 'cbow'"),
        ({"architecture": None}, "architecture is None"),
        ({"loss": "softmax", "architecture": "cbow"}, "for CBOW, choose negative-sampling or hierarchical-softmax"),
        ({"architecture": "cbow", "cbow_sum": 1}, "cbow_sum is 1: expected True or False"),
        ({"maxn": 65}, "maxn is 65: expected a whole number from 0 to 64"),
        ({"maxn": 6.0}, "maxn is 6.0"),
        ({"minn": 0, "maxn": 3}, "minn is 0: expected a whole number from 1 to 64"),
        ({"minn": 4, "maxn": 3}, "maxn is 3, below minn, 4: expected as much, or 0 (no subwords)"),
        ({"bucket": 0}, "bucket is 0"),
        ({"bucket": 2**30 + 1}, "bucket is 1073741825"),
        ({"minn": 2}, "minn is a setting of subwords: give maxn too, as in maxn=6 (--maxn 6)"),
        ({"bucket": 100}, "bucket is a setting of subwords: give maxn too"),
        ({"delimiter": "+"}, "delimiter is a setting of phrases: give phrases too, as in phrases=1 (--phrases 1)"),
        ({"phrase_score": "npmi"}, "phrase_score is a setting of phrases: give phrases too"),
        ({"phrase_threshold": 0.5}, "phrase_threshold is a setting of phrases: give phrases too"),
        ({"loss": "softmax", "maxn": 6}, "loss 'softmax' knows no subwords: leave maxn out"),
        (
            {"architecture": "cbow", "cbow_sum": True, "cbow_undivided": True},
            "cbow_sum and cbow_undivided are given: the step of a sum is whole anyway",
        ),
        ({"documents": 1}, "documents is 1: expected True or False"),
        ({"documents_alone": True}, "documents_alone is a setting of document vectors: give documents too, as in"),
        ({"concatenate": True, "architecture": "cbow"}, "concatenate is a setting of document vectors: give documents"),
        ({"documents": True, "loss": "softmax"}, "loss 'softmax' knows no documents: leave documents out"),
        ({"documents": True, "maxn": 3}, "documents and subwords (maxn) are given: expected one of them"),
        ({"documents": True, "update": "per-pair"}, "documents need the update 'shared', not 'per-pair'"),
        ({"documents": True, "documents_alone": True, "architecture": "cbow"}, "PV-DM predicts from words too"),
        ({"documents": True, "concatenate": True}, "skip-gram has no window to concatenate: choose cbow"),
        (
            {"documents": True, "concatenate": True, "architecture": "cbow", "cbow_sum": True},
            "concatenate and cbow_sum are given: expected one of them",
        ),
        ({"phrases": -1}, "phrases is -1: expected a whole number from 0 to 10"),
        ({"phrases": 11}, "phrases is 11"),
        ({"phrases": True}, "phrases is True"),
        ({"phrase_score": "pmi"}, "phrase_score is 'pmi': expected 'count' or 'npmi'"),
        ({"update": "other"}, "update is 'other': expected 'shared' or 'per-pair'"),
        (
            {"tokenizer": "letters"},
            "tokenizer is 'letters': expected whitespace, words, chars, kmers:K or kmers:K:STRIDE (K from 1 to 1024, "
            "STRIDE from 1 to K), or in Python a function from a line to tokens",
        ),
        *(({"tokenizer": name}, f"tokenizer is {name!r}: expected whitespace") for name in NO_TOKENIZERS),
        ({"dim": 0}, "dim is 0: expected a whole number from 1 to 8192"),
        ({"dim": "9"}, "dim is '9'"),
        ({"dim": None}, "dim is None"),
        ({"lower": None}, "lower is None: expected True or False"),
        ({"window": True}, "window is True"),
        ({"window": "9"}, "window is '9'"),
        ({"fixed_window": None}, "fixed_window is None: expected True or False"),
        ({"epochs": 2.0}, "epochs is 2.0"),
        ({"threads": 0}, "threads is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"max_vocab": 0}, "max_vocab is 0"),
        ({"lr": math.nan}, "lr is nan: expected a number, from 0 to 1000"),
        ({"lr": "0.1"}, "lr is '0.1'"),
        ({"subsample": math.inf}, "subsample is inf: expected a number, 0 or more"),
        ({"subsample": 1e-13}, "subsample is 1e-13: expected 0 (keep all) or 1e-12 and more"),
        ({"lr": 0.05, "min_lr": 0.1}, "min_lr is 0.1, above lr, 0.05: lower min_lr too"),
        ({"ns_exponent": 17}, "ns_exponent is 17"),
        ({"lower": 1}, "lower is 1: expected True or False"),
        ({"loss": "softmax", "mix": -0.1}, "mix is -0.1: expected a number, from 0 to 16"),
        ({"loss": "softmax", "mix": True}, "mix is True"),
        ({"loss": "softmax", "epochs": 0}, "epochs is 0"),
        ({"loss": "softmax", "lr": 0.01}, ", above lr, 0.01: lower min_lr too"),
        ({"loss": "softmax", "max_vocab": 20, "outside_vocab": 2.5}, "outside_vocab is 2.5"),
        ({"loss": "softmax", "max_vocab": 20, "outside_vocab": 0}, "outside_vocab is 0"),
        ({"loss": "softmax", "max_vocab": 20, "outside_vocab": 19}, "outside_vocab is 19: expected max_vocab and at"),
        ({"loss": "softmax", "outside_vocab": 19}, "outside_vocab is 19: expected max_vocab and at least as much"),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_with_a_sentence(settings, message):
    with pytest.raises(ConfigError) as error:
        TrainConfig(**settings)
    assert message in str(error.value)


def test_as_many_outside_words_as_center_words_are_enough():
    made = TrainConfig(loss="softmax", max_vocab=20, outside_vocab=20)
    assert (made.max_vocab, made.outside_vocab) == (20, 20)


def test_numbers_of_other_types_become_plain_ones():
    made = TrainConfig(dim=np.int32(7), lr=np.float32(0.5), subsample=1, seed=np.uint64(2**63 - 1))
    assert (type(made.dim), type(made.lr), type(made.subsample), made.seed) == (int, float, float, 2**63 - 1)


def test_no_threads_means_all_processors(monkeypatch):
    monkeypatch.setattr(config, "available_threads", lambda: 7)
    assert TrainConfig().threads == 7
    assert TrainConfig(threads=2).threads == 2


def test_an_unknown_setting_is_refused_with_the_one_that_is_meant():
    with pytest.raises(ConfigError, match=r"^unknown setting 'windw': did you mean 'window'\?$"):
        make_config({"windw": 5})
    with pytest.raises(ConfigError, match=r"^unknown setting 'memry': did you mean 'memory'\?$"):
        make_config({"memry": 5})
    with pytest.raises(ConfigError, match=r"^unknown setting 'vector_size': firth calls it 'dim'$"):
        firth.train([["a", "b"]], vector_size=5)
    with pytest.raises(ConfigError, match=r"^unknown setting 'topics': the settings are lower, tokenizer, .*, quiet$"):
        make_config({"topics": 5})
    with pytest.raises(ConfigError, match=r"^unknown setting 'scoring': firth calls it 'score'$"):
        firth.Phrases([["a", "b"]], scoring="npmi")
    assert make_config({"loss": "softmax", "mix": 0}).mix == 0


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_settings_that_those_given_come_before(name):
    chosen = preset_settings(name, {})
    assert chosen == PRESETS[name]
    config = made_of(KINDS[0], **chosen).as_dict()
    assert config == TrainConfig().as_dict() | {"lr": config["lr"]} | chosen
    assert not chosen.keys() & {"loss", "architecture", "maxn"}  # which decide what vectors to go on from give


def test_a_preset_leaves_out_what_a_loss_has_not():
    for kind in KINDS:
        for name in PRESETS:
            given = {"loss": kind[0], "architecture": kind[1]}
            chosen = preset_settings(name, given)
            assert made_of(kind, **chosen)
            assert ("ns_exponent" in chosen) == (name == "items" and kind[0] in ("negative-sampling", BOTH))
            assert ("update" in chosen) == (name == "items" and kind == KINDS[0])


def test_an_unknown_preset_is_refused():
    assert preset_settings(None, {}) == {}
    for wrong in ("similar", True, 1):
        with pytest.raises(ConfigError, match=r"expected 'similarity', 'analogies' or 'items'$"):
            preset_settings(wrong, {})


def test_the_choice_of_presets_is_complete():
    assert declared(TrainOptions)["preset"].choices == tuple(PRESETS)


def test_reading_is_checked_and_part_of_every_run():
    assert (Reading(), Reading(lower=True).lower) == (config.AS_IS, True)
    for wrong in ({"lower": 1}, {"tokenizer": "letters"}, {"errors": "ignore"}):
        with pytest.raises(ConfigError, match=f"^{next(iter(wrong))} is "):
            Reading(**wrong)
    assert set(declared(Reading)) < set(declared(TrainConfig)) < set(declared(TrainOptions))
    assert set(declared(Reading)) < set(declared(PhraseOptions))
    assert "tmp" not in TrainConfig(tmp="folder").as_dict()


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="needs mypy")
def test_type_checkers_know_the_keywords(tmp_path):
    calls = {
        'firth.train("x", dim=3, loss="softmax", from_="a", keep_words=["a"], tmp="t")': "",
        'firth.train("x", dmi=3)': 'Unexpected keyword argument "dmi"',
        'firth.train("x", dim="a")': 'expected "int"',
        'firth.train("x", loss="hinge")': "Literal",
        'firth.train("x", preset="items")': "",
        'firth.train("x", evaluate=["a.tsv"], patience=2, on_epoch=print)': "",
        'firth.train("x", on_epoch=3)': "expected",
        'firth.train("x", preset="item")': "Literal",
        'firth.Phrases("x", score="npmi", lower=True)': "",
        'firth.Phrases("x", threshold="a")': 'expected "float | None"',
        'firth.cooccurrences("x", window=3, centers=4)': "",
        'firth.cooccurrences("x", dim=3)': 'Unexpected keyword argument "dim"',
        'firth.documents(firth.load("v"), "x", method="mean", lower=True).nearest(3)': "",
        'firth.documents(firth.load("v"), "x", method="max")': "Literal",
    }
    file = tmp_path / "calls.py"
    file.write_text("\n".join(["import firth", *calls]), encoding="utf-8")
    check = [sys.executable, "-m", "mypy", "--config-file=", "--follow-imports=silent", str(file)]
    run = subprocess.run(check, capture_output=True, text=True, check=False, cwd=tmp_path)
    found = {int(line.split(":")[1]): line for line in run.stdout.splitlines() if ": error: " in line}
    assert set(found) == {number for number, error in enumerate(calls.values(), 2) if error}, run.stdout
    assert all(error in found.get(number, "") for number, error in enumerate(calls.values(), 2)), run.stdout
