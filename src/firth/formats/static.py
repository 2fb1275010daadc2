"""Folders of static embeddings, as model2vec and sentence-transformers (StaticEmbedding) load them.

A folder has model.safetensors, with a tensor "embeddings" of one row a token, and tokenizer.json, of the package
tokenizers; config.json is for model2vec, modules.json for sentence-transformers. Both give a text the mean of its
tokens' rows.

The tokenizer that is written gives no token for a word without a row, so that such words do not count in the mean: as a
model of the kind BPE without merges and without an unknown token, it takes a word that is whole in its vocabulary, and
else looks its single bytes up, of which none is there, because every entry begins with a space. Bytes are written as
the characters that GPT-2's tokenizer (Radford et al., 2019) has for them.
"""

import contextlib
import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firth.errors import FormatError
from firth.files.json_text import loads
from firth.files.new_folders import replacing_folder
from firth.files.paths import reading, replacing
from firth.files.tensors import TensorFile, read_tensors, write_tensors
from firth.formats.matrices import vectors_of
from firth.formats.request import Faults, Request, shown
from firth.vectors.container import WordVectors
from firth.vectors.rows import Progress, no_progress
from firth.vectors.storage import encoded_words

MODEL, TOKENIZER, CONFIG, MODULES, CARD = (
    "model.safetensors",
    "tokenizer.json",
    "config.json",
    "modules.json",
    "README.md",
)

NESTED = "0_StaticEmbedding"
"""Where sentence-transformers keeps the two files if other modules are beside them."""

LONGEST_JSON = 2**30
"""The most bytes of a tokenizer."""

MOST_TOKENS_A_ROW = 256
"""On average, where tokens share rows."""


def _characters() -> list[str]:
    """GPT-2's character for each byte: the byte's own where it can be seen, else one from U+0100 on."""
    seen = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte if byte in seen else next(others)) for byte in range(256)]


_CHARACTERS = _characters()
_BYTES = {ord(char): byte for byte, char in enumerate(_CHARACTERS)}
_SPACE = _CHARACTERS[32]


_CASED, _IGNORED = r"[\p{Lu}\p{Ll}\p{Lt}]", r"[\p{Mn}\p{Me}\p{Cf}\p{Lm}\p{Sk}'\u2019.:\u00b7\u2018\u2024\u2027]"
_LAST_SIGMA = rf"(?<={'|'.join(_CASED + _IGNORED * i for i in range(5))})\u03a3(?!{_IGNORED}*{_CASED})"
"""The sigma that becomes \u03c2 (Final_Sigma of Unicode): `str.lower` knows it, Lowercase of tokenizers does not."""


def is_static(path: Path) -> bool:
    """Whether a path is that of such a folder."""
    return any(all(os.path.isfile(path / name / file) for file in (MODEL, TOKENIZER)) for name in ("", NESTED))


def read(path: Path, request: Request) -> WordVectors:
    """The vectors of the tokens in a folder, as words; counts are 0.

    Those of tokens that share rows, or have weights, are as model2vec averages them: the row times the weight. Raises
    FormatError.
    """
    if not is_static(path):
        raise FormatError(f"{path}: expected a folder of static embeddings, with {MODEL} and {TOKENIZER}")
    folder = path if os.path.isfile(path / MODEL) else path / NESTED
    file = read_tensors(folder / MODEL)
    matrix = _matrix(file)
    faults = Faults(path, request.strict)
    tokens = _tokens(folder / TOKENIZER, len(matrix), file.size, faults)
    return vectors_of(path, tokens, matrix, request, faults, lambda row: f"token {row}")


