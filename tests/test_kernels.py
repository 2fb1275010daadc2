"""The compiled kernels against a walk in plain Python, NumPy and exact numbers, here and on other processors."""

import dataclasses
import math
import os
import platform
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from numba import njit

from firth import check_kernels, reference, simd
from firth.check_kernels import Exercise, deviation, train, walk
from firth.kernels import block, rows, skipgram

ROUNDING = 2e-5
"""What float32 rounding may add up to over a small epoch, relative to the largest change."""

WINDOWS, UPDATES, NEGATIVES = (1, 2, 5), (True, False), (1, 5, 6, 7, 13, 20)
DIMS = (1, 4, 16, 17, 100)


def small_corpus(window, dim, words=12, seed=0, **settings):
    """Sentences of every length from 1 to 4 windows, of words of falling frequency."""
    rng = np.random.default_rng(seed)
    counts = 500 // np.arange(1, words + 1)
    sentences = [rng.choice(words, size, p=counts / counts.sum()).tolist() for size in range(1, 4 * window + 1)]
    vectors = [rng.normal(scale=dim**-0.5, size=(words, dim)).astype(np.float32) for _ in range(2)]
    settings = {"lr": 0.05, "noise": reference.noise_distribution(counts, 0.75)} | settings
    return Exercise(sentences, *vectors, window=window, **settings)


def subsampled(exercise):
    words = len(exercise.center)
    keep = np.linspace(0.3, 1.0, words) * (2**32 - 1)
    return dataclasses.replace(exercise, keep=keep.astype(np.int64))


def assert_same(exercise, tolerance=ROUNDING):
    found = train(exercise)
    assert np.isfinite(found.center).all()
    assert np.isfinite(found.outside).all()
    assert deviation(exercise, walk(exercise), found) < tolerance
    return found


def untouched(exercise):
    return check_kernels.Trained(exercise.center, exercise.outside, 0.0, 0)


def assert_same_bytes(first, second):
    assert first.center.tobytes() == second.center.tobytes()
    assert first.outside.tobytes() == second.outside.tobytes()


# A span of tokens against the walk.


@pytest.mark.parametrize("shared", UPDATES)
@pytest.mark.parametrize("window", WINDOWS)
def test_a_span_is_the_walk_for_all_numbers_of_negatives_and_dimensions(window, shared):
    cases = enumerate(product(NEGATIVES, (True, False)))
    for i, (negatives, fixed) in cases:
        dim = DIMS[(i + window) % len(DIMS)]
        settings = {"fixed_window": fixed, "negatives": negatives, "shared": shared, "slope": -1e-4}
        exercise = small_corpus(window, dim, seed=i, **settings)
        assert_same(exercise)
        assert_same(subsampled(exercise))


@pytest.mark.parametrize("shared", UPDATES)
@pytest.mark.parametrize("dim", DIMS)
def test_a_span_is_the_walk_for_every_dimension(dim, shared):
    assert_same(small_corpus(2, dim, shared=shared))


@pytest.mark.parametrize("shared", UPDATES)
def test_one_word(shared):
    exercise = small_corpus(2, 5, words=1, negatives=0, shared=shared, noise=np.ones(1))
    found = assert_same(exercise)
    assert found.pairs == sum(min(2, t) + min(2, n - 1 - t) for n in range(1, 9) for t in range(n))


@pytest.mark.parametrize("negatives", [1, 7])
@pytest.mark.parametrize("shared", UPDATES)
def test_two_words_are_each_others_negatives(shared, negatives):
    assert_same(small_corpus(2, 4, words=2, shared=shared, negatives=negatives))


def test_a_negative_that_cannot_be_drawn_is_left_out():
    exercise = small_corpus(2, 4, words=2, noise=np.array([1.0, 0.0]), negatives=2)
    drawn = [
        check_kernels._negatives(list(map(int, exercise.noise_table())), w, 2, check_kernels._draws(3, 4))
        for w in (0, 1)
    ]
    assert drawn == [[], [0, 0]]
    assert_same(exercise)


