"""The median of a few rows, against numpy's."""

import numpy as np
import pytest

from jwstpipe.numerics.robust import middle


@pytest.mark.parametrize("shape", [(1,), (2,), (5,), (6, 3), (7, 4)])
def test_bits_are_those_of_numpy(shape):
    values = np.random.default_rng(sum(shape)).lognormal(size=shape)
    assert np.array_equal(middle(values), np.median(values, axis=0))
