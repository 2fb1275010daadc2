"""Files that are no text, known by their first bytes: what each is, and how to get text or words out of it."""

import re
from typing import NamedTuple

import numpy as np

from firth.errors import CorpusError

SNIFFED = 1 << 16
"""The first bytes of a file that decide what it is."""


class NoTextError(CorpusError):
    """A file holds something other than text; `found` says what, in a few words."""

    def __init__(self, message: str, found: str) -> None:
        super().__init__(message)
        self.found = found


class Kind(NamedTuple):
    """What a file is, and what to do with it."""

    found: str
    advice: str


_UNPACK = "unpack it ({} FILE) and give the texts in it"
_TEXT_OF = "export its text (save as plain text) and give that"
_VECTORS = "firth neighbors FILE WORD and other commands ask vectors"
_TEXTS_ONLY = "give texts only"
_COLUMN = "name it with the ending {} and say which column holds the text (--column NAME)"
_DECOMPRESS = "decompress it ({} FILE) and give the result"

_ZIPS = (
    (rb"mimetypeapplication/epub\+zip", Kind("an EPUB book", _TEXT_OF)),
    (rb"mimetypeapplication/vnd\.oasis\.opendocument", Kind("an OpenDocument file", _TEXT_OF)),
    (rb"word/(?:document|_rels|styles)", Kind("a Word document (docx)", _TEXT_OF)),
    (rb"xl/(?:workbook|_rels|worksheets)", Kind("an Excel workbook (xlsx)", "save the sheet as csv and give that")),
    (rb"ppt/(?:presentation|_rels|slides)", Kind("a PowerPoint presentation (pptx)", _TEXT_OF)),
    (rb"/data\.pkl", Kind("a PyTorch file", _TEXTS_ONLY)),
    (rb"\.npyPK|\.npy\x93|\.npy\x01\0", Kind("NumPy arrays (npz)", _TEXTS_ONLY)),
)
"""What a zip archive is, by names of its members; the first that matches anywhere counts."""

_ZIP = Kind("a zip archive", _UNPACK.format("unzip"))

_BYTES = (
    # Archives. That of tar is 257 bytes in.
    (rb"PK(?:\x03\x04|\x05\x06|\x07\x08PK)", _ZIP),
    (rb"7z\xbc\xaf\x27\x1c", Kind("a 7z archive", _UNPACK.format("7z x"))),
    (rb"Rar!\x1a\x07", Kind("a rar archive", _UNPACK.format("unrar x"))),
    (rb".{257}ustar(?:\0\d\d|  \0)", Kind("a tar archive", _UNPACK.format("tar xf"))),
    (rb"MSCF\0{4}", Kind("a cab archive", _UNPACK.format("cabextract"))),
    # Compression that is not undone, or that was applied twice.
    (rb"\x04\x22\x4d\x18", Kind("a file compressed with lz4", _DECOMPRESS.format("lz4 -d"))),
    (rb"\x1f\x9d", Kind("a file compressed with compress", _DECOMPRESS.format("uncompress"))),
    (rb"LZIP\x01[\x0c-\xff]", Kind("a file compressed with lzip", _DECOMPRESS.format("lzip -d"))),
    (rb"\xff\x06\0\0sNaPpY", Kind("a file compressed with snappy", _DECOMPRESS.format("snzip -d"))),
    (
        rb"\x1f\x8b\x08|BZh[1-9](?:1AY&SY|\x17rE8P\x90)|\xfd7zXZ\0|\x28\xb5\x2f\xfd",
        Kind("a file compressed more than once", "decompress it once and give the result"),
    ),
    # Tables and arrays.
    (rb"PAR1[\0-\x08\x0e-\x1b]", Kind("a Parquet file", _COLUMN.format(".parquet"))),
    (rb"ARROW1\0\0|\xff{4}..\0\0\x10\0\0\0", Kind("an Arrow file", _COLUMN.format(".arrow"))),
    (rb"FEA1\0{4}", Kind("a Feather file", _COLUMN.format(".feather"))),
    (rb"ORC[\0-\x08\x0e-\x1b]", Kind("an ORC file", "convert it to Parquet or csv")),
    (rb"Obj\x01", Kind("an Avro file", "convert it to Parquet or JSON lines")),
    (rb"SQLite format 3\0", Kind("an SQLite database", "export its text: sqlite3 FILE 'SELECT ...'")),
    (rb"\x89HDF\r\n\x1a\n", Kind("an HDF5 file", _TEXTS_ONLY)),
    (rb"\x93NUMPY[\x01-\x03]", Kind("a NumPy array (npy)", _TEXTS_ONLY)),
    # Models.
    (rb".{4}\0{4}\{ *[\"}]", Kind("a safetensors file", _VECTORS)),
    (rb"\xba\x16\x4f\x2f[\x01-\x20]\0{3}", Kind("a model of fastText", _VECTORS)),
    (rb"GGUF[\x01-\x20]\0{3}", Kind("a GGUF model", _TEXTS_ONLY)),
    (
        rb"\x80[\x02-\x05][\x88-\x8f\x95()\]}BCGIJKLMNTUXcl]",
        Kind("a Python pickle", "a pickle can run any code and is never loaded: write the text or tokens to a file"),
    ),
    # Documents.
    (rb"%PDF-[12]\.\d[ \t]*[\r\n](?=.*?\d \d+ obj\b)", Kind("a PDF document", "convert it (pdftotext FILE)")),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("an old Office document (doc, xls, ppt)", _TEXT_OF)),
    (rb"\{\\rtf1[\\ ]", Kind("an RTF document", _TEXT_OF)),
    # Images.
    (rb"\x89PNG\r\n\x1a\n", Kind("a PNG image", _TEXTS_ONLY)),
    (rb"\xff\xd8\xff", Kind("a JPEG image", _TEXTS_ONLY)),
    (rb"GIF8[79]a(?:.[\0-\x08\x0e-\x1f]){2}", Kind("a GIF image", _TEXTS_ONLY)),
    (rb"II[*+]\0|MM\0[*+]", Kind("a TIFF image", _TEXTS_ONLY)),
    (rb"RIFF.{4}WEBP", Kind("a WebP image", _TEXTS_ONLY)),
    (rb"BM.{4}\0{4}.{2}\0\0", Kind("a BMP image", _TEXTS_ONLY)),
    (rb"\0\0[\x01\x02]\0.\0", Kind("an icon", _TEXTS_ONLY)),
    (rb"8BPS\0[\x01\x02]", Kind("a Photoshop image", _TEXTS_ONLY)),
    # Sound and video.
    (rb"RIFF.{4}WAVE|FORM.{4}AIF[FC]|fLaC\0|OggS\0|MThd\0{3}\x06", Kind("a sound file", _TEXTS_ONLY)),
    (
        rb"ID3[\x02-\x04][\0-\x08].[\0-\x7f]{4}|\xff[\xf2\xf3\xfa\xfb][\x10-\xeb]",
        Kind("an MP3 file", _TEXTS_ONLY),
    ),
    (rb"\0\0.{2}ftyp", Kind("an MP4 file, or an image or sound in its container", _TEXTS_ONLY)),
    (rb"RIFF.{4}AVI |\x1aE\xdf\xa3", Kind("a video", _TEXTS_ONLY)),
    # Programs.
    (rb"\x7fELF", Kind("a program or library (ELF)", _TEXTS_ONLY)),
    (rb"MZ.{60}\0\0", Kind("a Windows program or library", _TEXTS_ONLY)),
    (rb"\xca\xfe\xba\xbe..\0[\x2d-\xff]", Kind("a Java class", _TEXTS_ONLY)),
    (
        rb"\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe\0{3}[\x01-\x2c]",
        Kind("a program or library (Mach-O)", _TEXTS_ONLY),
    ),
    (rb"\0asm\x01\0", Kind("a WebAssembly program", _TEXTS_ONLY)),
    (rb"!<arch>\n.{58}`\n", Kind("a library or Debian package (ar)", _UNPACK.format("ar x"))),
)
"""What begins with these bytes: each pattern has bytes that no text has in these places, or a whole header."""

