"""Lines of right ascension and declination (or galactic longitude and latitude) with labels at the edges."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.overlay.marks import Line, Mark, Text
from jwstpipe.render.overlay.projection import native_pixels, native_sky

if TYPE_CHECKING:  # it takes long to load
    from astropy.wcs import WCS

__all__ = ["STEPS", "grid_marks", "sexagesimal"]

Floats = NDArray[np.float64]

STEPS = (
    *(n / 3600.0 for n in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30)),
    *(n / 60.0 for n in (1, 2, 5, 10, 15, 20, 30)),
    *(1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0),
)
"""Distances between lines, degrees; right ascension has them in seconds, minutes and hours of time instead."""

_TIME_STEPS = (*(15.0 * step for step in STEPS[:-4]), 45.0)
_DECIMAL_STEPS = (*(n * 10.0**power for power in range(-6, 1) for n in (1, 2, 5)), 10.0, 15.0, 30.0, 45.0)

_LINES = 6
"""Lines across a picture, about."""

_SAMPLES = 60
_OPACITY = 0.45


def grid_marks(wcs: "WCS", shape: tuple[int, int], *, hours: bool, size: int) -> list[Mark]:
    """Draw a grid by the full WCS, poles and the meridian of 0 included.

    Parameters
    ----------
    wcs
        Of the picture, first pixel at the bottom left.
    shape
        Rows and columns.
    hours
        Longitudes are labelled in hours.
    size
        Height of the labels, pixels.
    """
    height, width = shape
    y, x = (part.ravel() for part in np.meshgrid(np.linspace(0, height - 1, 25), np.linspace(0, width - 1, 25)))
    lon, lat = native_sky(wcs, x, y)
    seen = np.isfinite(lon) & np.isfinite(lat)
    if not seen.any():
        return []
    low, high = float(lat[seen].min()), float(lat[seen].max())
    pole = [sign for sign in (-1.0, 1.0) if _inside(wcs, shape, 0.0, 90.0 * sign)]
    if pole:
        low, high = (-90.0, high) if pole[0] < 0 else (low, 90.0)
    west, span = (0.0, 360.0) if pole else _span(np.sort(lon[seen] % 360.0))
    marks: list[Mark] = []
    step = _step(span, _TIME_STEPS if hours else _DECIMAL_STEPS)
    for value in _multiples(west, west + span, step):
        lats = np.linspace(low, high, _SAMPLES)
        label = sexagesimal((value % 360.0) / 15.0, "hms", step / 15.0) if hours else f"{value % 360.0:g}°"
        marks += _line(wcs, shape, np.full(_SAMPLES, value % 360.0), lats, label, size, below=True)
    step = _step(high - low, STEPS if hours else _DECIMAL_STEPS)
    for value in _multiples(low, high, step):
        lons = np.linspace(west, west + span, _SAMPLES) % 360.0
        label = sexagesimal(value, "dms", step) if hours else f"{value:g}°"
        marks += _line(wcs, shape, lons, np.full(_SAMPLES, value), label, size, below=False)
    return marks


def sexagesimal(value: float, units: str, step: float) -> str:
    """Write hours or degrees with as many parts as a step asks for.

    Parameters
    ----------
    value
        Hours (``hms``) or degrees (``dms``).
    units
        ``hms`` or ``dms``.
    step
        Distance between labels, in the same unit.
    """
    sign = "" if units == "hms" else "-" if value < 0 else "+"
    seconds = abs(value) * 3600.0
    digits = 0 if step * 3600.0 >= 0.999 else 1 if step * 3600.0 >= 0.0999 else 2
    whole = round(seconds, digits)
    first, rest = divmod(whole, 3600.0)
    minutes, second = divmod(rest, 60.0)
    signs = ("h", "m", "s") if units == "hms" else ("°", "'", '"')
    text = f"{sign}{int(first):02d}{signs[0]}"
    if step < 0.999 or minutes or second:
        text += f"{int(minutes):02d}{signs[1]}"
    if step < 1.0 / 60.0 - 1e-9 or second > 10.0**-digits:
        text += f"{second:0{2 if digits == 0 else 3 + digits}.{digits}f}{signs[2]}"
    return text


def _inside(wcs: "WCS", shape: tuple[int, int], lon: float, lat: float) -> bool:
    x, y = native_pixels(wcs, np.array([lon]), np.array([lat]))
    return bool(-0.5 <= x[0] <= shape[1] - 0.5 and -0.5 <= y[0] <= shape[0] - 0.5)


def _span(ordered: Floats) -> tuple[float, float]:
    """Give start and length of the arc that holds all longitudes: the circle without its largest gap."""
    gaps = np.diff(np.append(ordered, ordered[0] + 360.0))
    widest = int(np.argmax(gaps))
    return float(ordered[(widest + 1) % ordered.size]), float(360.0 - gaps[widest])


def _step(span: float, steps: tuple[float, ...]) -> float:
    return next((step for step in steps if span / step <= _LINES + 1), steps[-1])


def _multiples(low: float, high: float, step: float) -> Iterator[float]:
    for number in range(int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9)) + 1):
        yield number * step


def _line(
    wcs: "WCS", shape: tuple[int, int], lon: Floats, lat: Floats, label: str, size: int, *, below: bool
) -> list[Mark]:
    """Draw the parts of a line that lie in the picture, and its label where it leaves the lower or right edge."""
    height, width = shape
    x, y = native_pixels(wcs, lon, lat)
    inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    near = inside.copy()  # one more point at each end, so that lines reach the edges
    near[1:] |= inside[:-1]
    near[:-1] |= inside[1:]
    near &= np.isfinite(x) & np.isfinite(y)
    marks: list[Mark] = []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], near.astype(np.int8), [0]])))
    for start, stop in edges.reshape(-1, 2):
        points = tuple((float(a), height - 1 - float(b)) for a, b in zip(x[start:stop], y[start:stop], strict=True))
        if len(points) > 1:
            marks.append(Line(points, width=max(1, size // 14), opacity=_OPACITY))
    if inside.any():
        place = int(np.argmin(np.where(inside, y if below else -x, np.inf)))
        margin = size // 3
        if below:
            marks.append(Text(float(x[place]) + margin, height - margin, label, size, "lb", opacity=0.85))
        else:
            marks.append(Text(width - margin, height - 1 - float(y[place]) - margin, label, size, "rb", opacity=0.85))
    return marks
