"""The compiled pass of the exact softmax objective against the reference, here and on other processors."""

import os
import platform
import subprocess
import sys
import threading
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit

from firth import reference
from firth.exact import _softmax as softmax
from firth.exact import _tiles as tiles
from firth.exact._softmax import BLOCK, GROUP, PANEL, SoftmaxPass
from firth.native.arrays import aligned_rows
from firth.native.threads import Stage, run_stages

TOLERANCE = 1e-5

SHAPES = [
    *((1, 1, 1), (1, 7, 3), (7, 1, 2), (3, 5, 16), (5, PANEL, 17), (7, PANEL - 1, 5), (8, PANEL + 1, 33)),
    *((BLOCK, 3 * PANEL, 100), (BLOCK + 1, 2 * PANEL + 6, 80), (BLOCK - 1, 150, 64), (GROUP + 3, 41, 20)),
    *((2 * GROUP + 2 * BLOCK + 7, 5 * PANEL + 3, 7), (4 * GROUP, 20, 15)),
]
"""(n, m, d)"""


class Problem(NamedTuple):
    """Counts (n, m), V (n, d), U (m, d), b (m,)."""

    counts: np.ndarray
    center: np.ndarray
    outside: np.ndarray
    bias: np.ndarray


class Found(NamedTuple):
    """What a pass writes, without padding."""

    row_loss: np.ndarray
    grad_center: np.ndarray
    grad_outside: np.ndarray
    grad_bias: np.ndarray


def problem(n, m, dim, seed=0, scale=1.0):
    """Sparse counts, some rows without any, and vectors whose scores have a standard deviation of `scale`."""
    rng = np.random.default_rng(seed)
    counts = rng.gamma(1.0, 3.0, size=(n, m)).astype(np.float32) * (rng.random((n, m)) < 0.3)
    counts[1::4] = 0
    center, outside = (rng.normal(scale=scale**0.5 / dim**0.25, size=(rows, dim)) for rows in (n, m))
    return Problem(counts, center.astype(np.float32), outside.astype(np.float32), rng.normal(size=m).astype(np.float32))


def csr(counts):
    rows, columns = np.nonzero(counts)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(counts)))])
    return indptr.astype(np.int64), columns.astype(np.int32), counts[rows, columns].astype(np.float32)


def padded(matrix):
    found = aligned_rows(*matrix.shape)
    found[:, : matrix.shape[1]] = matrix
    return found


def new_pass(case, threads=1):
    (n, m), dim = case.counts.shape, case.center.shape[1]
    return SoftmaxPass(*csr(case.counts), n, m, dim, threads)


def run(case, threads=1):
    """What `SoftmaxPass.run` writes, over memory full of NaN."""
    (n, m), dim = case.counts.shape, case.center.shape[1]
    center, outside = padded(case.center), padded(case.outside)
    found = np.full(n, np.nan), np.full_like(center, np.nan), np.full_like(outside, np.nan), np.full(m, np.nan, "f")
    new_pass(case, threads).run(center, outside, case.bias, *found[1:], found[0])
    assert not found[1][:, dim:].any()
    assert not found[2][:, dim:].any()
    return Found(found[0], found[1][:, :dim], found[2][:, :dim], found[3])


def row_losses(case, threads=1):
    """What `SoftmaxPass.loss` writes."""
    found = np.full(len(case.center), np.nan)
    new_pass(case, threads).loss(padded(case.center), padded(case.outside), case.bias, found)
    return found


def expected(case):
    """The reference's loss and gradients, the bias being one more dimension."""
    center, outside = np.c_[case.center, np.ones(len(case.center))], np.c_[case.outside, case.bias]
    loss, grad_center, grad_outside = reference.exact_objective(center, outside, case.counts)
    return loss, grad_center[:, :-1], grad_outside[:, :-1], grad_outside[:, -1]


def deviation(case, found):
    """The largest difference from the reference in the loss and in each gradient, relative to its largest value."""
    loss, *gradients = expected(case)
    parts = [abs(found.row_loss.sum() - loss) / max(loss, case.counts.sum())]  # a nat a pair at least
    for gradient, right in zip(found[1:], gradients, strict=True):
        parts.append(np.abs(gradient - right).max() / (np.abs(right).max() or 1.0))
    return float(np.max(parts))  # NaN stays NaN


