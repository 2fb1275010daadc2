"""Vectors of documents: means of their words' vectors, plain or by smooth inverse frequency (SIF), and their queries.

SIF is Arora, Liang and Ma (2017), "A simple but tough-to-beat baseline for sentence embeddings".
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.lines import read_lines, tokens_of
from firth.corpus.reader import Progress, Say
from firth.errors import ConfigError, CorpusError, FormatError, UnknownWordError, quoted
from firth.files.json_text import loads
from firth.files.paths import AnyPath, naming
from firth.files.tensors import TensorFile, read_tensors, write_tensors
from firth.settings import AS_IS, DocumentOptions, Reading
from firth.tokenizing import kept_tokenizer, tokenizer_name
from firth.vectors.container import WordVectors
from firth.vectors.directions import Directions, Doubles, cosines, lengths_of, scaled
from firth.vectors.means import Counts, Floats, Means, WeightedVectors, document_means
from firth.vectors.queries import nearest
from firth.vectors.rows import whole
from firth.vectors.storage import check_writable

VALUES_AT_ONCE = 2**20
"""The most numbers that one block of a computation holds, so that memory stays bounded."""

RESIDUE = 1e-6
"""What is left of a vector without its common components counts as rounding below this share of its length."""

METADATA = "firth-documents"
VERSION = 1
READING = ("lower", "tokenizer", "errors")
KEPT = ("method", "a", "components", *READING)
"""The options that a file keeps."""

Query = int | Sequence[str] | npt.NDArray[Any]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Documents:
    """Vectors of m documents, the lines of a text.

    matrix: float32 (m, d), one row for each line, blank lines too; zeros for a document without known words.
    known: int64 (m,), of each document the tokens that have a vector; tokens: int64 (m,), all its tokens.
    common: float32 (c, d), the components that were removed, each of length 1; none for the plain mean.
    options: the settings, with those of reading filled in. vectors: the word vectors, or None where a file was loaded
    without them; texts then cannot be asked for.

    Raises FormatError where the parts do not fit together.
    """

    matrix: Floats
    known: Counts
    tokens: Counts
    common: Floats
    options: DocumentOptions
    vectors: WordVectors | None = None

    def __post_init__(self) -> None:
        (m, d), shapes = self.matrix.shape, (self.known.shape, self.tokens.shape)
        if d == 0 or shapes != ((m,), (m,)):
            raise FormatError(
                f"there are {m} documents of dimension {d}, and counts of shapes {shapes[0]} and {shapes[1]}: "
                "expected one count a document"
            )
        if ((self.known < 0) | (self.known > self.tokens)).any():
            raise FormatError("a document has fewer tokens than known tokens: expected as many at least")
        if self.common.shape[1] != d or len(self.common) > d or not np.isfinite(self.common).all():
            raise FormatError(f"the common components are of shape {self.common.shape}: expected finite (some, {d})")
        if self.vectors is not None and self.vectors.center.shape[1] != d:
            found = self.vectors.center.shape[1]
            raise FormatError(f"the documents have dimension {d} and the word vectors {found}: expected the same")

    def __len__(self) -> int:
        """The number of documents."""
        return len(self.matrix)

    def __repr__(self) -> str:
        """What they are, in a line."""
        m, d = self.matrix.shape
        return f"<Documents: {m:,} lines, {self.unknown:,} without known words, dimension {d}>"

    @property
    def unknown(self) -> int:
        """The number of documents without known words; their rows are zeros."""
        return int((self.known == 0).sum())

    @cached_property
    def norms(self) -> Doubles:
        """The lengths (m,) of the rows, float64. Raises FormatError for a row that is not finite."""
        return lengths(self.matrix)

    def similarity(self, i: int, j: int) -> float:
        """The cosine of documents i and j, from -1 to 1; 0 if a vector is zero. Raises ConfigError for no such row."""
        first, second = (scaled(self.matrix[self._checked_row(row)]) for row in (i, j))
        return float(cosines(first[None], second)[0])

    def nearest(self, query: Query, k: int = 10) -> list[tuple[int, float]]:
        """The k documents nearest to a query, [(row, cosine), ...], by falling cosine and then by row.

        query: the row of a document, which is then no answer; or a text, as a list of tokens; or a vector (d,).
        Documents whose vector is zero are no answers, so there may be fewer than k.

        Raises ConfigError for another query or k, UnknownWordError for a text without known words.
        """
        k = whole("k", k, 1)
        vector = scaled(self._query_vector(query))
        if not vector.any():
            raise ConfigError("the query's vector is zero, which is near to nothing: ask for another document or text")
        itself = [int(query)] if isinstance(query, int | np.integer) else []
        rows, found = next(nearest(Directions(self.matrix, self.norms), vector[None], [itself], k))
        return list(zip(rows.tolist(), found.tolist(), strict=True))

    def transform(
        self, source: Any, progress: Progress | None = None, *, column: str | int | None = None
    ) -> "Documents":
        """The vectors of new documents, made as these were: the same weights, settings and common components.

        source, column: as for `firth.documents`. progress: called as the text is read, with the bytes read
        and in all, or the lists read and None. Raises as `firth.documents`, but a text without any known word
        gives zeros.
        """
        means = document_means(
            self._weighted, read_lines(source, _reading(self.options, column), progress, named=False)
        )
        remove(means.matrix, self.common)
        return dataclasses.replace(self, matrix=means.matrix, known=means.known, tokens=means.tokens)

    def save(self, path: AnyPath) -> None:
        """Write the documents to a .safetensors file, whole or not at all. Raises FormatError where it cannot be."""
        path = check_writable(path)
        document: dict[str, Any] = {"format": VERSION, "options": _kept(self.options)}
        if self.vectors is not None:
            document["vectors"] = _identity(self.vectors)
        tensors: dict[str, npt.NDArray[Any]]
        tensors = {"documents": self.matrix, "known": self.known, "tokens": self.tokens, "common": self.common}
        write_tensors(path, tensors, {METADATA: json.dumps(document, sort_keys=True)})

    @classmethod
    def load(cls, path: AnyPath, vectors: WordVectors | None = None) -> "Documents":
        """The documents that `save` wrote, the matrix mapped from disk.

        vectors: the word vectors that the documents were made with; they are needed for new texts only.
        Raises FormatError for any other file, and for other vectors.
        """
        file = read_tensors(path)
        document = _document(file)
        if vectors is not None and document.get("vectors") not in (None, _identity(vectors)):
            raise FormatError(
                f"{file.path}: made with word vectors of {document['vectors']}, but these are of {_identity(vectors)}: "
                "give the same vectors"
            )
        matrix, common = (file.tensor(name, "F32", 2) for name in ("documents", "common"))
        known, tokens = (file.tensor(name, "I64", 1) for name in ("known", "tokens"))
        with naming(file.path):
            return cls(matrix, known, tokens, common, _kept_options(document.get("options")), vectors)

    @cached_property
    def _weighted(self) -> WeightedVectors:
        if self.vectors is None:
            raise ConfigError("these documents have no word vectors: Documents.load(path, vectors) takes them")
        return _weigh(self.vectors, self.options)

    def _query_vector(self, query: Query) -> npt.NDArray[Any]:
        if isinstance(query, int | np.integer):
            return np.asarray(self.matrix[self._checked_row(query)])
        if isinstance(query, list | tuple):
            return self._text_vector(query)
        d = self.matrix.shape[1]
        if not isinstance(query, np.ndarray) or query.dtype.kind not in "fiu":
            raise ConfigError(
                f"the query is {query!r:.100}: expected the row of a document, a list of tokens or a vector; "
                "the split() of a string is a list of tokens"
            )
        if query.shape != (d,) or not np.isfinite(query).all():
            raise ConfigError(f"the query is a vector of shape {query.shape}: expected finite numbers of shape ({d},)")
        return query

    def _text_vector(self, tokens: Sequence[str]) -> Floats:
        found = self.transform([tokens])
        if not found.known[0]:
            raise UnknownWordError(f"none of the {found.tokens[0]:,} tokens of the query has a vector: ask for others")
        return np.asarray(found.matrix[0])

    def _checked_row(self, row: Any) -> int:
        m = len(self.matrix)
        if isinstance(row, bool) or not isinstance(row, int | np.integer) or not 0 <= row < m:
            raise ConfigError(f"the document is {row!r:.100}: expected a whole number from 0 to {m - 1}")
        return int(row)


def query_tokens(text: str, options: DocumentOptions) -> list[str]:
    """The tokens of a text in memory, read as documents with these options were."""
    return tokens_of(text, _reading(options))


def make_documents(
    vectors: WordVectors,
    source: Any,
    options: DocumentOptions,
    progress: Progress | None = None,
    say: Say | None = None,
) -> Documents:
    """The vectors of the lines of a text: see `firth.documents`.

    `progress` is called as `transform` calls it, and `say` with each thing that a user should know of how the text was
    read.
    """
    d = vectors.center.shape[1]
    if options.method == "sif" and options.components >= d:
        raise ConfigError(f"components is {options.components}: expected fewer than the dimension of the vectors, {d}")
    asked, options = options, _filled_in(options, vectors.config)
    lines = read_lines(source, _reading(options, asked.column), progress, named=asked.tokenizer is not None)
    means = document_means(_weigh(vectors, options), lines)
    if say is not None:
        for note in lines.origin.notes:
            say(note)
    if not means.known.any():
        raise CorpusError(
            f"{lines.origin.name}: no token has a vector (tokens: {means.tokens.sum():,}, lines: "
            f"{len(means.known):,}): is it text like that of the vectors' training?"
        )
    lengths(means.matrix)  # finite
    common = np.empty((0, d), np.float32)
    if options.method == "sif" and options.components:
        common = _learned(means, options.components, lines.origin.name)
    return Documents(*means, common, options, vectors)


def _filled_in(options: DocumentOptions, config: Mapping[str, Any]) -> DocumentOptions:
    """The options with those of reading that are left open as in the vectors' training."""
    plain = {"lower": AS_IS.lower, "tokenizer": AS_IS.tokenizer_name, "errors": AS_IS.errors}
    found: dict[str, Any] = plain | {name: config[name] for name in READING if name in config}
    found["tokenizer"] = kept_tokenizer(found["tokenizer"])
    left_open = (name for name in READING if getattr(options, name) is None)
    return dataclasses.replace(options, **{name: found[name] for name in left_open}, column=None)


