"""Who is told that functions are compiled."""

import pytest

from firth.native.compiling import announcing, compilation_begins, compilation_ended


def compile_something(seconds):
    compilation_begins()
    compilation_ended(seconds)


def test_it_is_said_once_and_seconds_are_added():
    lines = []
    with announcing(lines.append):
        compile_something(1.0)
        assert len(lines) == 1
        compile_something(2.5)
    assert len(lines) == 2
    assert lines[1] == "compiled in 3.5 s"


def test_nothing_is_said_where_nothing_is_compiled():
    lines = []
    with announcing(lines.append):
        pass
    compile_something(1.0)
    assert lines == []


def test_the_innermost_is_told():
    outer, inner = [], []
    with announcing(outer.append):
        with announcing(inner.append):
            compile_something(1.0)
        assert outer == []
        compile_something(2.0)
    assert inner[-1] == "compiled in 1.0 s"
    assert outer[-1] == "compiled in 2.0 s"


def test_after_an_error_nothing_more_is_said():
    lines = []

    def fail():
        with announcing(lines.append):
            compile_something(1.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert len(lines) == 1
    compile_something(1.0)
    assert len(lines) == 1


def test_the_time_can_be_told_before_the_end():
    lines = []
    with announcing(lines.append) as announcement:
        announcement.end()
        assert lines == []
        compile_something(1.0)
        announcement.end()
        assert lines[1:] == ["compiled in 1.0 s"]
        announcement.end()
        compile_something(2.0)
    assert len(lines) == 4
    assert lines[3] == "compiled in 2.0 s"
