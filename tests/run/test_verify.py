"""Files that are as they were written, and the same with damage that their readers would not see."""

import json
import warnings

import numpy as np
import pytest

import firth
from firth.app.cli import main
from firth.corpus.encode import build_corpus
from firth.corpus.vocabulary import Vocabulary
from firth.errors import FormatError
from firth.files.tensors import read_tensors, write_tensors
from firth.formats.convert import convert
from firth.formats.vocabulary import write_vocabulary
from firth.gensim.models.keyedvectors import KeyedVectors
from firth.run.verify import files_of, verify
from firth.vectors.container import WordVectors
from firth.vectors.index import build_index

TEXT = "new york is a city\nnew york is in america\n" * 30


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with a file of each kind."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "text").write_text(TEXT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        vectors = firth.train(
            folder / "text",
            dim=8,
            epochs=1,
            min_count=1,
            subsample=0,
            threads=1,
            quiet=True,
            cache=folder / "cache",
            checkpoint=folder / "checkpoints",
        )
        firth.documents(vectors, folder / "text", method="mean", quiet=True).save(folder / "d.safetensors")
    vectors.save(folder / "v.safetensors")
    convert(folder / "v.safetensors", folder / "v.txt")
    write_vocabulary(Vocabulary(vectors.words, vectors.counts), folder / "vocab.txt")
    firth.Phrases(folder / "text", threshold=0.1).save(folder / "phrases.json")
    keyed = KeyedVectors(2)
    keyed.add_vectors(["a", "b"], [[1, 2], [3, 4]])
    keyed.save(folder / "keyed")
    return folder


def verified(path):
    return str(verify(path)).removeprefix(f"{path}: ")


def test_every_kind_is_known(files):
    [corpus] = (files / "cache").iterdir()
    found = {path.name: verified(path) for path in files.iterdir() if path.is_file() and path.name != "text"}
    assert found.pop("v.txt").startswith("vectors (word2vec-text), 7 words x 8, no checksum: only what it holds")
    assert found.pop("phrases.json").endswith(" phrases, checksum right")
    assert found == {
        "v.safetensors": "vectors, 7 words x 8, all numbers finite, checksum right",
        "d.safetensors": "document vectors, 60 documents, all numbers finite, checksum right",
        "vocab.txt": "vocabulary, 7 words, 300 tokens, checksum right",
        "keyed": "model of firth.gensim, 4 arrays, all numbers finite, checksum right",
    }
    assert verified(corpus) == "encoded corpus, 300 tokens, 7 words, all numbers those of words, checksum right"
    [checkpoint] = (path for path in files_of(files / "checkpoints") if path.name == "checkpoint.safetensors")
    assert verified(checkpoint) == "checkpoint, 7 words x 8, all numbers finite, checksum right"


def test_what_is_none_of_these_is_refused(files, tmp_path):
    (tmp_path / "other").write_text(TEXT)
    for path in (tmp_path / "other", tmp_path / "absent"):
        with pytest.raises(FormatError, match=str(path)):
            verify(path)
    with pytest.raises(FormatError, match="a folder without files to verify"):
        files_of(tmp_path)


def test_files_without_a_checksum_are_said_to_have_none(files, tmp_path):
    for name, key in (("v.safetensors", b'"sha256"'), ("d.safetensors", b'"sha256"')):
        path = tmp_path / name
        path.write_bytes((files / name).read_bytes().replace(key, b'"oldone"', 1))
        assert verified(path).endswith("all numbers finite, no checksum: only what it holds was looked at")
    (tmp_path / "vocab").write_text("new 3\nNew York 2\nyork 1\n")
    assert verified(tmp_path / "vocab").startswith("vocabulary, 3 words, 6 tokens, no checksum")
    (tmp_path / "phrases").write_text(
        json.dumps({"firth phrases": json.loads((files / "phrases.json").read_text())["firth phrases"]})
    )
    assert "no checksum" in verified(tmp_path / "phrases")


def test_texts_of_vectors_are_no_vocabularies(tmp_path):
    for text in ("2 2\na 1 0\nb 0 1\n", "a 1 0\nb 0 1\n", "1 2\nword 1 0\n"):
        (tmp_path / "v.txt").write_text(text)
        assert verified(tmp_path / "v.txt").startswith("vectors (")


@pytest.mark.parametrize("name", ["v.safetensors", "d.safetensors", "vocab.txt", "phrases.json", "keyed"])
def test_any_flipped_bit_is_found(files, tmp_path, name):
    good = (files / name).read_bytes()
    path, draw = tmp_path / name, np.random.default_rng(0)
    key = good.find(b"sha256")
    for place in draw.choice(len(good), min(len(good), 150), replace=False).tolist():
        if 0 <= place - key < 6 or good[place : place + 1] == b"\n":  # without the name there is no checksum
            continue
        path.write_bytes(good[:place] + bytes([good[place] ^ (1 << int(draw.integers(8)))]) + good[place + 1 :])
        try:
            found = str(verify(path))
        except FormatError:
            continue
        assert name == "vocab.txt", place
        assert "no checksum" in found, place  # in the mark of the checksum


@pytest.mark.parametrize("length", [0.1, 0.5, 0.999])
@pytest.mark.parametrize("name", ["v.safetensors", "phrases.json", "keyed"])
def test_a_cut_file_is_found(files, tmp_path, name, length):
    good = (files / name).read_bytes()
    (tmp_path / name).write_bytes(good[: int(length * len(good))])
    with pytest.raises(FormatError, match=name):
        verify(tmp_path / name)


