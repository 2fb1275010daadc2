"""What a declared setting is, and what follows from a declaration: its check, its texts, the keywords of a function.

A class of settings is a frozen dataclass whose fields are `name: type = setting(default, group, help, ...)`.
"""

import dataclasses
import functools
import inspect
import math
import operator
import re
import textwrap
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

from firth.errors import ConfigError, quoted

P = ParamSpec("P")
R = TypeVar("R")

NEGATIVE_SAMPLING, SOFTMAX, TREE = "negative-sampling", "softmax", "hierarchical-softmax"
BOTH = f"{NEGATIVE_SAMPLING}+{TREE}"
"""The losses; the last is the sum of two."""

SKIPGRAM, CBOW = "skipgram", "cbow"
BASE = {
    "loss": NEGATIVE_SAMPLING,
    "architecture": SKIPGRAM,
    "cbow_sum": False,
    "cbow_undivided": False,
    "maxn": 0,
    "wide": False,
}
"""What defaults depend on: settings, with their own defaults, and whether windows are wide."""

WIDE = "shared negatives and windows above 10 (above 5 if fixed)"

VARIES: Any = None
"""The value of a field until its default is known, which depends on other settings."""


@dataclasses.dataclass(frozen=True)
class When:
    """A default, and what must hold for it; None: anything. `cbow_sum`, `cbow_undivided` and `maxn`: whether they are
    on."""

    default: Any
    loss: str | None = None
    architecture: str | None = None
    cbow_sum: bool | None = None
    cbow_undivided: bool | None = None
    maxn: bool | None = None
    wide: bool | None = None

    @property
    def conditions(self) -> dict[str, Any]:
        """What must hold, by the name of the setting."""
        named = {name: getattr(self, name) for name in BASE}
        return {name: value for name, value in named.items() if value is not None}

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether this is the default beside other settings."""
        return all(
            bool(values.get(name)) is value if isinstance(value, bool) else values.get(name) == value
            for name, value in self.conditions.items()
        )

    def told(self, spelled: Callable[[str], str] = str) -> str:
        """The conditions in words, with the names of settings as `spelled` writes them."""
        words = [
            WIDE if name == "wide" else spelled(name) if value is True else value
            for name, value in self.conditions.items()
        ]
        return " with ".join(sorted(words, key=(CBOW, SKIPGRAM).__contains__, reverse=True))


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a setting is besides its name, type and default.

    group: the heading that it stands under. help: one sentence, without a period; a name in braces is a setting.
    low, high: the range of a number, both included. defaults: where the default varies, the first one that holds; where
    none does, there is no such setting. shown: the default in words, where None says too little. needs: a setting
    without which this one has no effect, and an example of a value for it. recorded: whether a vectors file keeps it.
    metavar: what the command line calls the value. bare: the value of an option that is given without one.
    option: whether the command line has the setting. repeated: whether the option may come several times, for a list.
    """

    group: str
    help: str
    low: float = -math.inf
    high: float = math.inf
    defaults: tuple[When, ...] = ()
    shown: str = ""
    needs: tuple[str, Any] | None = None
    recorded: bool = True
    metavar: str = ""
    bare: int | None = None
    option: bool = True
    repeated: bool = False


def setting(default: Any, group: str, help: str, **more: Any) -> Any:
    """A field of a class of settings; see `Setting`."""
    return dataclasses.field(default=default, metadata={"setting": Setting(group, help, **more)})