def test_no_pair_changes_nothing():
    exercise = dataclasses.replace(small_corpus(2, 4), sentences=[[0], [1], [2]])
    found = train(exercise)
    assert (found.loss, found.pairs) == (0.0, 0)
    assert_same_bytes(found, untouched(exercise))


@pytest.fixture(scope="module")
def long_sentence():
    """More tokens in one sentence than the kernel gathers at a time, then short sentences."""
    rng = np.random.default_rng(3)
    vectors = [rng.normal(size=(9, 2)).astype(np.float32) for _ in range(2)]
    sentences = [rng.integers(9, size=size).tolist() for size in (3, skipgram.SPAN + 500, 1, 7, 2)]
    return Exercise(sentences, *vectors, window=2, fixed_window=False, negatives=2, lr=0.01)


def test_a_sentence_longer_than_a_gathered_span_is_the_walk(long_sentence):
    assert_same(long_sentence, tolerance=1e-4)


@pytest.mark.parametrize("shared", UPDATES)
def test_the_cut_into_spans_changes_no_byte(long_sentence, shared):
    exercise = subsampled(dataclasses.replace(long_sentence, shared=shared))
    whole = train(exercise)
    for cuts in ([1], [2, 3, 4], [1001, 4095, 4099, 4100, 4606], list(range(4590, 4609))):
        loss, pairs, center, outside = 0.0, 0, exercise.center, exercise.outside
        for start, stop in zip([0, *cuts], [*cuts, None], strict=True):
            part = train(dataclasses.replace(exercise, center=center, outside=outside, start=start, stop=stop))
            center, outside = part.center, part.outside
            loss, pairs = loss + part.loss, pairs + part.pairs
        assert_same_bytes(part, whole)
        assert pairs == whole.pairs
        assert loss == pytest.approx(whole.loss, rel=1e-6)


# Planted bugs: the walk must notice each.


def test_the_walk_notices_a_window_off_by_one():
    exercise = small_corpus(3, 8)
    assert deviation(exercise, walk(dataclasses.replace(exercise, window=4)), train(exercise)) == math.inf


def test_the_walk_notices_a_window_that_crosses_sentences():
    exercise = small_corpus(3, 8)
    joined = dataclasses.replace(exercise, sentences=[exercise.ids().tolist()])
    assert deviation(exercise, walk(joined), train(exercise)) == math.inf


def test_the_walk_notices_a_learning_rate_that_does_not_fall():
    exercise = small_corpus(3, 8, slope=-1e-4)
    assert deviation(exercise, walk(dataclasses.replace(exercise, slope=0.0)), train(exercise)) > 100 * ROUNDING


def test_the_walk_notices_a_predicted_word_among_the_negatives(monkeypatch):
    exercise = small_corpus(3, 8)
    expected = train(exercise)
    negatives = check_kernels._negatives
    monkeypatch.setattr(check_kernels, "_negatives", lambda table, word, *rest: negatives(table, -1, *rest))
    assert deviation(exercise, walk(exercise), expected) > 100 * ROUNDING


def test_the_walk_notices_an_update_skipped_for_a_saturated_score(monkeypatch):
    exercise = check_kernels.KERNELS["window-shared step, scores of ±30"](np.random.default_rng(1))

    def skips(center_vec, outside_idx, outside_vecs, negatives, step=reference.negative_sampling):
        loss, grad_center, grad_outside = step(center_vec, outside_idx, outside_vecs, negatives)
        small = abs(outside_vecs[outside_idx] @ center_vec) < 6
        return loss, grad_center * small, grad_outside * small

    monkeypatch.setattr(reference, "negative_sampling", skips)
    assert deviation(exercise, walk(exercise), train(exercise)) > 100 * ROUNDING


@pytest.mark.parametrize("name", ["window-shared step, repeated negatives", "per-pair steps, repeated negatives"])
def test_the_walk_notices_repeated_negatives_counted_once(monkeypatch, name):
    exercise = check_kernels.KERNELS[name](np.random.default_rng(1))

    def once(center_vec, outside_idx, outside_vecs, negatives, step=reference.negative_sampling):
        return step(center_vec, outside_idx, outside_vecs, sorted(set(negatives)))

    monkeypatch.setattr(reference, "negative_sampling", once)
    assert deviation(exercise, walk(exercise), train(exercise)) > 100 * ROUNDING