def _matrix(file: TensorFile) -> npt.NDArray[Any]:
    """The row of every token."""
    name = "embeddings" if "embeddings" in file else "embedding.weight"
    kind = file.dtype(name)
    matrix = file.tensor(name, kind if kind in ("F16", "F64") else "F32", 2)
    if 0 in matrix.shape:
        raise FormatError(f"{file.path}: tensor {name!r:.100} has the shape {matrix.shape}: expected neither to be 0")
    rows = matrix
    if "mapping" in file:
        mapping = file.tensor("mapping", "I32" if file.dtype("mapping") == "I32" else "I64", 1)
        if not 0 < len(mapping) <= MOST_TOKENS_A_ROW * len(matrix):
            raise FormatError(
                f"{file.path}: {len(mapping):,} tokens share {len(matrix):,} rows: expected 1 to {MOST_TOKENS_A_ROW} "
                "a row on average"
            )
        if mapping.min() < 0 or mapping.max() >= len(matrix):
            raise FormatError(f"{file.path}: the mapping does not lead to rows 0 to {len(matrix) - 1:,}: expected that")
        rows = matrix[mapping]
    if "weights" not in file:
        return rows
    kind = file.dtype("weights")
    weights = file.tensor("weights", kind if kind in ("F16", "F64") else "F32", 1)
    if len(weights) != len(rows):
        raise FormatError(f"{file.path}: {len(weights):,} weights of {len(rows):,} tokens: expected as many")
    with np.errstate(over="ignore", invalid="ignore"):
        return rows * weights.astype(np.float32)[:, None]


def _tokens(path: Path, rows: int, size: int, faults: Faults) -> list[str | None]:
    """The token of each row, None where there is none. size: the bytes of the matrix's file."""
    document = _json(path, size)
    model = document.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    added = document.get("added_tokens") or []
    if isinstance(vocabulary, dict):
        pairs = list(vocabulary.items())
    elif isinstance(vocabulary, list):
        pairs = [(entry[0] if isinstance(entry, list) and entry else None, i) for i, entry in enumerate(vocabulary)]
    else:
        raise FormatError(f"{path}: no vocabulary: expected one at model.vocab")
    whole_words = _divides_to_bytes(document.get("pre_tokenizer")) and _are_spelt_bytes([token for token, _ in pairs])
    known = len(pairs)
    if not isinstance(added, list):
        raise FormatError(f"{path}: added_tokens is no list: expected one of objects")
    pairs += [(entry.get("content"), entry.get("id")) for entry in added if isinstance(entry, dict)]
    tokens: list[str | None] = [None] * rows
    for number, (token, row) in enumerate(pairs):
        if not isinstance(token, str) or type(row) is not int or not 0 <= row < rows:
            raise FormatError(
                f"{path}: the token {shown(str(token))} has the number {row!r:.40}: expected text, and one of the "
                f"rows 0 to {rows - 1:,} of {MODEL}"
            )
        if whole_words and number < known:
            token = token[1:].translate(_BYTES).encode("latin-1").decode(errors="backslashreplace")
        if not _is_text(token):
            faults.add(
                f"token {row}",
                f"the token {shown(token)} holds half a character",
                "tokens that hold half a character, left out",
            )
        elif tokens[row] not in (None, token):
            faults.add(f"token {row}", f"it is {shown(str(tokens[row]))} and {shown(token)}", "second names, left out")
        else:
            tokens[row] = token
    lacking = sum(token is None for token in tokens)
    if lacking:
        first = tokens.index(None)
        faults.add(f"token {first}", f"{TOKENIZER} has no token for the row", "rows without a token, left out", lacking)
    return tokens


def _divides_to_bytes(pre_tokenizer: Any) -> bool:
    steps = pre_tokenizer.get("pretokenizers", [pre_tokenizer]) if isinstance(pre_tokenizer, dict) else []
    return isinstance(steps, list) and any(isinstance(step, dict) and step.get("type") == "ByteLevel" for step in steps)


def _are_spelt_bytes(tokens: list[Any]) -> bool:
    """Whether all tokens are a space and then more, in GPT-2's characters."""
    if not all(isinstance(token, str) and len(token) > 1 and token[0] == _SPACE for token in tokens):
        return False
    return set("".join(tokens)) <= set(_CHARACTERS)


def _is_text(token: str) -> bool:
    try:
        token.encode()
    except UnicodeEncodeError:
        return False
    return True


def _json(path: Path, size: int) -> dict[str, Any]:
    with reading(path, "a tokenizer") as file:
        content = file.read(min(LONGEST_JSON, os.fstat(file.fileno()).st_size) + 1)  # which is reserved at once
    if len(content) > LONGEST_JSON:
        raise FormatError(f"{path}: more than {LONGEST_JSON:,} bytes: expected a tokenizer")
    try:
        document = loads(content, len(content) + size)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: {error!s:.100}: expected JSON") from None
    if not isinstance(document, dict):
        raise FormatError(f"{path}: expected a JSON object")
    return document


