"""What a user sees of long work: one line an epoch, and on a terminal a bar with the time left, on standard error.

The lines go to the logger "firth" too, also those of quiet runs. Off a terminal, and in the log, a line a minute says
how far the work is.
"""

import contextlib
import logging
import math
import sys
import time
from types import TracebackType
from typing import Any, Self

from firth.native.compiling import announcing
from firth.training import EpochProgress, PartProgress, PassProgress, Progress

LOGGER = logging.getLogger("firth")

SECONDS_BETWEEN_LINES = 60.0
"""After so long without a line, one says how far the work is."""


class Display:
    """Shows reading, counting and training; use it in a `with`."""

    def __init__(self, quiet: bool) -> None:
        """Show nothing if `quiet`, and no bar unless standard error is a terminal."""
        self._quiet = quiet
        self._terminal = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._bar: Any = None
        self._start = self._last_line = time.monotonic()
        self._stage: tuple[str, float, int] = "", 0.0, 0  # what is under way, since when, and how much was done then
        self._announcing = announcing(self.say)

    def __enter__(self) -> Self:
        """The display; inside the `with` it says when code is compiled."""
        self._announcement = self._announcing.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar from the terminal."""
        self._close()
        self._announcing.__exit__(kind, error, trace)

    def reading(self, done: int, total: int | None) -> None:
        """Show how far reading is: in bytes, or in sentences where `total` is None."""
        unit = "sentences" if total is None else "B"
        self._show("reading", done, total, unit)

    def joining(self, done: int, total: int) -> None:
        """Show how far a search of the corpus for phrases is, in ids."""
        if self._bar is not None and self._bar.desc != "phrases":
            self._close()
        self._show("phrases", done, total, "ids")

    def read(self, tokens: int, words: int) -> None:
        """Print how much was read."""
        self._close()
        seconds = time.monotonic() - self._start
        self.say(f"read {tokens:,} tokens in {seconds:.1f} s; {words:,} words in the vocabulary")

    def read_tags(self, lines: int, learned: int, tags: int | None) -> None:
        """Print how many documents there are, how many tags they have, and of how many nothing can be learned."""
        self._close()
        self.say(f"{lines:,} document{'s'[: lines != 1]}" + ("" if tags is None else f", with {tags:,} different tags"))
        if lost := lines - learned:
            self.say(f"{lost:,} of them have no word of the vocabulary: nothing is learned of their vectors")

    def read_documents(self, lines: int, known: int, tokens: int, unknown: int) -> None:
        """Print how many lines and tokens were read, and what of them is known."""
        self._close()
        seconds = time.monotonic() - self._start
        self.say(
            f"read {lines:,} line{'s'[: lines != 1]} and {tokens:,} tokens in {seconds:.1f} s: "
            f"{100 * known / max(tokens, 1):.1f}% of the tokens have a vector"
        )
        if unknown:
            self.say(f"{unknown:,} line{'s have' if unknown > 1 else ' has'} no known word: the vector is zero")

    def counting(self, done: int, total: int) -> None:
        """Show how far counting pairs is, in tokens."""
        self._show("counting", done, total, "tokens")

    def counted(self, pairs: int, seconds: float) -> None:
        """Print how many pairs were counted, and how long that took."""
        self._close()
        self.say(f"counted {pairs:,} different pairs of words in {seconds:.1f} s")

    def scoring(self, done: int, total: int) -> None:
        """Show how much of a corpus is scored, in center words."""
        self._show("scoring", done, total, "words")

    def working(self, what: str, done: int, total: int | None, unit: str = "words") -> None:
        """Show how far something is."""
        self._show(what, done, total, unit)

    def opening(self, what: str, done: int, total: int) -> None:
        """Show how far reading or writing a file of vectors is: reading in bytes, all else in words."""
        self._show(what, done, total, "B" if what == "reading" else "words")

    def training(self, progress: Progress) -> None:
        """Show how far training is; print a line when an epoch ends."""
        match progress:
            case EpochProgress():
                self._show_epoch(progress)
            case PassProgress():
                self._show_pass(progress)
            case PartProgress():
                self._show(progress.part, round(100 * progress.share), 100, "%")

    def _show_epoch(self, progress: EpochProgress) -> None:
        loss = "no pairs" if progress.loss is None else f"loss {progress.loss:.4f}"
        if progress.loss is not None:  # the kernel is at work
            self._announcement.end()
        self._show("training", progress.tokens, progress.total_tokens, "tokens")
        if self._bar is not None:
            self._bar.set_postfix_str(f"{loss}, lr {progress.lr:.5f}", refresh=False)
        if progress.epoch_seconds is not None:
            speed = progress.total_tokens / progress.epochs / max(progress.epoch_seconds, 1e-9)
            unit = "" if progress.loss is None else " nats a pair"
            self.say(f"epoch {progress.epoch}/{progress.epochs}: {loss}{unit}, {speed / 1e6:.2f} million tokens/s")

    def _show_pass(self, progress: PassProgress) -> None:
        self._show("training", round(progress.flop), round(progress.total_flop), "flop")
        if progress.epoch_seconds is None or progress.loss is None:
            return
        if progress.last_stage:
            self.say(
                f"pass {progress.epoch}/{progress.epochs}: cross-entropy {progress.loss:.4f} nats a pair, "
                f"{progress.loss - progress.floor:.4f} above the corpus's own {progress.floor:.4f}, "
                f"perplexity {math.exp(progress.loss):,.1f}, {progress.epoch_seconds:.2f} s"
            )
        elif progress.epoch == progress.epochs:
            self.say(f"the {progress.words:,} most frequent words first: {progress.loss:.4f} nats a pair")

    def say(self, line: str) -> None:
        """Print a line, above the bar if there is one, and log it."""
        self._last_line = time.monotonic()
        LOGGER.info(line)
        if self._quiet or sys.stderr is None or _logged_to_standard_error():
            return
        try:
            if self._bar is not None:
                self._bar.write(line, file=sys.stderr)
            else:
                print(line, file=sys.stderr, flush=True)
        except OSError:  # standard error is closed, which must not stop the work
            self._quiet, self._terminal = True, False

    def _show(self, what: str, done: int, total: int | None, unit: str) -> None:
        self._say_how_far(what, done, total, unit)
        if not self._terminal:
            return
        try:
            self._move_bar(what, done, total, unit)
        except OSError:
            self._quiet, self._terminal = True, False

    def _say_how_far(self, what: str, done: int, total: int | None, unit: str) -> None:
        """Say how far the work is if nothing has been said for a minute; on a terminal only to the logger."""
        now = time.monotonic()
        if self._stage[0] != what:
            self._stage = what, now, done
        if now - self._last_line < SECONDS_BETWEEN_LINES:
            return
        _, begun, before = self._stage
        line = _how_far(what, done, total, unit, (done - before) / max(now - begun, 1e-9))
        if self._terminal:
            self._last_line = now
            LOGGER.info(line)
        else:
            self.say(line)

    def _move_bar(self, what: str, done: int, total: int | None, unit: str) -> None:
        if self._bar is not None and self._bar.desc != what:
            self._close()
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                desc=what,
                total=total,
                unit=" " + unit,
                unit_scale=True,
                leave=False,
                mininterval=0.1,
                file=sys.stderr,
            )
        self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            with contextlib.suppress(OSError):
                bar.close()


def _how_far(what: str, done: int, total: int | None, unit: str, rate: float) -> str:
    """How far work is, as a line: the share, the rate in units a second, and the time left."""
    from tqdm import tqdm

    parts = [f"{tqdm.format_sizeof(done)} {unit}" if not total else f"{100 * done / total:.0f}%"]
    if rate > 0 and unit != "%":
        parts.append(f"{tqdm.format_sizeof(rate)} {unit}/s")
    if rate > 0 and total:
        parts.append(f"{tqdm.format_interval((total - done) / rate)} left")
    return f"{what}: {', '.join(parts)}"


def _logged_to_standard_error() -> bool:
    """Whether the program's own logging prints the lines on standard error, where they must not come twice."""
    logger: logging.Logger | None = LOGGER
    if not LOGGER.isEnabledFor(logging.INFO):
        return False
    while logger is not None:
        for handler in logger.handlers:
            if handler.level <= logging.INFO and _prints(handler):
                return True
        logger = logger.parent if logger.propagate else None
    return False


def _prints(handler: logging.Handler) -> bool:
    """Whether a handler prints on standard error, as far as one can tell: handlers of other programs, as rich's, do."""
    if isinstance(handler, logging.FileHandler | logging.NullHandler):
        return False
    if not isinstance(handler, logging.StreamHandler):
        return True
    return any(handler.stream is stream for stream in (sys.stderr, sys.__stderr__) if stream is not None)
