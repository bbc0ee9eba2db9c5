"""Stretch curves against astropy's own, and their limits."""

import astropy.visualization as viz
import numpy as np
import pytest

from jwstpipe.display.tone.stretch import Stretch, apply_stretch, bounded
from jwstpipe.errors import UsageError

CASES = [
    (Stretch("asinh", -2.0, 8.0, 0.02), viz.AsinhStretch(0.02)),
    (Stretch("asinh", -2.0, 8.0), viz.AsinhStretch(0.05)),
    (Stretch("log", -2.0, 8.0, 300.0), viz.LogStretch(300.0)),
    (Stretch("log", -2.0, 8.0), viz.LogStretch(1000.0)),
    (Stretch("sqrt", -2.0, 8.0), viz.SqrtStretch()),
    (Stretch("linear", -2.0, 8.0), viz.LinearStretch()),
    (Stretch("zscale", -2.0, 8.0), viz.LinearStretch()),
]
NAMES = [f"{stretch.kind}-{stretch.a}" for stretch, _ in CASES]


@pytest.mark.parametrize(("stretch", "reference"), CASES, ids=NAMES)
def test_curve_is_astropys(stretch, reference):
    values = np.linspace(-5, 11, 401, dtype=np.float32)
    x = np.clip((values.astype(float) + 2.0) / 10.0, 0, 1)
    assert np.abs(apply_stretch(values, stretch) - reference(x)).max() < 1e-6


@pytest.mark.parametrize(("stretch", "reference"), CASES, ids=NAMES)
def test_curve_rises_from_black_to_white(stretch, reference):
    shown = apply_stretch(np.linspace(-2, 8, 1001, dtype=np.float32), stretch)
    assert shown[0] == 0.0
    assert shown[-1] == pytest.approx(1.0, abs=1e-6)
    assert (np.diff(shown) > 0).all()


def test_asinh_known_value():
    """At x = a the curve stands at asinh(1)/asinh(1/a)."""
    shown = apply_stretch(np.array([0.1], np.float32), Stretch("asinh", 0.0, 1.0, 0.1))
    assert shown[0] == pytest.approx(0.8813735870 / 2.9982229503, rel=1e-6)


def test_samples_are_not_changed_and_nan_stays():
    values = np.array([[-1.0, np.nan, 0.5, 9.0]], np.float32)
    kept = values.copy()
    shown = apply_stretch(values, Stretch("sqrt", 0.0, 1.0))
    assert np.array_equal(values, kept, equal_nan=True)
    assert shown.dtype == np.float32
    assert np.isnan(shown[0, 1])
    assert np.allclose(shown[0, [0, 2, 3]], [0.0, np.sqrt(0.5), 1.0])


def test_constant_image_gets_a_range_of_one():
    assert bounded("linear", 7.0, 7.0) == Stretch("linear", 7.0, 8.0)


@pytest.mark.parametrize(
    ("kind", "lo", "hi", "a"),
    [
        ("linear", 1.0, 1.0, None),
        ("asinh", 0.0, float("nan"), None),
        ("asinh", 0.0, 1.0, -1.0),
        ("sqrt", 0.0, 1.0, 2.0),
    ],
)
def test_nonsense_is_refused(kind, lo, hi, a):
    with pytest.raises(UsageError, match="stretch"):
        Stretch(kind, lo, hi, a)
