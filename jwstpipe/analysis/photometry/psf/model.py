"""A point spread function: what of a source's light falls on a pixel at a distance, on a fine grid."""

import base64
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.photometry.psf.field import PsfField
from jwstpipe.errors import DataError, UsageError

__all__ = ["HEAD", "Psf", "band_line", "psf_from_text", "psf_line", "psf_of_grid"]

Floats = NDArray[np.float64]

RIM = 4
"""Samples without light around the grid, so that the spline comes to rest."""

MOST_SAMPLES = 601
"""Largest side of a grid that is read."""

HEAD = "psf 1"
"""First line of a text of PSFs."""


@dataclass(frozen=True, eq=False)
class Psf:
    """A point spread function."""

    grid: Floats
    """(n, n), n odd, centre in the middle: the share of the light on a whole pixel whose centre is that far away. The
    samples sum up to ``over ** 2`` where the stamp holds all light of the source."""

    over: int
    """Samples of the grid along the side of a pixel."""

    source: str
    """Where it comes from."""

    field: PsfField | None = None
    """PSFs of places where it varies; `grid` is their mean then."""

    @cached_property
    def curves(self) -> Floats:
        """Coefficients (k, v, u) of the PSFs that those of sources are mixed of."""
        if self.field is None:
            return self.coefficients[None]
        return np.stack([Psf(grid, self.over, "").coefficients for grid in self.field.grids])

    def mix(self, x: Floats, y: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Tell which of `curves` sources at some places are mixed of, and their shares (n, 4)."""
        if self.field is None:
            return np.zeros((len(x), 4), np.int64), np.tile([1.0, 0.0, 0.0, 0.0], (len(x), 1))
        return self.field.mix(x, y)

    @cached_property
    def coefficients(self) -> Floats:
        """Coefficients of its cubic spline, a rim of zeros included (for `numerics.psf.spline`)."""
        from scipy.ndimage import spline_filter  # noqa: PLC0415 - slow to load

        return np.ascontiguousarray(spline_filter(np.pad(self.grid, RIM), order=3))

    @property
    def half(self) -> float:
        """Half a side of the stamp, pixels."""
        return (len(self.grid) - 1) / (2.0 * self.over)

    @cached_property
    def fwhm(self) -> float:
        """Full width at half maximum, pixels, of the mean profile."""
        n = len(self.grid)
        v, u = np.mgrid[:n, :n] - (n - 1) / 2.0
        ring = np.rint(np.hypot(u, v)).astype(np.int64)
        profile = np.bincount(ring.ravel(), self.grid.ravel()) / np.bincount(ring.ravel())
        below = int(np.argmax(profile < 0.5 * profile[0]))
        if below == 0:
            return 2.0 * self.half
        high, low = profile[below - 1], profile[below]
        return float(2.0 * (below - 1 + (high - 0.5 * profile[0]) / (high - low)) / self.over)

    @property
    def white_area(self) -> float:
        """Noise area, pixels: white noise of a fit is that of so many samples."""
        return float(self.grid.sum() ** 2 / (self.grid**2).sum() / self.over**2)

    def facts(self) -> dict[str, Any]:
        """Tell of it in plain values."""
        return {
            "source": self.source, "fwhm_px": round(self.fwhm, 4), "samples_per_px": self.over,
            "half_side_px": self.half, "noise_area_px": round(self.white_area, 3),
            **({} if self.field is None else {"field": self.field.facts()}),
        }  # fmt: skip


def psf_of_grid(grid: Floats, over: int, source: str, *, name: str, even: bool = False) -> Psf:
    """Make a PSF of samples; one whose light is not about 1 is scaled to it.

    With `even` the centre may lie between samples, in the middle all the same.

    Raises
    ------
    DataError
        Not such a grid: not square, even sides, no light.
    """
    values = np.asarray(grid, np.float64)
    if values.ndim != 2 or values.shape[0] != values.shape[1] or not 5 <= len(values) <= MOST_SAMPLES:
        raise DataError(
            f"{name}: a PSF is a square image of 5 to {MOST_SAMPLES} samples a side; this is {values.shape}"
        )
    if len(values) % 2 == 0 and not even:
        raise DataError(f"{name}: a PSF has an odd number of samples a side, its centre in the middle one")
    if not np.isfinite(values).all() or not values.sum() > 0.0:
        raise DataError(f"{name}: a PSF has no missing samples, and holds light")
    light = values.sum() / over**2
    return Psf(values if 0.5 < light < 1.02 else values / light, over, source)


def psf_line(psf: Psf) -> str:
    """Write one PSF, of whatever filter, as the text that `psf_from_text` reads; 32 bits a sample."""
    return f"{HEAD}\n{band_line(psf, '*')}"


def band_line(psf: Psf, band: str) -> str:
    """Write the line of one filter, ``*`` = of any."""
    samples = psf.grid if psf.field is None else psf.field.grids
    packed = base64.b64encode(zlib.compress(samples.astype("<f4").tobytes(), 9)).decode()
    places = ""
    if psf.field is not None:
        places = "".join(" " + ",".join(map(repr, steps.tolist())) for steps in (psf.field.xs, psf.field.ys))
    return f"{band} {psf.over} {len(psf.grid)} {packed}{places}\n"


def psf_from_text(text: str, band: str) -> Psf:
    """Give the PSF of a filter from a text of PSFs.

    Raises
    ------
    UsageError
        It has none for this filter.
    """
    rows = {line.partition(" ")[0]: line for line in text.splitlines()[1:]}
    line = rows.get(band.upper(), rows.get("*"))
    if line is None:
        raise UsageError(
            f"the given PSFs have none of {band.upper() or 'an image without a filter'}; they are of {', '.join(rows)}"
        )
    _, over, side, packed, *places = line.split(" ")
    values = np.frombuffer(zlib.decompress(base64.b64decode(packed)), "<f4").reshape(-1, int(side), int(side))
    if not places:
        return Psf(values[0].astype(np.float64), int(over), "a given PSF")
    xs, ys = (np.array([float(word) for word in words.split(",")]) for words in places)
    field = PsfField(xs, ys, values.astype(np.float64))
    return Psf(field.mean, int(over), "given PSFs of places", field)
