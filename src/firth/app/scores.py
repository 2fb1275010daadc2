"""The tables that `firth eval` prints, at most 100 columns wide: results, differences, and the rules in footers."""

import textwrap
from collections.abc import Iterable, Sequence

from firth.evaluate import Comparison, Difference, Evaluation, Result

WIDTH = 100
WORDS_SHOWN = 5


def evaluation_lines(evaluation: Evaluation) -> list[str]:
    """The lines of a table of results and of its footers."""
    restricted = evaluation.most_frequent is not None
    head = ["benchmark", "measure", "score", "95% interval", "asked", "answered", "unknown"]
    rows = [[*head, *(["rare"] if restricted else []), "of all"]]
    for result in evaluation.results:
        for score in result.scores:
            first = score is result.scores[0]
            items = [result.asked, result.answered, result.no_vector, *([result.restricted] if restricted else [])]
            rows.append(
                [
                    _name(result) if first else "",
                    score.measure,
                    _percent(score.value),
                    _interval(score.low, score.high),
                    *(f"{number:,}" if first else "" for number in items),
                    _percent(score.of_all),
                ]
            )
    measures = {score.measure for result in evaluation.results for score in result.scores}
    footers = [
        "Scores are times 100.",
        _case(evaluation.ignore_case),
        _restriction(evaluation.most_frequent, f"the {evaluation.words:,}", evaluation.words),
        *_without_counts(evaluation.most_frequent, {"The vectors": (evaluation.words, evaluation.counted)}),
        f"Intervals: 95%, percentiles of {evaluation.resamples:,} bootstrap resamples of the answered items, seed "
        f"{evaluation.seed}.",
    ]
    unknown = "Unknown: items left out because a word has no vector."
    footers.append(f"{unknown} Rare: others left out by the restriction." if restricted else unknown)
    if measures & {"accuracy", "purity"}:
        footers.append("Of all: items that are left out count as wrong.")
    if "purity" in measures:
        footers.append("Purity: of as many k-means clusters as classes; the intervals keep both.")
    footers += _fewer_resamples(
        [(one.benchmark, one.score.resamples) for one in evaluation.results], evaluation.resamples
    )
    footers += _notes(evaluation.results)
    footers += _skipped(evaluation.results)
    return [*table(rows, left=2), *_wrapped(footers)]


def comparison_lines(comparison: Comparison, first: str, second: str) -> list[str]:
    """The lines of a table of differences and of its footers."""
    rows = [["benchmark", "measure", "first", "second", "diff.", "95% interval", "items", "p (Holm)", ""]]
    before = None
    for one in comparison.differences:
        place = (one.benchmark, one.part, one.section)
        rows.append(
            [
                _name(one) if place != before else "",
                one.measure,
                _percent(one.first),
                _percent(one.second),
                _signed(one.difference),
                _interval(one.low, one.high),
                f"{one.items:,}",
                _p(one.p_holm),
                "real" if one.real else "",
            ]
        )
        before = place
    of_each = {
        "The first vectors": (comparison.words_first, comparison.counted_first),
        "The second vectors": (comparison.words_second, comparison.counted_second),
    }
    footers = [
        f"First: {first}, {comparison.words_first:,} words. Second: {second}, {comparison.words_second:,} words.",
        "Scores are times 100, of the items that both answer; differences are first less second.",
        _case(comparison.ignore_case),
        _restriction(comparison.most_frequent, "the", max(comparison.words_first, comparison.words_second)),
        *_without_counts(comparison.most_frequent, of_each),
        f"Intervals: 95%, percentiles of {comparison.resamples:,} paired bootstrap resamples of these items, seed "
        f"{comparison.seed}. p, two-sided: McNemar's exact test of accuracies and purities, else of these resamples.",
        *_fewer_resamples([(one.benchmark, one.resamples) for one in comparison.differences], comparison.resamples),
        *_in_common(comparison),
        f"Real: p is at most {comparison.level:g} after Holm's correction for {comparison.comparisons} "
        f"comparison{'s'[: comparison.comparisons != 1]}.",
    ]
    return [*table(rows, left=2), *_wrapped(footers)]


