"""Runs of firth that meet a fault, each in a process and in folders of its own, and what they leave.

A run is a fork of this process, which has imported firth, so that it costs no imports; a `fresh` one is a new process.
"""

import atexit
import contextlib
import errno
import os
import re
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

SECONDS = 120.0
"""A run that takes longer hangs."""
COMPILING_SECONDS = 1200.0
LONGEST_MESSAGE = 1000

FOLDERS = ("out", "checkpoint", "tmp", "home", "here", "cache")
OPERATIONS = {
    "open": "w",
    "os.rename": "w",
    "os.remove": "w",
    "os.mkdir": "w",
    "os.rmdir": "w",
    "os.truncate": "w",
    "os.link": "w",
    "os.listdir": "r",
    "os.scandir": "r",
}
"""The audit events of Python that are operations on files: those that write, and those that only read."""


class Ended(NamedTuple):
    """How a run ended. status: as a shell tells it. marks: the seconds at which it said its lines."""

    status: int
    said: str
    seconds: float
    marks: list[float]
    hung: bool


class Place:
    """The folders of one trial: all that a run writes is in them."""

    def __init__(self, parent: Path) -> None:
        self.root = Path(tempfile.mkdtemp(dir=parent))
        for name in FOLDERS:
            (self.root / name).mkdir()

    def __getattr__(self, name: str) -> Path:
        return self.root / name

    def remove(self) -> None:
        for name in FOLDERS:
            unmount(self.root / name)
        shutil.rmtree(self.root, ignore_errors=True)

    def files(self) -> dict[str, Path]:
        """All files and empty folders, by their path inside the place."""
        found = (path for name in FOLDERS for path in (self.root / name).rglob("*"))
        return {
            str(path.relative_to(self.root)): path
            for path in found
            if path.is_symlink() or not path.is_dir() or not any(path.iterdir())
        }

    def plain(self, text: str) -> str:
        """A message without what differs from trial to trial."""
        text = re.sub(rf"{re.escape(str(self.root))}/?", "", text)
        text = re.sub(r"/tmp/[\w.-]+/", "", text)
        return re.sub(r"(process |PID-|firth-)\d+", r"\1N", re.sub(r"on [\w.-]+\)", "on HOST)", text))