def _kept(options: DocumentOptions) -> dict[str, Any]:
    """The options as a file keeps them."""
    return {name: getattr(options, name) for name in KEPT} | {"tokenizer": tokenizer_name(options.tokenizer)}


def _reading(options: DocumentOptions, column: str | int | None = None) -> Reading:
    """How a source is read."""
    return Reading(**{name: getattr(options, name) for name in READING}, column=column)


def _weigh(vectors: WordVectors, options: DocumentOptions) -> WeightedVectors:
    """The weight of each word: a / (a + p(w)), or 1 for the plain mean. Raises ConfigError if all counts are 0."""
    if options.method == "mean":
        return WeightedVectors(vectors, np.ones(len(vectors)))
    total = int(vectors.counts.sum())
    if not total:
        raise ConfigError(
            "method 'sif' weighs words by their counts, and these vectors have none (word2vec's vectors files hold no "
            "counts): choose method='mean' (--method mean)"
        )
    return WeightedVectors(vectors, options.a / (options.a + vectors.counts / total))


def _learned(means: Means, count: int, name: str) -> Floats:
    """The common components of documents, which are removed from them. Raises CorpusError for too few documents."""
    with_words = int((means.known > 0).sum())
    if with_words <= count:
        raise CorpusError(
            f"{name}: lines with known words: {with_words:,}; components to remove from them: {count:,}: nothing would "
            "be left. Give more lines, or components=0 (--components 0)"
        )
    common = principal_components(means.matrix, count)
    remove(means.matrix, common)
    if not means.matrix.any():
        raise CorpusError(
            f"{name}: the lines are so alike that nothing is left of them without {count} common components: give "
            "other lines, fewer components (--components 0 for none), or method='mean' (--method mean)"
        )
    return common


