"""The mathematics of word2vec in float64 NumPy, written from the formulas: made to be read, not to be fast.

Notation: n words, dimension d, one row a word. `center_vecs` V and `outside_vecs` U have shape (n, d); v_c is
row c of V, u_w is row w of U, σ the sigmoid, ŷ the model's distribution, y the one-hot truth. Word ids count
from 0. Every loss is in nats. An id outside its matrix raises VocabularyError; that of a predicted word is for the pair
loss to check, which alone knows how many words it can predict.
"""

import heapq
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from firth.errors import VocabularyError

Array = npt.NDArray[np.float64]
Gradients = tuple[float, Array, Array]
DocumentGradients = tuple[float, Array, Array, Array]
PairLoss = Callable[[Array, int, Array], Gradients]
"""(center_vec (d,), outside_idx, outside_vecs (n, d)) -> loss, grad_center (d,), grad_outside (n, d)"""
TreePath = tuple[tuple[int, ...], tuple[int, ...]]
"""The inner nodes from the root to a word, and the bit of the branch taken at each."""

MOST_REDRAWS = 1_000_000


def sigmoid(x: npt.ArrayLike) -> Array:
    """σ(x) = 1 / (1 + exp(-x)), element by element, in the shape of x; never overflows. σ' = σ (1 - σ)."""
    x = np.asarray(x, dtype=np.float64)
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0, small) / (1.0 + small))


def log_sigmoid(x: npt.ArrayLike) -> Array:
    """Log σ(x) = min(x, 0) - log1p(exp(-|x|)), in the shape of x: finite where log(sigmoid(x)) is -inf."""
    x = np.asarray(x, dtype=np.float64)
    return np.asarray(np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x))))


def softmax(x: npt.ArrayLike) -> Array:
    """exp(x_i) / Σ_j exp(x_j) over the last axis, in the shape of x; never overflows."""
    return np.exp(_log_softmax(np.asarray(x, dtype=np.float64)))


def naive_softmax(center_vec: npt.ArrayLike, outside_idx: int, outside_vecs: npt.ArrayLike) -> Gradients:
    """Loss and gradients of one pair (c, o) under the softmax over all n words.

    J = -log ŷ_o = -u_o·v_c + logsumexp_w(u_w·v_c);  ∂J/∂v_c = Uᵀ(ŷ - y) (d,);  ∂J/∂U = (ŷ - y) v_cᵀ (n, d).
    """
    v, outside = _float64(center_vec), _float64(outside_vecs)
    (o,) = _word_ids([outside_idx], len(outside))
    log_p = _log_softmax(outside @ v)
    error = np.exp(log_p)
    error[o] -= 1.0
    return float(-log_p[o]), error @ outside, np.outer(error, v)


def negative_sampling(
    center_vec: npt.ArrayLike, outside_idx: int, outside_vecs: npt.ArrayLike, negatives: Sequence[int]
) -> Gradients:
    """Loss and gradients of one pair (c, o) against the words w_1..w_K of `negatives`; repeats add up.

    J = -log σ(u_o·v_c) - Σ_k log σ(-u_{w_k}·v_c);
    ∂J/∂v_c = (σ(u_o·v_c) - 1) u_o + Σ_k σ(u_{w_k}·v_c) u_{w_k}                                     (d,);
    ∂J/∂u_o = (σ(u_o·v_c) - 1) v_c;  ∂J/∂u_w = r_w σ(u_w·v_c) v_c with r_w = how often w was drawn;
    the rows of the other words are zero                                                            (n, d).
    """
    v, outside = _float64(center_vec), _float64(outside_vecs)
    (o,) = _word_ids([outside_idx], len(outside))
    drawn = _word_ids(negatives, len(outside))
    score, noise_scores = outside[o] @ v, outside[drawn] @ v
    loss = -log_sigmoid(score) - log_sigmoid(-noise_scores).sum()
    pull = -sigmoid(-score)  # σ(x) - 1 without cancellation
    push = sigmoid(noise_scores)
    grad_outside = np.zeros_like(outside)
    grad_outside[o] = pull * v
    np.add.at(grad_outside, drawn, np.outer(push, v))
    return float(loss), pull * outside[o] + push @ outside[drawn], grad_outside


