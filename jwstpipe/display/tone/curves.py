"""Tone curves on [0, 1]: five by name, or a free monotone curve through control points."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import UsageError

__all__ = ["CURVES", "Points", "apply_curve", "parse_curve"]

Floats = NDArray[np.float64]
Points = tuple[tuple[float, float], ...]

CURVES = ("linear", "s_curve", "inverse_s", "shadows", "highlights")
"""Names: none; smoothstep; its inverse in kind; brighter darks; darker middles."""


def apply_curve(values: Floats, curve: str | Points) -> Floats:
    """Bend brightness in [0, 1].

    ``s_curve`` is 3x^2 - 2x^3, ``inverse_s`` 0.5 + asin(2x - 1)/pi, ``shadows`` x^0.7, ``highlights`` x^1.3. Control
    points are joined by a monotone cubic (Fritsch and Butland 1984, scipy's PCHIP); level beyond the outer ones.
    """
    x = np.clip(values, 0.0, 1.0)
    if not isinstance(curve, str):
        import scipy  # noqa: PLC0415 - slow to load, and seldom needed

        xs, ys = np.array(curve, np.float64).T
        return np.asarray(np.clip(scipy.interpolate.PchipInterpolator(xs, ys)(np.clip(x, xs[0], xs[-1])), 0.0, 1.0))
    if curve == "s_curve":
        return np.asarray(x * x * (3.0 - 2.0 * x))
    if curve == "inverse_s":
        return np.asarray(np.clip(0.5 + np.arcsin(2.0 * x - 1.0) / np.pi, 0.0, 1.0))
    if curve == "shadows":
        return np.asarray(x**0.7)
    if curve == "highlights":
        return np.asarray(x**1.3)
    return np.asarray(x)


def parse_curve(text: str) -> str | Points:
    """Read the name of a curve, or control points as ``0:0,0.25:0.2,1:1``.

    Raises
    ------
    UsageError
        Neither; or points that leave [0, 1], or do not rise.
    """
    word = text.strip().lower().replace("-", "_")
    if word in CURVES:
        return word
    try:
        points = [tuple(float(part) for part in pair.split(":")) for pair in word.split(",")]
    except ValueError:
        points = []
    if len(points) < 2 or any(len(point) != 2 for point in points):
        raise UsageError(
            f"not a tone curve: {text!r}; the names are {', '.join(CURVES)}, or give points as 0:0,0.3:0.2,1:1"
        )
    return _checked([(x, y) for x, y in points], text)


def _checked(points: Sequence[tuple[float, float]], text: str) -> Points:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    inside = all(0.0 <= part <= 1.0 for part in (*xs, *ys))
    if not inside or any(b <= a for a, b in pairwise(xs)) or ys != sorted(ys):
        raise UsageError(
            f"curve {text!r}: points lie in [0, 1], x rises from point to point and y never falls, or the picture"
            " would turn tones around"
        )
    return tuple(points)
