"""Scores of keyed vectors on files of word pairs and of analogies."""

import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from firth.evaluate.reading import LARGEST
from firth.files.paths import AnyPath, reading
from firth.gensim._errors import ArgumentError, DecodingError
from firth.gensim._paths import readable
from firth.gensim._warnings import renamed
from firth.gensim.models._queries import Queries, best_products
from firth.gensim.models._significance import Correlation, correlations
from firth.vectors.directions import scaled, three_cos_add
from firth.vectors.queries import nearest

logger = logging.getLogger("firth.gensim.models.keyedvectors")

Section = dict[str, Any]
"""Of a file of analogies: its name, "section", and its questions, "correct" and "incorrect"."""


class Evaluation(Queries):
    """Keyed vectors to be scored."""

    def evaluate_word_pairs(
        self,
        pairs: AnyPath,
        delimiter: str = "\t",
        encoding: str = "utf8",
        restrict_vocab: int = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Correlation, Correlation, float]:
        """How cosines go with people's ratings: Pearson's r and Spearman's ρ, each with p, and the percentage left out.

        pairs: a file of lines word, word, rating; lines that begin with # are comments. restrict_vocab: only words
        among the first so many count. case_insensitive: compare in upper case, the first of equal words counting.
        dummy4unknown: give pairs with other words the cosine 0 in place of leaving them out.

        Lines that are not as they should be are left out, with a warning. Raises ValueError where fewer than two pairs
        are left, FormatError for a file that cannot be read.
        """
        ids = self._ids_of(restrict_vocab, case_insensitive)
        found, ratings, unknown, broken = [], [], 0, []
        for number, line in _lines(pairs, encoding):
            if not line or line.startswith("#"):
                continue
            try:
                a, b, text = (part.strip() for part in line.split(delimiter))
                rating = float(text)
            except ValueError:
                broken.append(number)
                continue
            rows = [ids.get(_cased(word, case_insensitive)) for word in (a, b)]
            if None in rows:
                unknown += 1
                if not dummy4unknown:
                    continue
                value = 0.0
            else:
                first, second = (scaled(self.vectors[row]) for row in rows)
                value = float(np.clip(first @ second, -1, 1))
            found.append(value)
            ratings.append(rating)
        if broken:
            warnings.warn(
                f"{pairs}: {len(broken):,} lines are not two words and a number between {delimiter!r}, left out: "
                f"the first is line {broken[0]}",
                stacklevel=2,
            )
        if len(found) < 2:
            raise ArgumentError(
                f"{pairs}: {len(found)} pairs with two known words, {unknown:,} without: expected two pairs or more, "
                f"lines of two words and a number between {delimiter!r}"
            )
        pearson, spearman = correlations(found, ratings)
        oov = 100.0 * unknown / (len(found) + (0 if dummy4unknown else unknown))
        self.log_evaluate_word_pairs(pearson, spearman, oov, pairs)
        return pearson, spearman, oov

    @staticmethod
    def log_evaluate_word_pairs(pearson: Any, spearman: Any, oov: float, pairs: Any) -> None:
        """Log what `evaluate_word_pairs` returns."""
        logger.info("Pearson correlation coefficient against %s: %.4f", pairs, pearson[0])
        logger.info("Spearman rank-order correlation coefficient against %s: %.4f", pairs, spearman[0])
        logger.info("Pairs with unknown words ratio: %.1f%%", oov)

    def evaluate_word_analogies(
        self,
        analogies: AnyPath,
        restrict_vocab: int = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[Section]]:
        """The share of analogies answered right, and each section's questions, {"section", "correct", "incorrect"}.

        analogies: a file of sections, ": NAME" and then lines of four words. The last of the returned sections is all
        of them together. restrict_vocab: only the first so many words count, in questions and as answers.
        case_insensitive: compare in upper case, the first of equal words counting. dummy4unknown: count questions with
        other words as wrong in place of leaving them out. similarity_function: "most_similar" (3CosAdd) or
        "most_similar_cosmul" (3CosMul).

        Raises ValueError for a question before the first section and for another function, FormatError for a file that
        cannot be read.
        """
        if similarity_function not in ("most_similar", "most_similar_cosmul"):
            raise ArgumentError(
                f"similarity_function is {similarity_function!r:.100}: expected 'most_similar' or 'most_similar_cosmul'"
            )
        ids = self._ids_of(restrict_vocab, case_insensitive)
        sections, broken = _read_analogies(analogies, case_insensitive)
        if broken:
            warnings.warn(
                f"{analogies}: {len(broken):,} lines are not four words, left out: the first is line {broken[0]}",
                stacklevel=2,
            )
        results: list[Section] = []
        for name, questions in sections:
            known = [question for question in questions if all(word in ids for word in question)]
            predicted = self._predicted(known, ids, restrict_vocab, case_insensitive, similarity_function)
            right = {q for q, answer in zip(known, predicted, strict=True) if answer == q[3]}
            counted = questions if dummy4unknown else known
            result = {
                "section": name,
                "correct": [question for question in counted if question in right],
                "incorrect": [question for question in counted if question not in right],
            }
            results.append(result)
            self._log_evaluate_word_analogies(result)
        total = {"section": "Total accuracy"} | {
            kind: [question for result in results for question in result[kind]] for kind in ("correct", "incorrect")
        }
        results.append(total)
        score = self._log_evaluate_word_analogies(total)
        asked, counted_in_all = (
            sum(len(questions) for _, questions in sections),
            len(total["correct"]) + len(total["incorrect"]),
        )
        if not dummy4unknown and asked:
            logger.info("Quadruplets with out-of-vocabulary words: %.1f%%", 100 * (asked - counted_in_all) / asked)
        return score, results

    @staticmethod
    def _log_evaluate_word_analogies(section: Section) -> float:
        """Log the share of right answers of a section, and return it; 0 without questions."""
        right, wrong = len(section["correct"]), len(section["incorrect"])
        if not right + wrong:
            return 0.0
        logger.info("%s: %.1f%% (%i/%i)", section["section"], 100.0 * right / (right + wrong), right, right + wrong)
        return right / (right + wrong)

    log_accuracy = _log_evaluate_word_analogies

    def accuracy(
        self, questions: AnyPath, restrict_vocab: int = 30000, most_similar: Any = None, case_insensitive: bool = True
    ) -> list[Section]:
        """The sections of `evaluate_word_analogies`, by gensim 3's name."""
        renamed("accuracy", "evaluate_word_analogies")
        function = getattr(most_similar, "__name__", "most_similar") if most_similar is not None else "most_similar"
        return self.evaluate_word_analogies(questions, restrict_vocab, case_insensitive, similarity_function=function)[
            1
        ]

    def _ids_of(self, restrict_vocab: int | None, case_insensitive: bool) -> dict[str, int]:
        """The rows of the first words by their spelling, the first of equal ones counting."""
        end = self._clipped(0, None, restrict_vocab).stop
        ids: dict[str, int] = {}
        for row, key in enumerate(self.index_to_key[:end]):
            if isinstance(key, str):
                ids.setdefault(_cased(key, case_insensitive), row)
        return ids

    def _predicted(
        self, questions: list[Any], ids: dict[str, int], restrict_vocab: int, case_insensitive: bool, function: str
    ) -> list[str | None]:
        """The first answer to each question, none of its words; of words in several cases only the first is one."""
        if not questions:
            return []
        rows = np.array([[ids[word] for word in question[:3]] for question in questions])
        directions, _ = self._among(self._clipped(0, None, restrict_vocab))
        kept = np.array(sorted(ids.values()), np.int64)
        if len(kept) < len(directions):
            directions = directions.chosen(kept)
        excluded = np.searchsorted(kept, rows).tolist()
        terms = scaled(self.vectors[rows])
        if function == "most_similar":
            queries = three_cos_add(terms[:, 0], terms[:, 1], terms[:, 2])
            firsts = [found for found, _ in nearest(directions, queries, excluded, 1)]
        else:
            firsts = [
                best_products(directions, [b, c, a], 2, out, 1)[0]
                for (a, b, c), out in zip(terms, excluded, strict=True)
            ]
        keys = self.index_to_key
        return [_cased(keys[kept[found[0]]], case_insensitive) if len(found) else None for found in firsts]


