"""What a run does after each epoch: it scores its vectors, hands them to the user's function, and may stop there."""

import copy
import math
import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from firth.declaring import declared
from firth.display import Display
from firth.errors import ConfigError, quoted
from firth.evaluate import evaluate as score_on
from firth.evaluate import read
from firth.files.paths import AnyPath
from firth.settings import TrainOptions
from firth.training import Trainer
from firth.vectors.container import WordVectors
from firth.vectors.storage import Parts

Scores = dict[str, float | None]
Kept = tuple[int, WordVectors]
"""An epoch, and the vectors after it."""


class AfterEpoch:
    """The evaluation, the early stopping and the callback of one run.

    stopped: whether they ended the run.
    """

    def __init__(
        self,
        evaluate: AnyPath | Iterable[AnyPath] | None,
        patience: int | None,
        on_epoch: Callable[[WordVectors], object] | None,
    ) -> None:
        """Check the arguments of `firth.train`, and read the files. Raises ConfigError and FormatError."""
        self._patience: int | None = declared(TrainOptions)["patience"].checked(patience)
        if patience is not None and evaluate is None:
            raise ConfigError("patience waits for a better score on a file: give evaluate (--evaluate FILE) too")
        if on_epoch is not None and not callable(on_epoch):
            raise ConfigError(f"on_epoch is {quoted(on_epoch)}: expected a function that takes the vectors")
        self._on_epoch = on_epoch
        self._files = [read(path) for path in _paths(evaluate)]
        self._names = list(self._scores(_stand_in(["a"])))
        self._kept: Kept | None = None
        self._done = 0
        self.stopped = False

    def check_words(self, trainer: Trainer) -> None:
        """Raise ConfigError for a file of which a run knows too few words for a score."""
        if not self._files:
            return
        scores = self._scores(_stand_in(trainer.words))
        for name, score in scores.items():
            if score is None:
                raise ConfigError(
                    f"evaluate: {name} has no score: too few of its words are in this corpus's vocabulary, or all its "
                    "ratings are equal: name another file, or leave it out"
                )

    def epoch(self, trainer: Trainer, display: Display) -> bool:
        """Do what is to be done after an epoch, once; return whether the run is to stop."""
        if trainer.epochs_done == self._done or not (self._files or self._on_epoch):
            return False
        self._done = trainer.epochs_done
        vectors = trainer.vectors(display.training)
        if self._files:
            scores = self._scores(vectors)
            if self._patience is not None and scores[self._names[0]] is None:
                raise ConfigError(
                    f"{self._names[0]} has no score after epoch {self._done}, which patience waits for: name another "
                    "file (evaluate), or leave patience out"
                )
            trainer.history[-1]["scores"] = scores
            vectors.history[-1]["scores"] = dict(scores)
            shown = ", ".join(f"{name} {_percent(score)}" for name, score in scores.items())
            display.say(f"after epoch {self._done}: {shown}")
            self._keep(trainer, vectors)
        if self._wants_to_stop(vectors):
            display.say(f"on_epoch stopped the run after epoch {self._done} of {trainer.config.epochs}")
            self.stopped = True
        elif self._patience is not None and self._done - self._best(trainer) >= self._patience:
            self.stopped = True
        return self.stopped

    def kept(self, trainer: Trainer) -> Kept | None:
        """The best epoch so far and its vectors, if the run keeps them.

        Ctrl-C may come when the last epoch has its scores and is not kept yet: the trainer then stands at its end.
        """
        if self._patience is not None and self._best(trainer) == trainer.epochs_done > 0:
            self._keep(trainer, None)
        return self._kept

    def restore(self, trainer: Trainer, load_kept: Callable[[int], WordVectors]) -> None:
        """Go on with a trainer that was restored; `load_kept` gives the vectors of the best epoch."""
        best = self._best(trainer)
        if self._patience is not None and best:
            self._kept = best, load_kept(best)

    def result(self, trainer: Trainer, display: Display) -> WordVectors:
        """The vectors that the run ends with: those of the best epoch if it had patience, else the trainer's last."""
        kept = self.kept(trainer)
        if kept is None:
            return trainer.release(display.training)
        epoch, vectors = kept
        best = f"{_percent(_score(trainer.history[epoch - 1], self._names[0]))} on {self._names[0]}"
        of = f"of {trainer.config.epochs}"
        if self.stopped:
            display.say(f"stopped after epoch {trainer.epochs_done} {of}: best score {best} after epoch {epoch}")
        else:
            display.say(f"the vectors are those of epoch {epoch} {of}: best score {best}")
        history = copy.deepcopy(trainer.history)
        history[epoch - 1]["best"] = True
        return _with(vectors, trainer, history)

    def _keep(self, trainer: Trainer, vectors: WordVectors | None) -> None:
        """Keep the vectors of the last epoch if it is the best and not kept yet."""
        best = self._best(trainer)
        if self._patience is None or best != trainer.epochs_done or (self._kept and self._kept[0] == best):
            return
        self._kept = best, _with(vectors or trainer.vectors(), trainer, copy.deepcopy(trainer.history))

    def _best(self, trainer: Trainer) -> int:
        """The first epoch with the highest score on the first file; 0 if none has a score."""
        if not self._names:
            return 0
        scores = [_score(entry, self._names[0]) for entry in trainer.history]
        known = [score for score in scores if score is not None]
        return scores.index(max(known)) + 1 if known else 0

    def _scores(self, vectors: WordVectors) -> Scores:
        """The score on each file, by its name. Raises FormatError, and ConfigError for two of the same name."""
        scores: Scores = {}
        for file in self._files:
            if file.name in scores:
                raise ConfigError(
                    f"evaluate: two files are named {file.name}: rename one, the history has one score a name"
                )
            scores[file.name] = score_on(vectors, [file]).results[0].score.value
        return scores

    def _wants_to_stop(self, vectors: WordVectors) -> bool:
        answer = None if self._on_epoch is None else self._on_epoch(vectors)
        if answer is not None and not isinstance(answer, bool | np.bool_):
            raise ConfigError(f"on_epoch returned {answer!r:.100}: expected True to stop the run, else False or None")
        return bool(answer)


def _with(vectors: WordVectors, trainer: Trainer, history: list[dict[str, Any]]) -> WordVectors:
    """The same vectors with the settings of a run and this history, whatever a callback has done to their own."""
    parts: Parts = {**vectors.parts(), "config": trainer.config.as_dict(), "history": history}
    return WordVectors(**parts)


def _paths(evaluate: Any) -> list[AnyPath]:
    """The files to score vectors on."""
    if evaluate is None:
        return []
    if isinstance(evaluate, str | os.PathLike):
        return [evaluate]
    paths = list(evaluate) if isinstance(evaluate, Iterable) else []
    if not paths or not all(isinstance(path, str | os.PathLike) for path in paths):
        raise ConfigError(f"evaluate is {evaluate!r:.100}: expected a path or a list of paths")
    return paths


def _stand_in(words: list[str]) -> WordVectors:
    """Random vectors of these words: what cannot score them cannot score any others."""
    center = np.random.default_rng(0).standard_normal((len(words), 16)).astype(np.float32)
    return WordVectors(words, np.zeros(len(words), np.int64), center, None, {}, [])


def _score(entry: dict[str, Any], name: str) -> float | None:
    """A score in the history, which may come from a file of anyone's."""
    scores = entry.get("scores")
    score = scores.get(name) if isinstance(scores, dict) else None
    return score if type(score) is float and math.isfinite(score) else None


def _percent(score: float | None) -> str:
    return "-" if score is None else f"{100 * score:z.1f}"