_KINDS = [(re.compile(pattern, re.DOTALL), kind) for pattern, kind in _BYTES]

_HEADER = re.compile(rb"\s*(\d{1,10}) (\d{1,5})[ \t]*\r?\n")
_LEAST_DIM, _LEAST_VALUES = 2, 4
_VALUES = (1e-5, 1e3)
"""Between which the median of a vector's numbers lies; four letters or digits as a float32 are far from it."""


def kind_of(head: bytes) -> Kind | None:
    """What a file is that begins with `head`, or None if its first bytes are those of no kind that is known.

    head: the first `SNIFFED` bytes, or all.
    """
    kind = next((kind for pattern, kind in _KINDS if pattern.match(head)), None)
    if kind is _ZIP:
        return next((inner for pattern, inner in _ZIPS if re.search(pattern, head)), kind)
    return kind or _word2vec(head) or _glove(head)


def _word2vec(head: bytes) -> Kind | None:
    """What word2vec writes: the number of words and that of dimensions, then a word and its vector."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    header = _HEADER.match(head)
    dim = int(header[2]) if header else 0
    if header is None or dim < _LEAST_DIM:
        return None
    values = head[header.end() :].partition(b"\n")[0].split()[1:]
    if len(values) == dim and all(map(_is_number, values)) and 2 * sum(b"." in value for value in values) > dim:
        return Kind("a file of vectors (word2vec's text format)", _VECTORS)
    space = head.find(b" ", header.end(), header.end() + 1000) + 1
    if space and len(head) >= space + 4 * dim:
        vector = np.frombuffer(head[space : space + 4 * dim], "<f4")
        lowest, highest = _VALUES
        if np.isfinite(vector).all() and lowest <= np.median(np.abs(vector.astype(np.float64))) <= highest:
            return Kind("a file of vectors (word2vec's binary format)", _VECTORS)
    return None


def _glove(head: bytes) -> Kind | None:
    """What GloVe writes: lines of a word and as many numbers, with a point, as in the other lines."""
    lines = [line.split() for line in head.split(b"\n", 2)[:2]]
    if len(lines) < 2 or len(lines[0]) != len(lines[1]) or len(lines[0]) < 1 + _LEAST_VALUES:
        return None
    if any(_is_number(word) or not all(b"." in value and _is_number(value) for value in rest) for word, *rest in lines):
        return None
    return Kind("a file of vectors (GloVe's text format)", _VECTORS)


def _is_number(token: bytes) -> bool:
    return re.fullmatch(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf)", token) is not None
