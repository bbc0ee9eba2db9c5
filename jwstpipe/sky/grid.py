"""`SkyGrid`: an infinite pixel plane on the sky, with absolute tiles.

Plane pixel (0, 0) is the pixel that holds the reference point, so that a header and its whole-pixel cutouts describe
the same plane, and tile (ty, tx) covers the plane pixels ``corner + [2048 ty, 2048 (ty + 1))`` whatever part of it was
made. The corner is put where the first mosaic of a plane begins and stays there: so its array starts with its data, and
a mosaic that grows keeps its tiles.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import TransformError
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import CelestialWcs, wcs_cards
from jwstpipe.sky.frames import ICRS, Frame, frame_of, rotated, unit_vectors
from jwstpipe.sky.wcs.header_repairs import card_words, repaired_cards
from jwstpipe.sky.wcs.plane import AnyPlane, PlaneWcs
from jwstpipe.sky.wcs.tangent import TangentWcs

if TYPE_CHECKING:  # they take long to load, and a plane that only travels needs neither
    from astropy.io.fits import Header
    from astropy.wcs import WCS

__all__ = ["TILE", "SkyGrid"]

TILE = 2048
"""Side of a tile, pixels: one tile = one Zarr shard = one task."""

PROJECTIONS = re.compile(
    "AZP|SZP|TAN|STG|SIN|ARC|ZPN|ZEA|AIR|CYP|CEA|CAR|MER|SFL|PAR|MOL|AIT|COP|COE|COD|COO|BON|PCO|TSC|CSC|QSC|HPX|XPH"
)
"""Projections of FITS paper II and HEALPix."""

_PARAMETER = re.compile(r"^(PV\d+_\d+|LONPOLE|LATPOLE)$")


@dataclass(frozen=True)
class SkyGrid:
    """An undistorted celestial pixel plane."""

    crval: tuple[float, float]
    """Longitude and latitude of the reference point, degrees in `frame`."""

    cd: tuple[float, float, float, float]
    """CD1_1, CD1_2, CD2_1, CD2_2, degrees per pixel."""

    phase: tuple[float, float] = (0.0, 0.0)
    """Position (x, y) of the reference point inside plane pixel (0, 0), pixels in [-0.5, 0.5) from its centre."""

    projection: str = "TAN"
    """Three-letter FITS projection code."""

    frame: Frame = ICRS
    """Celestial frame of the axes."""

    parameters: tuple[tuple[str, float], ...] = ()
    """Projection parameters that differ from their defaults: PVi_m, LONPOLE, LATPOLE."""

    tile_corner: tuple[int, int] | None = None
    """Plane pixel (y, x) where tile (0, 0) begins; None = no mosaic was begun, tiles count from plane pixel (0, 0)."""

    def __post_init__(self) -> None:
        for field in ("crval", "cd", "phase"):
            object.__setattr__(self, field, tuple(_as_card(value) for value in getattr(self, field)))

    @classmethod
    def north_up(cls, ra: float, dec: float, scale_arcsec: float, *, rotation_deg: float = 0.0) -> Self:
        """Make an ICRS TAN plane centred on a position.

        Parameters
        ----------
        ra, dec
            Reference point, degrees.
        scale_arcsec
            Side of a pixel, arcsec.
        rotation_deg
            Position angle of the pixel columns (up) from north through east, degrees.
        """
        step = scale_arcsec / 3600.0
        sine, cosine = (_clean(f(math.radians(rotation_deg))) for f in (math.sin, math.cos))
        return cls((ra % 360.0, dec), (-step * cosine, step * sine, step * sine, step * cosine))

    @classmethod
    def from_header(cls, header: "Header", *, name: str = "header") -> tuple[Self, Box]:
        """Read the plane of an image header, and the window of it that the image covers.

        Parameters
        ----------
        header
            Celestial WCS, NAXIS1 and NAXIS2.
        name
            What to call the header in errors.

        Raises
        ------
        TransformError
            No celestial WCS, or a distorted one: a distorted plane cannot be cut into tiles of another image.
        """
        from astropy.io.fits.verify import VerifyError  # noqa: PLC0415 - see above

        try:
            cards = wcs_cards(header)
            exact = CelestialWcs.from_cards(cards, name=name)
        except (VerifyError, ValueError) as error:
            if isinstance(error, TransformError):
                raise
            raise TransformError(f"{name}: its header cannot be read: {' '.join(str(error).split())[:120]}") from None
        wcs = exact.wcs
        if exact.distorted or not PROJECTIONS.fullmatch(str(wcs.wcs.ctype[0])[-3:]):
            raise TransformError(
                f"{name}: its WCS is distorted (SIP or table), or no plain projection, so it cannot serve as a grid"
            )
        if wcs.wcs.lng != 0:
            raise TransformError(f"{name}: latitude is its first axis; a grid needs longitude first")
        crpix = np.asarray(wcs.wcs.crpix) - 1.0
        whole = np.floor(crpix + 0.5)
        x0, y0 = -int(whole[0]), -int(whole[1])
        matrix = wcs.pixel_scale_matrix
        grid = cls(
            crval=(float(wcs.wcs.crval[0]), float(wcs.wcs.crval[1])),
            cd=(float(matrix[0, 0]), float(matrix[0, 1]), float(matrix[1, 0]), float(matrix[1, 1])),
            phase=(float(crpix[0] - whole[0]), float(crpix[1] - whole[1])),
            projection=str(wcs.wcs.ctype[0])[-3:],
            frame=frame_of(wcs),
            parameters=tuple(
                (key, float(value.upper().replace("D", "E")))
                for key, value in card_words(repaired_cards(cards).cards).items()
                if _PARAMETER.match(key)
            ),
        )
        grid.check(name)
        return grid, Box.of_shape((int(header["NAXIS2"]), int(header["NAXIS1"])), (y0, x0))

    def check(self, name: str) -> None:
        """Refuse a plane that no position can be taken from.

        Raises
        ------
        TransformError
            Numbers that are none, or a projection with wrong parameters.
        """
        numbers = (*self.crval, *self.cd, *self.phase)
        try:
            good = all(map(math.isfinite, numbers)) and abs(self.crval[1]) <= 90.0
            good = good and bool(np.isfinite(self.wcs(Box(0, 0, 1, 1)).wcs.piximg_matrix).all())
        except (ValueError, MemoryError, TypeError) as error:
            raise TransformError(f"{name}: cannot serve as a grid: {' '.join(str(error).split())[-120:]}") from None
        if not good:
            raise TransformError(f"{name}: cannot serve as a grid: reference point or matrix are no positions")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild a grid from `as_dict`, also where JSON has made a whole number of 2000.0."""
        frame = values["frame"]
        (ra, dec), (a, b, c, d), (right, up) = (map(float, values[name]) for name in ("crval", "cd", "phase"))
        return cls(
            crval=(ra, dec),
            cd=(a, b, c, d),
            phase=(right, up),
            projection=values["projection"],
            frame=Frame(**{**frame, "equinox": float(frame["equinox"])}),
            parameters=tuple((key, float(value)) for key, value in values["parameters"]),
            tile_corner=None if values.get("tile_corner") is None else tuple(values["tile_corner"]),
        )

    def as_dict(self) -> dict[str, Any]:
        """Give the grid as plain JSON values."""
        return {
            "crval": list(self.crval),
            "cd": list(self.cd),
            "phase": list(self.phase),
            "projection": self.projection,
            "frame": {"name": self.frame.name, "equinox": self.frame.equinox},
            "parameters": [list(item) for item in self.parameters],
            "tile_corner": None if self.tile_corner is None else list(self.tile_corner),
        }

    @property
    def scale_arcsec(self) -> float:
        """Side of a square pixel of the same area at the reference point, arcsec."""
        a, b, c, d = self.cd
        return math.sqrt(abs(a * d - b * c)) * 3600.0

    def header(self, box: Box) -> "Header":
        """Write the WCS of a window of the plane as FITS cards."""
        from astropy.io.fits import Header  # noqa: PLC0415 - see above

        cards = Header()
        for keyword, said in self.keywords(box).items():
            cards[keyword] = said
        return cards

    def keywords(self, box: Box) -> dict[str, tuple[str | int | float, str]]:
        """Give the keywords of the WCS of a window of the plane: value and comment of each, in their order."""
        names = [f"{name}-{self.projection}".replace("RA-", "RA---").replace("DEC-", "DEC--")
                 for name in self.frame.axis_names]  # fmt: skip
        cards: dict[str, tuple[str | int | float, str]] = {"WCSAXES": (2, "number of World Coordinate System axes")}
        cards |= {f"CTYPE{axis}": (name, "") for axis, name in enumerate(names, 1)}
        cards |= {f"CUNIT{axis}": ("deg", "") for axis in (1, 2)}
        for axis, (value, phase, origin) in enumerate(zip(self.crval, self.phase, (box.x0, box.y0), strict=True), 1):
            cards[f"CRVAL{axis}"] = (value, "[deg] reference point")
            cards[f"CRPIX{axis}"] = (phase + 1.0 - origin, "[pixel] reference point")
        for key, value in zip(("CD1_1", "CD1_2", "CD2_1", "CD2_2"), self.cd, strict=True):
            cards[key] = (value, "[deg/pixel]")
        cards |= {key: (value, "") for key, value in self.parameters}
        if self.frame.name in ("ICRS", "FK5", "FK4"):
            cards["RADESYS"] = (self.frame.name, "celestial reference frame")
            if self.frame.name != "ICRS":
                cards["EQUINOX"] = (self.frame.equinox, "[yr] equinox of the coordinates")
        return cards

    def wcs(self, box: Box) -> "WCS":
        """Build the WCS of a window of the plane; for one thread, as every WCS."""
        from astropy.wcs import WCS  # noqa: PLC0415 - see above

        if self.parameters:
            return WCS(self.header(box), fix=False)
        found = WCS(naxis=2)  # past the parsing of cards: a mosaic does this once for each input of each tile
        keys = found.wcs
        keys.ctype = [f"{name}-{self.projection}".replace("RA-", "RA---").replace("DEC-", "DEC--")
                      for name in self.frame.axis_names]  # fmt: skip
        keys.cunit = ["deg", "deg"]
        keys.crval = self.crval
        keys.crpix = [self.phase[0] + 1.0 - box.x0, self.phase[1] + 1.0 - box.y0]
        keys.cd = [self.cd[:2], self.cd[2:]]
        if self.frame.name in ("ICRS", "FK5", "FK4"):
            keys.radesys = self.frame.name
            if self.frame.name != "ICRS":
                keys.equinox = self.frame.equinox
        keys.set()
        return found

    def plane_wcs(self) -> PlaneWcs:
        """Build what evaluates plane positions, in one thread: by its formulas where it is a plain TAN."""
        plain = self.projection == "TAN" and not self.parameters
        if plain and 0.0 <= self.crval[0] < 360.0 and abs(self.crval[1]) < 90.0:
            return TangentWcs((self.phase[0] + 1.0, self.phase[1] + 1.0), self.crval, self.cd, compiled=True)
        return AnyPlane(self.wcs(Box(0, 0, 1, 1)))

    def place(self, ra: float, dec: float) -> tuple[float, float]:
        """Give the plane position (x, y) of a point of the sky, ICRS degrees; NaN out of the plane's reach."""
        x, y = self.places(np.array([ra]), np.array([dec]))
        return float(x[0]), float(y[0])

    def places(self, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give the plane positions (x, y) of points of the sky, ICRS degrees; NaN out of the plane's reach."""
        lon, lat = rotated(ra, dec, ICRS, self.frame)
        return self.plane_wcs().to_pixel(lon, lat)

    def vectors(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the ICRS unit vectors (..., 3) of plane positions."""
        lon, lat = self.plane_wcs().to_sky(x, y)
        return unit_vectors(*rotated(lon, lat, self.frame, ICRS))

    def tiles(self, box: Box) -> Iterator[tuple[int, int]]:
        """Name the tiles (ty, tx) that a window touches, row by row."""
        dy, dx = self.tile_corner or (0, 0)
        aligned = box.snapped(TILE, (dy, dx))
        for y0 in range(aligned.y0, aligned.y1, TILE):
            for x0 in range(aligned.x0, aligned.x1, TILE):
                yield (y0 - dy) // TILE, (x0 - dx) // TILE

    def tile_box(self, tile: tuple[int, int]) -> Box:
        """Give the window of the plane that tile (ty, tx) covers."""
        dy, dx = self.tile_corner or (0, 0)
        return Box.of_shape((TILE, TILE), (tile[0] * TILE + dy, tile[1] * TILE + dx))

    def begun_at(self, window: Box) -> tuple[Self, Box]:
        """Lay out the tiles for a mosaic of a window.

        Returns
        -------
        SkyGrid, Box
            The plane with its tile corner, put at that of the window where it has none yet; and the window, grown
            down and to the left to whole tiles: the arrays of the mosaic, and its FITS file, have this shape.
        """
        plane = self if self.tile_corner is not None else replace(self, tile_corner=(window.y0, window.x0))
        whole = window.snapped(TILE, plane.tile_corner or (0, 0))
        return plane, Box(whole.y0, whole.x0, window.y1, window.x1)


def _clean(value: float) -> float:
    """Make a rotation by whole quarters exact."""
    return 0.0 if abs(value) < 1e-12 else value


def _as_card(value: float) -> float:
    """Round to the 14 digits that a FITS card always holds, so that a grid equals itself read back from a header."""
    return float(f"{value:.13e}") if abs(value) > 1e-99 else 0.0
