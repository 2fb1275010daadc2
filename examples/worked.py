"""One small corpus, trained three ways: which optimum each reaches, in numbers.

python examples/worked.py

Batch gradient descent on the naive softmax and SGD with negative sampling are written here with the formulas of
`firth.reference`, in float64; the exact trainer is `firth.train(..., loss="softmax")`. The derivation is in
docs/derivation.md.
"""

import random

import numpy as np

import firth
from firth import reference

WINDOW, NEGATIVES = 2, 5
TOPICS = [
    (["king", "queen"], ["rules", "reigns"]),
    (["cook", "baker"], ["stirs", "tastes"]),
    (["sailor", "captain"], ["sails", "steers"]),
]
"""The nouns and the verbs of each topic; of two words the first comes three times as often."""


def corpus(sentences=800, seed=1):
    """Lists of six words: noun, verb, noun, verb, noun, verb; four in five from the sentence's own topic."""
    draw = random.Random(seed)
    made = []
    for _ in range(sentences):
        own = draw.choice(TOPICS)
        topics = [own if draw.random() < 0.8 else draw.choice(TOPICS) for _ in range(6)]
        made.append([draw.choices(topic[i % 2], [3, 1])[0] for i, topic in enumerate(topics)])
    return made


def pairs_of(sentences, words):
    """(center id, outside id) of every pair of the windows."""
    ids = {word: i for i, word in enumerate(words)}
    pairs = []
    for sentence in sentences:
        numbers = [ids[word] for word in sentence]
        for t, center in enumerate(numbers):
            pairs += [(center, outside) for outside in reference.window_ids(numbers, t, WINDOW)]
    return pairs


def start(n, dim, seed):
    """V and U with a column more: that of V is held at 1, so that the last column of U is the bias b."""
    rng = np.random.default_rng(seed)
    centers, outsides = rng.normal(scale=0.5, size=(n, dim)), rng.normal(scale=0.5, size=(n, dim))
    return np.hstack([centers, np.ones((n, 1))]), np.hstack([outsides, np.zeros((n, 1))])


def batch_gradient_descent(counts, dim, steps=10_000, step=5.0, seed=1):
    """The scores (n, n) z[c, w] = u_w·v_c + b_w after `steps` steps down the gradient of the mean over all pairs."""
    centers, outsides = start(len(counts), dim, seed)
    for _ in range(steps):
        _, grad_centers, grad_outsides = reference.exact_objective(centers, outsides, counts)
        grad_centers[:, -1] = 0.0
        centers -= step * grad_centers / counts.sum()
        outsides -= step * grad_outsides / counts.sum()
    return centers @ outsides.T


def negative_sampling(pairs, noise, dim, epochs=3, step=0.1, seed=1):
    """The scores (n, n) z[c, w] = u_w·v_c after SGD, a pair a step, the step falling to nothing."""
    n = len(noise)
    centers, outsides = (matrix[:, :dim] for matrix in start(n, dim, seed))
    rng = random.Random(seed)
    draw = iter(rng.choices(range(n), noise, k=2 * NEGATIVES * epochs * len(pairs))).__next__
    for done in range(epochs * len(pairs)):
        center, outside = pairs[rng.randrange(len(pairs))]
        negatives = reference.sample_negatives(outside, draw, NEGATIVES)
        _, grad_center, grad_outsides = reference.negative_sampling(centers[center], outside, outsides, negatives)
        rate = step * (1 - done / (epochs * len(pairs)))
        centers[center] -= rate * grad_center
        outsides -= rate * grad_outsides
    return centers @ outsides.T


def expected_negatives(counts, noise):
    """M (n, n): how often an epoch draws w as a negative for center c, in the mean; never for the outside word w."""
    n = len(noise)
    chance = noise / (1 - noise)[:, None] * (1 - np.eye(n))  # of w, in the row of the outside word
    return NEGATIVES * counts @ chance


def exact_trainer(sentences, words, dim):
    """The scores (n, n) z[c, w] = u_w·v_c + b_w of the vectors that `firth.train` learns from the sentences."""
    settings = {"dim": dim, "window": WINDOW, "fixed_window": True, "subsample": 0, "min_count": 1, "mix": 0}
    vectors = firth.train(sentences, loss="softmax", epochs=200, quiet=True, **settings)
    scores = vectors.center.astype(np.float64) @ vectors.outside.T + vectors.bias
    order = [vectors.words.index(word) for word in words]
    return scores[np.ix_(order, order)]


def measure(scores, counts):
    """(mean loss of a pair in nats, the same above its floor H(p), the model's distributions ŷ (n, n))."""
    totals = counts.sum(axis=1)
    truth, model = counts / totals[:, None], reference.softmax(scores)
    loss = totals @ reference.cross_entropy(truth, model) / totals.sum()
    return loss, loss - totals @ reference.entropy(truth) / totals.sum(), model


def negative_sampling_loss(scores, counts, drawn):
    """The expected loss of negative sampling (nats a pair) when every pair of words has the score given."""
    losses = counts * reference.log_sigmoid(scores) + drawn * reference.log_sigmoid(-scores)
    return -losses.sum() / counts.sum()


def main():
    """Print the tables; return {dim: {name: (loss, above the floor, ŷ)}} and the losses of negative sampling."""
    sentences = corpus()
    words = sorted({word for sentence in sentences for word in sentence})
    n, pairs = len(words), pairs_of(sentences, words)
    counts = np.zeros((n, n))
    np.add.at(counts, tuple(np.transpose(pairs)), 1)
    noise = reference.noise_distribution(np.bincount([words.index(word) for line in sentences for word in line]), 0.75)
    drawn = expected_negatives(counts, noise)
    print(f"{len(sentences)} sentences, {n} words, {len(pairs):,} pairs; every two words meet at least once\n")

    results, own = {}, {}
    for dim, room in ((n, "room enough for every score"), (2, "too few for this corpus")):
        sampled = negative_sampling(pairs, noise, dim)
        scores = {
            "batch gradient descent": batch_gradient_descent(counts, dim),
            "exact trainer": exact_trainer(sentences, words, dim),
            "negative sampling, SGD": sampled,
        }
        if dim == n:
            scores["negative sampling, optimum"] = np.log(counts / drawn)
            scores["negative sampling + log M"] = sampled + np.log(drawn)
        results[dim] = {name: measure(z, counts) for name, z in scores.items()}
        own[dim] = negative_sampling_loss(sampled, counts, drawn)
        print(f"dimension {dim}: {room}")
        print(f"{'':26}{'nats a pair':>13}{'above H(p)':>13}{'largest |ŷ - ŷ of the first|':>31}")
        first = results[dim]["batch gradient descent"][2]
        for name, (loss, gap, model) in results[dim].items():
            print(f"{name:26}{loss:13.7f}{gap:13.1e}{np.abs(model - first).max():31.1e}")
        print()
    own["optimum"] = negative_sampling_loss(np.log(counts / drawn), counts, drawn)
    print(f"the loss of negative sampling itself: {own[n]:.3f} with dimension {n}, {own[2]:.3f} with 2; ", end="")
    print(f"its optimum is {own['optimum']:.3f}")
    return results, own


if __name__ == "__main__":
    main()
