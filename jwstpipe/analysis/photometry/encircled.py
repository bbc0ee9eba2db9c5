"""Curves of growth: which part of a point source's light a circle holds.

The public curves are those of the observatory's documentation (NIRCam, exposure time calculator, version 2), rounded
to three digits; they hold for detectors, not for mosaics, whose PSF is wider below 1.5 full widths.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from jwstpipe.errors import UsageError

__all__ = ["Curve", "curve_from_text", "curve_text", "public_curve"]

Floats = NDArray[np.float64]

_RADII = (0.05, 0.10, 0.20, 0.30, 0.50, 1.0, 2.0)
_NIRCAM = {
    "F090W": (0.613, 0.755, 0.835, 0.889, 0.936, 0.974, 0.989),
    "F115W": (0.629, 0.776, 0.844, 0.882, 0.930, 0.969, 0.987),
    "F150W": (0.616, 0.750, 0.839, 0.878, 0.921, 0.962, 0.983),
    "F200W": (0.582, 0.701, 0.832, 0.875, 0.911, 0.954, 0.979),
    "F277W": (0.459, 0.677, 0.823, 0.850, 0.899, 0.943, 0.971),
    "F356W": (0.324, 0.633, 0.754, 0.843, 0.886, 0.931, 0.963),
    "F410M": (0.261, 0.585, 0.710, 0.835, 0.869, 0.924, 0.958),
    "F444W": (0.237, 0.557, 0.703, 0.822, 0.864, 0.920, 0.956),
    "F480M": (0.200, 0.507, 0.695, 0.796, 0.858, 0.915, 0.952),
}
"""Encircled energy at `_RADII`."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve of growth."""

    radii: Floats
    """(n,), arcsec, rising."""

    energy: Floats
    """(n,), 0 to 1, rising."""

    source: str
    """Where its numbers come from."""

    @cached_property
    def _line(self) -> Any:
        return PchipInterpolator(np.concatenate([[0.0], self.radii]), np.concatenate([[0.0], self.energy]))

    def at(self, radius: float) -> float:
        """Give the encircled energy of a radius, arcsec; NaN beyond the curve."""
        return float(self._line(radius)) if 0.0 < radius <= self.radii[-1] * (1.0 + 1e-9) else float("nan")

    def radius_of(self, energy: float) -> float:
        """Give the radius that holds an encircled energy, arcsec; NaN where the curve does not reach it."""
        if not 0.0 < energy <= self.energy[-1]:
            return float("nan")
        low, high = 0.0, float(self.radii[-1])
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if self._line(middle) >= energy else (middle, high)
        return high

    def effective(self, radius: float, ring: tuple[float, float] | None) -> float:
        """Give the part of the light that an aperture measures, less what it loses because its sky ring holds light.

        Parameters
        ----------
        radius
            Of the circle, arcsec.
        ring
            Radii of the ring, arcsec, or None. What lies beyond the curve is taken for dark.
        """
        held = self.at(radius)
        if ring is None:
            return held
        end = float(self.radii[-1])
        inner, outer = (self.at(one) if one <= end else float(self.energy[-1]) for one in ring)
        return held - (outer - inner) * radius**2 / (ring[1] ** 2 - ring[0] ** 2)


def public_curve(band: str) -> Curve | None:
    """Give the public curve of a filter; None for one that has none here."""
    found = _NIRCAM.get(band.upper())
    if found is None:
        return None
    return Curve(np.array(_RADII), np.array(found), f"public curve of NIRCam {band.upper()}, ETC version 2")


def curve_text(path: str | Path) -> str:
    """Read a table of a curve, and give what it says as one canonical text: lines of filter, radius, energy.

    Raises
    ------
    UsageError
        Not such a table.
    """
    from jwstpipe.analysis.catalogues.files import read_catalogue  # noqa: PLC0415 - for a table of one's own

    table: Table = read_catalogue(path)
    names = {name.lower(): name for name in table.colnames}
    if "radius" not in names or "ee" not in names:
        raise UsageError(f"{path}: a curve of growth has the columns radius (arcsec) and ee (0 to 1)")
    bands = [str(band).upper() for band in table[names["filter"]]] if "filter" in names else ["*"] * len(table)
    rows = [
        (band, float(radius), float(energy))
        for band, radius, energy in zip(bands, table[names["radius"]], table[names["ee"]], strict=True)
    ]
    lines = "".join(f"{band} {radius!r} {energy!r}\n" for band, radius, energy in sorted(rows))
    for band in set(bands):
        _read(lines, band, str(path))
    return lines


def curve_from_text(text: str, band: str) -> Curve | None:
    """Give the curve of a filter from the text of `curve_text`; None where it has none."""
    rows = {line.partition(" ")[0] for line in text.splitlines()}
    wanted = band.upper() if band.upper() in rows else "*"
    return _read(text, wanted, "curve of growth") if wanted in rows else None


def _read(text: str, band: str, name: str) -> Curve:
    rows = [line.split() for line in text.splitlines()]
    values = np.array([[float(radius), float(energy)] for one, radius, energy in rows if one == band])
    radii, energy = values.T
    good = len(values) >= 3 and (np.diff(radii) > 0).all() and (np.diff(energy) >= 0).all() and radii[0] > 0
    if not good or energy[0] <= 0.0 or energy[-1] > 1.0 + 1e-9:
        raise UsageError(
            f"{name}: a curve of growth needs three rows at least, with radii above 0 and ee rising from above 0 to 1"
        )
    return Curve(radii, energy, f"a given table, {len(values)} radii up to {radii[-1]:g} arcsec")
