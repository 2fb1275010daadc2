"""New word vectors from trained ones, without training: sums with the outside vectors, mean and top components removed,
fewer dimensions, rows of length 1, fewer words.

Each transform takes word vectors and returns new ones; those given stay as they are. Words, counts and history remain,
and config["transforms"] lists what was done, in order, as {"name": ..., and its settings}. `progress` is called with
what is done, how far it is and how far it goes.

The vectors of words and n-grams are the model that was trained only as long as scores u·v + b are. `most_frequent`
keeps the model, for fewer words. The others change the center vectors alone, so outside vectors, bias and nodes are
dropped. Subwords remain where the vector of a word is still the mean of its rows. Vectors of documents are changed as
those of words are, so that both stay comparable, but have no outside vectors and no padding then; sums have none.

Statistics and products are float64 sums without BLAS, whose order of sums depends on the number of threads. Rows are
read in blocks: memory holds the result and one block.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from firth.errors import ConfigError, FormatError, quoted
from firth.vectors.directions import Doubles, Floats, Ids, scaled
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.rows import Progress, most_frequent_ids, no_progress, whole
from firth.vectors.storage import Parts
from firth.vectors.subwords import Subwords

Change = Callable[[Doubles], Doubles]

Names = Sequence[str] | range
"""What rows are of: words, or documents by their tags or numbers."""

VALUES_AT_ONCE = 2**21
"""The most numbers in a block of rows."""


class HasParts(Protocol):
    """What a transform needs of `WordVectors`: its parts, which are also the arguments that make one."""

    def parts(self) -> Parts:
        """The arguments of `WordVectors`, by name."""


Vectors = TypeVar("Vectors", bound=HasParts)


def most_frequent(vectors: Vectors, n: int) -> Vectors:
    """The vectors of the n words with the highest counts, or of all words where there are no more than n.

    Words keep their order; of equal counts the first ones stay, so a file without counts keeps its first n words.
    Outside vectors and bias are cut to the same words: the model of these words alone. Nodes are dropped, as they
    belong to the tree of all words. Subwords keep the rows of all n-grams, and answer for the words cut out. All
    documents stay.
    Raises ConfigError for an n that is no whole number from 1.
    """
    parts, kept = vectors.parts(), most_frequent_ids(vectors.parts()["counts"], whole("n", n, 1))
    subwords, words = parts["subwords"], [parts["words"][i] for i in kept]
    if subwords is not None:
        rows = np.concatenate([kept, np.arange(subwords.words, len(subwords.rows))])
        subwords = Subwords(subwords.minn, subwords.maxn, subwords.bucket, subwords.rows[rows])
    cut: Parts = {
        **parts,
        "words": words,
        "counts": parts["counts"][kept],
        "center": parts["center"][kept],
        "outside": None if parts["outside"] is None else parts["outside"][kept],
        "outside_words": words,
        "bias": None if parts["bias"] is None else parts["bias"][kept],
        "nodes": None,
        "subwords": subwords,
        "documents": documents_of_words(parts["documents"], len(parts["words"]), kept),
    }
    return made(vectors, cut, "most_frequent", n=int(n))


def plus_outside(vectors: Vectors, *, progress: Progress = no_progress) -> Vectors:
    """The sums w + c of each word's center vector and its outside vector.

    Outside vectors, bias, subwords and documents are dropped: n-grams and documents have no outside vectors.
    Pennington et al. (2014); Levy, Goldberg and Dagan (2015). Vectors of the exact softmax hold `mix` times the outside
    vector already.
    Raises FormatError where there are no outside vectors, and for numbers that are not finite.
    """
    parts = vectors.parts()
    if parts["outside"] is None:
        raise FormatError(
            "these vectors have no outside vectors to add: expected a file that firth trained, with negative sampling "
            "or the exact softmax, and that was not transformed since"
        )
    words, center, outside = parts["words"], parts["center"], parts["outside"][: len(parts["words"])]
    both = zip(blocks(center, words, progress), blocks(outside, words), strict=True)
    sums = ((place, of_center + of_outside) for (place, of_center), (_, of_outside) in both)
    return made(vectors, _center_alone(parts, _as_floats(sums, len(words), words)), "plus_outside")


def centered(vectors: Vectors, *, progress: Progress = no_progress) -> Vectors:
    """The vectors minus their mean over all words, so that the new mean is zero.

    A zero row is a vector like any other and becomes minus the mean. Subwords remain, their rows minus the same mean;
    outside vectors, bias and nodes are dropped. Raises FormatError for numbers that are not finite.
    """
    mean = _mean(vectors.parts(), progress)
    return _changed(vectors, lambda rows: rows - mean, progress, "centered")


def without_top(vectors: Vectors, components: int | None = None, *, progress: Progress = no_progress) -> Vectors:
    """The vectors minus their mean, and without their parts along the top principal components.

    components: how many, from 1 to d - 1; by default d ⁄ 100, rounded, and at least 1, as the paper advises.
    All-but-the-top of Mu and Viswanath (2018); nothing of the components remains, as they are taken off the centered
    vectors. A zero row is a vector like any other. Subwords remain, their rows changed likewise; outside vectors, bias
    and nodes are dropped. Raises ConfigError for another number, FormatError for numbers that are not finite.
    """
    parts = vectors.parts()
    dim = parts["center"].shape[1]
    if components is None:
        components = max(1, round(dim / 100))
    if dim == 1:
        raise ConfigError(
            f"components is {quoted(components)}: the vectors have one dimension, and nothing would remain"
        )
    components = whole("components", components, 1, dim - 1)
    mean = _mean(parts, progress)
    top = principal_components(parts, mean, progress)[:, :components]

    def change(rows: Doubles) -> Doubles:
        rows = rows - mean
        return rows - product(product(rows, top), top.T)

    return _changed(vectors, change, progress, "without_top", components=components)


def reduced(vectors: Vectors, dim: int, *, progress: Progress = no_progress) -> Vectors:
    """The vectors in `dim` dimensions: their places along the top principal components, after their mean is removed.

    Column i belongs to the component of the i-th largest variance; in each component the entry of the largest magnitude
    is positive. With all d dimensions, these are the centered vectors, rotated. A zero row is a vector like any other.
    Subwords remain, their rows reduced likewise; outside vectors, bias and nodes are dropped.
    Raises ConfigError for a dim that is no whole number from 1 to d, FormatError for numbers that are not finite.
    """
    parts = vectors.parts()
    dim = whole("dim", dim, 1, parts["center"].shape[1])
    mean = _mean(parts, progress)
    top = principal_components(parts, mean, progress)[:, :dim]
    return _changed(vectors, lambda rows: product(rows - mean, top), progress, "reduced", dim=dim)


def normalized(vectors: Vectors, *, progress: Progress = no_progress) -> Vectors:
    """The vectors scaled to length 1; a zero row stays zero. Cosines stay the same.

    Outside vectors, bias, nodes and subwords are dropped. Raises FormatError for numbers that are not finite.
    """
    parts = vectors.parts()
    center = changed_rows(parts["center"], parts["words"], scaled, progress)
    documents = changed_documents(parts["documents"], scaled)
    return made(vectors, {**_center_alone(parts, center), "documents": documents}, "normalized")


def principal_components(parts: Parts, mean: Doubles, progress: Progress = no_progress) -> Doubles:
    """The principal components (d, d) of the center vectors, a column each, by falling variance.

    In each the entry of the largest magnitude is positive, the first such entry where there are several.
    """
    from firth.native.decompositions import svd

    center = parts["center"]
    dim = center.shape[1]
    covariance = np.zeros((dim, dim))
    for _, rows in blocks(center, parts["words"], progress):
        rows -= mean
        covariance += np.einsum("ni,nj->ij", rows, rows)
    _, _, components = svd(covariance)
    largest = components[np.abs(components).argmax(axis=0), np.arange(dim)]
    return components * np.where(largest < 0, -1.0, 1.0)


def product(a: Doubles, b: Doubles) -> Doubles:
    """A B (n, k) of A (n, d) and B (d, k), without BLAS."""
    return np.asarray(np.einsum("nd,kd->nk", a, np.ascontiguousarray(b.T)))


def blocks(rows: Floats, words: Names, progress: Progress = no_progress) -> Iterator[tuple[slice, Doubles]]:
    """(place, block) of rows in float64, in order; the caller may change a block.

    Raises FormatError for a row that is not finite. It names the word of the row; rows after those are of n-grams.
    """
    at_once = max(1, VALUES_AT_ONCE // rows.shape[1])
    for start in range(0, len(rows), at_once):
        progress("rows", start, len(rows))
        place = slice(start, min(start + at_once, len(rows)))
        block = rows[place].astype(np.float64)
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            row = start + int(finite.argmin())
            raise FormatError(f"the {_owner(row, words)} holds a NaN or an infinity: expected finite numbers")
        yield place, block


def changed_rows(rows: Floats, words: Names, change: Change, progress: Progress = no_progress) -> Floats:
    """The rows after a change that takes a block (any, d) and returns (any, k), as float32.

    Raises FormatError for rows that are not finite, before or after.
    """
    changed = ((place, change(block)) for place, block in blocks(rows, words, progress))
    return _as_floats(changed, len(rows), words)


def changed_subwords(subwords: Subwords | None, words: Sequence[str], change: Change) -> Subwords | None:
    """The subwords after a change under which the mean of rows becomes the mean of the changed rows."""
    if subwords is None:
        return None
    return Subwords(subwords.minn, subwords.maxn, subwords.bucket, changed_rows(subwords.rows, words, change))


def changed_documents(documents: DocumentVectors | None, change: Change) -> DocumentVectors | None:
    """The vectors of documents after a change, without what belongs to the model that was trained."""
    if documents is None:
        return None
    tags = range(len(documents)) if documents.names is None else documents.names
    changed = changed_rows(documents.matrix, tags, change)
    changed[~documents.matrix.any(axis=1)] = 0.0  # nothing was learned of these
    return DocumentVectors(changed, documents.names)


def documents_of_words(documents: DocumentVectors | None, n: int, kept: Ids) -> DocumentVectors | None:
    """The vectors of documents, with the outside vectors of the words `kept` alone, out of n; without nodes."""
    if documents is None or documents.outside is None:
        return documents
    if len(documents.outside) < n:  # nodes alone
        return DocumentVectors(documents.matrix, documents.names)
    return dataclasses.replace(documents, outside=documents.outside[kept])


def made(vectors: Vectors, parts: Parts, name: str, **settings: Any) -> Vectors:
    """New word vectors of these parts, with the transform noted in the config."""
    before = parts["config"].get("transforms", [])
    if not isinstance(before, list):
        raise FormatError(f"the vectors' transforms are {before!r:.100}: expected a list")
    make: Callable[..., Vectors] = type(vectors)
    config = {**parts["config"], "transforms": [*before, {"name": name, **settings}]}
    return make(**{**parts, "config": config, "norms": None})


def _as_floats(changed: Iterable[tuple[slice, Doubles]], count: int, words: Names) -> Floats:
    """The `count` > 0 rows that come in blocks (place, block), as float32."""
    result = np.empty((0, 0), np.float32)
    for place, block in changed:
        if place.start == 0:
            result = np.empty((count, block.shape[1]), np.float32)
        with np.errstate(over="ignore"):
            result[place] = block
        finite = np.isfinite(result[place]).all(axis=1)
        if not finite.all():
            owner = _owner(place.start + int(finite.argmin()), words)
            raise FormatError(f"the new {owner} is beyond float32: expected numbers below 3.4e38; scale them down")
    return result


def _owner(row: int, words: Names) -> str:
    return f"vector of {quoted(words[row])}" if row < len(words) else f"vector of n-gram bucket {row - len(words)}"


def _mean(parts: Parts, progress: Progress) -> Doubles:
    """The mean (d,) of the center vectors."""
    total = np.zeros(parts["center"].shape[1])
    for _, rows in blocks(parts["center"], parts["words"], progress):
        total += rows.sum(axis=0)
    return total / len(parts["words"])


def _changed(vectors: Vectors, change: Change, progress: Progress, name: str, **settings: Any) -> Vectors:
    """New word vectors: center vectors and rows of subwords after an affine change."""
    parts = vectors.parts()
    words = parts["words"]
    alone = _center_alone(parts, changed_rows(parts["center"], words, change, progress))
    subwords = changed_subwords(parts["subwords"], words, change)
    documents = changed_documents(parts["documents"], change)
    return made(vectors, {**alone, "subwords": subwords, "documents": documents}, name, **settings)


def _center_alone(parts: Parts, center: Floats) -> Parts:
    """The parts with other center vectors, and without what belongs to the old ones."""
    nothing: Any = {"outside": None, "bias": None, "nodes": None, "subwords": None, "documents": None}
    return {**parts, **nothing, "center": center, "outside_words": parts["words"]}
