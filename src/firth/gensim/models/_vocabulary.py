"""Which words of a count stay: trim rules, least counts and largest numbers of words, as gensim has them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from firth.corpus.subsampling import keep_probabilities
from firth.gensim.models._reading import Key
from firth.gensim.utils import RULE_KEEP, keep_vocab_item

TrimRule = Callable[[Any, int, int], int | None]


class Chosen(NamedTuple):
    """The words that stay: n keys in their order, their counts, and the least count that was asked of them."""

    keys: list[Key]
    counts: npt.NDArray[np.int64]
    min_count: int


def pruned(raw: Mapping[Key, int], most: int | None, trim_rule: TrimRule | None) -> dict[Key, int]:
    """The most frequent `most` words of a count in its order, and all that the rule keeps.

    gensim prunes while it counts, so that its counts may be too small; these are exact.
    """
    if most is None or len(raw) <= most:
        return dict(raw)
    ranked = sorted(raw, key=lambda key: -raw[key])
    kept = set(ranked[: max(0, most)])
    if trim_rule is not None:
        kept |= {key for key in ranked[most:] if trim_rule(key, raw[key], raw[ranked[most - 1]] + 1) == RULE_KEEP}
    return {key: count for key, count in raw.items() if key in kept}


def choose(
    raw: Mapping[Key, int], min_count: int, max_final_vocab: int | None, trim_rule: TrimRule | None, ordered: bool
) -> Chosen:
    """The words of a count that stay.

    With `max_final_vocab` the least count is raised until no more words than this have it. `ordered`: the most frequent
    first, equal ones by first appearance; else all by that.
    """
    if max_final_vocab is not None and len(raw) > max_final_vocab:
        counts = sorted(raw.values(), reverse=True)
        min_count = max(min_count, counts[max_final_vocab] + 1)
    kept = [(key, count) for key, count in raw.items() if keep_vocab_item(key, count, min_count, trim_rule)]
    if ordered:
        kept.sort(key=lambda pair: -pair[1])
    return Chosen([key for key, _ in kept], np.array([count for _, count in kept], np.int64), min_count)


def report(raw: Mapping[Key, int], chosen: Chosen, sample: float) -> dict[str, int]:
    """What a choice leaves: words dropped and kept, and what subsampling leaves of the tokens, on average."""
    total = int(chosen.counts.sum())
    kept = keep_probabilities(chosen.counts, sample)
    return {
        "drop_unique": len(raw) - len(chosen.keys),
        "retain_total": total,
        "downsample_unique": int((kept < 1).sum()),
        "downsample_total": int((kept * chosen.counts).sum()),
        "num_retained_words": len(chosen.keys),
    }
