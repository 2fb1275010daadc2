"""Warnings of runs that learn next to nothing, and silence about all others."""

import random
import warnings

import pytest

import firth
from firth.corpus.encode import build_corpus
from firth.errors import CorpusError, FirthError
from firth.run.advice import check_not_diverged, check_result
from firth.settings import make_config
from firth.sgd.trainer import SgdTrainer

TREE, CBOW = {"loss": "hierarchical-softmax"}, {"architecture": "cbow"}
QUIET = {"min_count": 1, "threads": 1, "dim": 16, "quiet": True}

QUIET_SETTINGS = {name: value for name, value in QUIET.items() if name != "quiet"}


def baskets(n=1000, seed=1):
    """Lists of items of one of two kinds."""
    draw = random.Random(seed)
    kinds = [[f"{kind}{i}" for i in range(6)] for kind in "ab"]
    return [draw.sample(draw.choice(kinds), draw.randint(2, 4)) for _ in range(n)]


def heard(sentences, **settings):
    """The warnings of a run, and its vectors."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        vectors = firth.train(sentences, **QUIET | settings)
    assert all(one.filename == __file__ for one in caught)
    return [str(one.message) for one in caught], vectors


@pytest.mark.parametrize("kind", [{}, CBOW, TREE, CBOW | TREE, {"update": "per-pair"}, {"maxn": 3, "bucket": 50}])
def test_few_different_words_need_all_their_tokens(kind):
    """The default subsampling leaves little of a dozen items; with the advice taken they are learned."""
    told, _ = heard(baskets(), **kind)
    assert told[0].startswith("subsampling keeps 12% of 3,015 "), told
    assert "tokens: give subsample 0 (--subsample 0), as for items" in told[0]
    told, vectors = heard(baskets(), **kind, subsample=0)
    assert told == []
    if "maxn" not in kind and "architecture" not in kind:
        near = [word for word, _ in vectors.neighbors("a1", k=5)]
        assert sorted(near) == ["a0", "a2", "a3", "a4", "a5"]


def test_lines_of_one_word_are_documents_with_a_pair_each():
    single = [["a"], ["b"]] * 600
    with pytest.raises(CorpusError, match="there is no pair of words to train on: each of the 1,200 lines"):
        firth.train(single, **QUIET)
    told, vectors = heard(single, documents=True, subsample=0, lr=0.1)
    assert (told, len(vectors.documents)) == ([], 1200)


def test_the_share_that_subsampling_keeps_is_exact():
    sentences = [["a", "b", "a", "c"]] * 500
    keep = {word: (1e-3 / share) ** 0.5 + 1e-3 / share for word, share in (("a", 0.5), ("b", 0.25), ("c", 0.25))}
    share = (2 * keep["a"] + keep["b"] + keep["c"]) / 4
    told, _ = heard(sentences)
    assert told[0].startswith(f"subsampling keeps {100 * share:.2g}% of 2,000 tokens")
    assert not any("subsampling keeps" in line for line in heard(sentences, subsample=0.1)[0])


def test_a_run_with_few_pairs_names_their_number_and_what_makes_more():
    told, vectors = heard([["the", "cat", "sat"], ["the", "dog", "sat"]], subsample=0, window=1, epochs=3)
    assert sum(entry["pairs"] for entry in vectors.history) == 24
    assert told == [
        "the run had 24 pairs of words in all, too few to learn from: give more text, or more epochs (--epochs) than 3"
    ]
    told, _ = heard(baskets(100))
    assert "too few to learn from: give subsample 0 (--subsample 0), as 12% of the tokens are kept now" in told[1]
    assert heard([["the", "cat", "sat"], ["the", "dog", "sat"]], subsample=0, window=1, epochs=125)[0] == []
    two = [["a", "b"]] * 500
    assert heard(two, subsample=0, epochs=1, lr=0.5)[0] == []
    assert len(heard(two[1:], subsample=0, epochs=1, lr=0.5)[0]) == 1


@pytest.mark.parametrize("kind", [{}, CBOW, TREE, CBOW | TREE, {"negatives": 1}, {"maxn": 3, "bucket": 50}])
@pytest.mark.parametrize("lr", [1e-30, 1e-6])
def test_a_loss_that_has_not_moved_names_the_learning_rate(kind, lr):
    told, vectors = heard(baskets(), **kind, subsample=0, lr=lr, min_lr=0)
    loss = vectors.history[-1]["loss"]
    assert told == [
        f"the loss, {loss:.4f} nats a pair, has not moved from that of untrained vectors: "
        f"give a higher lr (--lr) than {lr:g}, or more epochs (--epochs) than 5"
    ]


def test_subsampling_is_named_where_it_holds_the_loss_still():
    sentences = baskets()
    told, _ = heard(sentences, subsample=0.006, lr=1e-30, min_lr=0)
    assert len(told) == 1
    assert "vectors: give subsample 0 (--subsample 0), as 34% of" in told[0]


def test_exact_training_that_stands_still_is_a_warning_and_whatever_it_keeps_is_not():
    told, _ = heard(baskets(), loss="softmax", dim=2, lr=1e-30, min_lr=1e-30)
    assert len(told) == 1
    assert "has not moved" in told[0]
    assert "higher lr (--lr) than 1e-30" in told[0]
    assert heard(baskets(), loss="softmax")[0] == []
    assert heard([["a", "b"]] * 9, loss="softmax")[0] == []  # there is nothing more to learn


def test_a_subsampling_that_keeps_nothing_warns_before_the_error():
    with (
        pytest.warns(UserWarning, match=r"^subsampling keeps 0\.0003\d% of 3,015 tokens"),
        pytest.raises(CorpusError, match="keep all tokens with"),
    ):
        firth.train(baskets(), subsample=1e-12, **QUIET)


def test_lines_of_a_single_token_have_no_pairs(monkeypatch):
    monkeypatch.setattr("firth.run.advice.LINES_AT_ONCE", 7)
    lines = [["a", "b"]] * 9 + [["a"], ["b"]] * 45
    told, _ = heard(lines, subsample=0, epochs=100)
    assert len(told) == 1
    assert told[0].startswith("91% of the 99 lines have a single token that is kept, and so no pairs: is every line a")
    assert "(--tokenizer)" in told[0]
    assert "--column" not in told[0]
    assert heard([*lines, ["a", "b"]], subsample=0, epochs=100)[0] == []  # 90 of 100
    for loss in ("negative-sampling", "softmax"):
        with pytest.raises(
            CorpusError, match=r"no pair of words .* each of the 90 lines has a single token.*--tokenizer"
        ):
            firth.train(lines[9:], loss=loss, **QUIET)


def test_a_run_from_other_vectors_is_not_judged_by_its_loss():
    old = firth.train(baskets(), subsample=0, **QUIET)
    assert heard(baskets(3), from_=old, subsample=0, lr=1e-30, min_lr=0, epochs=1)[0] == []


def test_a_run_from_other_vectors_that_has_not_moved_says_so():
    old = firth.train(baskets(), subsample=0, **QUIET)
    settings = {"from_": old, "subsample": 0, "epochs": 1}
    assert heard(baskets(), **settings, lr=1e-30, min_lr=0)[0] == [
        "the vectors have not moved from those that the run began with: give a higher lr (--lr) than 1e-30, or more "
        "epochs (--epochs) than 1"
    ]
    assert heard(baskets(), **settings, lr=1e-4)[0] == []
    assert heard(baskets(), **settings, lr=1e-30, min_lr=0, freeze="all")[0] == []


@pytest.mark.parametrize(
    ("kind", "lr"),
    [({"loss": "softmax"}, 10.0), ({"negatives": 1}, 2.0), (CBOW, 30.0), (TREE, 3.0)],
    ids=str,
)
def test_a_loss_above_that_of_equal_probabilities_is_an_error(kind, lr):
    found = "above that of equal probabilities|nats a pair|NaN"
    draw = random.Random(1)
    sentences = [[str(draw.randrange(50)) for _ in range(10)] for _ in range(300)]
    with pytest.raises(FirthError, match=rf"training diverged.*({found}).*{lr:g}"):
        firth.train(sentences, **QUIET, **kind, lr=lr, min_lr=lr, subsample=0, window=3)


def test_the_loss_of_equal_probabilities_is_that_of_untrained_vectors():
    """A first epoch with hardly a step has it; a tree may be worse than equal probabilities."""
    draw = random.Random(1)
    sentences = [[str(min(draw.randrange(1, 30), draw.randrange(1, 30))) for _ in range(10)] for _ in range(300)]
    for kind in ({"negatives": 3}, CBOW, TREE, CBOW | TREE, {"loss": "negative-sampling+hierarchical-softmax"}):
        config = make_config(QUIET_SETTINGS | kind | {"lr": 1e-30, "min_lr": 0.0, "epochs": 1, "subsample": 0.1})
        with build_corpus(sentences, min_count=1) as corpus:
            trainer = SgdTrainer(corpus, config)
            trainer.run(lambda progress: None)
            assert trainer.history[0]["loss"] == pytest.approx(trainer.untrained_loss, rel=0.01)
            assert trainer.chance_loss >= trainer.untrained_loss * 0.9999


class Run:
    """What a run is judged by."""

    def __init__(self, losses, pairs=10**6, loss="negative-sampling", chance=2.0, untrained=2.0):
        self.config = make_config({"loss": loss, "epochs": len(losses)})
        self.history = [{"loss": one, "pairs": pairs} for one in losses]
        self.chance_loss, self.untrained_loss, self.has_stood_still = chance, untrained, False

    def judge(self, start=None):
        """The warning that it gives, or None."""
        with build_corpus(baskets(), min_count=1) as corpus, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            check_not_diverged(self, start, len(self.history), None)
            check_result(self, corpus, self, start, (), self.has_stood_still)
        return str(caught[0].message) if caught else None


def test_what_is_worse_than_its_start_is_told():
    assert Run([1.5, 1.4]).judge() is None
    assert "has risen from 1.5000 in the first epoch: give a lower lr" in Run([1.5, 1.6]).judge()
    with pytest.raises(FirthError, match=r"2\.1000 nats a pair, is above that of equal probabilities, 2\.0000; give"):
        Run([2.2, 2.1]).judge()
    assert Run([2.2, 2.03]).judge() is None  # a mean over pairs that were drawn
    worse = Run([3.5, 3.4], loss="softmax", chance=4.0, untrained=3.0)
    assert "3.4000 nats a pair, is above that of untrained vectors, 3.0000: give a lower lr" in worse.judge()


def test_a_run_from_vectors_that_were_worse_than_chance_is_no_error():
    other = firth.train(baskets(), subsample=0, **QUIET)
    assert "is above that of equal probabilities, 2.0000: give" in Run([9.0, 5.0]).judge(other)
    with pytest.raises(FirthError, match="is above that of equal probabilities"):
        Run([3.0, 5.0]).judge(other)


def test_what_the_vocabulary_leaves_out_is_said(capsys):
    rare = [[*basket, f"once{i}"] for i, basket in enumerate(baskets())]
    tokens = sum(map(len, rare))
    settings = {"threads": 1, "dim": 4, "epochs": 1, "subsample": 0}
    firth.train(rare, max_vocab=10, **settings)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == (
        f"left out 1,000 words that occur fewer than 5 times: 1,000 tokens, {100_000 / tokens:.0f}% of all; "
        "min_count (--min-count)"
    )
    assert lines[2].startswith("left out 2 words so that 10 remain: ")
    firth.train(rare, **settings, quiet=True)
    assert capsys.readouterr().err == ""
    firth.train(baskets(), **settings)
    assert "left out" not in capsys.readouterr().err


def test_most_tokens_left_out_is_a_warning_and_no_line(capsys):
    walks = [[f"n{i}" for i in range(start, start + 9)] for start in range(0, 900, 9)] + [["x", "y"] * 40] * 10
    settings = {"threads": 1, "dim": 4, "epochs": 1, "subsample": 0}
    with pytest.warns(
        UserWarning, match=r"^left out 900 words .*: 900 tokens, 53% of all; .*a lower min_count"
    ) as caught:
        firth.train(walks, **settings)
    assert [one.filename for one in caught] == [__file__]
    assert "left out" not in capsys.readouterr().err
    with pytest.warns(UserWarning, match=r"^left out 900 words") as caught, firth.cooccurrences(walks) as counts:
        assert counts.words == ["x", "y"]
    assert [one.filename for one in caught] == [__file__]
    firth.cooccurrences(walks, min_count=1).close()
