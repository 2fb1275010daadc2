"""A call of a model's `train`: epochs, callbacks, the loss and the log."""

import dataclasses
import logging
import time
import warnings
from collections.abc import Iterable
from typing import Any

from firth.errors import CorpusError
from firth.gensim._errors import NotReadyError
from firth.gensim._warnings import callers_level
from firth.gensim.models._options import checked, falling
from firth.sgd.trainer import SgdTrainer
from firth.training import EpochProgress

logger = logging.getLogger(__name__)


def run(model: Any, trainer: SgdTrainer, callbacks: Iterable[Any], report_delay: float) -> None:
    """Train to the end; callbacks find the model as it stands. Warns if there was no pair of words to train on."""
    callbacks, epochs = list(callbacks), trainer.config.epochs
    started = reported = time.monotonic()
    counted = 0.0
    follow = _Following(model, trainer)

    def call(name: str) -> None:
        for callback in callbacks:
            getattr(callback, name)(model)
        if callbacks:
            follow()

    def take_over(refresh: bool) -> None:
        """Make the model agree with its trainer: the loss, and with `refresh` what is computed from the matrices."""
        nonlocal counted
        done = trainer.state.loss + sum((entry["loss"] or 0.0) * entry["pairs"] for entry in trainer.history)
        if model.compute_loss:
            model.running_training_loss += done - counted  # a callback may have set it back
        counted = done
        if refresh:
            model._firth_refresh()

    def on_progress(progress: EpochProgress) -> None:
        nonlocal reported
        now = time.monotonic()
        if progress.epoch_seconds is None and now - reported >= report_delay:
            reported = now
            speed = progress.tokens / max(now - started, 1e-9)
            share = 100 * progress.tokens / max(progress.total_tokens, 1)
            logger.info("EPOCH %i - PROGRESS: at %.2f%% of all epochs, %.0f words/s", progress.epoch - 1, share, speed)

    def on_epoch() -> bool:
        done = trainer.history[-1]
        take_over(bool(callbacks))
        logger.info(
            "EPOCH %i: training on %i raw words took %.1fs, loss %s nats a pair",
            *(done["epoch"] - 1, done["tokens"], done["seconds"], done["loss"]),
        )
        call("on_epoch_end")
        if trainer.epochs_done < epochs:
            call("on_epoch_begin")
        return False

    call("on_train_begin")
    call("on_epoch_begin")
    try:
        trainer.run(on_progress, on_epoch=on_epoch)
    except CorpusError as error:
        if any(entry["pairs"] for entry in trainer.history):
            raise
        warnings.warn(f"nothing was trained: {error}", UserWarning, stacklevel=callers_level())
    finally:
        model.total_train_time += time.monotonic() - started
        take_over(True)
    call("on_train_end")


class _Following:
    """Lets a run go on from what callbacks have made of its model."""

    def __init__(self, model: Any, trainer: SgdTrainer) -> None:
        self._model, self._trainer = model, trainer
        self._keys, self._weights = [list(keys) for keys in _keys_of(model)], model._firth_weights
        self._rates = model.alpha, model.min_alpha

    def __call__(self) -> None:
        """Take over vectors, locks and learning rates. Raises NotReadyError if the words or tags are others now."""
        model, trainer = self._model, self._trainer
        for before, now in zip(self._keys, _keys_of(model), strict=True):
            if now != before:
                raise NotReadyError(
                    f"a callback has changed the keys, from {len(before):,} to {len(now):,}, or their order: expected "
                    "the same keys from the beginning of train() to its end; change them between two calls"
                )
        model._firth_matrices(self._weights)
        trainer.frozen[0] = model._firth_frozen()
        if self._rates != (model.alpha, model.min_alpha):
            self._rates = model.alpha, model.min_alpha
            lr, min_lr = falling(checked("alpha", "lr", model.alpha), checked("min_alpha", "min_lr", model.min_alpha))
            trainer.config = dataclasses.replace(trainer.config, lr=lr, min_lr=min_lr)


def _keys_of(model: Any) -> list[list[Any]]:
    """The words of a model, and its tags where it has some."""
    return [getattr(model, name).index_to_key for name in ("wv", "dv") if hasattr(model, name)]
