"""The model card of vectors: a README.md for people, whose first lines the Hugging Face Hub reads.

Words, settings and history come from a file of anyone's. They are shown as text: what Markdown, HTML and tables take
for their own is escaped, what cannot be seen is replaced, and what is long is cut.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from firth.errors import ConfigError
from firth.formats.request import shown
from firth.vectors.container import WordVectors

LICENSE = re.compile(r"[a-z0-9][a-z0-9.+\-]{0,63}")

ENOUGH = 0.2
"""The share of a benchmark's items that vectors answer, below which the card leaves out the score."""

MOST_FREQUENT = 20
FUNCTION_WORDS = 100
"""So many words of a file come first that mostly have no meaning of their own."""

LONGEST = 80
LARGE = 10**18
MOST_SETTINGS = 100
MOST_EPOCHS = 100
MOST_COLUMNS = 12

JOINERS = "\u200c\u200d"
"""Characters without a width of their own that belong to words of some languages."""

ESCAPES = {character: f"&#{ord(character)};" for character in "&<>\"'|`$"}
ESCAPES |= {character: "\\" + character for character in "\\*_[](){}~!:.@^#="}

LEARNED = {"skipgram": "skip-gram", "cbow": "CBOW"}
LOSSES = {
    "negative-sampling": "negative sampling",
    "hierarchical-softmax": "hierarchical softmax",
    "softmax": "the exact softmax",
    "negative-sampling+hierarchical-softmax": "negative sampling and hierarchical softmax",
}


@dataclasses.dataclass(frozen=True)
class CardScore:
    """The score of a benchmark for a card: the measure's name and value, its interval, the items answered and asked."""

    benchmark: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    answered: int
    asked: int


def check_license(name: str | None) -> None:
    """Raise ConfigError unless a licence is one by its name on the Hub, or none."""
    if name is not None and not LICENSE.fullmatch(name):
        raise ConfigError(
            f"license is {shown(name)}: expected the Hub's name of a licence, such as mit, apache-2.0 or cc-by-4.0, "
            "or other"
        )