def principal_components(matrix: Floats, count: int) -> Floats:
    """The first principal components (count, d) of rows (m, d), not centered: where the sums of squares are largest.

    Each has length 1, and its number farthest from 0 is positive. There are fewer where the rows have fewer directions.
    """
    d = matrix.shape[1]
    moments = np.zeros((d, d))
    for _, block in _blocks(matrix):
        rows = block.astype(np.float64)
        moments += rows.T @ rows
    values, axes = np.linalg.eigh(moments)
    largest = axes.T[::-1][:count][values[::-1][:count] > d * np.finfo(np.float64).eps * values[-1]]
    signs = np.sign(largest[np.arange(len(largest)), np.abs(largest).argmax(axis=1)])
    return np.asarray(largest * signs[:, None], np.float32)


def remove(matrix: Floats, common: Floats) -> None:
    """Take the common components (c, d) out of the rows (m, d) in place; where only rounding is left, zeros are."""
    for _, block in _blocks(matrix) if len(common) else ():
        rows = block.astype(np.float64)
        before = lengths_of(rows)
        for axis in common.astype(np.float64):
            rows -= np.einsum("ij,j->i", rows, axis)[:, None] * axis
        rows[lengths_of(rows) <= RESIDUE * before] = 0.0
        block[:] = rows


