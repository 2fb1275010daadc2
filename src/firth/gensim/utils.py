"""gensim.utils: tokens from text, text as str or bytes, rules for words, and corpora made of others."""

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from firth.files.paths import AnyPath, replacing
from firth.gensim._errors import ArgumentError, KindError
from firth.gensim._paths import writable

RULE_DEFAULT = 0
RULE_DISCARD = 1
RULE_KEEP = 2
"""What a `trim_rule` returns for a word: as `min_count` has it, leave it out, or keep it."""

PAT_ALPHABETIC = re.compile(r"[^\W\d]+")
"""Letters and underscores, no digits."""

TrimRule = Callable[[Any, int, int], int | None]


def any2unicode(text: str | bytes, encoding: str = "utf8", errors: str = "strict") -> str:
    """A text as str; bytes are decoded. Raises UnicodeDecodeError, and KindError for what is no text."""
    if isinstance(text, str):
        return text
    if not isinstance(text, bytes | bytearray | memoryview):
        raise KindError(f"the text is {text!r:.100} ({type(text).__name__}): expected str or bytes")
    return str(text, encoding, errors)


def any2utf8(text: str | bytes, errors: str = "strict", encoding: str = "utf8") -> bytes:
    """A text as UTF-8; bytes are decoded from `encoding` first. Raises as `any2unicode` does."""
    return any2unicode(text, encoding, errors).encode("utf8")


to_unicode = any2unicode
to_utf8 = any2utf8


def deaccent(text: str | bytes) -> str:
    """A text without the accents of its letters; letters such as ø and ł stay. Bytes are UTF-8."""
    parts = unicodedata.normalize("NFD", any2unicode(text))
    return unicodedata.normalize("NFC", "".join(char for char in parts if unicodedata.category(char) != "Mn"))


def simple_tokenize(text: str) -> Iterator[str]:
    """Yield the longest runs of letters and underscores of a text."""
    for match in PAT_ALPHABETIC.finditer(text):
        yield match.group()


def tokenize(
    text: str | bytes,
    lowercase: bool = False,
    deacc: bool = False,
    encoding: str = "utf8",
    errors: str = "strict",
    to_lower: bool = False,
    lower: bool = False,
) -> Iterator[str]:
    """The tokens of a text, one after another: runs of letters and underscores, no digits.

    lowercase, or to_lower, or lower: make the text lower case. deacc: take off accents. encoding, errors: of bytes.
    """
    text = any2unicode(text, encoding, errors)
    if lowercase or to_lower or lower:
        text = text.lower()
    return simple_tokenize(deaccent(text) if deacc else text)


def simple_preprocess(doc: str | bytes, deacc: bool = False, min_len: int = 2, max_len: int = 15) -> list[str]:
    """The tokens of a text in lower case, of min_len to max_len characters, none that begins with an underscore."""
    return [
        token
        for token in tokenize(doc, lower=True, deacc=deacc, errors="ignore")
        if min_len <= len(token) <= max_len and not token.startswith("_")
    ]


def keep_vocab_item(word: Any, count: int, min_count: int, trim_rule: TrimRule | None = None) -> bool:
    """Whether a word stays: as `trim_rule` has it, and where that has no opinion if its count is min_count or more.

    Raises ArgumentError for a rule that returns anything but the three answers and None, which is no opinion.
    """
    rule = None if trim_rule is None else trim_rule(word, count, min_count)
    if rule is None or rule == RULE_DEFAULT:
        return count >= min_count
    if rule not in (RULE_DISCARD, RULE_KEEP):
        raise ArgumentError(
            f"trim_rule returned {rule!r:.100} for {word!r:.100}: expected utils.RULE_DEFAULT (0), RULE_DISCARD (1) or "
            "RULE_KEEP (2)"
        )
    return rule == RULE_KEEP


def prune_vocab(vocab: MutableMapping[str, int], min_reduce: int, trim_rule: TrimRule | None = None) -> int:
    """Drop the words whose counts are below min_reduce. Returns the sum of the counts that were dropped."""
    dropped = [word for word in vocab if not keep_vocab_item(word, vocab[word], min_reduce, trim_rule)]
    return sum(vocab.pop(word) for word in dropped)


def trim_vocab_by_freq(vocab: MutableMapping[str, int], topk: int, trim_rule: TrimRule | None = None) -> None:
    """Keep the `topk` most frequent words, and those as frequent as the last of them."""
    if topk < len(vocab):
        least = sorted(vocab.values(), reverse=True)[topk - 1]
        for word in [word for word in vocab if not keep_vocab_item(word, vocab[word], least, trim_rule)]:
            del vocab[word]


