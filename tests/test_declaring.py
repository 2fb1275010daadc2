"""Declared settings: their checks, their texts, and what they give to a function."""

import dataclasses
import inspect
from typing import Literal

import pytest

import firth
from firth.declaring import (
    CBOW,
    NEGATIVE_SAMPLING,
    SOFTMAX,
    TREE,
    VARIES,
    When,
    declared,
    grouped,
    keywords_of,
    setting,
)
from firth.errors import ConfigError
from firth.settings import GROUPS, PhraseOptions, TrainOptions


@dataclasses.dataclass(frozen=True, kw_only=True)
class Some:
    """Some settings."""

    speed: float = setting(0.5, "first", "how fast", low=0, high=2)
    kind: Literal["a", "b", "c"] = setting("b", "second", "what; see {speed}")
    most: int | None = setting(None, "second", "how many", low=1, high=9, shown="as many as {speed}")
    rate: float = setting(
        VARIES,
        "first",
        "how often",
        defaults=(When(3.0, SOFTMAX), When(2.0, architecture=CBOW, cbow_sum=True), When(1.0, NEGATIVE_SAMPLING)),
    )
    extra: bool = setting(False, "second", "more", needs=("most", 3))


SOME = declared(Some)


def test_the_declaration_is_found():
    assert list(SOME) == ["speed", "kind", "most", "rate", "extra"]
    assert [one.type for one in SOME.values()] == [float, str, int, float, bool]
    assert [one.optional for one in SOME.values()] == [False, False, True, False, False]
    assert SOME["kind"].choices == ("a", "b", "c")
    assert list(grouped(Some, ("second", "none", "first"))) == ["second", "first"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("speed", 2.5, "speed is 2.5: expected a number, from 0 to 2"),
        ("speed", float("nan"), "speed is nan: expected a number, from 0 to 2"),
        ("kind", "d", "kind is 'd': expected 'a', 'b' or 'c'"),
        ("most", 0, "most is 0: expected a whole number from 1 to 9"),
        ("most", 1.0, "most is 1.0: expected a whole number from 1 to 9"),
        ("rate", "x", "rate is 'x': expected a number"),
        ("extra", 1, "extra is 1: expected True or False"),
    ],
)
def test_a_wrong_value_is_refused(name, value, message):
    with pytest.raises(ConfigError) as error:
        SOME[name].checked(value)
    assert str(error.value) == message


def test_right_values_pass():
    assert [SOME["speed"].checked(1), SOME["kind"].checked("c"), SOME["most"].checked(None)] == [1.0, "c", None]


def test_the_first_default_that_holds_is_taken():
    kinds = {"loss": TREE, "architecture": CBOW, "cbow_sum": True, "maxn": 0}
    assert SOME["rate"].default_beside(kinds) == 2.0
    assert SOME["rate"].default_beside(kinds | {"loss": SOFTMAX}) == 3.0
    assert SOME["rate"].default_beside(kinds | {"cbow_sum": False, "loss": NEGATIVE_SAMPLING}) == 1.0
    assert SOME["speed"].default_beside(kinds) == 0.5
    assert SOME["speed"].applies(kinds)
    assert not SOME["rate"].applies(kinds | {"cbow_sum": None})


def test_what_a_user_reads():
    assert SOME["speed"].told() == "how fast (default 0.5)"
    assert SOME["kind"].told("--{}".format) == "what; see --speed: a, b or c (default b)"
    assert SOME["most"].told() == "how many (default as many as speed)"
    assert SOME["extra"].told("--{}".format) == "more (only with --most)"
    assert SOME["rate"].default_told(str.upper) == "1, 3 for softmax, 2 for cbow with CBOW_SUM"
    assert SOME["rate"].applies_told() == "for softmax or cbow with cbow_sum or negative-sampling"
    assert declared(TrainOptions)["subsample"].applies_told() == ""


def test_a_function_takes_the_declared_keywords():
    @keywords_of(Some)
    def work(source, *, kind, **given):
        return source, kind, given

    assert work("x") == ("x", "b", {})
    assert work("x", kind="a", speed=1) == ("x", "a", {"speed": 1})
    assert str(inspect.signature(work)) == "(source, *, speed=0.5, kind='b', most=None, rate=1.0, extra=False)"


def test_every_setting_stands_under_a_heading_and_in_the_help():
    for function, settings in ((firth.train, TrainOptions), (firth.Phrases, PhraseOptions)):
        known = declared(settings)
        assert {one.setting.group for one in known.values()} <= set(GROUPS)
        assert list(inspect.signature(function).parameters)[1:] == list(known)
        text = " ".join(function.__doc__.split())
        for one in known.values():
            assert f"{one.name}: {one.told()}" in text
