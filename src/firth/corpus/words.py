"""The tokenizer "words": what is not part of a word becomes white space."""

import re
import sys
import unicodedata
from functools import cache


@cache
def _no_part_of_words() -> re.Pattern[str]:
    r"""Matches what no word can hold, white space aside.

    `\w` is letters, numbers and the underscore; words can hold combining marks, joiners and apostrophes as
    well.
    """
    chars = map(chr, range(sys.maxunicode + 1))
    marks = "".join(char for char in chars if unicodedata.category(char)[0] == "M")
    return re.compile(rf"[^\w\s{marks}\u200c\u200d'\u2019]+")


_LEADING_MARKS = re.compile(r"[^\w\s'\u2019](?<![^\s'\u2019].)[^\w\s'\u2019]*", re.DOTALL)
_OUTER_APOSTROPHES = re.compile(r"['\u2019](?:(?!\w)|(?<![^\s'\u2019].))", re.DOTALL)


def only_words(text: str) -> str:
    """`text` with spaces in place of all that is not part of a word.

    A word begins with a letter, number or underscore; combining marks and joiners go on it, apostrophes stand
    inside it. The patterns begin with what they replace, because `re` is quick at finding that.
    """
    text = _no_part_of_words().sub(" ", text)
    return _OUTER_APOSTROPHES.sub(" ", _LEADING_MARKS.sub(" ", text))
