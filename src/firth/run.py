"""`firth.train`: a source of text or token lists and settings in, word vectors out."""

import os
from typing import Any

from firth.config import make_config
from firth.corpus import build_corpus
from firth.progress import Display
from firth.trainer import Trainer
from firth.vectors import WordVectors


def train(
    source: Any,
    *,
    quiet: bool = False,
    temp: str | os.PathLike[str] | None = None,
    **settings: Any,
) -> WordVectors:
    """The word vectors learned from a corpus by skip-gram with negative sampling."""
    config = make_config(settings)
    with Display(quiet) as display:
        with build_corpus(
            source,
            min_count=config.min_count,
            max_vocab=config.max_vocab,
            lower=config.lower,
            tokenizer=config.tokenizer,
            errors=config.errors,
            folder=temp,
            progress=display.reading,
        ) as corpus:
            display.read(corpus.tokens, len(corpus.vocab), config.min_count)
            trainer = Trainer(corpus, config)
            trainer.run(display.training)
            return trainer.vectors()