class Run:
    """A run of the command line under way."""

    def __init__(
        self,
        place: Place,
        arguments: Sequence[object],
        *,
        before: Callable[[], None] | None = None,
        fresh: bool = False,
        environment: Mapping[str, str | None] | None = None,
    ) -> None:
        """Begin; `before` is called in the process of the run. environment: what differs in it, None for removed."""
        self._text, self._marks = bytearray(), []
        self._descriptor, writing = os.pipe()
        self._started, self._closed = time.monotonic(), False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # OpenBLAS has threads, none of which holds a lock
            self.pid = os.fork()
        if self.pid == 0:
            os.close(self._descriptor)
            _child(place, [str(one) for one in arguments], writing, before, fresh, environment or {})
        os.close(writing)

    def wait(self, lines: int, seconds: float) -> None:
        """Wait until the run has said so many lines and so much time has gone by since, or it has ended."""
        while not self._closed and self._text.count(b"\n") < lines and time.monotonic() < self._started + SECONDS:
            self._read(0.5)
        until = time.monotonic() + seconds
        while not self._closed and (left := until - time.monotonic()) > 0:
            self._read(left)

    def send(self, number: int) -> None:
        """Send a signal."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def end(self, most: float = SECONDS) -> Ended:
        """Wait for the end; a run that takes longer than `most` seconds is killed."""
        until = self._started + most
        while not self._closed and (left := until - time.monotonic()) > 0:
            self._read(left)
        while (ended := os.waitpid(self.pid, os.WNOHANG))[0] == 0 and time.monotonic() < until:
            time.sleep(0.002)
        if hung := ended[0] == 0:
            self.send(signal.SIGKILL)
            ended = os.waitpid(self.pid, 0)
        os.close(self._descriptor)
        code = os.waitstatus_to_exitcode(ended[1])
        said = self._text.decode(errors="replace")
        return Ended(128 - code if code < 0 else code, said, time.monotonic() - self._started, self._marks, hung)

    def _read(self, seconds: float) -> None:
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return
        data = os.read(self._descriptor, 1 << 16)
        self._closed = not data
        self._text += data
        self._marks += [time.monotonic() - self._started] * data.count(b"\n")


def _child(
    place: Place,
    arguments: list[str],
    writing: int,
    before: Callable[[], None] | None,
    fresh: bool,
    environment: Mapping[str, str | None],
) -> NoReturn:
    status = 70
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(place.here)
        changed = {"HOME": str(place.home), "TMPDIR": str(place.tmp), "XDG_CACHE_HOME": None, **environment}
        for name, value in changed.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        tempfile.tempdir = None
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor, source in ((0, null), (1, null), (2, writing)):
            os.dup2(source, descriptor)
        if fresh:
            if before is not None:
                before()
            os.execve(sys.executable, [sys.executable, "-m", "firth", *arguments], dict(os.environ))
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1))
        atexit._clear()  # what the parent has registered is the parent's to do
        weakref.finalize._registered_with_atexit = False
        from firth.app.cli import main

        if before is not None:
            before()
        status = main(arguments)
        sys.stdout.flush()
        atexit._run_exitfuncs()
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        with contextlib.suppress(BaseException):
            os.write(2, traceback.format_exc().encode())
        status = 71
    os._exit(status)


def in_child(place: Place, function: Callable[[Callable[[str], None]], None]) -> Ended:
    """Call `function` in a forked process, with a function that says a line."""

    def instead() -> None:
        function(lambda line: void(os.write(2, f"{line}\n".encode())))
        os._exit(0)

    return Run(place, [], before=instead).end()


def void(_: object) -> None:
    """Drop a result."""


def at_operation(place: Place, folders: Iterable[str], number: int, act: Callable[[], None], once: bool) -> Any:
    """What makes a run call `act` before its operation of that number on files in the folders, and before all later.

    Returns the function for `before`. A relative path is one inside a folder that is being removed: it counts too.
    """
    inside = tuple(str(place.root / folder) for folder in folders)

    def install() -> None:
        count = -1

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal count
            if event not in OPERATIONS:
                return
            path = arguments[0]
            if isinstance(path, bytes):
                path = os.fsdecode(path)
            if not isinstance(path, str) or (os.path.isabs(path) and not path.startswith(inside)):
                return
            if event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
            if OPERATIONS[event] == "r":
                return
            count += 1
            if count == number or (count > number and not once):
                act()

        sys.addaudithook(hook)

    return install


def refuse(number: int) -> Callable[[], None]:
    """What refuses an operation on files as the system does, with this error."""

    def act() -> None:
        raise OSError(number, os.strerror(number))

    return act


def counting(place: Place, folders: Iterable[str]) -> Any:
    """What makes a run say `operations: N` at its end, those that `at_operation` counts."""
    count = 0

    def add() -> None:
        nonlocal count
        count += 1

    install = at_operation(place, folders, -1, add, once=False)

    def before() -> None:
        install()
        atexit.register(lambda: void(os.write(2, f"operations: {count}\n".encode())))

    return before


def kill_self() -> None:
    """End this process as the system does."""
    os.kill(os.getpid(), signal.SIGKILL)


def mount(folder: Path, size: int) -> bool:
    """Make a folder a disk of so many bytes in memory; return whether this user may."""
    return _system("mount", "-t", "tmpfs", "-o", f"size={max(size, 4096)}", "tmpfs", str(folder))


def remount(folder: Path, options: str) -> bool:
    """Change the options of a disk that `mount` made."""
    return _system("mount", "-o", f"remount,{options}", str(folder))


def unmount(folder: Path) -> None:
    """Take a disk away, if there is one."""
    if os.path.ismount(folder):
        _system("umount", "-l", str(folder))


def _system(*command: str) -> bool:
    program = shutil.which(command[0])
    if program is None or os.geteuid() != 0:
        return False
    null = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawn(program, command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 2)])
    os.close(null)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def wrong_words(ended: Ended, statuses: Iterable[int]) -> list[str]:
    """What is wrong with how a run ended and with what it said.

    An error is one line, the last: it begins with "firth: " and has at most `LONGEST_MESSAGE` characters.
    """
    if ended.hung:
        return [f"hangs: still at work after {SECONDS:.0f} s"]
    broken = []
    if ended.status not in statuses:
        broken.append(f"exit status {ended.status}, not {' or '.join(map(str, statuses))}")
    for word in ("Traceback", "Fatal Python", "Exception ignored", "LLVM ERROR"):
        if word in ended.said:
            broken.append(f"says {word}")
    lines = ended.said.splitlines()
    if ended.status == 1:
        last = lines[-1] if lines else ""
        if not last.startswith("firth: "):
            broken.append(f"no sentence at the end, but {last[:100]!r}")
        if sum(line.startswith("firth: error:") for line in lines) > 1:
            broken.append("more than one error")
    if (longest := max(map(len, lines), default=0)) > LONGEST_MESSAGE + 2 * 200:  # and the paths of the trial
        broken.append(f"a line of {longest:,} characters")
    return broken


def grow_old(place: Place) -> None:
    """Let two minutes go by for what a run has left: only then is a temporary folder without an owner litter."""
    then = time.time() - 120
    for path in (place.root / "tmp").iterdir():
        os.utime(path, (then, then))


def leftovers(place: Place, expected: Iterable[str]) -> list[str]:
    """The files in a place that are not expected; names are patterns of whole paths inside it."""
    patterns = [re.compile(pattern) for pattern in expected]
    extra = [name for name in place.files() if not any(one.fullmatch(name) for one in patterns)]
    # Python tries with a file of such a name whether it can write temporary files
    extra = [name for name in extra if name not in FOLDERS and not re.fullmatch(r"tmp/[a-z0-9_]{8}", name)]
    return [f"litter: {', '.join(sorted(extra)[:4])}"] if extra else []


ERRORS = {errno.ENOSPC: "full", errno.EROFS: "read-only", errno.EIO: "broken", errno.EACCES: "forbidden"}
"""How a disk may refuse, and in a word."""