@dataclasses.dataclass(frozen=True)
class Declared:
    """A setting as declared: `type` is bool, int, float, str or Any; `choices` are the values of a name."""

    name: str
    type: Any
    optional: bool
    choices: tuple[str, ...]
    default: Any
    setting: Setting

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Whether runs with these other settings have this one."""
        bare = {"loss": values["loss"], "architecture": values["architecture"]}
        return not self.setting.defaults or any(when.holds(bare) for when in self.setting.defaults)

    def default_beside(self, values: Mapping[str, Any]) -> Any:
        """The default beside other settings, all of those that defaults depend on among them."""
        return next((when.default for when in self.setting.defaults if when.holds(values)), self.default)

    def checked(self, value: Any) -> Any:
        """The value as a plain one. Raises ConfigError for a wrong type or one out of range."""
        if value is None and self.optional:
            return None
        if self.choices:
            if value not in self.choices:
                raise ConfigError(f"{self.name} is {quoted(value)}: expected {_either(list(map(repr, self.choices)))}")
        elif self.type is bool:
            if type(value) is not bool and type(value).__name__ != "bool":  # NumPy's is called bool, too
                raise ConfigError(f"{self.name} is {quoted(value)}: expected True or False")
            return bool(value)
        elif self.type is int:
            return self._whole(value)
        elif self.type is float:
            return self._number(value)
        return value

    def _whole(self, value: Any) -> int:
        low, high = self.setting.low, self.setting.high
        try:
            whole = None if isinstance(value, bool) else operator.index(value)
        except TypeError:
            whole = None
        if whole is None or not low <= whole <= high:
            raise ConfigError(f"{self.name} is {quoted(value)}: expected a whole number {self.range()}")
        return whole

    def _number(self, value: Any) -> float:
        try:
            number = math.nan if isinstance(value, bool | str) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not (self.setting.low <= number <= self.setting.high and math.isfinite(number)):
            raise ConfigError(f"{self.name} is {quoted(value)}: expected a number, {self.range()}".rstrip(", "))
        return number

    def range(self) -> str:
        """The range of a number in words."""
        low, high = self.setting.low, self.setting.high
        if low == -math.inf:
            return ""
        return f"{_told(low)} or more" if high == math.inf else f"from {_told(low)} to {_told(high)}"

    def default_told(self, spelled: Callable[[str], str] = str) -> str:
        """The default in words: that of a plain run first, then the others, each with what it belongs to."""
        if self.setting.shown:
            return _with_names(self.setting.shown, spelled)
        found = self.setting.defaults
        if len(found) < 2:
            value = found[0].default if found else self.default
            return "none" if value is None else "off" if value is False else _told(value)
        plain = next((when for when in found if when.holds(BASE)), None)
        first = [] if plain is None else [_told(plain.default)]
        losses = (NEGATIVE_SAMPLING, SOFTMAX, TREE, BOTH)
        same = [] if plain is None else [When(plain.default, loss) for loss in losses]
        others = [when for when in found if when is not plain and when not in same]
        return ", ".join(first + [f"{_told(when.default)} for {when.told(spelled)}" for when in others])

    def told(self, spelled: Callable[[str], str] = str) -> str:
        """What a user reads of the setting: where it applies, what it does, its values and its default."""
        values = f": {_either(self.choices)}" if self.choices else ""
        default, where = self.default_told(spelled), self.applies_told(spelled)
        notes = [f"only {where}"] if where else []
        notes += [f"default {default}"] if default not in ("none", "off") else []
        return f"{self.help_told(spelled)}{values}" + (f" ({'; '.join(notes)})" if notes else "")

    def help_told(self, spelled: Callable[[str], str] = str) -> str:
        """The sentence of help."""
        return _with_names(self.setting.help, spelled)

    def applies_told(self, spelled: Callable[[str], str] = str) -> str:
        """What the setting has an effect with, in words: losses, architectures, a setting; empty for all runs."""
        found = self.setting.defaults
        if self.setting.needs:
            return f"with {spelled(self.setting.needs[0])}"
        if not found or {when.loss for when in found} >= {NEGATIVE_SAMPLING, SOFTMAX, TREE}:
            return ""
        return "for " + " or ".join(when.told() for when in found)


def _with_names(text: str, spelled: Callable[[str], str]) -> str:
    """A text with the names of settings, which it has in braces, as `spelled` writes them."""
    return re.sub(r"\{(\w+)\}", lambda name: spelled(name[1]), text)


def _either(values: Sequence[str]) -> str:
    """Names as a choice: a, b or c."""
    return " or ".join(filter(None, [", ".join(values[:-1]), values[-1]]))


def _told(value: Any) -> str:
    """A value as a user writes it."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


@functools.cache
def declared(settings: Any) -> dict[str, Declared]:
    """The settings that a class declares, by name, those of its parents first."""
    found = {}
    hints = typing.get_type_hints(settings)
    for field in dataclasses.fields(settings):
        kind, told = hints[field.name], field.metadata["setting"]
        optional = get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)
        if optional:
            kind = next(part for part in get_args(kind) if part is not type(None))
        choices = get_args(kind) if get_origin(kind) is Literal else ()
        kind = str if choices else kind
        if told.needs and told.needs[0] not in hints:
            told = dataclasses.replace(told, needs=None)
        found[field.name] = Declared(field.name, kind, optional, choices, field.default, told)
    return found


def grouped(settings: type, groups: Iterable[str]) -> dict[str, list[Declared]]:
    """The settings that a class declares under their headings, empty ones left out."""
    found = {group: [one for one in declared(settings).values() if one.setting.group == group] for group in groups}
    return {group: ones for group, ones in found.items() if ones}


def listed(settings: type, groups: Iterable[str]) -> str:
    """The settings that a class declares, with what they do and their defaults: text for the end of a docstring."""
    lines = ["    Keywords:"]
    for group, ones in grouped(settings, groups).items():
        lines.append(f"\n    {group}")
        for one in ones:
            text = f"{one.name}: {one.told()}"
            lines += textwrap.wrap(
                text, 110, initial_indent=" " * 8, subsequent_indent=" " * 12, break_on_hyphens=False
            )
    return "\n".join(lines) + "\n"


def keywords_of(settings: Callable[P, object]) -> Callable[[Callable[..., R]], Callable[Concatenate[Any, P], R]]:
    """Give a function of one argument the keywords that a class declares: for type checkers, editors and `help`.

    Where the function names a keyword, its default is the declared one.
    """
    return functools.partial(_take_keywords, settings)


def init_keywords_of(
    settings: Callable[P, object],
) -> Callable[[Callable[..., R]], Callable[Concatenate[Any, Any, P], R]]:
    """The same for a method, which has `self` before its argument."""
    return functools.partial(_take_keywords, settings)


def _take_keywords(settings: Any, function: Any) -> Any:
    known, signature = declared(settings), inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    named = [one.name for one in signature.parameters.values() if one.kind is inspect.Parameter.KEYWORD_ONLY]
    function.__kwdefaults__ = {name: known[name].default for name in named}
    given = [
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default_beside(BASE))
        for one in known.values()
    ]
    function.__signature__ = signature.replace(parameters=[*own, *given])
    return function