def model_card(
    vectors: WordVectors, repository: str, size: int, license: str | None, scores: Sequence[CardScore]
) -> str:
    """The text of the card of vectors, of which the repository "USER/NAME" will have a file of `size` bytes.

    license: the Hub's name of a licence, or None. scores: those of whole benchmarks; the card leaves out the ones of
    benchmarks of which less than `ENOUGH` is answered.
    """
    check_license(license)
    sections = [
        _front(license),
        f"# {plain(repository.partition('/')[2])}\n\n{_summary(vectors)}",
        _use(vectors, repository),
        _parts(vectors, size),
        _words(vectors),
        _settings(vectors.config),
        _history(vectors.history),
        _scores(scores),
        f"## Licence\n\n{'The author has named none.' if license is None else f'{license}, as the author says.'}",
        "## Limits\n\nThe vectors reflect the text that they are learned from: its subjects, its time and its "
        "prejudices. Words that are rare in it have poor vectors.",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def plain(text: str) -> str:
    """Text that shows as it is in Markdown and HTML, in a line or a cell of a table; at most `LONGEST` characters."""
    if not text.strip():
        return "(white space)" if text else "(empty)"
    seen = (c if c.isprintable() or c in JOINERS else "\ufffd" for c in text[:LONGEST])
    return "".join(ESCAPES.get(c, c) for c in seen) + ("…" if len(text) > LONGEST else "")


def _front(license: str | None) -> str:
    lines = [] if license is None else [f"license: {license}"]
    lines += ["library_name: firth", "tags:", "- word-vectors", "- word-embeddings", "- word2vec"]
    return "\n".join(["---", *lines, "---"])


def _summary(vectors: WordVectors) -> str:
    n, d = vectors.center.shape
    m = 0 if vectors.documents is None else len(vectors.documents)
    text = f"Vectors of {n:,} words{f' and {m:,} documents' if m else ''}, {d:,} numbers each"
    architecture = _known(LEARNED, vectors.config.get("architecture"))
    loss = _known(LOSSES, vectors.config.get("loss"))
    tokens = vectors.history[-1].get("tokens") if vectors.history else None
    if architecture and loss:
        text += f", learned by {architecture} with {loss}"
        if isinstance(tokens, int) and 0 < tokens < LARGE:
            text += f" from a text of {tokens:,} tokens"
    return f"{text}. The file was written by firth, which learns vectors for words from a text."


def _known(names: dict[str, str], value: Any) -> str | None:
    return names.get(value) if isinstance(value, str) else None


def _use(vectors: WordVectors, repository: str) -> str:
    """How to load the vectors, with a word that needs no quoting."""
    words = [*vectors.words[FUNCTION_WORDS:], *vectors.words[:FUNCTION_WORDS]]
    word = next((word for word in words if re.fullmatch("[A-Za-z]{4,20}", word)), None)
    asked = "vectors.words[:10]" if word is None else f'vectors.neighbors("{word}")'
    command = f"firth info hf://{repository}" if word is None else f"firth neighbors hf://{repository} {word}"
    return f"""## Use

```
pip install "firth[hub]"
```

```python
import firth
vectors = firth.load("hf://{repository}")
{asked}
```

```
{command}
firth pull {repository} -o vectors.safetensors
```"""


def _parts(vectors: WordVectors, size: int) -> str:
    subwords, documents = vectors.subwords, vectors.documents
    matrices = [
        ("center vectors", vectors.center),
        ("outside vectors", vectors.outside),
        ("nodes of the Huffman tree", vectors.nodes),
        ("rows of words and n-grams", None if subwords is None else subwords.rows),
        ("vectors of documents", None if documents is None else documents.matrix),
        ("outside vectors of windows side by side", None if documents is None else documents.outside),
    ]
    rows = [[name, f"{len(matrix):,}", f"{matrix.shape[1]:,}"] for name, matrix in matrices if matrix is not None]
    if vectors.bias is not None:
        rows.append(["biases of the outside vectors", f"{len(vectors.bias):,}", "1"])
    return f"## Parts\n\nThe file has {size:,} bytes.\n\n{_table(['part', 'rows', 'columns'], rows)}"


def _words(vectors: WordVectors) -> str:
    tokens = int(vectors.counts.sum())
    if not tokens:
        return f"## Words\n\n{len(vectors):,} words; how often each occurs in the text is not known."
    order = (-vectors.counts).argsort(kind="stable")[:MOST_FREQUENT].tolist()
    rows = [[plain(vectors.words[i]), f"{vectors.counts[i]:,}"] for i in order]
    lead = f"{len(vectors):,} words, which occur {tokens:,} times in the text. The most frequent:"
    return f"## Words\n\n{lead}\n\n{_table(['word', 'count'], rows)}"


def _settings(config: dict[str, Any]) -> str:
    if not config:
        return ""
    rows = [[plain(str(name)), _value(value)] for name, value in list(config.items())[:MOST_SETTINGS]]
    return f"## Settings\n\n{_table(['setting', 'value'], rows)}"


def _history(history: list[dict[str, Any]]) -> str:
    """A table of the epochs, with a column for each score on a benchmark."""
    epochs = []
    for entry in history[:MOST_EPOCHS]:
        scores = entry.get("scores")
        named = {f"score on {name}": score for name, score in scores.items()} if isinstance(scores, dict) else {}
        epochs.append({name: value for name, value in entry.items() if name != "scores"} | named)
    columns = list(dict.fromkeys(name for entry in epochs for name in entry))[:MOST_COLUMNS]
    if not columns:
        return ""
    rows = [[_value(entry[name]) if name in entry else "" for name in columns] for entry in epochs]
    more = f"\n\n{len(history) - MOST_EPOCHS:,} more epochs follow." if len(history) > MOST_EPOCHS else ""
    return f"## Training\n\nThe loss is in nats a pair.\n\n{_table([plain(str(name)) for name in columns], rows)}{more}"


def _value(value: Any) -> str:
    """A value of JSON."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) < LARGE else "(large)"
    if isinstance(value, float):
        return f"{value:.5g}"
    return plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def _scores(scores: Sequence[CardScore]) -> str:
    enough = [one for one in scores if one.value is not None and one.answered >= ENOUGH * one.asked]
    few = [one for one in scores if one not in enough]
    if not scores:
        return ""
    text = "## Scores\n\n"
    if enough:
        rows = [
            [
                plain(one.benchmark),
                plain(one.measure),
                f"{100 * one.value:.1f}" if one.value is not None else "",
                "" if one.low is None or one.high is None else f"{100 * one.low:.1f} to {100 * one.high:.1f}",
                f"{one.answered:,} of {one.asked:,} ({one.answered / one.asked:.0%})",
            ]
            for one in enough
        ]
        text += (
            "From `firth eval`: times 100, with 95% bootstrap intervals over the items answered, those whose words all "
            f"have vectors.\n\n{_table(['benchmark', 'measure', 'score', '95% interval', 'answered'], rows)}"
        )
    if enough and few:
        text += "\n\n"
    if few:
        named = ", ".join(f"{plain(one.benchmark)} ({one.answered:,} of {one.asked:,})" for one in few)
        text += f"Not scored, because too few items are answered: {named}."
    return text


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown, of cells that are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