def huffman(counts: Sequence[int]) -> list[TreePath]:
    """(nodes, bits) of every word, from the root to its leaf: the tree of least Σ_w count(w) · len(path of w).

    Join the two smallest of what is left until one is left (Huffman 1952): the first taken gets bit 1, the second bit
    0, their node the sum of their counts. Of equals a node comes before a word, a later word before an earlier one, an
    older node before a younger one, as in word2vec.c and fastText. The n - 1 nodes are numbered in the reverse order of
    their making: node 0 is the root, and counts fall. A word alone has an empty path. Raises VocabularyError for no
    counts or a negative one.
    """
    array = np.asarray(counts)
    if array.ndim != 1 or not array.size or array.dtype.kind not in "iu" or array.min() < 0:
        raise VocabularyError(f"counts are {counts!r}: expected at least one, all of them whole numbers from 0 up")
    n = len(array)
    heap: list[tuple[int, bool, int, list[int]]]  # (count, is a word, order among equals, the words below)
    heap = [(int(count), True, -word, [word]) for word, count in enumerate(array)]
    heapq.heapify(heap)
    nodes: list[list[int]] = [[] for _ in range(n)]
    bits: list[list[int]] = [[] for _ in range(n)]
    for made in range(n - 1):
        first, second = heapq.heappop(heap), heapq.heappop(heap)
        for taken, bit in ((first, 1), (second, 0)):
            for word in taken[3]:
                nodes[word].insert(0, n - 2 - made)
                bits[word].insert(0, bit)
        heapq.heappush(heap, (first[0] + second[0], False, made, first[3] + second[3]))
    return [(tuple(nodes[word]), tuple(bits[word])) for word in range(n)]


def hierarchical_softmax(
    center_vec: npt.ArrayLike, outside_idx: int, node_vecs: npt.ArrayLike, paths: Sequence[TreePath]
) -> Gradients:
    """Loss, grad_center (d,), grad_nodes (n - 1, d) of one pair (c, o), with a vector u_j for every node of a tree.

    P(o | c) = Π_j σ(s_j u_j·v_c) over the nodes j of the path of o, with s_j = 1 - 2 · bit_j; J = -log P(o | c);
    ∂J/∂v_c = -Σ_j s_j σ(-s_j u_j·v_c) u_j;  ∂J/∂u_j = -s_j σ(-s_j u_j·v_c) v_c; the other rows are zero.
    `paths` is as from `huffman`. `functools.partial` gives it to make a PairLoss of this.
    """
    v, node_rows = _float64(center_vec), _float64(node_vecs)
    if len(node_rows) != len(paths) - 1:
        raise VocabularyError(f"{len(node_rows)} node vectors for {len(paths)} words: expected one fewer than words")
    (o,) = _word_ids([outside_idx], len(paths))
    path, bits = paths[o]
    nodes, signs = _word_ids(path, len(node_rows)), 1.0 - 2.0 * np.array(bits, dtype=np.float64)
    scores = signs * (node_rows[nodes] @ v)
    errors = -signs * sigmoid(-scores)
    grad_nodes = np.zeros_like(node_rows)
    np.add.at(grad_nodes, nodes, np.outer(errors, v))
    return float(-log_sigmoid(scores).sum()), errors @ node_rows[nodes], grad_nodes


def hierarchical_probabilities(center_vec: npt.ArrayLike, node_vecs: npt.ArrayLike, paths: Sequence[TreePath]) -> Array:
    """P(w | c) of every word w under the hierarchical softmax, (n,): its sum is 1 whatever the vectors are."""
    losses = [hierarchical_softmax(center_vec, word, node_vecs, paths)[0] for word in range(len(paths))]
    return np.asarray(np.exp(-np.array(losses)))


