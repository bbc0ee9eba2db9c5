"""From flux to brightness: one frozen, monotone curve between two absolute limits.

A value v becomes ``x = clip((v - lo)/(hi - lo), 0, 1)``, is stretched, levelled between a black and a white point,
raised to ``1/gamma`` and bent by a tone curve; all in that order, all recorded, so that any window of any size renders
alike and a picture can be made again exactly.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.tone.curves import CURVES, Points, apply_curve
from jwstpipe.errors import UsageError
from jwstpipe.requests import Stretch as StretchKind

__all__ = ["SOFTENING", "Stretch", "apply_stretch", "bounded", "brightness"]

Float32Image = NDArray[np.float32]
Floats = NDArray[np.float64]

SOFTENING = {"asinh": 0.05, "log": 1000.0, "power": 2.0}
"""Default parameter of the stretches that have one."""


@dataclass(frozen=True)
class Stretch:
    """Curve and limits; in the unit of the image."""

    kind: StretchKind
    """asinh, log, sqrt, power, histeq, linear, or zscale (linear between zscale limits)."""

    lo: float
    """Value that becomes 0."""

    hi: float
    """Value that becomes 1."""

    a: float | None = None
    """asinh: where it turns from linear to logarithmic, fraction of the range; log: its contrast; power: the root."""

    black: float = 0.0
    """Stretched brightness that becomes 0."""

    white: float = 1.0
    """Stretched brightness that becomes 1."""

    gamma: float = 1.0
    """Brightness is raised to 1/gamma after that."""

    curve: str | Points = "linear"
    """Tone curve, last: a name of `CURVES` or control points."""

    knots: Points = ()
    """histeq: the cumulative histogram, from x to brightness."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lo) and math.isfinite(self.hi) and self.lo < self.hi):
            raise UsageError(f"a stretch needs finite limits, the lower one first, not {self.lo} and {self.hi}")
        if not (0.0 <= self.black < self.white <= 1.0):
            raise UsageError(f"black and white points: 0 <= black < white <= 1, not {self.black} and {self.white}")
        if not 0.0 < self.gamma <= 5.0:
            raise UsageError(f"gamma is above 0 and at most 5, not {self.gamma}")
        if isinstance(self.curve, str) and self.curve not in CURVES:
            raise UsageError(f"not a tone curve: {self.curve!r}; the names are {', '.join(CURVES)}")
        if self.kind not in SOFTENING:
            if self.a is not None:
                raise UsageError(f"the {self.kind} stretch has no parameter, got {self.a}")
            return
        if self.a is None:
            object.__setattr__(self, "a", SOFTENING[self.kind])
        if not (self.a is not None and math.isfinite(self.a) and self.a > 0):
            raise UsageError(f"the parameter of the {self.kind} stretch must be positive, not {self.a}")

    def as_dict(self) -> dict[str, Any]:
        """Give what differs from the defaults as plain JSON values; with limits and kind always."""
        result: dict[str, Any] = {"kind": self.kind, "lo": self.lo, "hi": self.hi}
        if self.a is not None:
            result["a"] = self.a
        defaults: dict[str, Any] = {"black": 0.0, "white": 1.0, "gamma": 1.0, "curve": "linear", "knots": ()}
        for name, value in defaults.items():
            if getattr(self, name) != value:
                result[name] = getattr(self, name)
        return result


def bounded(kind: StretchKind, lo: float, hi: float, a: float | None = None, **levels: Any) -> Stretch:
    """Make a stretch from measured limits; a range of nothing (a constant image) becomes one unit."""
    return Stretch(kind, lo, hi if hi > lo else lo + max(1.0, abs(lo) * 1e-6), a, **levels)


def brightness(x: Floats, stretch: Stretch, *, levels: bool = True) -> Floats:
    """Evaluate the whole curve at positions between the limits.

    Parameters
    ----------
    x
        ``(v - lo)/(hi - lo)``, any shape; NaN stays NaN.
    stretch
        Curve. asinh: ``asinh(x/a)/asinh(1/a)``; log: ``log(a x + 1)/log(a + 1)``; sqrt: ``x**0.5``; power:
        ``x**(1/a)`` (as astropy.visualization defines them); histeq: its knots, joined by straight lines.
    levels
        False leaves out black and white point, gamma and tone curve.
    """
    x = np.clip(x, 0.0, 1.0)
    y = _stretched(x, stretch)
    if not levels:
        return y
    y = np.clip((y - stretch.black) / (stretch.white - stretch.black), 0.0, 1.0)
    if stretch.gamma != 1.0:
        y = y ** (1.0 / stretch.gamma)
    return apply_curve(y, stretch.curve)


def apply_stretch(values: Float32Image, stretch: Stretch) -> Float32Image:
    """Turn samples into brightness in [0, 1]; NaN stays NaN, `values` stay as they are.

    The reference for the table that rendering uses (see `jwstpipe.display.tone.table`).
    """
    x = (np.asarray(values, np.float64) - stretch.lo) / (stretch.hi - stretch.lo)
    return brightness(x, stretch).astype(np.float32)


def _stretched(x: Floats, stretch: Stretch) -> Floats:
    kind, a = stretch.kind, stretch.a
    if kind == "sqrt":
        return np.asarray(np.sqrt(x))
    if kind == "asinh" and a is not None:
        return np.asarray(np.arcsinh(x / a) / np.arcsinh(1.0 / a))
    if kind == "log" and a is not None:
        return np.asarray(np.log1p(a * x) / np.log1p(a))
    if kind == "power" and a is not None:
        return np.asarray(x ** (1.0 / a))
    if kind == "histeq" and stretch.knots:
        xs, ys = np.array(stretch.knots, np.float64).T
        return np.asarray(np.interp(x, xs, ys))
    return x
