"""The median of a few rows, against numpy's."""

import numpy as np
import pytest

from jwstpipe.numerics.robust import middle, middle_value, quantiles


@pytest.mark.parametrize("shape", [(1,), (2,), (5,), (6, 3), (7, 4)])
def test_bits_are_those_of_numpy(shape):
    values = np.random.default_rng(sum(shape)).lognormal(size=shape)
    assert np.array_equal(middle(values), np.median(values, axis=0))


@pytest.mark.parametrize("count", [1, 2, 5, 1000, 1001])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_quantiles_and_the_middle_value_are_those_of_numpy(count, dtype):
    values = np.random.default_rng(count).normal(3.0, 2.0, count).astype(dtype)
    shares = (0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0)
    assert quantiles(values, shares) == [float(one) for one in np.quantile(values, np.array(shares))]
    assert middle_value(values) == float(np.median(values))
