"""Whether the temporary folder has room for an encoded corpus: looked at before the corpus is read."""

import os
import shutil
import tempfile
import warnings

from firth.corpus.origin import Origin
from firth.corpus.reader import Say, TextReader
from firth.corpus.sources import total_size
from firth.errors import CorpusError, FirthError
from firth.settings import Reading

SMALL = 1 << 24
"""Files of fewer bytes together are read without a look at the disk."""

TOLD = 10**9
"""The bytes of an encoded corpus of which a user is told."""

SURE = 2.0
"""A corpus surely does not fit if an estimate of its bytes is this many times what is free."""


def check_disk(origin: Origin, reading: Reading, say: Say | None) -> None:
    """Tell what encoding files of text takes on disk, if that is much; `say` as `build_corpus` takes it.

    The bytes are estimated from the size of all files and the first tokens. Raises CorpusError if they surely do not
    fit into the temporary folder; warns if they may not.
    """
    if not isinstance(origin, TextReader) or callable(reading.tokenizer):
        return
    stored = total_size(origin.files)
    if stored is None or stored < SMALL:
        return
    folder = os.fspath(reading.tmp or tempfile.gettempdir())
    try:
        free = shutil.disk_usage(folder).free
    except OSError:  # which writing there reports
        return
    need = stored * _bytes_for_each(origin.files[0], reading)
    takes = f"{origin.name}: the encoded corpus takes about {need / 1e9:.1f} GB in {folder}"
    advice = "free some space, or choose a folder on another disk (--tmp, or tmp= in Python)"
    if need > SURE * free:
        raise CorpusError(f"{takes}, where {free / 1e9:.1f} GB are free: {advice}")
    if need > free:
        warnings.warn(f"{takes}, where {free / 1e9:.1f} GB are free, so it may not fit: {advice}", stacklevel=5)
    elif say is not None and (need > TOLD or 2 * need > free):
        say(f"{takes}, where {free / 1e9:.1f} GB are free")


def _bytes_for_each(file: str, reading: Reading) -> float:
    """The bytes of the encoded corpus for each stored byte of a file, from the first that are read at a time.

    They are four for each token and each end of a line, and eight for where a line ends.
    """
    read: list[int] = []
    reader = TextReader([file], reading, lambda done, total: read.append(done))
    need = 0
    try:
        for block in (block for blocks in reader.blocks_of_files() for block in blocks):
            if read and read[-1] > read[0]:
                break
            need += 4 * len(block.split()) + 12 * block.count(b"\n")
    except FirthError:  # which reading the corpus reports
        return 0.0
    return need / max(read[-1] if read else 1, 1)