def table(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """The lines of a table, at most WIDTH wide; the first columns stand left, and a long first cell is cut."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[0] = min(widths[0], max(16, WIDTH - sum(widths[1:]) - 2 * (len(widths) - 1)))
    lines = []
    for row in rows:
        first = row[0] if len(row[0]) <= widths[0] else row[0][: widths[0] - 1] + "…"
        cells = [first, *row[1:]]
        lines.append(
            "  ".join(
                cell.ljust(width) if column < left else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ).rstrip()
        )
    return lines


def _name(one: Result | Difference) -> str:
    if one.part == "whole":
        return one.benchmark
    return f"  {one.section or '(no section)'}" if one.part == "section" else f"  all {one.part}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.1f}"


def _interval(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _case(ignore_case: bool) -> str:
    if ignore_case:
        return "Case is ignored: words are compared in upper case, the first of the vocabulary counts."
    return "Words are looked up as written, then in lower case."


def _restriction(most_frequent: int | None, words: str, n: int) -> str:
    if most_frequent is None:
        return f"Answers are found among all of {words} words."
    if most_frequent >= n:
        return f"Answers are found among all of {words} words: the restriction to {most_frequent:,} leaves out none."
    return (
        f"Restricted to the {most_frequent:,} most frequent of {words} words: items with another word are left out, "
        "answers are found among these."
    )


def _without_counts(most_frequent: int | None, files: dict[str, tuple[int, bool]]) -> list[str]:
    """Which vectors have no counts although a restriction asks for the most frequent words."""
    if most_frequent is None:
        return []
    return [
        f"{name} have no counts: their first {most_frequent:,} words are taken for the most frequent."
        for name, (words, counted) in files.items()
        if not counted and most_frequent < words
    ]


def _fewer_resamples(numbers: Iterable[tuple[str, int | None]], usual: int) -> list[str]:
    """Which benchmarks have so many items that fewer resamples are drawn."""
    fewer = {name: number for name, number in numbers if number is not None and number < usual}
    return [f"{name}: {number:,} resamples, because it has very many items." for name, number in fewer.items()]


def _notes(results: Sequence[Result]) -> list[str]:
    return [f"{one.benchmark}: {one.note}." for one in results if one.part == "whole" and one.note]


def _skipped(results: Sequence[Result]) -> list[str]:
    """Which words are the cause of items left out, a few of each benchmark; --json has all."""
    lines = []
    for one in results:
        if one.part == "whole" and one.missing:
            lines.append(f"{one.benchmark}: no vector for {_some(one.missing)}.")
        if one.part == "whole" and one.left_out:
            lines.append(f"{one.benchmark}: too rare {_are(one.left_out)} {_some(one.left_out)}.")
    if any(len(words) > WORDS_SHOWN for one in results for words in (one.missing, one.left_out)):
        lines.append("All words that are left out: --json.")
    return lines


def _in_common(comparison: Comparison) -> list[str]:
    """How many items of each benchmark are answered."""
    wholes = {one.benchmark: one for one in comparison.differences if one.part == "whole"}
    return [
        f"{name}: of {one.asked:,} items the first answers {one.answered_first:,}, the second {one.answered_second:,}, "
        f"both {one.items:,}."
        for name, one in wholes.items()
    ]


def _are(words: Sequence[str]) -> str:
    return "is" if len(words) == 1 else "are"


def _some(words: Sequence[str]) -> str:
    shown = ", ".join(words[:WORDS_SHOWN])
    return shown if len(words) <= WORDS_SHOWN else f"{shown} and {len(words) - WORDS_SHOWN:,} more words"


def _wrapped(footers: Iterable[str]) -> list[str]:
    return ["", *(line for footer in footers for line in textwrap.wrap(footer, WIDTH, break_on_hyphens=False))]
