"""Lengths, cosines and order; expected values are gensim 4.4's."""

import numpy as np
import pytest

from firth.gensim import matutils


def test_unit_vectors_of_each_kind():
    unit = matutils.unitvec(np.array([3, 4], np.float32))
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, [0.6, 0.8], rtol=1e-6)
    assert matutils.unitvec(np.array([3, 4])).tolist() == [0.6, 0.8]
    assert matutils.unitvec([(0, 3.0), (2, 4.0)], return_norm=True) == ([(0, 0.6), (2, 0.8)], 5.0)
    assert matutils.unitvec([]) == []
    np.testing.assert_allclose(np.linalg.norm(matutils.unitvec(np.array([[3.0, 4.0], [1.0, 0.0]]))), 1)


def test_the_norms():
    vector = np.array([3.0, -4.0, 0.0])
    np.testing.assert_allclose(matutils.unitvec(vector, "l1"), vector / 7)
    np.testing.assert_allclose(matutils.unitvec(vector, "unique"), vector / 2)
    unit, length = matutils.unitvec(np.zeros(2), return_norm=True)
    assert (unit.tolist(), length) == ([0, 0], 1.0)
    with pytest.raises(ValueError, match="norm"):
        matutils.unitvec(vector, "l3")
    with pytest.raises(ValueError, match="expected an array"):
        matutils.unitvec([3.0, 4.0])


def test_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    unit = matutils.unitvec(sparse.csr_matrix([[3.0, 0.0, 4.0]]))
    np.testing.assert_allclose(unit.toarray(), [[0.6, 0, 0.8]])


def test_cosines():
    assert matutils.veclen([(0, 3), (1, 4)]) == 5
    assert matutils.cossim([(0, 1.0), (1, 2.0)], [(1, 3.0)]) == pytest.approx(2 / 5**0.5)
    assert matutils.cossim([], [(1, 3.0)]) == 0.0
    assert matutils.cossim({0: 1.0}, {0: -2.0}) == -1.0


def test_order():
    values = [3, 1, 2]
    assert matutils.argsort(values).tolist() == matutils.argsort(values, 9).tolist() == [1, 2, 0]
    assert matutils.argsort(values, 2).tolist() == [1, 2]
    assert matutils.argsort(values, 2, reverse=True).tolist() == [0, 2]
    assert matutils.argsort(values, 0).tolist() == []
