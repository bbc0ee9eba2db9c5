"""Means of blocks, against sums made by numpy."""

import numpy as np
import pytest

from jwstpipe.numerics.areas.block_means import block_means


def halved(sums):
    return (sums[0::2, 0::2] + sums[0::2, 1::2]) + (sums[1::2, 0::2] + sums[1::2, 1::2])


@pytest.mark.parametrize("halvings", [1, 2, 4])
@pytest.mark.parametrize("shape", [(16, 32), (17, 33), (3, 50)])
def test_means_are_those_of_halving_whole_planes(halvings, shape):
    random = np.random.default_rng(halvings)
    values = random.lognormal(size=shape).astype(np.float32) * 1e3
    values[random.random(shape) < 0.2] = np.nan
    values[:4, :4] = np.nan
    values[1, -1], values[2, -1], values[-1, 0] = np.inf, -np.inf, -0.0
    out = np.empty([-(-side >> halvings) for side in shape], np.float32)
    sums = np.zeros([side << halvings for side in out.shape])
    sums[: shape[0], : shape[1]] = np.where(np.isfinite(values), values, 0.0)
    count = np.zeros(sums.shape)
    count[: shape[0], : shape[1]] = np.isfinite(values)
    for _ in range(halvings):
        sums, count = halved(sums), halved(count)
    expected = np.where(count > 0, sums / np.maximum(count, 1.0), np.nan).astype(np.float32)
    block_means(values, halvings, out)
    assert np.array_equal(out.view(np.uint32), expected.view(np.uint32))
    assert np.array_equal(np.isnan(out), count == 0)
