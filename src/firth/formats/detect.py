"""Which format a file has: by its content first, then by its name."""

import codecs
import re
from pathlib import Path, PurePath

from firth.errors import ConfigError, FormatError
from firth.files.compressed import ENDINGS
from firth.files.paths import reading
from firth.formats.known import FORMATS, Format
from firth.formats.request import shown

FASTTEXT = b"\xba\x16\x4f\x2f"
"""The first bytes of fastText's models: the number 793712314."""

HEAD = 1 << 16
"""The bytes at the beginning of a file's content that are looked at."""

LONGEST_WORD = 1 << 24
"""The bytes of a first word that are looked at in place of `HEAD`: as many as binary files may have."""

COMPRESSED = (*ENDINGS, ".zip")

_MAGIC = {
    FASTTEXT: "fasttext",
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\x93NUMPY": "numpy",
}
_EXPANDED = ("safetensors", "fasttext", "word2vec-text", "word2vec-binary", "glove")
"""The formats whose readers take compressed files."""

_UNZIP = "unpack it and give the file of vectors"
_FOREIGN: dict[bytes, str] = {
    b"\x7fELF": "a program (ELF)",
    b"%PDF-": "a PDF document",
    b"7z\xbc\xaf\x27\x1c": f"a 7z archive: {_UNZIP}",
    b"Rar!\x1a\x07": f"a RAR archive: {_UNZIP}",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file: write its vectors as NumPy's or as text",
    b"version https://git-lfs": "a pointer of Git LFS in place of the file: run git lfs pull",
}
_GENSIM = (
    "a file of pickled Python objects, which firth never loads: gensim's .model or .kv? Load it with gensim and "
    "save it with kv.save_word2vec_format(path, binary=True)"
)
_PAGE = (b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body")

_HEADER = re.compile(rb"[ \t]*(\d{1,19})[ \t]+(\d{1,19})[ \t\r]*\n")
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity|nan)", re.IGNORECASE)
_FIELD = re.compile(rb"[^ \t]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_MARK = b"\xef\xbb\xbf"
_LINES = 20
_PROOF = 100


def format_of(path: Path) -> Format:
    """The format of a file, or folder, to read; MissingExtraError where looking inside needs an extra.

    Raises FormatError where it cannot be read, for content that is known and holds no vectors, and where neither
    content nor name tells the format.
    """
    if _is_folder(path):
        return _of_folder(path)
    with reading(path, "vectors") as file:
        head = file.read(16)
    if is_safetensors(head):
        return FORMATS["safetensors"]
    from firth.formats.opening import first_bytes, is_compressed, kind_of  # firth's own files do without

    compressed, head = is_compressed(path), first_bytes(path, HEAD)
    if not head:
        raise FormatError(f"{path}: the file is empty: expected vectors")
    if compressed and (again := kind_of(head)):
        raise FormatError(f"{path}: compressed twice: inside is {again} again: unpack it once")
    if _is_long(head):
        head = first_bytes(path, LONGEST_WORD + HEAD)
    found = _by_content(path, head) or _by_name(path)
    if found is None:
        known = ", ".join(dict.fromkeys(FORMATS))
        raise FormatError(
            f"{path}: the file begins with {shown(head[:20])} and its name tells no format: expected vectors, in one "
            f"of the formats {known}"
        )
    if compressed and found.name not in _EXPANDED:
        raise FormatError(f"{path}: {found.name} inside a compressed file: decompress it first")
    return found


def formats_to_write(path: Path, to: str | None = None) -> list[Format]:
    """The formats that the ending of a name means, the usual one first; or the one that `to` names.

    Raises FormatError where the ending means none, and for compression that the format is not written with; ConfigError
    for an unknown `to`.
    """
    writable = {name: known for name, known in FORMATS.items() if known.write}
    if to is not None and to not in writable:
        raise ConfigError(f"to is {to!r:.100}: expected {' or '.join(map(repr, writable))}")
    suffix = _plain_name(path).suffix.lower()
    found = [known for name, known in writable.items() if (suffix in known.suffixes if to is None else name == to)]
    if not found:
        endings = dict.fromkeys(suffix for known in writable.values() for suffix in known.suffixes)
        raise FormatError(f"{path}: the extension names no format: expected {', '.join(endings)}")
    if _is_packed(path) and (not found[0].compressed or path.suffix.lower() == ".zip"):
        raise FormatError(f"{path}: {found[0].name} is not written compressed: leave {path.suffix} out of the name")
    return found


def _is_packed(path: Path) -> bool:
    """Whether a name has an ending that means compression."""
    return path.suffix.lower() in COMPRESSED


def _plain_name(path: Path) -> PurePath:
    """The name without an ending that means compression."""
    return PurePath(path.stem) if _is_packed(path) else PurePath(path.name)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # `reading` says what is wrong
        return False


def _of_folder(path: Path) -> Format:
    for folder in (path, path / "0_StaticEmbedding"):  # as sentence-transformers nests it
        if all((folder / name).is_file() for name in ("model.safetensors", "tokenizer.json")):
            return FORMATS["static"]
    raise FormatError(
        f"{path}: a folder: expected a file of vectors, or a folder with model.safetensors and tokenizer.json"
    )


def is_safetensors(head: bytes) -> bool:
    """Whether the first bytes of a file are the length of a header of less than a terabyte, and its beginning."""
    return head[5:9] == b"\0\0\0{"


def _by_content(path: Path, head: bytes) -> Format | None:
    """The format that the first bytes of the content tell, or None."""
    if is_safetensors(head):
        return FORMATS["safetensors"]
    text = head.removeprefix(_MARK)
    lines = [line.split() for line in text.split(b"\n", _LINES)[:_LINES] if line.strip()]
    if _is_vector(text):  # whatever its word begins with
        return _of_rows(path, lines)
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return FORMATS[name]
    if foreign := _foreign(head):
        raise FormatError(f"{path}: {foreign}: expected vectors" if ":" not in foreign else f"{path}: {foreign}")
    header = _HEADER.match(text)
    if header:
        after = text[header.end() :]
        is_text = _is_row(after, int(header[2])) if after.strip() else path.suffix != ".bin"
        return FORMATS["word2vec-text" if is_text else "word2vec-binary"]
    if _CONTROL.search(text):
        return None
    if any(len(fields) > 1 and _NUMBER.fullmatch(fields[-1]) for fields in lines):
        return _of_rows(path, lines)
    named = _by_name(path)
    if b"\n" not in text and len(head) == HEAD:  # a line that does not end here
        return named
    if named is None or named.name in ("word2vec-text", "word2vec-binary", "glove"):
        first = text.lstrip().partition(b"\n")[0].decode(errors="backslashreplace")
        raise FormatError(
            f"{path}: a text that begins with {shown(first)}: expected a file of vectors, such as .safetensors, or a "
            "text with a word and its numbers in every line"
        )
    return named


def _of_rows(path: Path, lines: list[list[bytes]]) -> Format:
    """The format of a text without a header whose lines end in numbers.

    A line of numbers only is a vector where the words stand in another file; otherwise its first field is the word.
    """
    from firth.formats.projector import words_beside

    only_numbers = all(_NUMBER.fullmatch(field) for fields in lines[: max(1, len(lines) - 1)] for field in fields)
    return FORMATS["projector" if only_numbers and words_beside(path) is not None else "glove"]


def _by_name(path: Path) -> Format | None:
    suffix = _plain_name(path).suffix.lower()
    return next((known for known in FORMATS.values() if suffix in known.suffixes), None)


def _foreign(head: bytes) -> str | None:
    """What a file is that holds no vectors for firth, and what to do; or None."""
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return _GENSIM
    if head.removeprefix(_MARK).lstrip()[:20].lower().startswith(_PAGE):
        return f"a web page, {shown(head.strip()[:60])}: the download failed; get the file again"
    if head[257:262] == b"ustar":
        return f"a tar archive: {_UNZIP}"
    return next((what for magic, what in _FOREIGN.items() if head.startswith(magic)), None)


def _is_long(head: bytes) -> bool:
    """Whether the first word after a header takes most of what is looked at."""
    header = _HEADER.match(head.removeprefix(_MARK))
    return header is not None and len(head) == HEAD and not re.search(rb"\s", head[header.end() : HEAD // 2])


def _is_vector(text: bytes) -> bool:
    """Whether a text begins with a line of a word and two numbers or more."""
    first = text.lstrip(b"\r\n").partition(b"\n")[0]
    fields = first.split()
    if len(fields) < 3 or not all(map(_NUMBER.fullmatch, fields[-2:])):
        return False
    try:
        first.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_row(data: bytes, dim: int) -> bool:
    """Whether what follows a header is a row of text: its last fields are numbers; if one is odd, all of it is text."""
    line, end, _ = data.lstrip(b"\r\n").partition(b"\n")
    if _CONTROL.search(line):  # in a word, or in the bytes of numbers
        whole = data.strip() if len(data) < HEAD // 2 else data.rpartition(b" ")[0]
        lines = whole.split(b"\n", _LINES)[:_LINES]
        return 2 * sum(_has_numbers(_fields(line), min(dim, _PROOF)) for line in lines) >= len(lines)
    fields = _fields(line) if end or len(data) < HEAD // 2 else _fields(line)[:-1]
    if _has_numbers(fields, dim if end else max(1, min(dim, len(fields) - 1))):  # the others may be cut
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(data)


def _fields(line: bytes) -> list[bytes]:
    """The fields of a line, as the reader of text parts them."""
    return _FIELD.findall(line.rstrip(b" \t\r"))


def _has_numbers(fields: list[bytes], count: int) -> bool:
    """Whether the last `count` fields of a line come after another, and are numbers."""
    return len(fields) > count and all(_NUMBER.fullmatch(field) for field in fields[-count:])