def skipgram(
    center_idx: int,
    outside_idxs: Sequence[int],
    center_vecs: npt.ArrayLike,
    outside_vecs: npt.ArrayLike,
    pair_loss: PairLoss,
) -> Gradients:
    """Loss, grad_centers (n, d), grad_outsides (n, d) of one window: the center predicts each outside word.

    J = Σ_j J(c, w_j), its gradients are the sums of the pairs' gradients, and ∂J/∂v_w = 0 for every w but c.
    `outside_idxs` may repeat; without any, everything is zero.
    """
    centers, outside = _float64(center_vecs), _float64(outside_vecs)
    (c,) = _word_ids([center_idx], len(centers))
    loss, grad_centers, grad_outsides = 0.0, np.zeros_like(centers), np.zeros_like(outside)
    for o in outside_idxs:
        pair, grad_center, grad_outside = pair_loss(centers[c], o, outside)
        loss += pair
        grad_centers[c] += grad_center
        grad_outsides += grad_outside
    return loss, grad_centers, grad_outsides


def cbow(
    center_idx: int,
    outside_idxs: Sequence[int],
    center_vecs: npt.ArrayLike,
    outside_vecs: npt.ArrayLike,
    pair_loss: PairLoss,
    *,
    mean: bool = True,
) -> Gradients:
    """Loss, grad_centers (n, d), grad_outsides (n, d) of one window: the mean of its vectors predicts the center word.

    With h = (1/k) Σ_j v_{w_j} over the k words of `outside_idxs`:  J = J(h, c), and each w_j adds (1/k) ∂J/∂h to its
    row of `grad_centers`. Without `mean`, h is the sum, and each w_j adds ∂J/∂h. `outside_idxs` may repeat; without any
    there is nothing to predict with, and everything is zero.
    """
    centers, outside = _float64(center_vecs), _float64(outside_vecs)
    words = _word_ids(outside_idxs, len(centers))
    grad_centers = np.zeros_like(centers)
    if not len(words):
        return 0.0, grad_centers, np.zeros_like(outside)
    share = 1.0 / len(words) if mean else 1.0
    loss, grad_hidden, grad_outsides = pair_loss(share * centers[words].sum(axis=0), center_idx, outside)
    np.add.at(grad_centers, words, share * grad_hidden)
    return loss, grad_centers, grad_outsides


def both_losses(
    center_vec: npt.ArrayLike,
    outside_idx: int,
    output_vecs: npt.ArrayLike,
    negatives: Sequence[int],
    paths: Sequence[TreePath],
) -> Gradients:
    """Loss, grad_center (d,), grad_outputs (2 n - 1, d) of one pair under the sum of two losses.

    J = J of `negative_sampling` over the first n rows of `output_vecs`, those of words, plus J of
    `hierarchical_softmax` over the others, those of the nodes; so are its gradients.
    """
    outputs, n = _float64(output_vecs), len(paths)
    of_words = negative_sampling(center_vec, outside_idx, outputs[:n], negatives)
    of_nodes = hierarchical_softmax(center_vec, outside_idx, outputs[n:], paths)
    return of_words[0] + of_nodes[0], of_words[1] + of_nodes[1], np.concatenate([of_words[2], of_nodes[2]])


def pv_dbow(
    center_idx: int,
    outside_idxs: Sequence[int],
    tag_idxs: Sequence[int],
    center_vecs: npt.ArrayLike,
    document_vecs: npt.ArrayLike,
    outside_vecs: npt.ArrayLike,
    pair_loss: PairLoss,
) -> DocumentGradients:
    """Loss, grad_centers (n, d), grad_documents (m, d), grad_outsides of one window in a document.

    Le and Mikolov (2014), "Distributed representations of sentences and documents": each tag t of the document predicts
    the window's center word c through its vector d_t, and so does each outside word w:
    J = Σ_t J(d_t, c) + Σ_w J(v_w, c). Without `outside_idxs` this is PV-DBOW alone. Either may repeat.
    """
    centers, documents, outside = _float64(center_vecs), _float64(document_vecs), _float64(outside_vecs)
    loss, grad_outsides, grads = 0.0, np.zeros_like(outside), (np.zeros_like(centers), np.zeros_like(documents))
    for vecs, idxs, grad in ((centers, outside_idxs, grads[0]), (documents, tag_idxs, grads[1])):
        for i in _word_ids(idxs, len(vecs)):
            pair, grad_input, grad_outside = pair_loss(vecs[i], center_idx, outside)
            loss += pair
            grad[i] += grad_input
            grad_outsides += grad_outside
    return loss, *grads, grad_outsides


