"""Mutated files of vectors: an error of firth's that quotes little, or vectors; nothing else."""

import gzip
import io
import random
import struct
import warnings
import zipfile

import numpy as np
import pytest

from firth.errors import FirthError
from firth.formats import fasttext_writing, word2vec_binary
from firth.formats.loading import load
from firth.vectors.container import WordVectors
from firth.vectors.document_vectors import DocumentVectors
from firth.vectors.subwords import Subwords, word_vectors

WORDS = ["the", "naïve", "日本", "x" * 30]
NAMES = ["v.bin", "v.txt", "v", "v.safetensors", "v.zip", "v.gz"]
NUMBERS = [0, 1, -1, 255, 2**31 - 1, 2**31, 2**62, 2**63 - 1, -(2**63)]


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("v.bin", content)
    return file.getvalue()


def golden(tmp_path):
    """A file of each format."""
    rows = np.random.default_rng(3).normal(size=(4 + 5, 4)).astype(np.float32)
    subwords = Subwords(2, 3, 5, rows)
    center = np.concatenate(list(word_vectors([word.encode() for word in WORDS], subwords)))
    counts = np.array([4, 3, 2, 1])
    with_ngrams = WordVectors(WORDS, counts, center, center, {}, [], subwords=subwords)
    with_nodes = WordVectors(WORDS, counts, center, None, {}, [], nodes=center[:3])
    documents = DocumentVectors(center[1:], ["a", "日本", ""], np.tile(center, 3), center[0])
    with_documents = WordVectors(WORDS, counts, center, None, {}, [], documents=documents)
    path = tmp_path / "golden.safetensors"
    for vectors, write in (
        (with_ngrams, word2vec_binary.write),
        (with_ngrams, fasttext_writing.write),
        (with_nodes, fasttext_writing.write),
        (with_ngrams, WordVectors.save),
        (with_documents, WordVectors.save),
    ):
        write(vectors, path)
        yield path.read_bytes()


def mutated(content, chance):
    content = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(content))
        match chance.randrange(6):
            case 0:
                content[at] = chance.choice((0, 10, 32, 57, 128, 255))
            case 1:
                del content[at : at + chance.randrange(1, 20)]
            case 2:
                content[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 3:
                content = content[: at + 1]
            case 4:
                content[at : at + 4] = struct.pack("<q", chance.choice(NUMBERS))[:4]
            case _:
                content[at : at + 8] = struct.pack("<q", chance.choice(NUMBERS))
        content = content or bytearray(b"x")
    return bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zipped], ids=["plain", "gz", "zip"])
def test_mutated_files_give_a_short_error_or_vectors(tmp_path, pack):
    chance = random.Random(11)
    outcomes = set()
    for content in golden(tmp_path):
        for _ in range(80):
            path = tmp_path / chance.choice(NAMES)
            path.write_bytes(mutated(pack(content), chance))
            message = ""
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                try:
                    vectors = load(path, errors=chance.choice(("mend", "strict")), first=chance.choice((None, 1, 3)))
                    assert vectors.words
                except FirthError as error:
                    message = str(error)
            assert len(message.replace(str(path), "")) < 400
            outcomes.add(bool(message))
    assert outcomes == {True, False} or pack is not bytes  # the check sums of compressed files refuse almost all