def assert_same_bytes(first, second):
    for a, b in zip(first, second, strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_pass_is_the_reference_with_any_number_of_threads(shape):
    case = problem(*shape)
    found = run(case)
    assert deviation(case, found) < TOLERANCE
    assert (found.row_loss[1::4] == 0).all()
    assert not found.grad_center[1::4].any()
    for threads in (2, 3, 9):
        assert_same_bytes(found, run(case, threads))
    for threads in (1, 2):
        assert row_losses(case, threads).tobytes() == found.row_loss.tobytes()


def test_the_loss_of_each_row_is_the_references():
    case = problem(40, 70, 10)
    for row, loss in enumerate(run(case).row_loss):
        alone = case._replace(counts=case.counts[[row]], center=case.center[[row]])
        assert loss == pytest.approx(expected(alone)[0], rel=1e-6)


def test_counts_all_zero():
    case = problem(9, 30, 4)
    found = run(case._replace(counts=np.zeros_like(case.counts)))
    assert not any(part.any() for part in found)


def test_entries_that_are_zero_change_nothing():
    case = problem(9, 30, 4)
    counts = case.counts.copy()
    counts[0] = 0
    indptr, indices, data = csr(counts + 1e9 * (case.counts != counts))
    work = SoftmaxPass(indptr, indices, np.where(data == 1e9, 0, data).astype("f"), 9, 30, 4, 1)
    center, outside = padded(case.center), padded(case.outside)
    found = np.empty(9), np.empty_like(center), np.empty_like(outside), np.empty(30, "f")
    work.run(center, outside, case.bias, *found[1:], found[0])
    expected = run(case._replace(counts=counts))
    assert_same_bytes([found[0], found[1][:, :4], found[2][:, :4], found[3]], expected)


@pytest.mark.parametrize("size", [80, 1000])
def test_large_scores(size):
    """Scores are whole numbers of the order of `size`, either sign, so that float32 holds them exactly."""
    rng = np.random.default_rng(3)
    case = problem(50, 100, 2)
    signs = rng.choice([-1.0, 1.0], (100, 1))
    outside = np.c_[signs * rng.integers(0.9 * size, 1.1 * size, (100, 1)), np.zeros(100)].astype(np.float32)
    center = np.c_[rng.choice([-1.0, 1.0], 50), rng.normal(size=50)].astype(np.float32)
    case = case._replace(center=center, outside=outside, bias=np.zeros(100, np.float32))
    assert deviation(case, run(case)) < TOLERANCE
    assert expected(case)[0] > 0.5 * size * case.counts.sum()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["center", "outside"])
def test_what_is_not_a_number_is_seen_in_the_loss(place, value):
    case = problem(30, 90, 20)
    getattr(case, place)[-2, 3] = value
    assert not np.isfinite(row_losses(case)).all()


def test_many_words_and_rows_keep_the_accuracy():
    """Counts near their expectation under the model, where E is a difference of nearly equal numbers."""
    case = problem(1500, 6000, 60, scale=2.0)
    shares = reference.softmax(case.center.astype(float) @ case.outside.T.astype(float) + case.bias)
    counts = np.random.default_rng(1).poisson(400 * shares).astype(np.float32)
    case = case._replace(counts=counts)
    assert deviation(case, run(case, 2)) < TOLERANCE


def test_a_pass_changes_nothing_that_it_reads():
    case = problem(30, 90, 20)
    center, outside = padded(case.center), padded(case.outside)
    arrays = [center, outside, case.bias, *csr(case.counts)]
    before = [array.tobytes() for array in arrays]
    gradients = np.empty_like(center), np.empty_like(outside), np.empty_like(case.bias)
    SoftmaxPass(*arrays[3:], 30, 90, 20, 2).run(*arrays[:3], *gradients, np.empty(30))
    assert before == [array.tobytes() for array in arrays]