def _cased(word: str, case_insensitive: bool) -> str:
    return word.upper() if case_insensitive else word


def _read_analogies(path: AnyPath, case_insensitive: bool) -> tuple[list[tuple[str, list[Any]]], list[int]]:
    """The sections of a file, (name, questions), and the numbers of the lines that are none."""
    sections: list[tuple[str, list[Any]]] = []
    broken = []
    for number, line in _lines(path, "utf8"):
        if line.startswith(": "):
            sections.append((line.removeprefix(": ").strip(), []))
        elif line:
            if not sections:
                raise ArgumentError(f"{path}, line {number}: a question: expected a section before it, a line ': NAME'")
            words = tuple(_cased(word, case_insensitive) for word in line.split())
            if len(words) == 4:
                sections[-1][1].append(words)
            else:
                broken.append(number)
    return sections, broken


def _lines(path: AnyPath, encoding: str) -> Iterator[tuple[int, str]]:
    """The lines of a text file without their ends, numbered from 1."""
    path = readable(path, "lines of words")
    with reading(path, "words") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ArgumentError(f"{path}: more than {LARGEST:,} bytes: expected a file of word pairs or analogies")
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise ArgumentError(f"encoding is {encoding!r:.60}: expected one that Python knows, such as 'utf8'") from None
    except UnicodeDecodeError as error:
        raise DecodingError(f"{path}, byte {error.start}: {error.reason}: expected text in {encoding}") from None
    for number, line in enumerate(text.split("\n"), 1):
        yield number, line.strip("\r")
