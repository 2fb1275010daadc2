"""The command line: parse, make one call, print; errors become one line and an exit status.

Results go to standard output; messages and progress go to standard error.
"""

import _thread
import argparse
import contextlib
import errno
import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import TextIO

from firth import __version__, signals
from firth.app import (
    clusters,
    converting,
    documents,
    evaluation,
    graph,
    index,
    inferring,
    learning,
    queries,
    sharing,
    transforming,
    verifying,
)
from firth.app.options import unknown_option
from firth.errors import FirthError

NO_MEMORY = ("failed to map segment", "annot allocate memory")
"""What the loader of libraries says of too little memory."""

MEMORY_ADVICE = "give the machine or the process more, or make the work smaller (--dim, --max-vocab, --first)"

AGAIN_SECONDS = 0.05
"""After this time, a lost Ctrl-C is delivered again."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status.

    0; 1 for a FirthError; 2 for wrong usage; 130 after Ctrl-C, 143 after SIGTERM and 129 after SIGHUP.
    """
    sys.stdout, sys.stderr = _usable(sys.stdout), _usable(sys.stderr)
    own_process = arguments is None
    arguments = sys.argv[1:] if arguments is None else arguments
    signals.ended_by.clear()
    try:
        parser, commands = make_parser()
        command = commands.get(arguments[0]) if arguments else None
        if command is not None and (unknown := unknown_option(command, arguments[1:])):
            print(f"firth: error: {unknown}", file=sys.stderr)
            return 2
        options = parser.parse_args(arguments)
        with warnings.catch_warnings(), _interrupts_come_again(), signals.ending():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _show_warning
            status: int = options.command(options)
        sys.stdout.flush()
        return status
    except FirthError as error:
        print(f"firth: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        return _ended(interrupt, own_process)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        if own_process:
            _drop_output()
        return 0
    except (MemoryError, ImportError, OSError) as error:  # firth's own files have errors of their own
        if isinstance(error, ImportError) and (behind := _interrupt_behind(error)):
            return _ended(behind, own_process)
        told = _told(error)
        if own_process and _is_of_output(error):
            _drop_output()
        print(f"firth: error: {told}", file=sys.stderr)
        return 1


def make_parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of the command line, and those of the commands by name."""
    parser = argparse.ArgumentParser(prog="firth", description="Word vectors from your own data.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"firth {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    stages = (
        learning,
        queries,
        converting,
        documents,
        inferring,
        index,
        clusters,
        graph,
        transforming,
        evaluation,
        sharing,
        verifying,
    )
    for stage in stages:
        stage.add_commands(commands)
    return parser, dict(commands.choices)


def _usable(stream: TextIO | None) -> TextIO:
    """A stream that can be written to: a closed one takes nothing, a narrow encoding does not stop the output."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _ended(interrupt: KeyboardInterrupt, own_process: bool) -> int:
    """Say which signal ended the work; the exit status, with which a process of its own ends here."""
    number = interrupt.number if isinstance(interrupt, signals.Ended) else signal.SIGINT
    with contextlib.suppress(OSError):  # the terminal may be gone
        print(f"firth: {'interrupted' if number == signal.SIGINT else f'ended by {number.name}'}", file=sys.stderr)
    if own_process:
        _end_at_once(128 + number)
    return 128 + number


def _interrupt_behind(error: BaseException) -> KeyboardInterrupt | None:
    """The signal that a package which was being imported, such as numpy, has turned into an ImportError."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, KeyboardInterrupt):
            return behind
        behind = behind.__cause__ or behind.__context__
    return signals.Ended(signals.ended_by[0]) if signals.ended_by else None


def _end_at_once(status: int) -> None:
    """End the process without Python's own end: it takes a third of a second, and waits for the compiler."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)


def _told(error: MemoryError | ImportError | OSError) -> str:
    """What the system refused: memory, also for a library, or a file, or else what was printed."""
    if _lacks_memory(error):
        return f"not enough memory: {MEMORY_ADVICE}"
    if isinstance(error, ImportError) or (isinstance(error, OSError) and error.args and error.errno is None):
        return f"a package cannot be loaded ({error!s:.200}): install firth again"
    if _is_of_output(error):
        return f"cannot write to standard output: {getattr(error, 'strerror', None) or error}"
    return str(error)


def _is_of_output(error: BaseException) -> bool:
    """Whether an error is that of standard output: those of files have a name."""
    return isinstance(error, OSError) and error.filename is None and error.errno is not None


def _lacks_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, is of too little memory."""
    while error is not None:
        of_system = getattr(error, "errno", None) == errno.ENOMEM or any(sign in str(error) for sign in NO_MEMORY)
        if of_system or isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _drop_output() -> None:
    """Let what is still to be written to standard output go nowhere, without another error at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _interrupts_come_again() -> Iterator[None]:
    """Deliver a signal again that comes where Python cannot raise, such as in a callback of a C library."""
    before = sys.unraisablehook

    def again(lost: "sys.UnraisableHookArgs") -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            signals.was_lost()
            number = getattr(lost.exc_value, "number", signal.SIGINT)
            threading.Timer(AGAIN_SECONDS, _thread.interrupt_main, [number]).start()
        else:
            before(lost)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    with contextlib.suppress(OSError):
        print(f"firth: warning: {message}", file=sys.stderr)