def test_a_second_pass_forgets_the_first():
    case, other = problem(2 * GROUP + 5, 90, 20), problem(2 * GROUP + 5, 90, 20, seed=1)
    work = new_pass(case)
    arrays = (
        np.empty((len(case.center), 32), "f"),
        np.empty((90, 32), "f"),
        np.empty(90, "f"),
        np.empty(len(case.center)),
    )
    for current in (other, case):
        work.run(padded(current.center), padded(current.outside), current.bias, *arrays)
    loss, *gradients = arrays[3], arrays[0][:, :20], arrays[1][:, :20], arrays[2]
    assert_same_bytes(run(case), [loss, *gradients])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_memory_of_a_pass_is_what_was_foretold(shape):
    case = problem(*shape)
    for threads in (1, 2, 9):
        work = new_pass(case, threads)
        arrays = [work._packed, work._packed_bias, work.sums, *work._scratch_memory]
        arrays += [array for slab in work._slabs for array in slab]
        assert sum(array.nbytes for array in arrays) == softmax.scratch_bytes(*shape, threads)


def test_a_pass_that_is_stopped_anywhere_goes_on_to_the_same_bytes(monkeypatch):
    """Also by kernels of other numbers of threads, which take other groups of rows."""
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 1e-4)
    case = problem(2000, 1200, 20)
    center, outside, whole = padded(case.center), padded(case.outside), run(case)
    stops = partly = 0
    for _ in range(50):  # when threads are looked at, and where they are then, is a matter of chance
        found = (
            np.full(2000, np.nan),
            np.full_like(center, np.nan),
            np.full_like(outside, np.nan),
            np.full(1200, np.nan, "f"),
        )
        work = new_pass(case, 2)
        while True:
            begun = work.added.copy()

            def stop(rows, work=work, begun=begun):
                if (work.added > begun).any():
                    raise KeyboardInterrupt

            try:
                work.run(center, outside, case.bias, *found[1:], found[0], stop, go_on=True)
                break
            except KeyboardInterrupt:
                stops += 1
                partly += len(set(work.added.tolist())) > 1
                if work.added.min() == 2000:
                    break
            for array in found[:2]:
                array[work.rows_added :] = np.nan
            before, work = work, new_pass(case, [9, 2, 24, 3, 1][stops % 5])
            work.added[:], work.sums[:] = before.added, before.sums
        work.run(center, outside, case.bias, *found[1:], found[0], go_on=True)
        assert_same_bytes(Found(found[0], found[1][:, :20], found[2][:, :20], found[3]), whole)
        if stops > 2 and partly:
            break
    assert stops > 2
    assert partly


def test_losses_go_on_where_they_were_stopped(monkeypatch):
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 1e-4)
    case, found, rows = problem(2000, 1200, 20), np.full(2000, np.nan), [0]

    def stop(done):
        if 500 < done < 2000:
            raise KeyboardInterrupt

    work = new_pass(case, 1)
    with pytest.raises(KeyboardInterrupt):
        work.loss(padded(case.center), padded(case.outside), case.bias, found, stop)
    done = work.rows_scored
    assert 0 < done < 2000
    assert done % GROUP == 0
    found[done:] = np.nan
    work = new_pass(case, 9)
    work.go_on_from(done)
    work.loss(padded(case.center), padded(case.outside), case.bias, found, rows.append, go_on=True)
    assert rows[1] >= done
    assert found.tobytes() == row_losses(case).tobytes()


def test_wrong_arrays_are_refused():
    case = problem(6, 8, 4)
    indptr, indices, data = csr(case.counts)
    for wrong in (indices - 8, indices + 8):
        with pytest.raises(ValueError, match="expected 0 to 7"):
            SoftmaxPass(indptr, wrong, data, 6, 8, 4, 1)
    with pytest.raises(ValueError, match="does not rise"):
        SoftmaxPass(np.r_[indptr[:2][::-1], indptr[2:]], indices, data, 6, 8, 4, 1)
    with pytest.raises(ValueError, match=r"data is float64 .* expected contiguous float32"):
        SoftmaxPass(indptr, indices, data.astype(float), 6, 8, 4, 1)
    with pytest.raises(ValueError, match=r"outside is float32 \(8, 4\): expected contiguous float32 \(8, 16\)"):
        new_pass(case).loss(padded(case.center), case.outside, case.bias, np.empty(6))


# Progress and interruption.


def test_progress_ends_with_all_rows():
    case, seen = problem(50, 30, 5), []
    new_pass(case).loss(padded(case.center), padded(case.outside), case.bias, np.empty(50), seen.append)
    assert seen[-1] == 50
    assert seen == sorted(seen)


