"""What a plot of spectra shows, as plain arrays; every form of plot is drawn from this."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError
from jwstpipe.render.plots.spectra.paper import Ink

__all__ = ["INKS", "LineMark", "Overlay", "SpectrumCurve", "SpectrumPlot", "curve_runs", "limits", "pleasant_unit"]

Floats = NDArray[np.float64]

INKS: tuple[Ink, ...] = (
    (27, 79, 138), (200, 76, 9), (26, 127, 90), (122, 58, 140), (178, 134, 0), (70, 150, 190),
    (150, 40, 60), (90, 90, 98),
)  # fmt: skip
"""Of the spectra, in turn; told apart by colour-blind eyes, and in print."""

_PREFIXES = ((1e6, "MJy"), (1.0, "Jy"), (1e-3, "mJy"), (1e-6, "\u00b5Jy"), (1e-9, "nJy"))


@dataclass(frozen=True, eq=False)
class SpectrumCurve:
    """A spectrum to draw; (n,) each. What does not count is not drawn, and the line is broken there."""

    wavelength: Floats
    """Micrometres, rising."""

    flux: Floats
    error: Floats | None
    valid: NDArray[np.bool_]
    label: str = ""
    breaks: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    """Samples before which a gap lies: the line is broken there, too."""


@dataclass(frozen=True, eq=False)
class Overlay:
    """A smooth curve over the spectra: a continuum, a fitted line."""

    wavelength: Floats
    flux: Floats
    label: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class LineMark:
    """A spectral line, where it is observed, micrometres."""

    wavelength: float
    label: str
    found: bool = True
    """It was measured; else it is only marked."""


@dataclass(frozen=True, eq=False)
class SpectrumPlot:
    """A plot."""

    curves: Sequence[SpectrumCurve]
    unit: str
    """Of all curves."""

    title: str = ""
    subtitle: str = ""
    overlays: Sequence[Overlay] = ()
    marks: Sequence[LineMark] = ()
    redshift: float | None = None
    """Where it is known, wavelengths at rest stand along the top."""

    log_x: bool = False
    log_y: bool = False
    wavelengths: tuple[float, float] | None = None
    """From where to where, micrometres; None = all."""


def curve_runs(curve: SpectrumCurve) -> list[NDArray[np.intp]]:
    """Give the stretches of valid samples without a gap."""
    kept = np.flatnonzero(curve.valid)
    if not kept.size:
        return []
    broken = np.diff(kept) > 1
    if curve.breaks.size:
        broken |= np.diff(np.searchsorted(curve.breaks, kept, side="right")) > 0
    return np.split(kept, np.flatnonzero(broken) + 1)


def limits(plot: SpectrumPlot) -> tuple[tuple[float, float], tuple[float, float]]:
    """Choose the ends of both axes, in micrometres and in the unit of the curves.

    Lines stay inside, and single wild samples, which have a wild error or stand alone, set no end.

    Raises
    ------
    DataError
        No curve has a valid sample.
    """
    inside = plot.wavelengths or (0.0, np.inf)
    waves, lows, highs = [], [], []
    for curve in plot.curves:
        kept = curve.valid & (curve.wavelength >= inside[0]) & (curve.wavelength <= inside[1])
        if not kept.any():
            continue
        waves.append(curve.wavelength[kept])
        low, high = _reach(curve.flux[kept], None if curve.error is None else curve.error[kept])
        lows.append(low)
        highs.append(high)
    if not waves:
        raise DataError("there is no valid sample to draw" + (" at these wavelengths" if plot.wavelengths else ""))
    first, last = plot.wavelengths or (min(one[0] for one in waves), max(one[-1] for one in waves))
    if plot.log_x:
        edge = (last / first) ** 0.02
        across = (first / edge, last * edge) if plot.wavelengths is None else (first, last)
    else:
        edge = (last - first) * 0.02 or first * 0.01
        across = (first - edge, last + edge) if plot.wavelengths is None else (first, last)
    low, high = min(lows), max(highs)
    if plot.log_y:
        low = max(low, high * 1e-5) if high > 0.0 else 1e-3
        return across, (low / 1.4, max(high, low * 2.0) * 1.4)
    low = 0.0 if 0.0 < low < 0.35 * high else low
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return across, (low - room, high + room)


def _reach(flux: Floats, error: Floats | None) -> tuple[float, float]:
    """Give the lowest and the highest sample that no wild ones are."""
    values = flux
    if error is not None and values.size > 20:
        calm = error <= 8.0 * np.median(error)
        values = np.where(calm | (np.abs(flux) > 10.0 * error), flux, np.nan)
    if values.size > 20:
        padded = np.r_[values[:1], values, values[-1:]]
        around = np.stack([padded[:-2], padded[1:-1], padded[2:]])
        low = np.fmin.reduce(np.fmax(np.fmin(around[0], around[1]), np.fmin(around[1], around[2])))
        high = np.fmax.reduce(np.fmin(np.fmax(around[0], around[1]), np.fmax(around[1], around[2])))
        if np.isfinite(low) and np.isfinite(high) and low <= high:
            return float(low), float(high)
    return float(np.nanmin(flux)), float(np.nanmax(flux))


def pleasant_unit(unit: str, size: float) -> tuple[float, str]:
    """Choose a prefix so that numbers of some size are short; gives what to divide by, and the words of the axis."""
    known = unit.replace(" ", "").removesuffix("/sr")
    names = {"MJy": 1e6, "Jy": 1.0, "mJy": 1e-3, "uJy": 1e-6, "\u00b5Jy": 1e-6, "nJy": 1e-9}
    if known not in names or size <= 0.0:
        return 1.0, unit
    area = "\u2009sr\u207b\u00b9" if unit.replace(" ", "").endswith("/sr") else ""
    factor, name = next((one for one in _PREFIXES if size * names[known] >= one[0]), _PREFIXES[-1])
    return factor / names[known], f"{name}{area}"
