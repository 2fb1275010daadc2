"""Analogies: a is to b as c is to ?, answered by 3CosAdd."""

import itertools

import numpy as np
import numpy.typing as npt

from firth.evaluate.answers import ANSWERED, NO_VECTOR, RESTRICTED, Answers, Lookup, gather, statuses, unit_rows
from firth.evaluate.reading import Analogies, Question
from firth.vectors.container import WordVectors
from firth.vectors.directions import Directions, Ids, three_cos_add
from firth.vectors.queries import answers_by_addition, nearest
from firth.vectors.rows import Progress, no_progress


def answer(lookup: Lookup, benchmark: Analogies, progress: Progress = no_progress) -> Answers:
    """Whether the first answer to each question is one of its answers.

    A question is left out if a, b or c has no vector, or none of its answers has one.
    """
    questions = list(itertools.chain.from_iterable(benchmark.sections.values()))
    found, missing, left_out = gather(lookup, [(a, b, c, *answers) for a, b, c, answers in questions])
    asked = np.array([row[:3] for row in found], dtype=np.int64).reshape(-1, 3)
    answers = _padded([row[3:] for row in found])
    answerable = np.asarray((answers >= 0).any(axis=1))
    status = statuses(np.column_stack([asked, np.where(answerable, ANSWERED, _none_of(answers))]))
    values = np.full(len(questions), np.nan)
    rows = np.flatnonzero(status == ANSWERED)
    values[rows] = _right(lookup, asked[rows], answers[rows], progress)
    missing, left_out = _needed(questions, answerable, missing), _needed(questions, answerable, left_out)
    return Answers("analogy", status, values, np.ones(len(questions)), missing, left_out)


def _padded(rows: list[Ids]) -> Ids:
    """Rows of ids of different lengths as one matrix, the last id repeated."""
    width = max(map(len, rows), default=1)
    return np.array([[*row, *[row[-1]] * (width - len(row))] for row in rows], dtype=np.int64).reshape(-1, width)


def _none_of(answers: Ids) -> Ids:
    """Why none of the answers has an id: NO_VECTOR if none has a vector."""
    return np.where((answers == NO_VECTOR).all(axis=1), NO_VECTOR, RESTRICTED)


def _needed(questions: list[Question], answerable: npt.NDArray[np.bool_], words: list[list[str]]) -> list[list[str]]:
    """The words that a question lacks: not one of its answers where another will do."""
    return [
        [word for word in ones if word in question[:3]] if ones and one else ones
        for question, one, ones in zip(questions, answerable, words, strict=True)
    ]


def _right(lookup: Lookup, asked: Ids, answers: Ids, progress: Progress) -> npt.NDArray[np.bool_]:
    """Whether the first answer (q,) to each question of three ids (q, 3) is among its answers (q, k)."""
    most = None if lookup.limit == len(lookup.vectors) else lookup.limit
    first = first_answers(lookup.vectors, asked, most, progress)
    counted = lookup.variants(first)
    again = np.flatnonzero((counted[:, None] == asked).any(axis=1) & (first >= 0))
    counted[again] = _answers_but_variants(lookup, asked[again])
    return np.asarray((counted[:, None] == answers).any(axis=1))


def first_answers(
    vectors: WordVectors, asked: Ids, most_frequent: int | None = None, progress: Progress = no_progress
) -> Ids:
    """The id (q,) of the first answer to each question, none of its first three words; -1 where no word is left.

    asked: (q, 3) ids of a, b, c. most_frequent: answers are among the first so many words.
    3CosAdd (Mikolov et al. 2013): the word nearest to b - a + c, each scaled to length 1; ties by rising id.
    """
    words, places = np.unique(asked, return_inverse=True)
    terms, directions = unit_rows(vectors, words), vectors.directions.first(most_frequent or len(vectors))
    answers = answers_by_addition(directions, terms, places.reshape(-1, 3), _inside(asked, directions), 1)
    first = np.full(len(asked), -1)
    for done, (ids, _) in enumerate(answers):
        progress("questions", done, len(asked))
        first[done] = ids[0] if len(ids) else -1
    return first


def _inside(ids: Ids, directions: Directions) -> list[list[int]]:
    """The ids that are of rows of `directions`."""
    return [[i for i in row if i < len(directions)] for row in ids.tolist()]


def _answers_but_variants(lookup: Lookup, asked: Ids) -> Ids:
    """The first answers that are no other spelling of a word asked, as the words that they count as."""
    if not len(asked):
        return np.empty(0, dtype=np.int64)
    vectors, n = lookup.vectors, lookup.limit
    counts_as = lookup.variants(range(n))
    order = np.argsort(counts_as, kind="stable")
    starts, ends = (np.searchsorted(counts_as[order], asked, side) for side in ("left", "right"))
    excluded = [
        np.concatenate([order[start:end] for start, end in zip(*row, strict=True)]).tolist()
        for row in zip(starts, ends, strict=True)
    ]
    queries = three_cos_add(*(unit_rows(vectors, words) for words in asked.T))
    found = nearest(vectors.directions.first(n), queries, excluded, 1)
    return np.array([counts_as[ids[0]] if len(ids) else -1 for ids, _ in found], dtype=np.int64)