def pv_dm(
    center_idx: int,
    outside_idxs: Sequence[int],
    tag_idxs: Sequence[int],
    center_vecs: npt.ArrayLike,
    document_vecs: npt.ArrayLike,
    outside_vecs: npt.ArrayLike,
    pair_loss: PairLoss,
    *,
    combine: Literal["mean", "sum", "concatenation"] = "mean",
) -> DocumentGradients:
    """Loss, grad_centers (n, d), grad_documents (m, d), grad_outsides of one window in a document.

    Le and Mikolov (2014): one vector h of the k vectors d_t of the tags and v_w of the outside words predicts the
    center word c, J = J(h, c). Their mean or sum: each gets its share of ∂J/∂h, 1/k or all. Their concatenation, first
    the tags: h and the rows of `outside_vecs` have k d numbers, and each gets its part of ∂J/∂h. Both may repeat.
    """
    centers, documents, outside = _float64(center_vecs), _float64(document_vecs), _float64(outside_vecs)
    tags, words = _word_ids(tag_idxs, len(documents)), _word_ids(outside_idxs, len(centers))
    rows = np.concatenate([documents[tags], centers[words]])
    if combine == "concatenation":
        loss, grad_hidden, grad_outsides = pair_loss(rows.ravel(), center_idx, outside)
        grad_rows = grad_hidden.reshape(rows.shape)
    else:
        share = 1.0 / len(rows) if combine == "mean" else 1.0
        loss, grad_hidden, grad_outsides = pair_loss(share * rows.sum(axis=0), center_idx, outside)
        grad_rows = np.tile(share * grad_hidden, (len(rows), 1))
    grad_documents, grad_centers = np.zeros_like(documents), np.zeros_like(centers)
    np.add.at(grad_documents, tags, grad_rows[: len(tags)])
    np.add.at(grad_centers, words, grad_rows[len(tags) :])
    return loss, grad_centers, grad_documents, grad_outsides


def subword_vector(rows_of_word: Sequence[int], row_vecs: npt.ArrayLike) -> Array:
    """The vector (d,) of a word made of subwords: the mean of its rows r_1..r_m of R (rows, d), repeats included.

    Raises VocabularyError for a word without rows: it has no vector.
    """
    rows = _float64(row_vecs)
    ids = _word_ids(rows_of_word, len(rows))
    if not len(ids):
        raise VocabularyError("a word has no rows: expected at least one to take the mean of")
    return np.asarray(rows[ids].mean(axis=0))


def with_subwords(
    word_rows: Sequence[Sequence[int]], row_vecs: npt.ArrayLike, objective: Callable[[Array], Gradients]
) -> Gradients:
    """Loss, grad_rows (rows, d), grad_outsides of an objective of center vectors that are made of subwords.

    v_w = (1/m) Σ_i R[r_i] over the m rows of word w in `word_rows`, one sequence a word; `objective(center_vecs)` gives
    J and ∂J/∂v_w, and each r_i gets (1/m) ∂J/∂v_w from every word w that it is part of; repeats add up.
    """
    rows = _float64(row_vecs)
    loss, grad_centers, grad_outsides = objective(np.array([subword_vector(ids, rows) for ids in word_rows]))
    grad_rows = np.zeros_like(rows)
    for ids, grad_center in zip(word_rows, grad_centers, strict=True):
        np.add.at(grad_rows, _word_ids(ids, len(rows)), grad_center / len(ids))
    return loss, grad_rows, grad_outsides


def window_ids(ids: Sequence[int], position: int, window: int) -> list[int]:
    """The outside words of `ids[position]`: the ids at position + j, -window <= j <= window, j ≠ 0."""
    return [*ids[max(0, position - window) : position], *ids[position + 1 : position + window + 1]]


