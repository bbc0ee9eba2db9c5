"""From flux to brightness: one frozen curve between two absolute limits."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import UsageError
from jwstpipe.requests import Stretch as StretchKind

__all__ = ["Stretch", "apply_stretch", "bounded"]

Image = NDArray[np.float32]

_SOFTENING = {"asinh": 0.05, "log": 1000.0}


@dataclass(frozen=True)
class Stretch:
    """``curve(clip((v - lo) / (hi - lo), 0, 1))``; the limits are absolute, so that every window renders alike."""

    kind: StretchKind
    """asinh, log, sqrt, linear, or zscale (linear between zscale limits)."""

    lo: float
    """Value that becomes 0, unit of the image."""

    hi: float
    """Value that becomes 1."""

    a: float | None = None
    """asinh: where it turns from linear to logarithmic, fraction of the range; log: its contrast; others: none."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lo) and math.isfinite(self.hi) and self.lo < self.hi):
            raise UsageError(f"a stretch needs finite limits, the lower one first, not {self.lo} and {self.hi}")
        if self.kind not in _SOFTENING:
            if self.a is not None:
                raise UsageError(f"the {self.kind} stretch has no parameter, got {self.a}")
            return
        if self.a is None:
            object.__setattr__(self, "a", _SOFTENING[self.kind])
        if not (self.a is not None and math.isfinite(self.a) and self.a > 0):
            raise UsageError(f"the parameter of the {self.kind} stretch must be positive, not {self.a}")


def bounded(kind: StretchKind, lo: float, hi: float, a: float | None = None) -> Stretch:
    """Make a stretch from measured limits; a range of nothing (a constant image) becomes one unit."""
    return Stretch(kind, lo, hi if hi > lo else lo + max(1.0, abs(lo) * 1e-6), a)


def apply_stretch(values: Image, stretch: Stretch) -> Image:
    """Turn samples into brightness.

    Parameters
    ----------
    values
        Any shape; not changed.
    stretch
        Curve and limits. asinh: ``asinh(x / a) / asinh(1 / a)``; log: ``log(a x + 1) / log(a + 1)``; sqrt: ``x**0.5``
        (as astropy.visualization defines them).

    Returns
    -------
    ndarray of float32
        In [0, 1]; NaN stays NaN.
    """
    x = np.ascontiguousarray(values, np.float64)
    x = np.clip((x - stretch.lo) / (stretch.hi - stretch.lo), 0.0, 1.0)
    if stretch.kind == "sqrt":
        np.sqrt(x, out=x)
    elif stretch.a is not None:
        x = np.arcsinh(x / stretch.a) / np.arcsinh(1.0 / stretch.a) if stretch.kind == "asinh" else _log(x, stretch.a)
    return x.astype(np.float32)


def _log(x: NDArray[np.float64], a: float) -> NDArray[np.float64]:
    return np.asarray(np.log1p(a * x) / np.log1p(a))