def rewritten(source, path, change):
    """Write a file of tensors again, with a right checksum, after a change."""
    file = read_tensors(source)
    tensors = {name: file.tensor(name, file.dtype(name)).copy() for name in file}
    change(tensors)
    write_tensors(path, tensors, file.metadata)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors["center"].__setitem__((3, 1), np.nan), "row 3 of center holds a NaN or an infinity"),
        (lambda tensors: tensors["outside"].__setitem__((2, 1), np.inf), "row 2 of outside holds a NaN"),
        (lambda tensors: tensors["counts"].__setitem__(1, -1), "the count of .* is negative"),
        (lambda tensors: tensors["word_offsets"].__setitem__(1, 99), "offsets do not rise"),
    ],
)
def test_numbers_that_make_no_sense_are_found(files, tmp_path, change, message):
    rewritten(files / "v.safetensors", tmp_path / "v.safetensors", change)
    with pytest.raises(FormatError, match=message):
        verify(tmp_path / "v.safetensors")


def test_the_length_of_every_row_is_compared(tmp_path):
    rows = np.random.default_rng(0).normal(size=(2000, 2)).astype(np.float32)
    words = [f"w{i}" for i in range(len(rows))]
    WordVectors(words, np.zeros(len(rows), np.int64), rows, None, {}, []).save(tmp_path / "good.safetensors")
    bad = tmp_path / "bad.safetensors"
    rewritten(tmp_path / "good.safetensors", bad, lambda tensors: tensors["norms"].__setitem__(1234, 2))
    firth.load(bad)
    with pytest.raises(FormatError, match="the length of row 1234 is stored as 2, and is "):
        verify(bad)


def test_an_index_is_compared_with_its_vectors(tmp_path):
    pytest.importorskip("usearch")
    rows = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    vectors = WordVectors([f"w{i}" for i in range(50)], np.arange(50)[::-1].copy(), rows, None, {}, [])
    vectors.save(tmp_path / "v.safetensors")
    build_index(vectors, tmp_path / "v.safetensors", threads=1)
    path = tmp_path / "v.firth-index"
    assert verified(path) == "index, 50 rows, built of v.safetensors, checksum right"
    rows[0] += 1
    WordVectors(vectors.words, vectors.counts, rows, None, {}, []).save(tmp_path / "v.safetensors")
    with pytest.raises(FormatError, match="built of other vectors"):
        verify(path)
    (tmp_path / "v.safetensors").unlink()
    assert verified(path) == "index, not compared with vectors: v.safetensors is not beside it, checksum right"


def test_a_folder_of_static_embeddings(files, tmp_path):
    convert(files / "v.safetensors", tmp_path / "static", to="static")
    assert verified(tmp_path / "static").endswith("words x 8, all numbers finite, checksum right")
    data = bytearray((tmp_path / "static" / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "static" / "model.safetensors").write_bytes(data)
    with pytest.raises(FormatError, match="the file is damaged"):
        verify(tmp_path / "static")


def test_progress_is_told(files):
    told = []
    verify(files / "v.safetensors", lambda *now: told.append(now))
    size = (files / "v.safetensors").stat().st_size
    assert ("reading", size, size) in told
    assert ("checking center", 0, 7) in told


def test_the_command(files, tmp_path, capsys):
    assert main(["verify", str(files / "cache"), str(files / "vocab.txt")]) == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[2].partition(",")[0] for line in out] == ["encoded corpus", "vocabulary"]
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes((files / "v.safetensors").read_bytes()[:-1] + b"?")
    assert main(["verify", str(bad), str(files / "vocab.txt")]) == 1
    out, error = capsys.readouterr()
    assert out.startswith(f"{bad}: the file is damaged: ")
    assert "vocabulary" in out
    assert error == f"firth: error: 1 of 2 files not as expected: {bad}\n"
    assert main(["verify", "--json", str(bad), str(files / "vocab.txt")]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["path"], first["good"]) == (str(bad), False)
    assert second == {
        "good": True,
        "path": str(files / "vocab.txt"),
        "kind": "vocabulary",
        "found": "7 words, 300 tokens",
        "checksum": True,
    }


def test_the_command_keeps_and_takes_a_corpus(files, tmp_path, capsys):
    arguments = [
        "train",
        str(files / "text"),
        "--min-count",
        "1",
        "--dim",
        "8",
        "--epochs",
        "1",
        "--threads",
        "1",
        "--subsample",
        "0",
    ]
    outs = [tmp_path / name for name in ("a.safetensors", "b.safetensors", "c.safetensors")]
    cache = ["--cache", str(tmp_path / "cache")]
    says = "read ", "the encoded corpus is kept ", "takes "
    for out, more, told in zip(outs, ([], cache, cache), says, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert main([*arguments, "-o", str(out), *more]) == 0
        assert f"\n{told}" in f"\n{capsys.readouterr().err}"
    vectors = [firth.load(out) for out in outs]
    for other in vectors[1:]:
        assert other.words == vectors[0].words
        assert other.center.tobytes() == vectors[0].center.tobytes()
        assert other.outside.tobytes() == vectors[0].outside.tobytes()
        assert other.config == vectors[0].config


def test_an_encoded_corpus_that_is_damaged_is_found(files, tmp_path):
    with build_corpus(files / "text", min_count=1, cache=tmp_path):
        pass
    [path] = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match="the file is damaged"):
        verify(path)


def test_a_folder_without_files_does_not_hide_what_the_others_are(files, tmp_path, capsys):
    assert main(["verify", "--json", str(files / "vocab.txt"), str(tmp_path)]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first["good"]
    assert (second["path"], second["good"]) == (str(tmp_path), False)
    assert "a folder without files to verify" in second["error"]