# The rows of `firth check`.


def test_kernel_rows_show_each_kernel_once_and_its_verdict():
    found = check_kernels.kernel_rows()
    assert [row["name"] for row in found] == [*check_kernels.KERNELS, *check_kernels.EXACT]
    assert all(row["ok"] and 0 <= row["deviation"] <= row["tolerance"] for row in found)


def test_a_failing_kernel_is_shown_as_failed(monkeypatch):
    def wrong(*args, step=reference.negative_sampling):
        loss, grad_center, grad_outside = step(*args)
        return loss, grad_center * 1.0001, grad_outside

    monkeypatch.setattr(reference, "negative_sampling", wrong)
    verdicts = {row["name"]: row["ok"] for row in check_kernels.kernel_rows()}
    assert [name for name, ok in verdicts.items() if ok] == ["loss of 1,970 pairs", *check_kernels.EXACT]


def test_a_kernel_that_gives_nan_is_shown_as_failed(monkeypatch):
    def broken(exercise):
        return dataclasses.replace(walk(exercise), outside=np.full_like(exercise.outside, np.nan))

    monkeypatch.setattr(check_kernels, "train", broken)
    assert not any(row["ok"] for row in check_kernels.kernel_rows() if row["name"] in check_kernels.KERNELS)


PLANTED = {
    "expected counts": ("expected_pairs", lambda pairs: pairs * 1.00002),
    "positive mutual information": None,
    "exact softmax pass": ("exact_objective", lambda parts: (parts[0], parts[1] * 1.00002, parts[2])),
}
"""What the rows of `EXACT` begin with, the function of the reference that judges them, an error planted there."""


@pytest.mark.parametrize("start", PLANTED)
def test_what_exact_training_is_made_of_is_shown_as_failed(monkeypatch, start):
    from firth.kernels import sparse

    if PLANTED[start] is None:
        right = sparse.ppmi
        monkeypatch.setattr(sparse, "ppmi", lambda *x: right(*x)._replace(data=right(*x).data * np.float32(1.00002)))
    else:
        name, plant = PLANTED[start]
        right = getattr(reference, name)
        monkeypatch.setattr(reference, name, lambda *x: plant(right(*x)))
    rows = [row for row in check_kernels.kernel_rows() if row["name"] in check_kernels.EXACT]
    assert [row["name"] for row in rows if not row["ok"]] == [
        name for name in check_kernels.EXACT if name.startswith(start)
    ]


def test_the_exercises_are_what_their_names_say():
    for name, make in check_kernels.KERNELS.items():
        exercise = make(np.random.default_rng(1))
        scores = np.abs(exercise.center.astype(float) @ exercise.outside.T)
        if "±30" in name or "±1000" in name:
            size = 1000 if "±1000" in name else 30
            assert 0.9 * size < scores.min() < scores.max() < 1.1 * size
        if "pairs" in name and "loss" in name:
            assert f"{walk(exercise).pairs:,}" in name
        if "outputs" in name:
            assert f"{exercise.negatives + 1} outputs" in name


# The loss.


@pytest.mark.parametrize("shared", UPDATES)
@pytest.mark.parametrize("score", [1000.0, -1000.0])
def test_the_loss_of_scores_of_1000_is_exact(score, shared):
    """A score of -1000 costs each pair 1000; one of +1000 costs each of the three negatives 1000."""
    center, outside = np.full((6, 1), 40, np.float32), np.full((6, 1), score / 40, np.float32)
    exercise = Exercise([[0, 1, 2, 3, 4, 5]], center, outside, window=5, negatives=3, shared=shared, lr=0.0)
    found = train(exercise)
    assert found.pairs == 30
    assert found.loss == 30 * 1000 * (3 if score > 0 else 1)
    assert_same_bytes(found, untouched(exercise))


