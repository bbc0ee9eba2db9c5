"""Kernels run without numba what numba compiled: the same bits, the same errors, and never yesterday's code."""

import pickle
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

from jwstpipe.numerics.compiled import kept_code
from jwstpipe.numerics.compiled.arguments import kinds_of
from jwstpipe.numerics.compiled.kernel import Kernel, compiled
from jwstpipe.numerics.compiled.source_digest import source_digest

STEP = np.float32(0.1)


class Pair(NamedTuple):
    values: np.ndarray
    shift: int


def grown(x):
    return x * STEP


@compiled()
def summed(values, weight):
    total = np.float32(0.0)
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            total += grown(values[i, j]) * weight
    return total


@compiled()
def scaled(pair, factor):
    held = np.empty(pair.values.size)
    for i in range(pair.values.size):
        held[i] = pair.values[i] / factor + pair.shift
    return held, held.sum(), factor > 1.0


@compiled()
def counted(values, start, *, both):
    inner = (values.size, values.sum())
    return (start, (inner, both)), values[1:]


@compiled(error_model="python")
def refused(count):
    if count < 0:
        raise ValueError("a negative count")
    return 7 // count


@compiled()
def doubled_sum(values, weight=2.0):
    return weight * summed(values, np.float32(1.0))


@pytest.fixture
def image():
    return np.random.default_rng(3).normal(size=(40, 30)).astype(np.float32)


def test_bits_are_those_of_numba_in_every_layout(image):
    for values in (image, image.T, image[::2, 3:17], image[::-1], np.asfortranarray(image), image.astype("f8")):
        found, expected = summed(values, np.float32(0.7)), summed.dispatcher(values, np.float32(0.7))
        assert (type(found), found) == (type(expected), expected)
    frozen = image.copy()
    frozen.flags.writeable = False
    assert summed(frozen, 0.5) == summed.dispatcher(frozen, 0.5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (4, 6), (0, 3)])
def test_arrays_are_of_one_kind_where_numba_has_one_type(shape, image):
    import numba

    made = np.zeros(shape, dtype=image.dtype)
    others = [made, image, image.T, image[::2], image[:, 1:], made.T]
    same = [kinds_of((one,)) == kinds_of((made,)) for one in others]
    assert same == [numba.typeof(one) == numba.typeof(made) for one in others]


def test_arrays_tuples_and_truth_values_come_back():
    held, total, larger = scaled(Pair(np.arange(1000.0), 3), 4.0)
    kept = [scaled(Pair(np.full(1000, float(n)), 0), 1.0)[0] for n in range(50)]
    assert np.array_equal(held, np.arange(1000.0) / 4 + 3)
    assert (total, larger) == (held.sum(), True)
    assert [one[5] for one in kept] == list(range(50))
    held[0] = -1.0
    assert scaled(Pair(np.arange(3.0), 3), 0.5)[2] is False


def test_tuples_in_tuples_and_arguments_by_name_only():
    values = np.arange(5.0)
    found, rest = counted(values, 3, both=True)
    assert found == (3, ((5, 10.0), True))
    assert [type(one) for one in found[1][0]] == [int, float]
    assert np.array_equal(rest, values[1:])
    assert counted._found((values, 3, True)) is not None  # it does not go through numba


def test_errors_are_those_that_the_function_raises():
    assert refused(2) == 3
    with pytest.raises(ValueError, match="a negative count"):
        refused(-1)
    with pytest.raises(ZeroDivisionError):
        refused(0)


def test_defaults_names_and_pickles_are_those_of_the_function(image):
    assert doubled_sum(image) == doubled_sum(values=image, weight=2.0) == 2.0 * summed(image, np.float32(1.0))
    assert pickle.loads(pickle.dumps(summed)) is summed


def test_what_only_numba_can_pass_goes_through_numba(image):
    with pytest.raises(Exception, match="dtype"):
        summed(image.astype(">f4"), np.float32(1.0))
    assert refused(np.int16(2)) == 3


def test_a_second_process_runs_a_kernel_without_numba(image):
    script = """
import sys
import numpy as np
from tests.numerics.compiled.test_kernel import doubled_sum, scaled, Pair
values = np.random.default_rng(3).normal(size=(40, 30)).astype(np.float32)
print(repr(doubled_sum(values)), scaled(Pair(values[0].astype("f8"), 1), 2.0)[1], "numba" in sys.modules)
"""
    expected = doubled_sum(image), scaled(Pair(image[0].astype("f8"), 1), 2.0)[1]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [repr(expected[0]), str(expected[1]), "False"]


def made(factor):
    """Give a function of the same name whose callee uses another constant."""
    space = {"compiled": compiled, "factor": np.float64(factor)}
    exec("def inner(x):\n    return x * factor\ndef outer(x):\n    return inner(x) + 1.0\n", space)
    return space["outer"]


def test_a_changed_constant_or_callee_is_other_code():
    assert source_digest(made(2.0), {}) == source_digest(made(2.0), {})
    assert source_digest(made(2.0), {}) != source_digest(made(3.0), {})
    assert source_digest(made(2.0), {}) != source_digest(made(2.0), {"error_model": "numpy"})


def test_damaged_code_is_not_run_and_older_code_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_code, "_folders", lambda function: iter([tmp_path / "missing", tmp_path]))
    values = (np.ones((2, 2), np.float32), np.float32(1.0))
    fresh = Kernel(summed.py_func, summed.options)
    assert fresh(*values) == summed(*values)
    (kept,) = (tmp_path / "missing").iterdir()
    content = kept.read_bytes()
    assert kept_code.find_code(fresh, values).image == content[content.index(b"\n", 16) + 1 :]
    kept.write_bytes(content[:-1])
    assert kept_code.find_code(fresh, values) is None
    changed = Kernel(summed.py_func, {"nogil": True, "error_model": "numpy"})
    changed(*values)
    (now,) = (tmp_path / "missing").iterdir()
    assert now.name != kept.name


@compiled()
def of_all_kinds(values, small, whole, real, half, truth, pair, nothing):
    found = values.sum() + small[0] + whole + real + np.float64(half)
    if truth:
        found += pair.values[-1] * pair.shift
    return found if nothing is None else 0.0


def test_what_is_called_often_gives_the_same_however_its_words_are_passed():
    """After some calls words are packed: numbers of all kinds, read-only and empty arrays, tuples."""
    values = np.arange(5.0)
    frozen = values.copy()
    frozen.flags.writeable = False
    for number in range(3 * 32):
        for held in (values, frozen, values[::2]):
            pair = Pair(np.array([2.0, number]), -3)
            args = (held, np.array([7], "u2"), -number, 0.25, np.float32(0.5), bool(number % 2), pair, None)
            assert of_all_kinds(*args) == of_all_kinds.py_func(*args)
            assert np.array_equal(scaled(pair, 2.0)[0], pair.values / 2.0 - 3)
        assert summed(np.empty((0, 3), "f4"), np.float32(1.0)) == 0.0
    for number in range(2 * 32):
        assert refused(number + 1) == 7 // (number + 1)
        with pytest.raises(ValueError, match="a negative count"):
            refused(-1)
        with pytest.raises(ZeroDivisionError):
            refused(0)
