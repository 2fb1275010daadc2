"""`firth.infer`: vectors of new documents, one a line of a text, with the progress shown."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.corpus.lines import Lines, read_lines
from firth.corpus.vocabulary import LINE_END
from firth.declaring import declared, init_keywords_of, listed
from firth.display import Display
from firth.errors import ConfigError, FirthError
from firth.names import check_names
from firth.settings import AS_IS, GROUPS, InferOptions, Reading, TrainConfig, available_threads
from firth.sgd.inference import Inference
from firth.tokenizing import kept_tokenizer
from firth.vectors.container import WordVectors

Floats = npt.NDArray[np.float32]
Batch = tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]

TOKENS_AT_ONCE = 1 << 20
"""Tokens of documents that are gathered before their vectors are inferred, so that memory stays bounded."""

UNKNOWN = LINE_END - 1
"""In place of the id of a word without a vector."""

TRAINED = (
    *("loss", "architecture", "window", "fixed_window", "negatives", "ns_exponent", "subsample", "cbow_sum"),
    *("cbow_undivided", "documents", "documents_alone", "concatenate", "lr", "min_lr", "epochs"),
)
"""The settings of training that inference goes by."""


@init_keywords_of(InferOptions)
def infer(vectors: WordVectors, source: Any, **settings: Any) -> Floats:
    """The vectors (m, d), float32, of m new documents, one a line of a text: row n is line n (from 0), blank lines too.

    `vectors` were trained with documents (`firth.train(..., documents=True)`). `source` is as for `firth.train`. The
    text is read as the training text was, unless `lower`, `tokenizer` or `errors` say otherwise. A document's vector
    begins at random and moves by the steps of training, while words and outside vectors stay as they are (Le and
    Mikolov, 2014, section 2.2). It depends on the document, the settings and the seed alone: not on other documents,
    nor on threads. A document without known words is a row of zeros.

    Raises ConfigError, also for vectors without documents, CorpusError, FormatError for vectors that are not finite,
    FirthError where inference diverges, and MissingExtraError (zst). Warns where the vectors have phrases.
    """
    check_names(settings, list(declared(InferOptions)))
    options = InferOptions(**settings)
    if not isinstance(vectors, WordVectors):
        raise ConfigError(f"the vectors are {vectors!r:.100}: expected word vectors; firth.load(path) reads a file")
    config = trained_config(vectors)
    inference = Inference(vectors, config)
    lr = config.lr if options.lr is None else options.lr
    min_lr = min(config.min_lr, lr) if options.min_lr is None else options.min_lr
    if min_lr > lr:
        raise ConfigError(f"min_lr is {min_lr:g}, above lr, {lr:g}: lower min_lr too")
    named = options.tokenizer is not None
    if vectors.config.get("phrases"):
        warnings.warn(
            "these vectors have phrases, and the words of new documents are not joined: join them first, as "
            "firth.Phrases does (firth phrases)",
            stacklevel=2,
        )
    with Display(options.quiet) as display:
        lines = read_lines(source, _reading(options, vectors), display.reading, named)
        rows: list[Floats] = []
        done = known = 0
        for ids, offsets in _batches(lines, vectors):
            found = inference.infer(
                ids,
                offsets,
                epochs=options.epochs or config.epochs,
                lr=lr,
                min_lr=min_lr,
                seed=options.seed,
                threads=options.threads or available_threads(),
                on_look=lambda more, done=done: display.working("inferring", done + more, None, "documents"),  # type: ignore[misc]
            )
            if not np.isfinite(found).all():
                raise FirthError(f"the inference diverged: use a learning rate below {lr:g} (lr)")
            found[np.diff(offsets) == 0] = 0.0
            rows.append(found)
            done += len(found)
            known += len(ids)
        lines.origin.warn(stacklevel=2)
        for note in lines.origin.notes:
            display.say(note)
        tokens = int(lines.counts().sum())
        matrix = np.concatenate(rows) if rows else np.zeros((0, config.dim), np.float32)
        display.read_documents(len(matrix), known, tokens, int((~matrix.any(axis=1)).sum()))
    return matrix


infer.__doc__ = f"{infer.__doc__}\n{listed(InferOptions, GROUPS)}"


def trained_config(vectors: WordVectors) -> TrainConfig:
    """The settings of training that inference goes by."""
    kept = {name: vectors.config[name] for name in TRAINED if vectors.config.get(name) is not None}
    return TrainConfig(**kept, dim=vectors.center.shape[1])


def _reading(options: InferOptions, vectors: WordVectors) -> Reading:
    """How the text is read: as the vectors' training text, where that is left open."""
    config = vectors.config
    tokenizer = kept_tokenizer(config.get("tokenizer", AS_IS.tokenizer_name))
    return Reading(
        lower=config.get("lower", AS_IS.lower) if options.lower is None else options.lower,
        tokenizer=tokenizer if options.tokenizer is None else options.tokenizer,
        errors=config.get("errors", AS_IS.errors) if options.errors is None else options.errors,
        column=options.column,
    )


def _batches(lines: Lines, vectors: WordVectors) -> Iterator[Batch]:
    """Yield documents, some at a time: the ids of their known words, and where each begins and the last one ends."""
    rows, ids = np.empty(0, np.int32), vectors.ids
    begun: list[npt.NDArray[np.int32]] = []
    held = 0
    for piece in lines.pieces():
        names = lines.words(np.arange(len(rows), len(lines.counts())))
        rows = np.append(rows, np.array([ids.get(name, UNKNOWN) for name in names], np.int32))
        found = np.append(rows, np.int32(LINE_END))[piece]  # LINE_END, -1, takes the last
        begun.append(found[found != UNKNOWN])
        held += len(begun[-1])
        if held >= TOKENS_AT_ONCE:
            whole = np.concatenate(begun)
            end = int(np.flatnonzero(whole == LINE_END).max(initial=-1)) + 1
            if end:
                yield _documents(whole[:end])
            begun, held = [whole[end:]], len(whole) - end
    rest = np.concatenate(begun) if begun else np.empty(0, np.int32)
    if len(rest):
        yield _documents(rest)


def _documents(ids: npt.NDArray[np.int32]) -> Batch:
    """The documents of ids with LINE_END after each."""
    ends = np.flatnonzero(ids == LINE_END)
    offsets = np.concatenate([[0], ends - np.arange(len(ends))]).astype(np.int64)
    return np.ascontiguousarray(ids[ids != LINE_END]), offsets