@pytest.mark.parametrize("negatives", [2, 12])
@pytest.mark.parametrize("shared", UPDATES)
def test_a_saturated_score_gets_its_full_gradient(shared, negatives):
    """One pair (0, 1) with a score of -1000 and negatives 2 with a score of +1000: every σ is 1."""
    center = np.full((3, 1), 40, np.float32)
    outside = np.array([[25], [-25], [25]], np.float32)
    noise = np.array([0.0, 0.0, 1.0])
    exercise = Exercise([[0, 1]], center, outside, window=1, negatives=negatives, shared=shared, lr=0.125, noise=noise)
    found = train(dataclasses.replace(exercise, start=1))
    assert found.center.ravel().tolist() == [40 - 0.125 * 25 * (negatives + 1), 40, 40]
    assert found.outside.ravel().tolist() == [25, -25 + 0.125 * 40, 25 - 0.125 * 40 * negatives]
    assert found.loss == 1000 * (negatives + 1)


@pytest.mark.parametrize("shared", UPDATES)
def test_the_loss_of_millions_of_pairs_is_their_float64_sum(shared):
    rng = np.random.default_rng(0)
    ids = rng.integers(2, size=200_001)
    center, outside = (rng.normal(scale=2, size=(2, 3)).astype(np.float32) for _ in range(2))
    exercise = Exercise([ids.tolist()], center, outside, window=5, negatives=1, shared=shared, lr=0.0)
    found = train(exercise)
    counts = np.zeros((2, 2))
    for distance in range(1, 6):
        np.add.at(counts, (ids[:-distance], ids[distance:]), 1)
    counts += counts.T
    scores = center.astype(np.float64) @ outside.T.astype(np.float64)
    # the negative of a pair is the other of the two words
    expected = (counts * (np.logaddexp(0, -scores) + np.logaddexp(0, scores[:, ::-1]))).sum()
    assert found.pairs == counts.sum() == 10 * 200_001 - 30
    assert found.loss == pytest.approx(expected, rel=1e-6)  # a float32 sum would be off by 1e-2


# Private rows of one thread.


@pytest.mark.parametrize("shared", UPDATES)
@pytest.mark.parametrize("period", [1, 2, 64])
@pytest.mark.parametrize("hot", [1, 5, 12])
def test_private_rows_give_what_rows_in_place_give(hot, period, shared):
    exercise = small_corpus(5, 17, shared=shared)
    assert deviation(exercise, train(exercise), train(exercise, hot, period)) < ROUNDING


def test_merging_adds_what_every_thread_did():
    matrix = rows.aligned_rows(4, 20)
    matrix[:] = np.arange(4)[:, None]
    threads = [rows.thread_rows(matrix, 3, 8) for _ in range(2)]
    for step, (_, (_, private, _, uses)) in zip([16.0, 0.5], threads, strict=True):
        private[:2] += step
        uses[:2] = 1
    for thread, _ in (*threads, *threads):
        rows.merge(thread)
    expected = [16.5, 17.5, 2, 3]
    assert matrix[:, 0].tolist() == expected
    assert (matrix == matrix[:, :1]).all()
    for _, (_, private, base, uses) in threads:
        assert private[:, 0].tolist() == base[:, 0].tolist() == expected[:3]
        assert not uses.any()


def test_a_row_never_used_follows_the_others():
    matrix = rows.aligned_rows(2, 16)
    thread, (_, private, base, _) = rows.thread_rows(matrix, 1, 8)
    matrix[0] = 7
    rows.merge(thread)
    assert (matrix[0] == 7).all()
    assert (private == 7).all()
    assert (base == 7).all()


@pytest.mark.parametrize(("count", "dim", "stride"), [(3, 1, 16), (3, 16, 16), (5, 17, 32), (1, 100, 112)])
def test_rows_are_aligned_zeros_of_whole_vectors(count, dim, stride):
    matrix = rows.aligned_rows(count, dim)
    assert matrix.shape == (count, stride)
    assert matrix.ctypes.data % 64 == 0
    assert matrix.flags.c_contiguous
    assert not matrix.any()


# The blocks.

GUARD = 0x5A


