"""Names of what firth puts beside a path while it writes there: its parts, and its lock.

A part of `NAME` is called `.NAME.HOST-PID-RANDOM.tmp`, its lock `.NAME.lock`. HOST is a digest of this host's name:
where locks hold on one host only, no process of another host takes such a part for abandoned. A name of more than
LONGEST bytes is cut, and a digest of it is added: no two paths share a name.
"""

import hashlib
import os
import platform
import re
import secrets

PART = ".tmp"
"""The ending of a file, or a folder, that is being written; the process that writes it keeps it locked."""

OLD = ".old"
"""The ending of a folder that is being replaced."""

LOCK = ".lock"

LONGEST = 90
"""Bytes of a name that are kept whole; some file systems take no more than 143 in all."""

HOST = hashlib.sha256(platform.node().encode(errors="replace")).hexdigest()[:8]

_OWNER = rf"\.{HOST}-[0-9]+-[0-9a-f]{{8}}"
_LOCK_TEXT = re.compile(rb"(process [0-9]+ on (?P<host>[^\n]*))?")


def part_of(name: str, ending: str = PART) -> str:
    """A new name for a part of a file or a folder."""
    return f".{_short(name)}.{HOST}-{os.getpid()}-{secrets.token_hex(4)}{ending}"


def lock_of(name: str) -> str:
    """The name of the lock of a file or a folder."""
    return f".{_short(name)}{LOCK}"


def lock_text() -> str:
    """What a lock file of this process holds."""
    return f"process {os.getpid()} on {platform.node()}"


def is_part(found: str, name: str | None = None, ending: str = PART) -> bool:
    """Whether a process of this host gave a part that name; with `name`, a part of that file or folder."""
    of = r"\..+" if name is None else re.escape(f".{_short(name)}")
    return re.fullmatch(of + _OWNER + re.escape(ending), found, re.DOTALL) is not None


def is_lock_text(text: bytes, here: bool = False) -> bool:
    """Whether a file that has the name of a lock holds what a lock does: of any host, or only of this one."""
    found = _LOCK_TEXT.fullmatch(text)
    return found is not None and not (here and found["host"] not in (None, platform.node().encode(errors="replace")))


def _short(name: str) -> str:
    encoded = os.fsencode(name)
    if len(encoded) <= LONGEST:
        return name
    begin = encoded[: LONGEST - 17].decode(errors="ignore")
    return f"{begin}~{hashlib.sha256(encoded).hexdigest()[:16]}"
