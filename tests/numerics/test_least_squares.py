"""Least squares with bounds, against SciPy's."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from jwstpipe.numerics.least_squares import least_squares_above


@pytest.mark.parametrize("seed", range(20))
def test_solutions_are_those_of_scipy(seed):
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 9))
    system = random.normal(size=(count + 3, count)) * random.choice([1.0, 1e3], (count + 3, 1))
    goal, lower = random.normal(size=count + 3), random.uniform(-0.2, 0.2, count)
    found = least_squares_above(system, goal, lower)
    wanted = lsq_linear(system, goal, bounds=(lower, np.inf), method="bvls", tol=1e-15).x
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-11)
    assert (found >= lower).all()


def test_an_unknown_that_is_best_below_its_bound_lies_at_it():
    system = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    found = least_squares_above(system, np.array([-3.0, 2.0, 0.0]), np.array([0.5, 0.0]))
    assert found[0] == 0.5
    assert found[1] == pytest.approx(0.75)
