"""Folders of static embeddings: there and back, those of others, damaged ones, and the means that loaders give."""

import json
import os
import random
import subprocess

import numpy as np
import pytest

import firth
from firth.errors import FormatError
from firth.files.tensors import write_tensors
from firth.formats import static
from firth.formats.known import FORMATS
from firth.formats.request import EVERYTHING, Request
from firth.vectors.container import WordVectors

WORDS = ["the", "x", "naïve", "日本", "😀", "e\u0301", "▁x", "Ġ", "<s>", "don't", "λόγος", "i̇", "a-b", "w" * 1000000]


def make(words=WORDS, config=None, center=None, d=5):
    if center is None:
        center = np.random.default_rng(3).normal(size=(len(words), d)).astype(np.float32)
    return WordVectors(words, np.arange(len(words), 0, -1), center, None, config or {}, [])


def make_other(folder, vocabulary, tensors, *, model="WordLevel", name="", **more):
    """A folder as others write it."""
    (folder / name).mkdir(parents=True)
    write_tensors(folder / name / "model.safetensors", tensors, {})
    document = {"model": {"type": model, "vocab": vocabulary}, "added_tokens": [], **more}
    (folder / name / "tokenizer.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_there_and_back(tmp_path):
    vectors = make()
    static.write(vectors, tmp_path / "v")
    assert set(os.listdir(tmp_path)) == {"v"}
    assert set(os.listdir(tmp_path / "v")) == {
        "model.safetensors",
        "tokenizer.json",
        "config.json",
        "modules.json",
        "README.md",
    }
    back = static.read(tmp_path / "v", EVERYTHING)
    assert back.words == WORDS
    np.testing.assert_array_equal(back.center, vectors.center)
    some = static.read(tmp_path / "v", Request(words=frozenset(["日本", "don't"]), first=5))
    assert some.words == ["日本"]
    np.testing.assert_array_equal(some.center, vectors.center[[3]])


@pytest.mark.parametrize("word", ["", "a b", "a\n", "\u3000", "a\u2028b"])
def test_words_that_are_no_tokens_cannot_be_held(word):
    assert not FORMATS["static"].holds(word)


def test_half_a_character_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(FormatError, match="half a character"):
        static.write(make(["fine", "\ud800"]), tmp_path / "v")
    assert os.listdir(tmp_path) == []


def test_words_without_a_direction_are_left_out(tmp_path):
    center = np.array([[1, 2], [0, 0], [np.nan, 1]], np.float32)
    with pytest.warns(UserWarning, match="2 words have a vector that is zero or not finite, such as 'b'"):
        static.write(make(["a", "b", "c"], center=center), tmp_path / "v")
    assert static.read(tmp_path / "v", EVERYTHING).words == ["a"]
    with pytest.raises(FormatError, match="every vector is zero"):
        static.write(make(["b"], center=center[1:2]), tmp_path / "w")


def test_a_tokenizer_that_the_folder_cannot_express_is_told(tmp_path):
    with pytest.warns(UserWarning, match="divide texts at white space, and not with the tokenizer 'chars'"):
        static.write(make(config={"tokenizer": "chars"}), tmp_path / "v")


# What is replaced.


def test_such_a_folder_and_an_empty_one_are_replaced(tmp_path):
    (tmp_path / "v").mkdir()
    static.write(make(["a"]), tmp_path / "v")
    static.write(make(["b", "c"]), tmp_path / "v")
    assert static.read(tmp_path / "v", EVERYTHING).words == ["b", "c"]
    assert os.listdir(tmp_path) == ["v"]


def test_other_folders_and_files_are_not_replaced(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "README.md").write_bytes(b"x")
    static.write(make(["a"]), tmp_path / "with")
    (tmp_path / "with" / "notes.txt").write_bytes(b"x")
    before = sorted(tmp_path.rglob("*"))
    for name, message in [
        ("file", "a file: expected the name of a folder"),
        ("other", "holds other files, such as README.md"),
        ("with", "holds other files, such as notes.txt"),
        ("no/where", "does not exist: make it first"),
    ]:
        with pytest.raises(FormatError, match=message):
            static.write(make(["a"]), tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("at", ["write_tensors", "_card"])
def test_a_write_that_fails_leaves_the_old_folder(tmp_path, monkeypatch, at):
    def fail(*_):
        raise OSError(28, "No space left on device")

    static.write(make(["a"]), tmp_path / "v")
    monkeypatch.setattr(static, at, fail)
    with pytest.raises(FormatError, match="No space left on device; make room"):
        static.write(make(["b"]), tmp_path / "v")
    assert static.read(tmp_path / "v", EVERYTHING).words == ["a"]
    assert os.listdir(tmp_path) == ["v"]


def test_a_full_disk_is_named_with_the_path_that_was_given(tmp_path, monkeypatch):
    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FormatError) as error:
        static.write(make(["b"]), tmp_path / "v")
    expected = f"{tmp_path / 'v' / 'model.safetensors'}: cannot be written: No space left on device; make room"
    assert str(error.value).startswith(expected)


def test_a_rename_that_fails_leaves_the_old_folder(tmp_path, monkeypatch):
    renamed = os.rename

    def rename(source, target):
        if str(source).endswith(".tmp"):
            raise OSError(5, "Input/output error")
        renamed(source, target)

    static.write(make(["a"]), tmp_path / "v")
    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(FormatError, match="Input/output error"):
        static.write(make(["b"]), tmp_path / "v")
    assert static.read(tmp_path / "v", EVERYTHING).words == ["a"]
    assert os.listdir(tmp_path) == ["v"]


# Folders of others.

ROWS = np.array([[1, 2], [3, 4], [5, 6]], np.float32)


@pytest.mark.parametrize(
    ("model", "vocabulary"),
    [
        ("WordLevel", {"[UNK]": 0, "king": 1, "##s": 2}),
        ("WordPiece", {"[UNK]": 0, "king": 1, "##s": 2}),
        ("BPE", {"##s": 2, "king": 1, "[UNK]": 0}),
        ("Unigram", [["[UNK]", 0.0], ["king", -1.5], ["##s", -2.5]]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_tokens_of_others_are_words(tmp_path, model, vocabulary, dtype):
    folder = make_other(tmp_path / "v", vocabulary, {"embeddings": ROWS.astype(dtype)}, model=model)
    vectors = static.read(folder, EVERYTHING)
    assert vectors.words == ["[UNK]", "king", "##s"]
    np.testing.assert_array_equal(vectors.center, ROWS)


@pytest.mark.parametrize("name", ["", "0_StaticEmbedding"])
def test_the_layouts_of_sentence_transformers_are_read(tmp_path, name):
    folder = make_other(tmp_path / "v", {"a": 0, "b": 1, "c": 2}, {"embedding.weight": ROWS}, name=name)
    assert static.is_static(folder)
    np.testing.assert_array_equal(static.read(folder, EVERYTHING).center, ROWS)


def test_added_tokens_count_and_bytes_of_others_stay(tmp_path):
    added = [{"id": 2, "content": "[MASK]"}, {"id": 0, "content": "Ġa"}]
    folder = make_other(
        tmp_path / "v", {"Ġa": 0, "b": 1}, {"embeddings": ROWS}, added_tokens=added, pre_tokenizer={"type": "ByteLevel"}
    )
    assert static.read(folder, EVERYTHING).words == ["Ġa", "b", "[MASK]"]


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_shared_rows_and_weights_are_multiplied_out(tmp_path, dtype):
    weights = np.array([1, 0.5, 2, -1], np.float64)
    tensors = {"mapping": np.array([2, 0, 0, 1], dtype), "weights": weights, "embeddings": ROWS}
    folder = make_other(tmp_path / "v", {"a": 0, "b": 1, "c": 2, "d": 3}, tensors)
    vectors = static.read(folder, EVERYTHING)
    assert vectors.words == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(vectors.center, [[5, 6], [0.5, 1], [2, 4], [-3, -4]])


@pytest.mark.parametrize(
    ("vocabulary", "rows", "words", "message"),
    [
        ({"a": 0, "c": 2}, ROWS, ["a", "c"], "rows without a token, left out: 1. The first: token 1: "),
        ({"a": 0, "b": 1, "c": 2, "d": 2}, ROWS, ["a", "b", "c"], "second names, left out: 1. .* 'c' and 'd'"),
        ({"a": 0, "\ud800": 1, "c": 2}, ROWS, ["a", "c"], "tokens that hold half a character, left out: 1"),
        (
            {"a": 0, "b": 1, "c": 2},
            [[1, 2], [np.inf, 0], [3, 4]],
            ["a", "c"],
            "vectors that are not finite.*: 1. .* token 1: .*'b'",
        ),
        ([["a", 0], ["b", 0], ["a", 0]], ROWS, ["a", "b"], "words that come again, left out: 1. .* token 2: "),
    ],
)
def test_faults_of_others_are_mended_or_refused(tmp_path, vocabulary, rows, words, message):
    folder = make_other(tmp_path / "v", vocabulary, {"embeddings": np.array(rows, np.float32)})
    with pytest.warns(UserWarning, match=message):
        assert static.read(folder, EVERYTHING).words == words
    with pytest.raises(FormatError, match="without --errors strict it is mended"):
        static.read(folder, Request(strict=True))


ABC = {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize(
    ("vocabulary", "tensors", "message"),
    [
        (None, {"embeddings": ROWS}, "no vocabulary: expected one at model.vocab"),
        (ABC, {"rows": ROWS}, "no tensor 'embedding.weight'"),
        (ABC, {"embeddings": ROWS[0]}, "expected F32 with 2 dimensions"),
        (ABC, {"embeddings": ROWS.astype(np.int64)}, "is I64 of shape .*expected F32"),
        (ABC, {"embeddings": np.empty((3, 0), np.float32)}, r"the shape \(3, 0\): expected neither to be 0"),
        (ABC | {"d": 3}, {"embeddings": ROWS}, "the token 'd' has the number 3: .*rows 0 to 2"),
        (ABC | {"d": -1}, {"embeddings": ROWS}, "has the number -1"),
        (ABC | {"d": 1.0}, {"embeddings": ROWS}, "has the number 1.0"),
        (ABC | {"d": True}, {"embeddings": ROWS}, "has the number True"),
        (ABC | {"d": "\x1b"}, {"embeddings": ROWS}, r"has the number '\\x1b'"),
        ([[3, 0.5], [], "b"], {"embeddings": ROWS}, "the token '3' has the number 0"),
        (ABC, {"embeddings": ROWS, "weights": np.ones(2)}, "2 weights of 3 tokens"),
        (ABC, {"embeddings": ROWS, "mapping": np.array([0, 1, 3])}, "the mapping does not lead to rows 0 to 2"),
        (ABC, {"embeddings": ROWS, "mapping": np.array([0, 1, -1])}, "the mapping does not lead to rows"),
        (ABC, {"embeddings": ROWS, "mapping": np.zeros(769, np.int64)}, "769 tokens share 3 rows: expected 1 to 256"),
        (ABC, {"embeddings": ROWS, "mapping": np.ones(3)}, "'mapping' is F64"),
    ],
)
def test_folders_that_do_not_fit_are_refused(tmp_path, vocabulary, tensors, message):
    folder = make_other(tmp_path / "v", vocabulary, tensors)
    with pytest.raises(FormatError, match=message):
        static.read(folder, EVERYTHING)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected JSON"),
        (b"[]", "expected a JSON object"),
        (b"[" * 100_000, "expected JSON"),
        (b'{"model": {"vocab": {"a": 1%s}}}' % (b"0" * 5000), "expected JSON"),
        (b'{"model": {"vocab": {"a": 0}}, "added_tokens": 1}', "added_tokens is no list"),
        (b"\xff\xfe{}", "expected JSON"),
    ],
)
def test_tokenizers_that_are_none_are_refused(tmp_path, content, message):
    folder = make_other(tmp_path / "v", ABC, {"embeddings": ROWS})
    (folder / "tokenizer.json").write_bytes(content)
    with pytest.raises(FormatError, match=f"tokenizer.json: .*{message}"):
        static.read(folder, EVERYTHING)


def test_folders_without_the_files_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none", tmp_path / ("long" * 100)):
        assert not static.is_static(path)
        with pytest.raises(FormatError, match="expected a folder of static embeddings"):
            static.read(path, EVERYTHING)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_folders_give_a_clear_error_or_valid_vectors(tmp_path):
    static.write(make(["a", "日本", "c"], d=2), tmp_path / "v")
    rng = random.Random(5)
    outcomes = set()
    for name in ("tokenizer.json", "model.safetensors"):
        whole = (tmp_path / "v" / name).read_bytes()
        for _ in range(400):
            damaged = bytearray(whole)
            for _ in range(rng.randint(1, 3)):
                damaged[rng.randrange(len(damaged))] = rng.choice([0, 34, 48, 57, 91, 123, 255, rng.randrange(256)])
            (tmp_path / "v" / name).write_bytes(
                damaged[: rng.choice([len(damaged)] * 3 + [rng.randrange(len(damaged))])]
            )
            try:
                vectors = static.read(tmp_path / "v", EVERYTHING)
                assert len(set(vectors.words)) == len(vectors)
                assert np.isfinite(vectors.center).all()
                outcomes.add(None)
            except FormatError as error:
                outcomes.add(type(error))
        (tmp_path / "v" / name).write_bytes(whole)
    assert outcomes == {None, FormatError}


# The loaders.

TEXTS = [
    "the x naïve the",
    "",
    "  ",
    "unknown words only",
    "the unknown x x\tunknowns xx 日 日本 😀😀 😀",
    "x ▁x Ġ <s> e\u0301 é \u0301 <s",
    "THE Naïve İ ΛΌΓΟΣ λόγος λόγοσ ΣΑΣ x",
    "don't, 'the' x-the (日本) the\u00a0x\u3000the\x1cx a-b a--b '' the' 'x the’s x",
    "the " * 600 + "x " * 300,
    "w" * 1000000 + " x",
    "line\u2028the\x0bx\u200dx \u200dx \u0301the",
]
SETTINGS = [{}, {"lower": True}, {"tokenizer": "words"}, {"tokenizer": "words", "lower": True}]


def written(tmp_path, settings):
    """The folder of vectors with these settings, and the means of the texts."""
    rng = random.Random(7)
    letters = [
        "the",
        "x",
        "日本",
        "'",
        "’",
        "-",
        "_",
        "\u0301",
        "\u200d",
        " ",
        " ",
        "Σ",
        "a",
        "1",
        "½",
        ".",
        "😀",
        "\x1f",
    ]
    words = list(dict.fromkeys([*WORDS, "_x", "x1", "a", "½", "thex", "x'a", "σας", "σ", "ς"]))
    texts = TEXTS + ["".join(rng.choice(letters) for _ in range(rng.randint(1, 30))) for _ in range(300)]
    vectors = make(words, settings)
    static.write(vectors, tmp_path / "v")
    # one document a line: none of the texts has a line break of Python's text files
    (tmp_path / "texts.txt").write_text("".join(text + "\n" for text in texts), encoding="utf-8", newline="")
    found = firth.documents(vectors, tmp_path / "texts.txt", method="mean", quiet=True)
    assert len(found.matrix) == len(texts)
    assert (np.abs(found.matrix).max(axis=1) > 0).sum() > 50
    return tmp_path / "v", texts, found.matrix


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_model2vec_gives_texts_the_means_of_firth(tmp_path, settings):
    model2vec = pytest.importorskip("model2vec")
    folder, texts, expected = written(tmp_path, settings)
    model = model2vec.StaticModel.from_pretrained(str(folder))
    np.testing.assert_allclose(model.encode(texts), expected, rtol=1e-5, atol=1e-5)
    model.save_pretrained(tmp_path / "again")
    assert static.read(tmp_path / "again", EVERYTHING).words == static.read(folder, EVERYTHING).words


ASK = """
import json, sys
import numpy as np
from sentence_transformers import SentenceTransformer
for folder in sys.argv[1:]:
    texts = json.load(open(folder + "/texts.json", encoding="utf-8"))
    model = SentenceTransformer(folder + "/v", device="cpu")
    np.save(folder + "/means.npy", model.encode(texts, show_progress_bar=False))
"""


def test_sentence_transformers_gives_texts_the_means_of_firth(tmp_path):
    python = os.environ.get("FIRTH_SENTENCE_TRANSFORMERS_PYTHON")
    if python is None:
        pytest.skip("FIRTH_SENTENCE_TRANSFORMERS_PYTHON names no interpreter that has sentence-transformers")
    expected = {}
    for number, settings in enumerate(SETTINGS):
        folder = tmp_path / str(number)
        folder.mkdir()
        _, texts, expected[folder] = written(folder, settings)
        (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    offline = os.environ | {"HF_HUB_OFFLINE": "1"}
    subprocess.run([python, "-c", ASK, *map(str, expected)], check=True, capture_output=True, env=offline)
    for folder, means in expected.items():
        np.testing.assert_allclose(np.load(folder / "means.npy"), means, rtol=1e-5, atol=1e-5)
