"""The vectors that training with documents learns, one for each tag of a document, and their queries."""

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.vocabulary import Vocabulary, as_word, is_whole
from firth.errors import ConfigError, FormatError, UnknownWordError, quoted
from firth.vectors.directions import Directions, Doubles, Floats, cosines, lengths_of, scaled
from firth.vectors.queries import nearest
from firth.vectors.rows import readonly, whole

Tag = str | int | np.integer[Any]
"""The tag of a document; for tags that are strings, an integer stands for its decimal form."""

Query = Tag | npt.NDArray[Any]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DocumentVectors:
    """Vectors of m tags of documents: paragraph vectors (Le and Mikolov, 2014).

    matrix: float32 (m, d), one row for each tag. names: the m tags, or None where they are the numbers of the lines,
    from 0. Where training concatenates the vectors of a window, outside: float32 (k, w d), the outside vectors of n
    words, then the nodes of the tree, as the loss has them, for w vectors side by side, first those of the tags; and
    padding: float32 (d,), what stands in the places of a window beyond a document's ends.

    Tags are found as words are, in either Unicode normalisation. The arrays are read-only views.

    Raises FormatError where the parts do not fit together.
    """

    matrix: Floats
    names: list[str] | None = None
    outside: Floats | None = None
    padding: Floats | None = None

    def __post_init__(self) -> None:
        shape = self.matrix.shape
        if self.matrix.dtype != np.float32 or len(shape) != 2 or 0 in shape:
            raise FormatError(
                f"the document vectors are {self.matrix.dtype} of shape {shape}: expected float32 of shape (documents, "
                "dimension), neither of them 0"
            )
        if self.names is not None:
            self._check_names(self.names)
        for name in ("matrix", "outside", "padding"):
            part = getattr(self, name)
            if part is not None:
                object.__setattr__(self, name, readonly(part))
        if self.outside is None and self.padding is None:
            return
        if self.outside is None or self.padding is None:
            raise FormatError("documents have outside vectors or a padding, but not both: expected both, or neither")
        for name, part, expected in (("outside vectors", self.outside, 2), ("padding", self.padding, 1)):
            if part.dtype != np.float32 or part.ndim != expected or part.shape[-1] < shape[1]:
                found = f"{part.dtype} of shape {part.shape}"
                raise FormatError(f"the documents' {name}: {found}: expected float32, {expected} dimensions")
        if self.padding.shape != shape[1:]:
            raise FormatError(f"the documents' padding is of shape {self.padding.shape}: expected ({shape[1]},)")

    def _check_names(self, names: list[str]) -> None:
        if len(names) != len(self.matrix):
            tags, rows = len(names), len(self.matrix)
            raise FormatError(f"there are {tags} tags and {rows} vectors of documents: expected as many of each")
        if set(map(type, names)) - {str}:
            wrong = next(name for name in names if type(name) is not str)
            raise FormatError(f"one of the tags is {wrong!r:.100}: expected a string")
        if len(set(names)) < len(names):
            seen: set[str] = set()
            twice = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise FormatError(f"the tag {quoted(twice)} comes twice: expected every tag once")

    def __len__(self) -> int:
        """The number of tags."""
        return len(self.matrix)

    def __repr__(self) -> str:
        """What they are, in a line."""
        m, d = self.matrix.shape
        return f"<DocumentVectors: {m:,} documents, dimension {d}>"

    def __contains__(self, tag: object) -> bool:
        """Whether `tag` is one of the tags."""
        try:
            return self._row_of(tag) is not None
        except ConfigError:  # no tag at all
            return False

    def __getitem__(self, tag: Tag) -> Floats:
        """The vector (d,) of a tag. Raises UnknownWordError."""
        return np.asarray(self.matrix[self._row(tag)])

    @cached_property
    def rows(self) -> dict[str, int] | range:
        """The row of each tag."""
        return range(len(self)) if self._vocabulary is None else self._vocabulary.ids

    @cached_property
    def norms(self) -> Doubles:
        """The lengths (m,) of the vectors, float64. Raises FormatError for one that is not finite."""
        found = lengths_of(self.matrix)
        if not np.isfinite(found).all():
            tag = self._tag(int((~np.isfinite(found)).argmax()))
            raise FormatError(
                f"the vector of document {tag!r:.100} holds a NaN or an infinity: expected finite numbers"
            )
        return found

    def similarity(self, a: Query, b: Query) -> float:
        """The cosine of two tags or vectors (d,), from -1 to 1; 0 if a vector is zero. Raises UnknownWordError."""
        return float(cosines(scaled(self._vector(a)), scaled(self._vector(b))))

    def nearest(self, query: Query, k: int = 10) -> list[tuple[Any, float]]:
        """The k documents nearest to a query, [(tag, cosine), ...], by falling cosine and then by row.

        query: a tag, which is then no answer; or a vector (d,), such as that of a word. Tags are strings, or integers
        where there are no names. Documents whose vector is zero are no answers, so there may be fewer than k.

        Raises UnknownWordError for no such tag, ConfigError for another query or k, FormatError for a vector that is
        not finite.

        Example: vectors.documents.nearest("doc7", k=3)
        """
        vector = self._vector(query)
        if not vector.any():
            raise ConfigError("the query's vector is zero, which is near to nothing: ask for another document")
        itself = [] if isinstance(query, np.ndarray) else [self._row(query)]
        return self._nearest_of(vector[None], [itself], k)[0]

    def nearest_of_each(self, queries: Floats, k: int = 10) -> list[list[tuple[Any, float]]]:
        """What `nearest` answers to each row of a matrix (q, d), at once; a row of zeros has no answers."""
        found: list[list[tuple[Any, float]]] = [[] for _ in queries]
        asked = np.flatnonzero(queries.any(axis=1))
        for row, near in zip(asked.tolist(), self._nearest_of(queries[asked], [[]] * len(asked), k), strict=True):
            found[row] = near
        return found

    def _nearest_of(self, queries: Floats, excluded: list[list[int]], k: int) -> list[list[tuple[Any, float]]]:
        directions, k = Directions(self.matrix, self.norms), whole("k", k, 1)
        return [
            [(self._tag(row), cosine) for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True)]
            for rows, cosines in nearest(directions, scaled(queries), excluded, k)
        ]

    @cached_property
    def _vocabulary(self) -> Vocabulary | None:
        return None if self.names is None else Vocabulary(self.names, np.zeros(0, np.int64))

    def _tag(self, row: int) -> str | int:
        return row if self.names is None else self.names[row]

    def _row_of(self, tag: Any) -> int | None:
        """The row of a tag, or None. Raises ConfigError for what is no tag."""
        if self._vocabulary is None:
            if not is_whole(tag):
                raise ConfigError(
                    f"the document is {tag!r:.100}: these have no tags, expected a whole number from 0 to "
                    f"{len(self) - 1}"
                )
            return int(tag) if 0 <= tag < len(self) else None
        tag = as_word(tag)
        if not isinstance(tag, str):
            raise ConfigError(f"the document is {tag!r:.100}: expected its tag")
        return self._vocabulary.id_of(tag)

    def _row(self, tag: Any) -> int:
        found = self._row_of(tag)
        if found is not None:
            return found
        if self._vocabulary is None:
            raise UnknownWordError(f"{tag!r:.100} is no document: expected a whole number from 0 to {len(self) - 1}")
        near = ", ".join(map(repr, self._vocabulary.suggest(as_word(tag))))
        hint = f"the nearest spellings are {near:.300}" if near else "no tag is spelt like it"
        raise UnknownWordError(f"{as_word(tag)!r:.100} is not among the tags of the {len(self):,} documents: {hint}")

    def _vector(self, query: Query) -> npt.NDArray[Any]:
        """The vector (d,) of a query. Raises FormatError for a tag's vector that is not finite."""
        if not isinstance(query, np.ndarray):
            vector = self[query]
            if not np.isfinite(vector).all():
                raise FormatError(f"the vector of document {query!r:.100} holds a NaN or an infinity: expected numbers")
            return vector
        d = self.matrix.shape[1]
        if query.shape != (d,) or query.dtype.kind not in "fiu" or not np.isfinite(query).all():
            raise ConfigError(f"the query is {query.dtype} of shape {query.shape}: expected {d} finite numbers")
        return query
