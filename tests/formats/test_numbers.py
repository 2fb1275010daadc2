"""Numbers in text: read as NumPy rounds them, written as Python writes them, and what is none of them."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from firth.formats import _numbers as numbers
from firth.formats import word2vec_text
from firth.formats.request import EVERYTHING
from firth.formats.text_rows import parse


def random_float32(n, seed):
    """Finite float32 of all exponents, subnormal ones too."""
    found = np.random.default_rng(seed).integers(0, 2**32, n, dtype=np.uint64).astype(np.uint32).view(np.float32)
    return found[np.isfinite(found)]


def rounded(texts):
    with np.errstate(over="ignore"):
        return np.array([float(text) for text in texts]).astype(np.float32)


def kinds_and_rows(texts):
    """What the lines "w TEXT" are, and their numbers."""
    batches = list(parse("".join(f"w {text}\n" for text in texts).encode(), 1))
    return np.concatenate([batch.kinds for batch in batches]), np.concatenate([batch.rows[:, 0] for batch in batches])


def check_reading(texts):
    """The numbers are NumPy's where the kernel is certain. Returns where it is not."""
    kinds, found = kinds_and_rows(texts)
    expected = rounded(texts)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(kinds[kinds != numbers.UNSURE] == numbers.OK, finite[kinds != numbers.UNSURE])
    certain = kinds == numbers.OK
    np.testing.assert_array_equal(found[certain].view(np.int32), expected[certain].view(np.int32))
    return kinds == numbers.UNSURE


def test_numbers_of_nine_digits_are_read_as_numpy_rounds_them():
    assert not check_reading([f"{x:.9g}" for x in random_float32(50_000, 1).tolist()]).any()


@pytest.mark.parametrize("form", ["{:.17g}", "{!r}", "{:.25f}", "{:.3f}", "{:.30e}"])
def test_doubles_are_read_as_numpy_rounds_them(form):
    rng = np.random.default_rng(2)
    values = rng.normal(size=20_000) * 10.0 ** rng.uniform(-46, 39, 20_000)
    assert check_reading([form.format(x) for x in values.tolist()]).mean() < 1e-3


@pytest.mark.parametrize("shift", ["0", "1e-30", "-1e-30", "1e-17", "-1e-17", "1e-12", "-1e-12"])
@pytest.mark.parametrize("form", ["f", "e", ".18e", ".16e"])
def test_numbers_beside_the_middle_of_two_float32_are_right_or_left_to_python(shift, form):
    low = np.abs(random_float32(1000, 3))
    high = np.nextafter(low, np.float32(np.inf))
    texts = []
    with localcontext(prec=200):
        for a, b in zip(low.tolist(), high.tolist(), strict=True):
            if b < np.inf:
                texts.append(format((Decimal(a) + Decimal(b)) / 2 * (1 + Decimal(shift)), form))
    unsure = check_reading(texts)
    if abs(float(shift)) < 1e-15 and form in ("e", ".18e"):
        assert unsure.any()


def test_python_decides_where_the_kernel_is_not_certain(tmp_path):
    texts = ["1.000000059604644775390625000000000001", "1.000000059604644775390625", "1.00000005960464477539", "-1e-30"]
    assert kinds_and_rows(texts)[0].tolist() == [numbers.UNSURE, numbers.UNSURE, numbers.UNSURE, numbers.OK]
    (tmp_path / "v.txt").write_text(f"a {' '.join(texts)} \r\n", encoding="ascii")
    assert word2vec_text.read(tmp_path / "v.txt", EVERYTHING).center[0].tolist() == rounded(texts).tolist()


@pytest.mark.parametrize(
    "text",
    [
        *("1e-5", "+1", ".5", "5.", "1E+3", "-0", "0", "-0.0", "0e5", "00012", "1e22", "1e23", "0.1e23", "1e+038"),
        *("9007199254740992", "9007199254740993", "123456789012345678901234567890", "1e-0000000000000000000001"),
        *("3.4028235e38", "3.4028235677973365e38", "3.4028235677973367e38", "1e39", "-1e400", "1e99999999999999999999"),
        *("1e-45", "7.0064923216240853e-46", "7.0064923216240863e-46", "1e-400", "-1e-99999999999999999999"),
        *("0." + "1" * 10_000, "1" + "0" * 1000 + "e-1000", "0." + "0" * 5000 + "1e5000", "0e99999999999999999999"),
        *("0." + "0" * 60 + "12345678901234567890123e70", "1" * 30 + "." + "1" * 30, "1" * 100),
    ],
)
def test_single_numbers_are_read_as_numpy_rounds_them(text):
    check_reading([text])


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "inf", "-Inf", "+INF", "infinity", "-Infinity"])
def test_numbers_by_name_are_not_finite(text):
    assert kinds_and_rows([text])[0].tolist() == [numbers.NOT_FINITE]


