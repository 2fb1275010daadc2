"""gensim.models.callbacks: what a program does at certain moments of training."""

import warnings
from typing import Any


class CallbackAny2Vec:
    """The parent of a program's own callbacks: override what you need, and give objects of it as `callbacks=`.

    Each method is called with the model, whose `wv` it may read, and which it may save. `on_batch_begin` and
    `on_batch_end` are never called, as in gensim 4; a class that has one of them is warned of.
    """

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        never = [name for name in ("on_batch_begin", "on_batch_end") if name in vars(cls)]
        if never:
            warnings.warn(
                f"{cls.__name__}: {' and '.join(never)} {'are' if never[1:] else 'is'} never called, as in gensim 4: "
                "use on_epoch_begin or on_epoch_end",
                UserWarning,
                stacklevel=2,
            )

    def on_train_begin(self, model: Any) -> None:
        """Called when training begins."""

    def on_train_end(self, model: Any) -> None:
        """Called when training has ended."""

    def on_epoch_begin(self, model: Any) -> None:
        """Called before each epoch."""

    def on_epoch_end(self, model: Any) -> None:
        """Called after each epoch."""
