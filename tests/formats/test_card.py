"""The model card: what it says, and that no word or setting of a file can be more than text in it."""

import re

import numpy as np
import pytest

from firth.errors import ConfigError
from firth.formats.card import LONGEST, CardScore, model_card, plain
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.subwords import Subwords

CONFIG = {"architecture": "skipgram", "loss": "negative-sampling", "dim": 4, "max_vocab": None, "lower": False}
HISTORY = [
    {"epoch": 1, "loss": 2.50961, "pairs": 8000, "tokens": 12345, "scores": {"wordsim353": 0.5}},
    {"epoch": 2, "loss": 2.1, "pairs": 8000, "tokens": 12345, "scores": {"wordsim353": None}},
]
HOSTILE = [
    "</script><script>alert(1)</script>",
    "a|b",
    "`code`",
    "two\nlines\r\n# heading",
    "---\nlicense: mit\n---",
    "[link](javascript:x)",
    "![image](https://example.org/x.png)",
    "https://example.org www.example.org",
    "**bold** _it_ ~~no~~",
    "&lt;b&gt; &#60;",
    "\\| \\",
    "<!-- comment",
    "x" * 100_000,
    "\u202eabc\u200b\x1b[31m\0",
    "",
    " \t",
    "$x$ @ada ads@example.org",
]


def make(words=("red", "blue", "green"), counts=None, config=CONFIG, history=HISTORY, **more):
    n = len(words)
    center = np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)
    counts = np.arange(n, 0, -1) if counts is None else np.array(counts)
    return WordVectors(list(words), counts, center, more.pop("outside", center), config, history, **more)


def card(vectors=None, license=None, scores=()):
    return model_card(make() if vectors is None else vectors, "ada/my_vectors", 1234567, license, scores)


