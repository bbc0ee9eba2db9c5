"""Celestial frames as rotations of unit vectors.

ICRS, FK5 of any equinox and galactic coordinates differ by a fixed rotation, so that a change of frame costs one 3 x 3
product. FK4 does not (its aberration terms vary over the sky) and goes through astropy.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import TransformError

if TYPE_CHECKING:  # it takes long to load, and what lies in one frame needs it not
    from astropy.coordinates import BaseCoordinateFrame
    from astropy.wcs import WCS

__all__ = ["ICRS", "Frame", "frame_of", "lonlat", "rotated", "unit_vectors"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """A celestial frame, by its FITS name."""

    name: str
    """ICRS, FK5, FK4 or GALACTIC."""

    equinox: float = 2000.0
    """Julian (FK5) or Besselian (FK4) year of the equinox; without meaning for the others."""

    @property
    def axis_names(self) -> tuple[str, str]:
        """First parts of CTYPE1 and CTYPE2."""
        return ("GLON", "GLAT") if self.name == "GALACTIC" else ("RA", "DEC")

    def astropy(self) -> "BaseCoordinateFrame":
        """Give the same frame as an astropy object."""
        from astropy import coordinates  # noqa: PLC0415 - see above
        from astropy.time import Time  # noqa: PLC0415

        if self.name == "ICRS":
            return coordinates.ICRS()
        if self.name == "FK5":
            return coordinates.FK5(equinox=Time(self.equinox, format="jyear"))
        if self.name == "FK4":
            return coordinates.FK4(equinox=Time(self.equinox, format="byear"))
        return coordinates.Galactic()


ICRS = Frame("ICRS")
"""The frame of our own grids."""


def frame_of(wcs: "WCS", *, longitude: int | None = None) -> Frame:
    """Tell the frame of a celestial WCS by the rules of the FITS standard (paper II, section 3.1).

    Parameters
    ----------
    wcs
        The WCS.
    longitude
        Its axis of longitude, 0-based, where wcslib does not know it (-TAB); None = as wcslib has it.

    Raises
    ------
    TransformError
        Axes that are neither equatorial nor galactic.
    """
    kind = str(wcs.wcs.ctype[wcs.wcs.lng if longitude is None else longitude])[:4]
    if kind == "GLON":
        return Frame("GALACTIC")
    if kind != "RA--":
        raise TransformError(f"celestial axes {list(wcs.wcs.ctype)} are not supported: equatorial or galactic only")
    equinox = float(wcs.wcs.equinox)
    system = str(wcs.wcs.radesys).strip().upper()
    if not system:
        system = "ICRS" if np.isnan(equinox) else ("FK4" if equinox < 1984.0 else "FK5")
    if system == "ICRS":
        return Frame("ICRS")
    if system not in ("FK5", "FK4"):
        raise TransformError(f"RADESYS {system!r} is not supported: ICRS, FK5 or FK4")
    return Frame(system, equinox if np.isfinite(equinox) else (2000.0 if system == "FK5" else 1950.0))


def unit_vectors(lon: Floats, lat: Floats) -> Floats:
    """Turn longitude and latitude, degrees, into unit vectors of shape (..., 3)."""
    a, d = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)


def lonlat(vectors: Floats) -> tuple[Floats, Floats]:
    """Turn vectors of shape (..., 3) into longitude in [0, 360) and latitude, degrees."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def rotated(lon: Floats, lat: Floats, origin: Frame, target: Frame) -> tuple[Floats, Floats]:
    """Change positions, degrees, from one frame to another."""
    if origin == target:
        return lon, lat
    if "FK4" in (origin.name, target.name):
        from astropy.coordinates import SkyCoord  # noqa: PLC0415 - see above

        moved: Any = SkyCoord(lon, lat, unit="deg", frame=origin.astropy()).transform_to(target.astropy())
        return np.asarray(moved.spherical.lon.deg), np.asarray(moved.spherical.lat.deg)
    return lonlat(unit_vectors(lon, lat) @ _rotation(origin, target).T)


def _rotation(origin: Frame, target: Frame) -> Floats:
    """Find the rotation from where the three axes of the origin go."""
    from astropy.coordinates import SkyCoord  # noqa: PLC0415 - see above

    axes: Any = SkyCoord([0.0, 90.0, 0.0], [0.0, 0.0, 90.0], unit="deg", frame=origin.astropy())
    moved = axes.transform_to(target.astropy())
    return unit_vectors(np.asarray(moved.spherical.lon.deg), np.asarray(moved.spherical.lat.deg)).T
