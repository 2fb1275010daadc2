"""Vectors files from one format to another."""

import dataclasses
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from firth.corpus.vocabulary import Vocabulary
from firth.errors import ConfigError, FormatError
from firth.files.paths import AnyPath, as_path, check_folder
from firth.formats.detect import format_of, formats_to_write
from firth.formats.loading import load_as, located, make_request
from firth.formats.request import shown
from firth.formats.vocabulary import check_words, write_vocabulary
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, no_progress
from firth.vectors.storage import check_writable
from firth.vectors.subwords import Subwords, mean_rows, ngram_rows

RESPELLED_AT_ONCE = 1 << 12
"""The words whose n-grams are looked up at once."""


@dataclasses.dataclass(frozen=True)
class Conversion:
    """What was read and written: the files, their formats, how many words of which dimension, and the bytes written.

    beside: the file of words that belongs to `target`, where its format has one.
    """

    source: str
    source_format: str
    target: str
    target_format: str
    beside: str | None
    words: int
    dim: int
    bytes: int


def convert(
    src: AnyPath,
    dst: AnyPath,
    to: str | None = None,
    *,
    words: Any = None,
    first: int | None = None,
    errors: str = "mend",
    space: str | None = None,
    vocab: Any = None,
    save_vocab: AnyPath | None = None,
    progress: Progress = no_progress,
) -> Conversion:
    """Write the vectors of file `src` to file `dst`, in the format that the ending of `dst` means, or that `to` names.

    `src` may be an address on the Hub, as for `firth.load`.

    docs/formats.md lists the formats and what each has a place for; what it has none for is lost, with a warning where
    that is n-grams. `.bin` is fastText's for vectors with n-grams, else word2vec's. words, first, errors, vocab: as for
    `firth.load`. space: what takes the place of white space inside words that the format cannot hold; without it such
    words are refused before anything is written. save_vocab: a file to write with lines "word count".

    `src` and `dst` may be the same file. Raises FormatError, and ConfigError for an unknown `to`, and where a file that
    is read, or that is to hold the vectors, would become the one of save_vocab or that of the words beside `dst`.
    """
    dst = as_path(dst)
    choices = formats_to_write(dst, to)
    if choices[0].name == "safetensors":
        check_writable(dst)
    elif not choices[0].folder:
        check_folder(dst)
    if save_vocab is not None:
        save_vocab = check_folder(save_vocab)
    source = located(src)
    inputs = [*format_of(source).files_read(source), *(one for one in (words, vocab) if _is_path(one))]
    outputs = choices[0].files_written(dst)
    _check_apart(inputs, outputs, save_vocab)
    vectors, found = load_as(source, make_request(words, first, errors, progress), vocab)
    wanted = choices[0]
    if vectors.subwords is not None:
        wanted = next((one for one in choices if one.ngrams), wanted)
        if not wanted.ngrams:
            warnings.warn(
                f"{dst}: {wanted.name} has no place for n-grams: words never seen have no vectors there", stacklevel=2
            )
    if vectors.documents is not None and wanted.name != "safetensors":
        warnings.warn(
            f"{dst}: {wanted.name} has no place for documents: the vectors of {len(vectors.documents):,} are left out",
            stacklevel=2,
        )
    vectors = holdable(vectors, wanted.holds, space, dst)
    if save_vocab is not None:
        check_words(vectors.words, save_vocab)
    wanted.writer()(vectors, dst, progress)
    if save_vocab is not None:
        write_vocabulary(Vocabulary(vectors.words, vectors.counts), save_vocab)
    n, d = vectors.center.shape
    beside = str(outputs[1]) if len(outputs) > 1 else None
    return Conversion(
        os.fspath(src), found.name, str(dst), wanted.name, beside, n, d, sum(_size(path) for path in outputs)
    )


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike)


def _check_apart(inputs: Sequence[AnyPath], outputs: Sequence[Path], save_vocab: Path | None) -> None:
    """Raise ConfigError where a file would be lost to another that nobody named for its place.

    inputs: the vectors first. outputs: them first, then the words beside them.
    """
    source, *others = (os.path.realpath(path) for path in inputs)
    target, *beside = (os.path.realpath(path) for path in outputs)
    for path in beside:
        if path in (source, *others) and target != source:
            raise ConfigError(
                f"{outputs[1]} is read, and is to hold the words of {outputs[0].name}: choose another name"
            )
    if save_vocab is not None:
        place = os.path.realpath(save_vocab)
        around = [place, *map(str, Path(place).parents)]  # of a file in a folder of vectors
        for paths, what in (
            ((target,), "to hold the vectors"),
            (beside, "to hold the words"),
            ((source, *others), "read"),
        ):
            if not set(paths).isdisjoint(around):
                raise ConfigError(f"{save_vocab} is {what}: name another file for save_vocab (--save-vocab)")


def _size(path: Path) -> int:
    """The bytes of a file, or of the files in a folder."""
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def _why(word: str, holds: Callable[[str], bool], space: str | None) -> str:
    """What is wrong with a word that a format cannot hold, or what to do about it; for the end of a message."""
    if not word.strip():
        return ": it is white space alone" if word else ": it is empty"
    if holds("_".join(word.split())):
        return (
            "; give --space _ to write _ for white space in words" if space is None else f" with {shown(space)} in it"
        )
    if "\0" in word:
        return ": it holds a NUL character"
    return f": it has {len(word.encode(errors='surrogatepass')):,} bytes"


def holdable(vectors: WordVectors, holds: Callable[[str], bool], space: str | None, dst: Path) -> WordVectors:
    """The same vectors, with `space` in place of white space in words that a format cannot hold.

    Raises FormatError, which names `dst`, for a word that it cannot hold even then, and where two words become one.
    """
    words, seen = [], set(vectors.words)
    for word in vectors.words:
        if not holds(word):
            new = word if space is None else space.join(word.split())
            if not holds(new) or new in seen:
                again = f", nor as {shown(new)}, which is another word" if new in seen and new != word else ""
                raise FormatError(f"{dst}: the word {shown(word)} cannot be written{again or _why(word, holds, space)}")
            seen.add(new)
            word = new
        words.append(word)
    if words == vectors.words:
        return vectors
    more = vectors.outside_words[len(words) :]
    parts = vectors.parts() | {"words": words, "outside_words": [*words, *more]}
    if vectors.subwords is not None:
        parts["subwords"] = _respelled(vectors, vectors.subwords, words)
    return WordVectors(**parts)


def _respelled(vectors: WordVectors, subwords: Subwords, words: list[str]) -> Subwords:
    """The n-grams for words in another spelling, which has other n-grams: own rows that leave the vectors as they are.

    A vector is the mean of the k rows of a word: what it lacks, k times, goes into the own row.
    """
    n, rows = len(words), np.array(subwords.rows)
    ids = np.array([i for i, (new, old) in enumerate(zip(words, vectors.words, strict=True)) if new != old])
    for begin in range(0, len(ids), RESPELLED_AT_ONCE):
        some = ids[begin : begin + RESPELLED_AT_ONCE]
        offsets, places = ngram_rows([words[i] for i in some], subwords.minn, subwords.maxn, subwords.bucket)
        places += n - len(some)
        places[offsets[:-1]] = some
        lacking = vectors.center[some] - mean_rows(rows, offsets, places, rows.shape[1]).astype(np.float64)
        rows[some] += lacking * np.diff(offsets)[:, None]
    return dataclasses.replace(subwords, rows=rows)