@njit
def pair_steps(inputs, outputs, x_rows, u_rows, row_bytes, signs, steps, sums, lr):
    simd.pair_steps(inputs, outputs, x_rows, u_rows, row_bytes, signs, steps, sums, np.float32(lr))


@njit
def rank_update(inputs, outputs, x_rows, u_rows, row_bytes, steps, ahead, ahead_count):
    simd.rank_update(inputs, outputs, x_rows, u_rows, row_bytes, steps, ahead, ahead_count)


@njit
def rank_update_apart(inputs, outputs, x_rows, u_rows, row_bytes, steps, ahead, ahead_count, x_targets, u_targets):
    simd.rank_update_apart(inputs, outputs, x_rows, u_rows, row_bytes, steps, ahead, ahead_count, x_targets, u_targets)


def row_addresses(matrix, order):
    return np.array([matrix.ctypes.data + matrix.strides[0] * row for row in order], np.int64)


def random_rows(rng, count, dim, scale=1.0):
    matrix = rows.aligned_rows(count, dim)
    matrix[:] = rng.normal(scale=scale, size=matrix.shape)
    return matrix


TILES = [*product(range(1, simd.MAX_INPUTS + 1), range(1, simd.MAX_OUTPUTS + 1))]


@pytest.mark.parametrize("predicted", [True, False])
def test_the_steps_of_every_tile(predicted):
    for inputs, outputs in TILES:
        for dim in (16, 112):
            rng = np.random.default_rng(outputs)
            x, u = random_rows(rng, 5, dim), random_rows(rng, 7, dim, scale=4 / dim**0.5)
            x_order, u_order = rng.permutation(5)[:inputs], rng.integers(7, size=outputs)
            x_rows, u_rows = row_addresses(x, x_order), row_addresses(u, u_order)
            signs = block.sign_table()[outputs - 1 if predicted else simd.MAX_OUTPUTS]
            steps = np.full(inputs * outputs + 15 + 8, 99, np.float32)
            sums = np.stack([np.full(16, 3, np.float32), np.full(16, 2, np.float32)])
            places = (array.ctypes.data for array in (signs, steps, sums))
            pair_steps(inputs, outputs, x_rows.ctypes.data, u_rows.ctypes.data, 4 * dim, *places, 0.25)
            sign = np.ones((inputs, outputs))
            sign[:, 0] = -1 if predicted else 1
            z = sign * (x[x_order].astype(np.float64) @ u[u_order].T.astype(np.float64))
            expected = -0.25 * sign * reference.sigmoid(z)
            np.testing.assert_allclose(steps[: z.size].reshape(z.shape), expected, rtol=2e-5, atol=1e-7)
            assert (steps[z.size + 15 :] == 99).all()
            assert sums[0].sum() == pytest.approx(48 + np.maximum(z, 0).sum(), rel=1e-5)
            log_product = np.log(sums[1].astype(np.float64)).sum()
            assert log_product == pytest.approx(16 * math.log(2) + np.log1p(np.exp(-abs(z))).sum(), rel=1e-5)


@pytest.mark.parametrize("apart", [False, True])
def test_the_update_of_every_number_of_rows(apart):
    for outputs, inputs, dim in product(range(1, simd.MAX_OUTPUTS + 1), (1, 2, 3, 4, 5, 10), (16, 48)):
        rng = np.random.default_rng(inputs)
        x, u = random_rows(rng, 12, dim), random_rows(rng, 12, dim)
        x_order, u_order = rng.permutation(12)[:inputs], rng.integers(12, size=outputs)
        x_rows, u_rows = row_addresses(x, x_order), row_addresses(u, u_order)
        steps = rng.normal(size=(inputs, outputs)).astype(np.float32)
        expected_x, expected_u = x.astype(np.float64), u.astype(np.float64)
        change_x, change_u = steps @ expected_u[u_order], steps.T @ expected_x[x_order]
        args = [inputs, outputs, x_rows.ctypes.data, u_rows.ctypes.data, 4 * dim, steps.ctypes.data]
        args += [u_rows.ctypes.data, outputs]
        found_x, found_u = x, u
        if apart:
            found_x, found_u = random_rows(rng, 12, dim), random_rows(rng, 12, dim)
            before = x.tobytes(), u.tobytes()
            expected_x, expected_u = found_x.astype(np.float64), found_u.astype(np.float64)
            targets = row_addresses(found_x, x_order), row_addresses(found_u, u_order)
            rank_update_apart(*args, *(rows_.ctypes.data for rows_ in targets))
            assert before == (x.tobytes(), u.tobytes())
        else:
            rank_update(*args)
        np.add.at(expected_x, x_order, change_x)
        np.add.at(expected_u, u_order, change_u)
        np.testing.assert_allclose(found_x, expected_x, rtol=0, atol=2e-5)
        np.testing.assert_allclose(found_u, expected_u, rtol=0, atol=2e-5)


