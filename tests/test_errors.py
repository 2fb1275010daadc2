"""What messages repeat of what a user or a file gives."""

import pytest

from firth.errors import QUOTED, quoted
from firth.formats.request import shown

LONG = ["a" * 10**6, "\U0001f600" * 1000, "\x00" * 1000, b"\xff" * 1000, "'\"" * 500, [1] * 10**6, {1: "a" * 999}]
LONG.append(10**9999)  # which Python does not write


@pytest.mark.parametrize("place", range(len(LONG)))
def test_what_is_quoted_is_short(place):
    value = LONG[place]
    assert 10 < len(quoted(value)) <= QUOTED
    if isinstance(value, str | bytes):
        assert len(shown(value)) <= QUOTED


@pytest.mark.parametrize("value", ["word", b"\xff", 1.5, None, ["a"], "naïve"])
def test_what_is_short_is_quoted_as_it_is(value):
    assert quoted(value) == repr(value)
