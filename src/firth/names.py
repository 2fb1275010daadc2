"""The setting that an unknown name means: firth's own name spelled otherwise, or one of gensim's or fastText's."""

import difflib
from collections.abc import Callable, Iterable, Sequence

from firth.errors import ConfigError

SAME = {
    "dim": ("vector_size", "size", "layer1_size"),
    "epochs": ("iter", "epoch"),
    "lr": ("alpha",),
    "min_lr": ("min_alpha",),
    "threads": ("workers", "thread"),
    "negatives": ("negative", "neg"),
    "window": ("ws",),
    "subsample": ("sample", "t"),
    "max_vocab": ("max_final_vocab",),
    "from_": ("from", "pretrainedVectors", "inputModel"),
    "vocab": ("read_vocab",),
    "connectors": ("connector_words", "common_terms"),
    "phrase_score": ("scoring",),
    "phrase_threshold": ("threshold",),
    "score": ("scoring", "phrase_score"),
    "threshold": ("phrase_threshold",),
    "passes": ("phrases",),
    "on_epoch": ("callbacks", "callback"),
    "patience": ("early_stopping",),
    "k": ("topn", "top"),
}
"""Names of gensim, fastText and word2vec, by the setting of firth that does the same."""

OTHERWISE = {
    "sg": "give {architecture}: 'skipgram' for sg=1, 'cbow' for sg=0",
    "cbow": "give {architecture}: 'cbow' for cbow=1, 'skipgram' for cbow=0",
    "hs": "give {loss}: 'hierarchical-softmax' for hs=1, 'negative-sampling' for hs=0",
    "cbow_mean": "the mean is the default; {cbow_sum} takes the sum",
    "shrink_windows": "smaller windows are the default; {fixed_window} uses the whole one",
    "max_vocab_size": "all words are counted; {max_vocab} keeps the most frequent ones",
    "word_ngrams": "firth has no word n-grams: {phrases} joins words into phrases, {maxn} adds character n-grams",
    "lr_update_rate": "the learning rate falls with every token: leave it out",
    "min_count_label": "firth learns no labels: leave it out",
    "label": "firth learns no labels: leave it out",
    "batch_words": "firth has no batches of words: leave it out",
    "compute_loss": "the loss is always computed, see vectors.history: leave it out",
    "sorted_vocab": "words are always in the order of their counts: leave it out",
    "progress_per": "progress shows on its own; {quiet} hides it",
    "verbose": "messages are the default; {quiet} hides them",
    "sentences": "give the source as the first argument",
    "corpus_file": "give the source as the first argument",
    "corpus": "give the source as the first argument",
    "input": "give the source as the first argument",
    "train": "give the source as the first argument",
}
"""Names that no setting of firth is equal to, and what to do; a name in braces is a setting."""


def check_names(given: Iterable[str], known: Sequence[str]) -> None:
    """Raise ConfigError for the first name that is not known; the message says which one is meant."""
    for name in given:
        if name not in known:
            meant = meaning(name, known, repr) or f"the settings are {', '.join(known)}"
            raise ConfigError(f"unknown setting {name!r}: {meant}")


def meaning(name: str, known: Sequence[str], spelled: Callable[[str], str]) -> str:
    """What a user means by a name that is not among the known ones, in words; empty if nothing is like it.

    `spelled` writes a known name.
    """
    bare = _bare(name)
    for other in known:
        if _bare(other) == bare:
            return f"did you mean {spelled(other)}?"
        if bare in map(_bare, SAME.get(other, ())):
            return f"firth calls it {spelled(other)}"
    for other, advice in OTHERWISE.items():
        wanted = {setting: spelled(setting) for setting in known if f"{{{setting}}}" in advice}
        if _bare(other) == bare and len(wanted) == advice.count("{"):
            return advice.format(**wanted)
    swapped = [other for other in map(_bare, known) if sorted(other) == sorted(bare)]
    near = swapped or difflib.get_close_matches(bare, map(_bare, known), n=1)
    return f"did you mean {spelled(next(other for other in known if _bare(other) == near[0]))}?" if near else ""


def _bare(name: str) -> str:
    """A name without what its spelling differs in: capitals, underscores and hyphens."""
    return name.lower().replace("_", "").replace("-", "")
