"""Two sets of word vectors in one space: the orthogonal Procrustes rotation, and the words that moved most.

For change over time, words anchor themselves: most keep their meaning. For two languages, a dictionary of pairs does.
"""

import dataclasses
from collections.abc import Iterable

import numpy as np

from firth.corpus.vocabulary import as_word
from firth.errors import ConfigError, FormatError, quoted
from firth.files.paths import AnyPath, reading
from firth.vectors.container import WordVectors
from firth.vectors.directions import Doubles, Floats, Ids, scaled
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.parts import Word
from firth.vectors.rows import Progress, most_frequent_ids, no_progress, whole
from firth.vectors.transforms import (
    VALUES_AT_ONCE,
    Change,
    blocks,
    changed_documents,
    changed_rows,
    changed_subwords,
    made,
    product,
)

Anchor = Word | tuple[Word, Word]

LONGEST_LINE = 2**16
"""Bytes of a line of anchors."""


@dataclasses.dataclass(frozen=True, eq=False)
class Alignment:
    """One set of word vectors rotated onto another.

    vectors: those of the source, rotated. target: the other set, as given. rotation: float64 (d, d), orthogonal: a row
    v of the source is now v · rotation. anchors: how many pairs of rows the rotation was fitted to.
    """

    vectors: WordVectors
    target: WordVectors
    rotation: Doubles
    anchors: int

    def moved(self, k: int = 10, *, min_count: int = 0, among: int | None = None) -> list[tuple[str, float]]:
        """The k shared words that moved most, [(word, cosine), ...]: by rising cosine of their rows in both sets.

        min_count: only words with at least this count in both sets. among: only words that are among this many most
        frequent ones of both. Rare words move for lack of text, so give one of them. Ties come in the order of the
        source; fewer than k where there are no more words. The cosine with a zero row is 0.
        Raises ConfigError for numbers out of range, FormatError for a row that is not finite.
        """
        k = whole("k", k, 1)
        here, there = _shared(self.vectors, self.target)
        kept = np.minimum(self.vectors.counts[here], self.target.counts[there]) >= whole("min_count", min_count, 0)
        if among is not None:
            among = whole("among", among, 1)
            for ids, vectors in ((here, self.vectors), (there, self.target)):
                kept &= np.isin(ids, most_frequent_ids(vectors.counts, among))
        here, there = here[kept], there[kept]
        cosines = np.empty(len(here))
        for place, a, b in _pair_blocks(self.vectors, self.target, here, there):
            cosines[place] = np.clip((a * b).sum(axis=1), -1.0, 1.0)
        first = np.argsort(cosines, kind="stable")[:k]
        return [(self.vectors.words[here[i]], float(cosines[i])) for i in first]


def align(
    source: WordVectors,
    target: WordVectors,
    anchors: Iterable[Anchor] | None = None,
    *,
    progress: Progress = no_progress,
) -> Alignment:
    """`source` rotated onto `target`, by the orthogonal Procrustes rotation of their anchors.

    anchors: words that are in both sets, or pairs (word of the source, word of the target); by default all shared
    words. Those without a vector in both sets are left out, and `Alignment.anchors` is the number of the others.

    The rotation W is the orthogonal matrix for which Σ |s W - t|² over the anchors' rows s and t is least: W = P Qᵀ of
    the singular value decomposition P S Qᵀ of Σ sᵀ t (Schönemann, 1966), as Hamilton et al. (2016) align decades. For
    this sum rows are scaled to length 1 (Xing et al., 2015) and not centered; the vectors returned keep their lengths.
    A rotation keeps every score and cosine within the source, so it turns outside vectors, nodes, subwords and
    documents along, and bias and all else remain: the result is the model that the source was. progress: called with
    what is done, how far it is and how far it goes.

    Raises FormatError for vectors of different dimensions, for fewer anchors than dimensions, which leave the rotation
    open, and for rows that are not finite; ConfigError for anchors that are no words or pairs.
    """
    dim, other = source.center.shape[1], target.center.shape[1]
    if dim != other:
        raise FormatError(
            f"the source has dimension {dim} and the target {other}: expected the same; reduce the larger one first, "
            f"with firth transform --reduced {min(dim, other)}"
        )
    here, there = _shared(source, target) if anchors is None else _anchored(source, target, anchors)
    if anchors is None and not len(here):
        raise FormatError(
            f"the source and the target have no word in common, from {quoted(source.words[0])} to "
            f"{quoted(target.words[0])}: give anchors, pairs of a word of the source and a word of the target"
        )
    if len(here) < dim:
        what = "shared words" if anchors is None else "anchors with vectors in both sets"
        raise FormatError(f"{len(here)} {what} do not fix a rotation in {dim} dimensions: expected {dim} or more")
    rotation = _rotation(source, target, here, there, progress)
    return Alignment(_rotated(source, rotation, len(here), progress), target, rotation, len(here))


