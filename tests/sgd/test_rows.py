"""Private rows of several threads: what each did is merged, what none used follows the others."""

import numpy as np

from firth.native.arrays import aligned_rows
from firth.sgd import _rows as rows


def test_merging_adds_what_every_thread_did():
    matrix = aligned_rows(4, 20)
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
    matrix = aligned_rows(2, 16)
    thread, (_, private, base, _) = rows.thread_rows(matrix, 1, 8)
    matrix[0] = 7
    rows.merge(thread)
    assert (matrix[0] == 7).all()
    assert (private == 7).all()
    assert (base == 7).all()
