"""Nearest neighbours against a tree of scipy."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from jwstpipe.numerics.nearest import nearest_others


@pytest.mark.parametrize("count", [2, 3, 50, 3000])
@pytest.mark.parametrize("shape", ["even", "clustered", "row", "same"])
def test_neighbours_are_those_of_a_tree(count, shape):
    rng = np.random.default_rng(count)
    x, y = rng.uniform(0, 4096, (2, count))
    if shape == "clustered":
        x, y = 2000 + rng.standard_normal((2, count)) ** 3
    elif shape == "row":
        y = np.zeros(count)
    elif shape == "same":
        x[: count // 2], y[: count // 2] = 7.0, 8.0
    which, distance = nearest_others(x, y)
    truth = cKDTree(np.column_stack([x, y])).query(np.column_stack([x, y]), k=2)[0][:, 1]
    assert np.allclose(distance, truth, rtol=1e-12)
    assert np.allclose(np.hypot(x[which] - x, y[which] - y), truth, rtol=1e-12)
    assert (which != np.arange(count)).all()


def test_one_point_has_none():
    which, distance = nearest_others(np.array([1.0]), np.array([2.0]))
    assert (which[0], np.isnan(distance[0])) == (-1, True)