def write(vectors: WordVectors, path: Path, progress: Progress = no_progress) -> None:
    """Write the folder, whole or not at all; it replaces an empty folder or such a folder.

    Texts then get the means that `firth.documents` with method "mean" gives them: words are divided, and lower-cased,
    as the training's settings say. Words whose vector is zero or not finite are left out, with a warning, because
    `firth.documents` leaves them out. Raises FormatError.
    """
    usable = np.isfinite(vectors.norms) & (vectors.norms > 0)
    words = [word for word, good in zip(encoded_words(path, vectors.words), usable.tolist(), strict=True) if good]
    if not words:
        raise FormatError(f"{path}: every vector is zero or not finite: nothing is left to write")
    if len(words) < len(usable):
        first = vectors.words[int(usable.argmin())]
        warnings.warn(
            f"{path}: {len(usable) - len(words):,} words have a vector that is zero or not finite, such as "
            f"{shown(first)}, and are left out: they would count in the means of texts",
            stacklevel=2,
        )
    center = vectors.center if len(words) == len(usable) else vectors.center[usable]
    tokenizer = vectors.config.get("tokenizer", "whitespace")
    if tokenizer not in ("whitespace", "words"):
        warnings.warn(
            f"{path}: its loaders divide texts at white space, and not with the tokenizer {shown(str(tokenizer))}",
            stacklevel=2,
        )
    documents = {
        TOKENIZER: _tokenizer(words, bool(vectors.config.get("lower")), tokenizer == "words"),
        CONFIG: {
            "model_type": "model2vec",
            "architectures": ["StaticModel"],
            "hidden_dim": center.shape[1],
            "normalize": False,
            "max_length": None,
            "embedding_dtype": "float32",
        },
        MODULES: [{"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"}],
    }
    with replacing_folder(path, (MODEL, TOKENIZER), (CONFIG, MODULES, CARD)) as folder, _calling(folder, path):
        n = len(words)
        write_tensors(
            folder / MODEL,
            {"embeddings": center},
            {"format": "pt"},
            lambda part: progress("writing", round(n * part), n),
        )
        for name, document in documents.items():
            with replacing(folder / name) as file:
                file.write(json.dumps(document, ensure_ascii=False, indent=None if name == TOKENIZER else 2).encode())
        with replacing(folder / CARD) as file:
            file.write(_card(len(words), center.shape[1]).encode())


@contextlib.contextmanager
def _calling(folder: Path, path: Path) -> Iterator[None]:
    """Let errors about files in a folder call it `path`."""
    try:
        yield
    except FormatError as error:
        raise FormatError(str(error).replace(str(folder), str(path))) from None


def _tokenizer(words: list[bytes], lower: bool, only_words: bool) -> dict[str, Any]:
    """The tokenizer of words in UTF-8, as the module says."""
    normalizers: list[dict[str, Any]] = []
    if lower:
        normalizers += [_replace(_LAST_SIGMA, "\u03c2"), {"type": "Lowercase"}]
    if only_words:  # the patterns of firth.corpus.words
        word = r"\p{L}\p{N}_"
        normalizers += [
            _replace(rf"[^{word}\s\x1c-\x1f\p{{M}}\u200c\u200d'\u2019]+", " "),
            _replace(rf"(?<![^\s\x1c-\x1f'\u2019])[^{word}\s\x1c-\x1f'\u2019]+", " "),
            _replace(rf"['\u2019](?![{word}])|(?<![^\s\x1c-\x1f'\u2019])['\u2019]", " "),
        ]
    spaces = {"Regex": r"[\s\x1c-\x1f]+"}
    letters = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Sequence", "normalizers": normalizers},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": spaces, "behavior": "Removed", "invert": False},
                letters,
            ],
        },
        "post_processor": None,
        "decoder": letters,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": {_SPACE + word.decode("latin-1").translate(_CHARACTERS): i for i, word in enumerate(words)},
            "merges": [],
        },
    }


def _replace(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


def _card(words: int, dim: int) -> str:
    return f"""---
library_name: model2vec
tags:
- model2vec
- sentence-transformers
- static-embeddings
- word2vec
- firth
---

# Word vectors

{words:,} words with vectors of dimension {dim}, trained or converted with firth. The vector of a text is the mean of
the vectors of its words; other words count for nothing.

```python
from model2vec import StaticModel

model = StaticModel.from_pretrained("path of this folder")
model.encode(["a text"])
```

```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path of this folder")
model.encode(["a text"])
```
"""