def corpus_objective(
    ids: Sequence[int],
    window: int,
    center_vecs: npt.ArrayLike,
    outside_vecs: npt.ArrayLike,
    pair_loss: PairLoss,
) -> Gradients:
    """Loss, grad_centers (n, d), grad_outsides (n, d) of a sentence of T ids, m = window.

    J(θ) = (1/T) Σ_t Σ_{-m<=j<=m, j≠0} J(w_t, w_{t+j}), where t + j stays inside the sentence.
    """
    loss, grad_centers, grad_outsides = 0.0, _float64(center_vecs) * 0.0, _float64(outside_vecs) * 0.0
    for position, center in enumerate(ids):
        outside_idxs = window_ids(ids, position, window)
        one, of_centers, of_outsides = skipgram(center, outside_idxs, center_vecs, outside_vecs, pair_loss)
        loss += one
        grad_centers += of_centers
        grad_outsides += of_outsides
    count = max(1, len(ids))
    return loss / count, grad_centers / count, grad_outsides / count


def expected_pairs(
    ids: Sequence[int] | Sequence[Sequence[int]], keep: npt.ArrayLike, window: int, fixed_window: bool = False
) -> Array:
    """X[c, o] (n, n): the expected number of pairs (center c, outside o), subsampling and radii being random.

    `ids` is one sentence or a list of them; a token of word w is kept with probability keep[w], (n,), and the windows
    count kept tokens only. For p < q in a sentence, with i the number of kept tokens between them,
    X[w_p, w_q] and X[w_q, w_p] both grow by keep[w_p] keep[w_q] Σ_i P(i) P(radius > i), where the radius is uniform on
    1..window, or always the window. P(i) is the distribution of a sum of Bernoulli variables: their convolution.
    """
    kept = _float64(keep)
    pairs = np.zeros((len(kept), len(kept)))
    radii = np.array([window]) if fixed_window else np.arange(1, window + 1)
    sentences = [ids] if len(ids) and np.ndim(ids[0]) == 0 else ids
    for sentence in sentences:
        words = _word_ids(sentence, len(kept))  # type: ignore[arg-type]
        reach = np.array([(radii > i).mean() for i in range(len(words))])
        for p, center in enumerate(words):
            between = np.ones(1)
            for outside in words[p + 1 :]:
                pair = kept[center] * kept[outside] * float(between @ reach[: len(between)])
                pairs[center, outside] += pair
                pairs[outside, center] += pair
                between = np.convolve(between, [1.0 - kept[outside], kept[outside]])
    return pairs


def window_shared_step(
    center_ids: Sequence[int],
    outside_id: int,
    negatives: Sequence[int],
    center_vecs: npt.ArrayLike,
    outside_vecs: npt.ArrayLike,
) -> Gradients:
    """Loss, grad_centers (n, d), grad_outsides (n, d) of the pairs of one outside word, negatives shared.

    J = Σ_{c in center_ids} J_neg(v_c, o, negatives), every gradient at the values given; repeated centers and
    repeated negatives add up.
    """
    centers, outside = _float64(center_vecs), _float64(outside_vecs)
    loss, grad_centers, grad_outsides = 0.0, np.zeros_like(centers), np.zeros_like(outside)
    for c in _word_ids(center_ids, len(centers)):
        pair, grad_center, grad_outside = negative_sampling(centers[c], outside_id, outside, negatives)
        loss += pair
        grad_centers[c] += grad_center
        grad_outsides += grad_outside
    return loss, grad_centers, grad_outsides


def exact_objective(center_vecs: npt.ArrayLike, outside_vecs: npt.ArrayLike, counts: npt.ArrayLike) -> Gradients:
    """Loss and both gradients of the naive softmax summed over all pairs of a corpus, through their counts X.

    X[c, o] is the number of pairs (c, o), shape (rows of V, rows of U); N_c = Σ_o X[c, o].
    J = -Σ_{c,o} X[c, o] log softmax(U v_c)[o];
    ∂J/∂v_c = Uᵀ(N_c ŷ_c - X_c);  ∂J/∂U = Σ_c (N_c ŷ_c - X_c) v_cᵀ.
    """
    centers, outside, pairs = _float64(center_vecs), _float64(outside_vecs), _float64(counts)
    log_p = _log_softmax(centers @ outside.T)
    error = pairs.sum(axis=1, keepdims=True) * np.exp(log_p) - pairs
    return float(-(pairs * log_p).sum()), error @ outside, error.T @ centers


