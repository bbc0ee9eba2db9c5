"""Limits as IRAF's zscale has them, against astropy's."""

import numpy as np
import pytest
from astropy.visualization import ZScaleInterval

from jwstpipe.numerics.zscale import zscale_limits


@pytest.mark.parametrize("size", [1, 4, 9, 400, 999, 1000, 1001, 50_000])
@pytest.mark.parametrize("kind", ["noise", "steep", "flat"])
def test_bits_are_those_of_astropy(size, kind):
    random = np.random.default_rng(size)
    values = {
        "noise": random.normal(3.0, 0.2, size),
        "steep": random.pareto(0.8, size) * 1e3,
        "flat": np.full(size, 7.5),
    }[kind].astype(np.float32)
    # of few samples no line is fitted: astropy then has none to take the slope from, and says so
    expected = ZScaleInterval(n_samples=1000, contrast=0.25).get_limits(values)
    assert zscale_limits(values) == tuple(map(float, expected))