def test_a_repeated_input_row_is_moved_twice_in_turn():
    x, u = rows.aligned_rows(1, 16), rows.aligned_rows(1, 16)
    x[:], u[:] = 1, 8
    x_rows, u_rows, steps = row_addresses(x, [0, 0]), row_addresses(u, [0]), np.array([0.5, 0.25], np.float32)
    rank_update(2, 1, x_rows.ctypes.data, u_rows.ctypes.data, 64, steps.ctypes.data, 0, 0)
    assert (x == 1 + 0.5 * 8 + 0.25 * 8).all()
    assert (u == 8 + 0.5 * 1 + 0.25 * (1 + 0.5 * 8)).all()


@pytest.mark.parametrize("shared", UPDATES)
def test_nothing_is_written_beyond_the_room_of_a_thread(monkeypatch, shared):
    new_scratch, guarded = block.new_scratch, []

    def with_guards(*sizes):
        _, arrays = new_scratch(*sizes)
        kept = []
        for array in arrays:
            memory = np.full(array.nbytes + 256, GUARD, np.uint8)
            memory[128:-128] = array.view(np.uint8).ravel()
            guarded.append(memory)
            kept.append(memory[128:-128].view(array.dtype))
        return block.Scratch(*[array.ctypes.data for array in kept]), kept

    monkeypatch.setattr(block, "new_scratch", with_guards)
    for window, negatives in product(WINDOWS, NEGATIVES):
        train(small_corpus(window, 17, shared=shared, negatives=negatives))
    assert guarded
    for memory in guarded:
        assert (memory[:128] == GUARD).all()
        assert (memory[-128:] == GUARD).all()


# Other processors.

EPOCHS = ("small epoch, window-shared", "small epoch, per-pair", "window-shared step, scores of ±1000")

ELSEWHERE = f"""
import sys
import numpy as np
from numba.core.registry import cpu_target
from firth import check_kernels
assert cpu_target.target_context.codegen().magic_tuple()[1] == sys.argv[1], "not compiled for this processor"
results = {{}}
for name in {EPOCHS!r}:
    found = check_kernels.train(check_kernels.KERNELS[name](np.random.default_rng(1)))
    results |= {{f"{{name}}/{{part}}": getattr(found, part) for part in ("center", "outside", "loss", "pairs")}}
np.savez(sys.argv[2], **results)
"""


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="needs an x86-64 processor")
@pytest.mark.parametrize("cpu", ["x86-64", "haswell"])
def test_kernels_compiled_for_another_processor_give_the_same(cpu, tmp_path):
    import llvmlite.binding

    if cpu == "haswell" and not llvmlite.binding.get_host_cpu_features().get("avx2"):
        pytest.skip("needs a processor with AVX2")
    features = "+avx2,+fma" if cpu == "haswell" else ""
    settings = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    output = tmp_path / "found.npz"
    command = [sys.executable, "-c", ELSEWHERE, cpu, str(output)]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(output) as found:
        for name in EPOCHS:
            exercise = check_kernels.KERNELS[name](np.random.default_rng(1))
            parts = {part: found[f"{name}/{part}"] for part in ("center", "outside", "loss", "pairs")}
            assert deviation(exercise, train(exercise), check_kernels.Trained(**parts)) < check_kernels.KERNEL_TOLERANCE