def entropy(p: npt.ArrayLike) -> Array:
    """H(p) = -Σ p log p over the last axis, in nats, with 0 log 0 = 0."""
    return cross_entropy(p, p)


def cross_entropy(p: npt.ArrayLike, q: npt.ArrayLike) -> Array:
    """H(p, q) = -Σ p log q = H(p) + D_KL(p‖q) over the last axis, in nats; inf where p > 0 = q."""
    p, q = np.broadcast_arrays(_float64(p), _float64(q))
    with np.errstate(divide="ignore"):
        log_q = np.log(q, where=p > 0, out=np.zeros(p.shape))
    return np.asarray(-(p * log_q).sum(axis=-1))


def kl_divergence(p: npt.ArrayLike, q: npt.ArrayLike) -> Array:
    """D_KL(p‖q) = Σ p log(p / q) >= 0 over the last axis, in nats: what cross-entropy can still lose."""
    return cross_entropy(p, q) - entropy(p)


def sample_negatives(outside_idx: int, draw: Callable[[], int], k: int) -> npt.NDArray[np.int64]:
    """K word ids (k,) from `draw`, which returns one id a call; the true outside word is drawn again.

    Raises VocabularyError when a million draws in a row give nothing but the outside word.
    """
    negatives = np.empty(k, dtype=np.int64)
    for i in range(k):
        for _ in range(MOST_REDRAWS):
            negatives[i] = draw()
            if negatives[i] != outside_idx:
                break
        else:
            raise VocabularyError(
                f"{MOST_REDRAWS:,} draws in a row gave the outside word {outside_idx}: "
                "expected a `draw` that can give another word"
            )
    return negatives


def noise_distribution(counts: npt.ArrayLike, exponent: float) -> Array:
    """P(w) = count(w)^exponent / Σ count^exponent, (n,): what negatives are drawn from; ¾ in word2vec."""
    weights = _float64(counts) ** exponent
    return np.asarray(weights / weights.sum())


def keep_probability(counts: npt.ArrayLike, total: int, subsample: float) -> Array:
    """The chance that subsampling keeps a token of each word, in the shape of `counts`; 0 keeps all.

    min(1, √(t/f) + t/f) with f = count / total and t = subsample: the form of the program word2vec.c (the
    paper, Mikolov et al. 2013, prints √(t/f) alone).
    """
    counts = _float64(counts)
    if subsample == 0:
        return np.ones(counts.shape)
    with np.errstate(divide="ignore"):
        ratio = subsample * total / counts
    return np.minimum(1.0, np.sqrt(ratio) + ratio)


def central_difference(f: Callable[[Array], float], x: npt.ArrayLike, eps: float = 1e-5) -> Array:
    """The numerical gradient of f at x, in the shape of x: (f(x + eps e_i) - f(x - eps e_i)) / (2 eps)."""
    point = np.array(x, dtype=np.float64)
    gradient = np.empty_like(point)
    for i in np.ndindex(point.shape):
        value = point[i]
        point[i] = value + eps
        above = f(point)
        point[i] = value - eps
        gradient[i] = (above - f(point)) / (2 * eps)
        point[i] = value
    return gradient


def _float64(x: npt.ArrayLike) -> Array:
    return np.asarray(x, dtype=np.float64)


def _log_softmax(x: Array) -> Array:
    shifted = x - x.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _word_ids(ids: Sequence[int], n: int) -> npt.NDArray[np.int64]:
    """`ids` as an array, each from 0 to n - 1: NumPy alone would read -1 as the last row."""
    array = np.asarray(ids) if len(ids) else np.empty(0, dtype=np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu" or ((array < 0) | (array >= n)).any():
        raise VocabularyError(f"word ids are {ids!r}: expected whole numbers from 0 to {n - 1}")
    return array.astype(np.int64)