def lengths(matrix: Floats) -> Doubles:
    """The lengths (m,) of the rows, float64. Raises FormatError for a row that is not finite."""
    found = lengths_of(matrix)
    if not np.isfinite(found).all():
        row = int((~np.isfinite(found)).argmax())
        raise FormatError(f"the vector of document {row} holds a NaN or an infinity: expected finite numbers")
    return found


def _blocks(matrix: Floats) -> Iterator[tuple[int, Floats]]:
    """The rows of a matrix in blocks, each with its first row's number."""
    at_once = max(1, VALUES_AT_ONCE // matrix.shape[1])
    for start in range(0, len(matrix), at_once):
        yield start, matrix[start : start + at_once]


def _identity(vectors: WordVectors) -> dict[str, int]:
    """What tells word vectors from others: how many words they have, and of how many tokens they are."""
    return {"words": len(vectors), "tokens": int(vectors.counts.sum())}


def _document(file: TensorFile) -> dict[str, Any]:
    """The JSON object in the metadata of a file. Raises FormatError for that of no file of documents."""
    try:
        document = loads(file.metadata[METADATA], file.size)
    except (KeyError, ValueError, RecursionError):
        raise FormatError(f"{file.path}: no documents: expected a file that firth documents wrote") from None
    version = document.get("format") if isinstance(document, dict) else None
    if type(version) is not int:
        raise FormatError(f"{file.path}: the metadata has no format number: expected an object with format {VERSION}")
    if version != VERSION:
        raise FormatError(
            f"{file.path}: format {quoted(version)}; this firth reads {VERSION}: pip install --upgrade firth"
        )
    return dict(document)


def _kept_options(found: Any) -> DocumentOptions:
    """The options in a file. Raises ConfigError where they are none."""
    if not isinstance(found, dict) or set(found) != set(KEPT) or None in found.values():
        raise ConfigError(f"the options are {quoted(found)}: expected {', '.join(KEPT)}")
    return DocumentOptions(**(found | {"tokenizer": kept_tokenizer(found["tokenizer"])}))