def read_anchors(path: AnyPath) -> list[Anchor]:
    """The anchors in a UTF-8 file: in every line a word of the source and one of the target, or one word of both.

    Words are parted by white space; blank lines are left out. Raises FormatError, which names the line.
    """
    anchors: list[Anchor] = []
    with reading(path, "anchors") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            where = f"{path}, line {number}"
            if len(line) == LONGEST_LINE:
                raise FormatError(f"{where}: {LONGEST_LINE:,} bytes or more: expected one or two words")
            try:
                words = line.decode("utf-8-sig" if number == 1 else "utf-8").split()
            except UnicodeDecodeError:
                raise FormatError(f"{where}: {quoted(line)}: expected UTF-8") from None
            if len(words) > 2:
                raise FormatError(f"{where}: {quoted(line)} has {len(words)} words: expected one or two")
            if words:
                anchors.append((words[0], words[-1]))
    if not anchors:
        raise FormatError(f"{path}: no anchors: expected in every line a word of each set, or one word of both")
    return anchors


def _shared(source: WordVectors, target: WordVectors) -> tuple[Ids, Ids]:
    """The ids of the words in both sets, in the order of the source."""
    return _anchored(source, target, source.words)


def _anchored(source: WordVectors, target: WordVectors, anchors: Iterable[Anchor]) -> tuple[Ids, Ids]:
    """The ids in source and target of the anchors that have vectors in both."""
    if isinstance(anchors, str | bytes) or not isinstance(anchors, Iterable):
        raise ConfigError(f"anchors is {anchors!r:.100}: expected a list of words, or of pairs of words")
    of_source = {word: i for i, word in enumerate(source.words)}
    of_target = {word: i for i, word in enumerate(target.words)}
    found = []
    for anchor in anchors:
        anchor = as_word(anchor)
        pair = tuple(map(as_word, anchor)) if isinstance(anchor, list | tuple) else (anchor, anchor)
        if len(pair) != 2 or not all(isinstance(word, str) for word in pair):
            raise ConfigError(f"an anchor is {anchor!r:.100}: expected a word, or a pair of words")
        a, b = of_source.get(pair[0]), of_target.get(pair[1])
        if a is not None and b is not None:
            found.append((a, b))
    here, there = np.array(found, np.int64).reshape(-1, 2).T
    return here, there


def _pair_blocks(
    source: WordVectors, target: WordVectors, here: Ids, there: Ids
) -> Iterable[tuple[slice, Doubles, Doubles]]:
    """(place, rows, rows) of pairs of rows of both sets, scaled to length 1, block by block."""
    at_once = max(1, VALUES_AT_ONCE // source.center.shape[1])
    for start in range(0, len(here), at_once):
        place = slice(start, start + at_once)
        yield place, _unit(source, here[place]), _unit(target, there[place])


def _unit(vectors: WordVectors, ids: Ids) -> Doubles:
    words = [vectors.words[i] for i in ids]
    return np.concatenate([scaled(rows) for _, rows in blocks(vectors.center[ids], words)])


def _rotation(source: WordVectors, target: WordVectors, here: Ids, there: Ids, progress: Progress) -> Doubles:
    """The orthogonal matrix W (d, d) for which Σ |s W - t|² over pairs of rows of length 1 is least."""
    from firth.native.decompositions import svd

    dim = source.center.shape[1]
    total = np.zeros((dim, dim))
    for place, a, b in _pair_blocks(source, target, here, there):
        progress("anchors", place.start, len(here))
        total += np.einsum("ni,nj->ij", a, b)
    left, singular, right = svd(total)
    rank = int((singular > 0).sum())
    left[:, rank:] = svd(product(left, left.T))[2][:, rank:]  # zeros until now: rows along them have no anchor
    return product(left, right.T)


def _rotated(vectors: WordVectors, rotation: Doubles, anchors: int, progress: Progress) -> WordVectors:
    parts = vectors.parts()
    words, outside_words = parts["words"], parts["outside_words"]
    turn: Change = lambda rows: product(rows, rotation)  # noqa: E731

    def turned(rows: Floats | None, names: list[str]) -> Floats | None:
        return None if rows is None else changed_rows(rows, names, turn, progress)

    return made(
        vectors,
        {
            **parts,
            "center": changed_rows(parts["center"], words, turn, progress),
            "outside": turned(parts["outside"], outside_words),
            "nodes": turned(parts["nodes"], words),
            "subwords": changed_subwords(parts["subwords"], words, turn),
            "documents": _turned_documents(parts["documents"], turn),
        },
        "aligned",
        anchors=anchors,
    )


def _turned_documents(documents: DocumentVectors | None, turn: Change) -> DocumentVectors | None:
    """The vectors of documents and all that belongs to them, of which outside vectors are several side by side."""
    alone = changed_documents(documents, turn)
    if documents is None or alone is None or documents.outside is None or documents.padding is None:
        return alone
    d = len(documents.padding)
    outside = documents.outside.reshape(-1, d)
    turned = changed_rows(outside, [], turn).reshape(documents.outside.shape)
    return dataclasses.replace(alone, outside=turned, padding=changed_rows(documents.padding[None], [], turn)[0])
