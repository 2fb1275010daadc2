"""The memory that this process may use: that of the machine, within the limits of its control groups and its own."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
STATUS = Path("/proc/self/status")
MACHINE = Path("/proc/meminfo")

_Files = tuple[str, str, str]
_VERSION_2: _Files = ("memory.max", "memory.current", "file")
_VERSION_1: _Files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache")
"""Where a control group keeps its limit and its use, and what memory.stat calls the page cache in it."""


def physical_memory() -> float:
    """The bytes of memory that this process may have in all; infinite where that is not known."""
    try:
        memory = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        memory = math.inf
    return min([memory, *(limit for limit, _ in _own_limits()), *(limit for limit, _ in _group_limits())])


def free_memory() -> float:
    """The bytes of memory that this process can still get; infinite where that is not known.

    Swap space counts, and so does the page cache, which the system gives back.
    """
    machine = _numbers(MACHINE)
    free = [float(machine["MemAvailable"] + machine.get("SwapFree", 0))] if "MemAvailable" in machine else []
    return max(0.0, min([math.inf, *free, *(limit - used for limit, used in (*_own_limits(), *_group_limits()))]))


def _own_limits() -> Iterator[tuple[float, float]]:
    """The limits of the process in bytes, and how much of each it has used."""
    try:
        import resource
    except ImportError:  # Windows
        return
    used = _numbers(STATUS)
    for kind, name in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
        limit = resource.getrlimit(kind)[0]
        if limit != resource.RLIM_INFINITY:
            yield float(limit), float(used.get(name, 0))


def _group_limits() -> Iterator[tuple[float, float]]:
    """The limits of the control groups that the process is in, in bytes, and how much of each is used."""
    try:
        lines = OWN_GROUPS.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    for _, kinds, group in (line.split(":", 2) for line in lines if line.count(":") > 1):
        if kinds and "memory" not in kinds.split(","):
            continue
        root, files = (GROUPS / "memory", _VERSION_1) if kinds else (GROUPS, _VERSION_2)
        own = root / group.strip("/")
        for folder in (own, *own.parents):
            yield from _limit_of(folder, files)
            if folder == root:
                break


def _limit_of(folder: Path, files: _Files) -> Iterator[tuple[float, float]]:
    limit, used, cached = files
    try:
        most = float((folder / limit).read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such group in a container, or "max": no limit
        return
    try:
        taken = float((folder / used).read_text(encoding="ascii"))
    except (OSError, ValueError):
        taken = 0.0
    yield most, max(0.0, taken - _numbers(folder / "memory.stat").get(cached, 0))


def _numbers(path: Path) -> dict[str, int]:
    """The numbers by name in a file of the system, those in kB made bytes; none where it cannot be read."""
    found = {}
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return {}
    for line in lines:
        name, number, *unit = (*line.replace(":", " ").split(), "", "")[:3]
        if number.isdecimal():
            found[name] = int(number) * (1024 if unit == ["kB"] else 1)
    return found