def save_as_line_sentence(corpus: Iterable[Iterable[str]], filename: AnyPath) -> None:
    """Write sentences to a file, one a line, their words parted by spaces, as `LineSentence` reads them.

    The file is written whole or not at all. Raises FormatError.
    """
    with replacing(writable(filename)) as file:
        for sentence in corpus:
            if isinstance(sentence, str | bytes):
                raise KindError(
                    f"a sentence is {sentence!r:.100} ({type(sentence).__name__}): expected a list of words"
                )
            file.write(any2utf8(" ".join(sentence) + "\n"))


def is_corpus(obj: Any) -> tuple[bool, Any]:
    """Whether the first document is a list of pairs of numbers, and the documents again, none missing.

    (False, obj) for what has none.
    """
    if isinstance(obj, str | bytes) or not isinstance(obj, Iterable):
        return False, obj
    items = iter(obj)
    first = list(itertools.islice(items, 1))
    again = itertools.chain(first, items) if items is obj else obj
    try:
        return bool(first) and all(float(number) is not None for pair in first[0] for number in _pair(pair)), again
    except (TypeError, ValueError):
        return False, again


def _pair(pair: Any) -> tuple[Any, Any]:
    if isinstance(pair, str):
        raise TypeError("no pair of numbers")
    first, second = pair
    return first, second


class RepeatCorpus:
    """The first `reps` documents of a corpus repeated without end."""

    def __init__(self, corpus: Iterable[Any], reps: int) -> None:
        self.corpus, self.reps = corpus, reps

    def __iter__(self) -> Iterator[Any]:
        """Yield the documents."""
        return itertools.islice(itertools.cycle(self.corpus), self.reps)


class RepeatCorpusNTimes:
    """A corpus `n` times, one after another."""

    def __init__(self, corpus: Iterable[Any], n: int) -> None:
        self.corpus, self.n = corpus, n

    def __iter__(self) -> Iterator[Any]:
        """Yield the documents."""
        for _ in range(self.n):
            yield from self.corpus


class ClippedCorpus:
    """The first `max_docs` documents of a corpus; all for None."""

    def __init__(self, corpus: Iterable[Any], max_docs: int | None = None) -> None:
        self.corpus, self.max_docs = corpus, max_docs

    def __iter__(self) -> Iterator[Any]:
        """Yield the documents."""
        return itertools.islice(self.corpus, self.max_docs)

    def __len__(self) -> int:
        """The number of documents, where the corpus has one."""
        whole = len(self.corpus)  # type: ignore[arg-type]
        return whole if self.max_docs is None else min(whole, self.max_docs)


def grouper(
    iterable: Iterable[Any], chunksize: int, as_numpy: bool = False, dtype: npt.DTypeLike = np.float32
) -> Iterator[list[Any]]:
    """Yield lists of `chunksize` items, the last one of fewer; with as_numpy each item as an array of `dtype`."""
    if not chunksize >= 1:
        raise ArgumentError(f"chunksize is {chunksize!r:.100}: expected 1 or more")
    items = iter(iterable)
    while chunk := list(itertools.islice(items, int(chunksize))):
        yield [np.array(item, dtype) for item in chunk] if as_numpy else chunk


chunkize_serial = grouper


def chunkize(corpus: Iterable[Any], chunksize: int, maxsize: int = 0, as_numpy: bool = False) -> Iterator[list[Any]]:
    """As `grouper`; maxsize has no effect: no chunk is made ahead of time in another process."""
    return grouper(corpus, chunksize, as_numpy)


def flatten(nested_list: Iterable[Any]) -> list[Any]:
    """The items of nested lists, one after another; a str is an item."""
    return list(lazy_flatten(nested_list))


def lazy_flatten(nested_list: Iterable[Any]) -> Iterator[Any]:
    """Yield the items of nested lists, one after another; a str is an item."""
    for item in nested_list:
        if isinstance(item, Iterable) and not isinstance(item, str | bytes):
            yield from lazy_flatten(item)
        else:
            yield item


def identity(p: Any) -> Any:
    """What it is given."""
    return p


def call_on_class_only(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise AttributeError: for methods of a class that are not for its objects."""
    raise AttributeError("this method is called on the class, not on an object of it: the object would stay as it is")
