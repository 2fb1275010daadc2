"""A call of a model's `train`: epochs, callbacks, the loss and the log."""

import logging
import time
import warnings
from collections.abc import Iterable
from typing import Any

from firth.errors import CorpusError
from firth.gensim._warnings import callers_level
from firth.sgd.trainer import SgdTrainer
from firth.training import EpochProgress

logger = logging.getLogger(__name__)


def run(model: Any, trainer: SgdTrainer, callbacks: Iterable[Any], report_delay: float) -> None:
    """Train to the end; callbacks find the model as it stands. Warns if there was no pair of words to train on."""
    callbacks, epochs = list(callbacks), trainer.config.epochs
    started = reported = time.monotonic()

    def call(name: str) -> None:
        for callback in callbacks:
            getattr(callback, name)(model)

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
        _take_over(model, trainer, bool(callbacks))
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
        _take_over(model, trainer, True)
    call("on_train_end")


def _take_over(model: Any, trainer: SgdTrainer, refresh: bool) -> None:
    """Make the model agree with its trainer: the loss, and with `refresh` what is computed from the matrices."""
    if model.compute_loss:
        done = sum((entry["loss"] or 0.0) * entry["pairs"] for entry in trainer.history)
        model.running_training_loss = done + trainer.state.loss
    if refresh:
        model._firth_refresh()
