"""The plan of a simulated programme: which detector looks where, when and through what.

Two observations of one target: NIRCam (001) and MIRI (002). A tile is a visit, a filter an activity of it, a dither an
exposure of the activity.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import Literal

import numpy as np

from jwstpipe.simulate.bands import BANDS, Band
from jwstpipe.simulate.detector.detectors import Detector, detectors_of
from jwstpipe.simulate.plane import Plane
from jwstpipe.simulate.planet import Planet, place_at

__all__ = ["LAYOUTS", "Exposure", "Layout", "Size", "Target", "plan_exposures"]

Size = Literal["tiny", "small", "large"]

PROGRAM = "09999"
ROLL = 8.0
"""Position angle of the telescope's upright, degrees east of north."""

_FIRST_MJD = 60_720.25
_OVERHEAD_S = 95.0
"""Time between exposures: small moves and settling."""


@dataclass(frozen=True)
class Target:
    """What the programme looks at."""

    name: str
    ra: float
    """Right ascension, degrees ICRS."""

    dec: float
    """Declination, degrees ICRS."""

    planet: Planet | None = None
    """What it is, where it moves: then the position is that in the middle of an exposure."""


@dataclass(frozen=True)
class Layout:
    """Sizes that make a programme small or large."""

    short: int
    """Side of a short-wave detector, pixels."""

    long: int
    """Side of the long-wave detector, pixels."""

    miri: int
    """Side of the MIRI imager, pixels."""

    dithers: int
    """Exposures in a visit."""

    tiles: int
    """Visits, side by side."""

    throw: float
    """Half the distance between dithers, arcsec: beyond the gaps between detectors."""

    step: float
    """Side of a pixel of the scene's raster, arcsec."""

    filters: tuple[str, ...]

    def detectors(self, band: Band) -> tuple[Detector, ...]:
        """Give the detectors that see through a filter, at the size of this layout."""
        side = self.miri if band.instrument == "MIRI" else self.short if band.channel == "SHORT" else self.long
        return tuple(detector.resized(side) for detector in detectors_of(band))

    @property
    def field_arcsec(self) -> float:
        """Side of the square that an exposure sees with all its detectors."""
        sides = [d.size * d.scale + 2.0 * max(d.offset) for band in BANDS.values() for d in self.detectors(band)]
        return max(sides)

    @property
    def view_arcsec(self) -> float:
        """Side of a square that holds all exposures, turned by the roll; corners may stick out."""
        return 1.02 * (self.field_arcsec + 2.0 * self.throw + (self.tiles - 1) * 0.8 * self.field_arcsec)


LAYOUTS = MappingProxyType(
    {
        "tiny": Layout(160, 172, 104, 2, 1, 1.2, 0.06, ("F200W", "F444W")),
        "small": Layout(528, 584, 352, 4, 1, 4.6, 0.04, tuple(BANDS)),
        "large": Layout(2048, 2048, 1024, 4, 1, 6.0, 0.06, tuple(BANDS)),
    }
)


@dataclass(frozen=True)
class Exposure:
    """One detector's part of one exposure: one `_cal` file."""

    target: Target
    band: Band
    detector: Detector
    observation: str
    visit: str
    activity: str
    """Two characters, base 36."""

    number: int
    """Exposure of the activity, from 1."""

    dithers: int
    """Exposures of the activity."""

    ra: float
    """Where the middle of the detector looks, degrees ICRS."""

    dec: float
    roll: float
    """Position angle of the detector's y axis, degrees east of north."""

    throw: tuple[float, float]
    """Dither in x and y of the field, arcsec."""

    start_mjd: float
    sky_offset: float
    """What this exposure's sky lies above the band's mean, MJy/sr."""

    @property
    def obs_id(self) -> str:
        """Name of the exposure at MAST: the file name without suffix."""
        visit = f"jw{PROGRAM}{self.observation}{self.visit}_02{1}{self.activity}"
        return f"{visit}_{self.number:05d}_{self.detector.name.lower()}"

    @property
    def seconds(self) -> float:
        """Effective exposure time."""
        return self.detector.electronics.exposure_s

    @property
    def end_mjd(self) -> float:
        """End of the exposure."""
        return self.start_mjd + self.seconds / 86_400.0

    @property
    def sky(self) -> float:
        """Sky level under the scene, MJy/sr."""
        return self.band.sky + self.sky_offset


def plan_exposures(layout: Layout, bands: Sequence[Band], target: Target, *, seed: int) -> tuple[Exposure, ...]:
    """Plan every exposure of a programme, in the order of time."""
    rng = np.random.default_rng([seed, 0xD17])
    jitter = rng.uniform(-0.5, 0.5, (layout.tiles, layout.dithers, 2)) * 0.35
    planned = []
    clock = _FIRST_MJD
    for tile, (index, band) in product(range(layout.tiles), enumerate(bands)):
        for dither, throw in enumerate(_throws(layout, jitter[tile])):
            middle = (tile - 0.5 * (layout.tiles - 1)) * 0.8 * layout.field_arcsec
            detectors = layout.detectors(band)
            level = float(rng.normal(0.0, 0.06 * band.sky))
            seen = _seen(target, clock - _FIRST_MJD, detectors[0])
            for detector in detectors:
                ra, dec = _looks_at(seen, detector, middle + throw[0], throw[1])
                planned.append(
                    Exposure(
                        target=seen,
                        band=band,
                        detector=detector,
                        observation="001" if band.instrument == "NIRCAM" else "002",
                        visit=f"{tile + 1:03d}",
                        activity=f"{2 * index + 1:02d}",
                        number=dither + 1,
                        dithers=layout.dithers,
                        ra=ra,
                        dec=dec,
                        roll=(ROLL + detector.turn) % 360.0,
                        throw=throw,
                        start_mjd=round(clock, 8),
                        sky_offset=level + float(rng.normal(0.0, 0.02 * band.sky)),
                    )
                )
            clock += (detectors[0].electronics.exposure_s + _OVERHEAD_S) / 86_400.0
    return tuple(planned)


def _throws(layout: Layout, jitter: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Iterator[tuple[float, float]]:
    """Give the dithers of a visit: corners of a box in turn, diagonal first, off by a fraction of a pixel and more."""
    corners = ((-1.0, -0.9), (1.0, 0.9), (-0.9, 1.0), (0.9, -1.0))
    for index in range(layout.dithers):
        x, y = corners[index % 4]
        shrink = layout.throw * 0.7 ** (index // 4)
        yield float(shrink * x + jitter[index, 0]), float(shrink * y + jitter[index, 1])


def _seen(target: Target, days: float, detector: Detector) -> Target:
    """Give the target where it is in the middle of an exposure that begins so many days after the first."""
    if target.planet is None:
        return target
    middle = days + 0.5 * detector.electronics.exposure_s / 86_400.0
    ra, dec = place_at(target.planet, target.ra, target.dec, middle)
    return replace(target, ra=ra, dec=dec)


def _looks_at(target: Target, detector: Detector, x: float, y: float) -> tuple[float, float]:
    x, y = x + detector.offset[0], y + detector.offset[1]
    cosine, sine = np.cos(np.radians(ROLL)), np.sin(np.radians(ROLL))
    east, north = -x * cosine + y * sine, x * sine + y * cosine
    ra, dec = Plane(target.ra, target.dec, 1.0, 1).to_sky(np.array(east), np.array(north))
    return float(ra), float(dec)