def test_an_interrupted_pass_stops_its_threads(monkeypatch):
    monkeypatch.setattr("firth.native.threads.LOOK_SECONDS", 0.001)
    n, m, dim = 100_000, 2000, 100  # some 40 billion operations
    counts = np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)
    row_loss, threads_before = np.full(n, np.nan), threading.active_count()

    def interrupt(rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SoftmaxPass(*counts, n, m, dim, 2).loss(
            aligned_rows(n, dim), aligned_rows(m, dim), np.zeros(m, "f"), row_loss, interrupt
        )
    assert threading.active_count() == threads_before
    assert np.isnan(row_loss[-1])


def test_a_task_waits_for_the_stages_before_it():
    log, lock = [], threading.Lock()

    def task(name):
        def note(number, thread):
            with lock:
                log.append((name, number))

        return note

    last = Stage(task("last"), 3, after=(0, 1))
    run_stages([Stage(task("first"), 50), Stage(task("second"), 50), last], 4)
    assert sorted(log[:100]) == [*(("first", i) for i in range(50)), *(("second", i) for i in range(50))]
    assert sorted(log[100:]) == [("last", i) for i in range(3)]


def test_an_error_in_a_task_ends_the_run_and_is_raised():
    def fail(number, thread):
        raise ZeroDivisionError

    never = []
    with pytest.raises(ZeroDivisionError):
        run_stages([Stage(fail, 2), Stage(lambda *task: never.append(task), 5, after=(0,))], 3)
    assert not never


# The tiles.


@njit
def tile_product(table, size, sums, a, b, start, c, ahead):
    tiles.tile_product(table, *size, *sums, *a, *b, *start, *c, ahead)


@pytest.mark.parametrize("rows", range(1, tiles.MAX_ROWS + 1))
@pytest.mark.parametrize("vectors", range(1, tiles.MAX_VECTORS + 1))
def test_every_tile(rows, vectors):
    rng = np.random.default_rng(rows)
    width = 16 * vectors
    for outer, inner in ((1, 1), (1, 5), (3, 1), (2, 7)):
        a = rng.integers(-9, 9, (rows, outer, inner)).astype("f")
        b = rng.integers(-9, 9, (outer, inner, width)).astype("f")
        start = rng.integers(-9, 9, (rows, width)).astype("f")
        c = np.full((rows + 1, width + 16), 99, "f")
        tile_product(
            tiles.tile_table().ctypes.data,
            (rows, vectors),
            (outer, inner),
            (a.ctypes.data, a.strides[0], a.strides[2], a.strides[1]),
            (b.ctypes.data, b.strides[1], b.strides[0]),
            (start.ctypes.data, start.strides[0]),
            (c.ctypes.data, c.strides[0]),
            b.ctypes.data,
        )
        assert (c[:rows, :width] == start + np.einsum("iot,otj->ij", a, b)).all()
        assert (c[rows] == 99).all()
        assert (c[:, width:] == 99).all()


# Other processors.

ELSEWHERE_SHAPE = (GROUP + 8, 2 * PANEL + 7, 100)

ELSEWHERE = """
import sys
import numpy as np
from numba.core.registry import cpu_target
assert cpu_target.target_context.codegen().magic_tuple()[1] == sys.argv[1], "not compiled for this processor"
sys.path.insert(0, sys.argv[2])
import test_softmax
np.savez(sys.argv[3], *test_softmax.run(test_softmax.problem(*test_softmax.ELSEWHERE_SHAPE), 2))
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="needs an x86-64 processor")
@pytest.mark.parametrize("cpu", ["x86-64", "haswell"])
def test_a_pass_compiled_for_another_processor_is_the_reference(cpu, tmp_path):
    import llvmlite.binding

    if cpu == "haswell" and not llvmlite.binding.get_host_cpu_features().get("avx2"):
        pytest.skip("needs a processor with AVX2")
    features = "+avx2,+fma" if cpu == "haswell" else ""
    settings = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    output = tmp_path / "found.npz"
    command = [sys.executable, "-c", ELSEWHERE, cpu, os.path.dirname(__file__), str(output)]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(output) as parts:
        found = Found(*(parts[name] for name in parts.files))
    assert deviation(problem(*ELSEWHERE_SHAPE), found) < TOLERANCE
