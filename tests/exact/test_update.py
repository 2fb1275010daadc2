"""One step of exact training, by its formulas in NumPy."""

import numpy as np
import pytest

from firth.exact import update
from firth.exact.update import gradient_divisors, inverse_moment, make_steps, move_rows
from firth.native.arrays import aligned_copy

DIM = 7


def random_rows(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, DIM)).astype(np.float32)


@pytest.mark.parametrize("centered", [False, True])
def test_the_inverse_moment_is_that_of_the_damped_second_moment(centered):
    rows, weights = random_rows(50) + 1, np.random.default_rng(1).gamma(1.0, size=50)
    shares = weights / weights.sum()
    mean = shares @ rows if centered else np.zeros(DIM)
    moment = (rows - mean).T * shares @ (rows - mean)
    moment += np.eye(DIM) * (0.01 * np.trace(moment) / DIM + 0.005)
    found = inverse_moment(aligned_copy(rows), weights, DIM, 1, centered)
    np.testing.assert_allclose(found[:DIM, :DIM], np.linalg.inv(moment), rtol=1e-4, atol=1e-4)
    assert found.shape == (16, 16)
    assert not found[DIM:].any()
    assert not found[:, DIM:].any()


def test_divisors_are_the_pairs_but_for_rows_with_hardly_any():
    assert gradient_divisors(np.array([0.0, 0.5, 2.0, 97.5])).tolist() == [1.0, 1.0, 2.0, 97.5]
    np.testing.assert_allclose(gradient_divisors(np.array([0.0, 0.01, 2.99])), [0.1, 0.1, 2.99])


def test_rows_move_by_the_step_with_momentum(monkeypatch):
    monkeypatch.setattr(update, "ROWS", 8)
    rows, velocity, gradient = (random_rows(20, seed) for seed in (1, 2, 3))
    pairs = np.linspace(0.0, 50.0, 20)
    inverse = np.eye(DIM) * np.linspace(1, 3, DIM)
    steps = gradient / gradient_divisors(pairs)[:, None] @ inverse
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    assert (lengths > 2.0).any()
    assert (lengths < 2.0).any()
    expected_velocity = 0.6 * velocity - 0.3 * steps * np.minimum(1, 2.0 / lengths)
    padded_inverse = np.zeros((16, 16), np.float32)
    padded_inverse[:DIM, :DIM] = inverse
    matrix, speed, step = aligned_copy(rows), aligned_copy(velocity), aligned_copy(gradient)
    make_steps(step, pairs, padded_inverse, np.float32(0.3), 1)
    move_rows(matrix, speed, step, np.float32(0.6))
    np.testing.assert_allclose(speed[:, :DIM], expected_velocity, atol=1e-5)
    np.testing.assert_allclose(matrix[:, :DIM], rows + expected_velocity, atol=1e-5)