@pytest.mark.parametrize(
    "text",
    [
        *("x", "+", "-", ".", "+.", "e5", "1e", "1e+", "1e-x", "1_0", "0x10", "1.2.3", "1,5", "--1", "+-1", "1f", "1-"),
        *("infin", "na", "nano", "in", "infinit", "١", "1e5.0", "1\0", "½"),
    ],
)
def test_what_is_no_number_is_not_read(text):
    assert kinds_and_rows([text])[0].tolist() == [numbers.NO_NUMBER]
    line = f"w {text} 1 \r\n".encode()
    assert numbers.count_numbers(np.frombuffer(line, np.uint8), 0, len(line) - 1) == 1


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("", -1),
        (" \t\r", -1),
        ("a", 0),
        ("1", 0),
        ("a 1 2", 2),
        ("1 2 3", 2),
        (". . 1\t2 ", 2),
        ("a 1 b 2 nan -inf", 3),
    ],
)
def test_the_numbers_at_the_end_of_a_line_are_counted(line, count):
    text = np.frombuffer(line.encode() + b"\n", np.uint8)
    assert numbers.count_numbers(text, 0, len(text) - 1) == count


@pytest.mark.parametrize("at", [0, 1, 255, 256, 257, 600])
@pytest.mark.parametrize("room", [1, 2, 1000])
def test_line_ends_are_found_as_far_as_there_is_room(at, room):
    text = np.where(np.random.default_rng(4).random(1000) < 0.02, 10, 65).astype(np.uint8)
    text[[255, 256, 512]] = 10
    text = np.frombuffer(text.tobytes(), np.uint8)
    ends = np.empty(room, np.int64)
    found = numbers.find_line_ends(text, at, ends)
    assert ends[:found].tolist() == [i for i in range(at, 1000) if text[i] == 10][:room]


def written(values):
    """The texts of float32, None where Python has to write them."""
    rows = np.array(values, np.float32).reshape(-1, 1)
    out, ends = np.empty(len(rows) * (numbers.WIDEST + 1), np.uint8), np.empty(len(rows), np.int64)
    letters, starts = np.frombuffer(b" ", np.uint8), np.zeros(len(rows) + 1, np.int64)
    rows.flags.writeable = False
    numbers.format_rows(letters, starts, rows, 0, len(rows), out, ends)
    lines = iter(out[: max(0, ends.max())].tobytes().decode().splitlines())
    return [next(lines).removeprefix(" ") if end >= 0 else None for end in ends]


POWERS = np.concatenate([np.array([float(f"1e{i}") for i in range(-45, 39)]), 2.0 ** np.arange(-149, 128)])


@pytest.mark.parametrize(
    "values",
    [
        random_float32(100_000, 5),
        np.random.default_rng(6).normal(size=50_000),
        np.arange(-20_000, 20_000),
        np.arange(30_000) / 64,
        (np.arange(30_000) + 2**23) / 1024,  # ties after nine digits
        np.arange(0, 2**31, 70_001),
        np.concatenate([[0.0, -0.0, 3.4028235e38], POWERS, -POWERS]),
        np.concatenate([np.nextafter(POWERS.astype(np.float32), np.float32(to)) for to in (0, 3.4e38)]),
    ],
)
def test_numbers_are_written_as_python_writes_them(values):
    values = np.asarray(values, np.float32)
    texts = written(values)
    expected = [f"{x:.9g}" for x in values.tolist()]
    assert [text or right for text, right in zip(texts, expected, strict=True)] == expected
    assert texts.count(None) <= len(texts) / 100
    np.testing.assert_array_equal(np.array([float(text) for text in expected]).astype(np.float32), values)


def test_numbers_that_are_not_finite_or_not_certain_are_left_to_python():
    assert written([np.nan, np.inf, -np.inf, 1.5, 9.466362484999991e-07]) == [None, None, None, "1.5", None]
