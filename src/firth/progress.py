"""What a user sees of long work, on standard error: a bar with an ETA on a terminal, a line an epoch everywhere."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from firth.trainer import Progress


class Display:
    """Shows reading and training; shows nothing when `quiet`."""

    def __init__(self, quiet: bool) -> None:
        """Show nothing if `quiet`, and no bar unless standard error is a terminal."""
        self._quiet = quiet
        self._terminal = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._bar: Any = None
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        """The display."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal clean."""
        self._close()

    def reading(self, done: int, total: int | None) -> None:
        """Show how far reading is: bytes done and in all, or sentences done."""
        unit = "sentences" if total is None else "B"
        self._show("reading", done, total, unit)

    def read(self, tokens: int, words: int, min_count: int) -> None:
        """Say what was read."""
        self._close()
        seconds = time.monotonic() - self._start
        self._say(f"read {tokens:,} tokens in {seconds:.1f} s; {words:,} words occur {min_count:,} times or more")

    def resumed(self, epochs: int) -> None:
        """Say that an earlier run goes on."""
        self._say(f"going on from the checkpoint after {epochs} finished epoch{'s' * (epochs != 1)}")

    def interrupted(self, checkpoint: object) -> None:
        """Say that the run stands in a checkpoint."""
        self._close()
        self._say(f"the run is saved in {checkpoint}: go on with --resume")

    def training(self, progress: Progress) -> None:
        """Show how far training is; say what an epoch that ended has brought."""
        self._show("training", progress.tokens, progress.total_tokens, "tokens")
        if self._bar is not None:
            self._bar.set_postfix_str(f"{_loss(progress)}, lr {progress.lr:.5f}", refresh=False)
        if progress.epoch_seconds is not None:
            speed = progress.total_tokens / progress.epochs / progress.epoch_seconds
            self._say(
                f"epoch {progress.epoch}/{progress.epochs}: {_loss(progress)} nats a pair, "
                f"{speed / 1e6:.2f} million tokens/s"
            )

    def _show(self, what: str, done: int, total: int | None, unit: str) -> None:
        if not self._terminal:
            return
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

    def _say(self, line: str) -> None:
        if self._quiet or sys.stderr is None:
            return
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr, flush=True)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _loss(progress: Progress) -> str:
    return "loss -" if progress.loss is None else f"loss {progress.loss:.4f}"