def rows(text, heading):
    """The cells of the rows of a section's table, without its head."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)[1]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def front(text):
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(text.split("---\n")[1])


def test_the_front_is_what_the_hub_reads():
    text = card(license="cc-by-4.0")
    assert front(text) == {
        "license": "cc-by-4.0",
        "library_name": "firth",
        "tags": ["word-vectors", "word-embeddings", "word2vec"],
    }
    assert "license" not in front(card())


def test_the_card_says_what_the_vectors_are_and_how_to_load_them():
    text = card()
    assert "\n# my\\_vectors\n" in text
    assert (
        "Vectors of 3 words, 4 numbers each, learned by skip-gram with negative sampling from a text of 12,345 tokens."
        in text
    )
    code = re.search("```python\n(.*?)```", text, re.DOTALL)[1].splitlines()
    assert code == ["import firth", 'vectors = firth.load("hf://ada/my_vectors")', 'vectors.neighbors("blue")']
    assert "firth neighbors hf://ada/my_vectors blue\n" in text
    assert "reflect the text that they are learned from" in text


def test_words_are_listed_by_their_counts():
    text = card(make(["red", "blue", "green"], [5, 9, 5]))
    assert "3 words, which occur 19 times in the text" in text
    assert rows(text, "Words") == [["blue", "9"], ["red", "5"], ["green", "5"]]
    text = card(make(counts=[0, 0, 0]))
    assert "3 words; how often each occurs in the text is not known" in text


def test_settings_and_epochs_are_tables():
    text = card()
    assert ["loss", "negative-sampling"] in rows(text, "Settings")
    assert ["max\\_vocab", "none"] in rows(text, "Settings")
    assert ["lower", "no"] in rows(text, "Settings")
    assert rows(text, "Training") == [
        ["1", "2.5096", "8000", "12345", "0.5"],
        ["2", "2.1", "8000", "12345", "none"],
    ]
    assert "| score on wordsim353 |" in text
    text = card(make(config={}, history=[]))
    assert "## Settings" not in text
    assert "## Training" not in text
    assert "numbers each. The file was written by firth" in text


def test_parts_are_counted():
    assert rows(card(), "Parts") == [["center vectors", "3", "4"], ["outside vectors", "3", "4"]]
    assert "1,234,567 bytes" in card()
    more = make(outside=None, subwords=Subwords(2, 5, 7, np.ones((10, 4), np.float32)), nodes=np.ones((2, 4), "f"))
    assert rows(card(more), "Parts")[1:] == [
        ["nodes of the Huffman tree", "2", "4"],
        ["rows of words and n-grams", "10", "4"],
    ]
    assert rows(card(make(bias=np.ones(3, np.float32))), "Parts")[2] == ["biases of the outside vectors", "3", "1"]


def test_documents_are_parts():
    wide = np.ones((3, 12), np.float32)
    text = card(make(documents=DocumentVectors(np.ones((1500, 4), np.float32), None, wide, wide[0, :4])))
    assert rows(text, "Parts")[2:] == [
        ["vectors of documents", "1,500", "4"],
        ["outside vectors of windows side by side", "3", "12"],
    ]
    assert "Vectors of 3 words and 1,500 documents, 4 numbers each" in text


def test_scores_come_with_intervals_and_coverage_and_too_small_ones_do_not_come():
    scores = [
        CardScore("wordsim353", "spearman", 0.4061, 0.297, 0.511, 266, 353),
        CardScore("rg-65", "spearman", 0.9, 0.8, 0.95, 12, 65),
        CardScore("tiny", "accuracy", None, None, None, 0, 9),
        CardScore("few", "accuracy", 0.5, None, None, 2, 3),
    ]
    text = card(scores=scores)
    assert rows(text, "Scores") == [
        ["wordsim353", "spearman", "40.6", "29.7 to 51.1", "266 of 353 (75%)"],
        ["few", "accuracy", "50.0", "", "2 of 3 (67%)"],
    ]
    assert "Not scored, because too few items are answered: rg-65 (12 of 65), tiny (0 of 9)." in text
    assert "## Scores" not in card()


def test_the_licence_is_the_authors_word():
    assert "## Licence\n\nThe author has named none." in card()
    assert "## Licence\n\nmit, as the author says." in card(license="mit")


@pytest.mark.parametrize("license", ["MIT", "MIT License", "mit\ntags: x", "", "a" * 100, "'mit'"])
def test_what_is_no_name_of_a_licence_is_refused(license):
    with pytest.raises(ConfigError, match=r"such as mit, apache-2\.0 or cc-by-4\.0"):
        card(license=license)


def test_hostile_words_settings_and_history_are_text():
    text = card(
        make(
            HOSTILE,
            config={word: word for word in HOSTILE}
            | {"nested": {"</b>": ["|"]}, "nan": float("nan"), "huge": 10**5000},
            history=[{word: word for word in HOSTILE[:5]}, {"scores": {"|<i>\n": "|"}, "epoch": [1, "<"]}],
        )
    )
    assert len(text) < 40_000
    body = text.split("---\n", 2)[2]
    without_code = re.sub("^```.*?^```$", "", body, flags=re.DOTALL | re.MULTILINE)
    assert not set("<>`$") & set(without_code)
    assert front(text).keys() == {"library_name", "tags"}
    assert [line for line in body.splitlines() if line.startswith("#")] == [
        *("# my\\_vectors", "## Use", "## Parts", "## Words", "## Settings", "## Training", "## Licence", "## Limits")
    ]
    assert {len(row) for heading in ("Words", "Settings") for row in rows(text, heading)} == {2}
    assert {len(row) for row in rows(text, "Training")} == {7}
    assert len(rows(text, "Words")) == len(HOSTILE)
    assert re.search(r"(?<!\\)[\[\]*_~!@]|://|www\.", without_code.replace("\\:", "")) is None
    assert all(c.isprintable() or c in "\n" for c in text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("don't", "don&#39;t"),
        ("naïve-日本", "naïve-日本"),
        ("a|b", "a&#124;b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("", "(empty)"),
        (" ", "(white space)"),
        ("a\u2028b", "a\ufffdb"),
        ("y" * (LONGEST + 1), "y" * LONGEST + "…"),
        ("x_y", "x\\_y"),
    ],
)
def test_text_is_escaped_where_it_must_be(text, shown):
    assert plain(text) == shown


def test_a_renderer_of_markdown_shows_the_words_as_they_are():
    markdown = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")
    html = markdown.render(card(make(HOSTILE)).split("---\n", 2)[2])
    assert "<script" not in html
    assert "<img" not in html
    assert "<a " not in html
    assert "<td>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;</td>" in html
    assert "<td>a|b</td>" in html
    assert "<td>**bold** _it_ ~~no~~</td>" in html
