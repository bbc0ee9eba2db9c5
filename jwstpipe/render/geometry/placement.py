"""`SkyPlacement`: where a picture lies on the sky."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.fits.plain.changed_cards import changed_cards
from jwstpipe.images.headers.keywords import placing_cards
from jwstpipe.images.image import SkyImage
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.geometry.one_grid import celestial_of
from jwstpipe.sky.celestial import CelestialWcs
from jwstpipe.sky.frames import ICRS, rotated
from jwstpipe.sky.frames import Frame as SkyFrame
from jwstpipe.sky.wcs.plane import AnyPlane, PlaneWcs
from jwstpipe.sky.wcs.tangent import TangentWcs

if TYPE_CHECKING:  # it takes long to load
    from astropy.wcs import WCS

__all__ = ["SkyPlacement", "place_on_sky"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SkyPlacement:
    """Where a picture lies on the sky: an undistorted WCS, first pixel at the bottom left."""

    cards: str
    """FITS header cards of the WCS, 80 characters each."""

    frame: str
    """AVM name of the coordinate frame: ICRS, FK5, FK4 or GAL."""

    equinox: float
    """Equinox of the frame, years; 2000 for those that have none."""

    projection: str
    """Three-letter FITS projection code."""

    crval: tuple[float, float]
    """Longitude and latitude of the reference point, degrees."""

    crpix: tuple[float, float]
    """Reference pixel (x, y), 1-based."""

    cd: tuple[tuple[float, float], tuple[float, float]]
    """Rows for longitude and latitude, degrees per pixel."""

    exact: bool
    """It holds to half a pixel everywhere in the picture; else only the surroundings of the middle are in place."""


HELD_PX = 0.5
"""A placement that is off by more than this anywhere in the picture is good for its position only."""

AVM_PROJECTIONS = ("TAN", "SIN", "ARC", "AIT", "CAR", "CEA")
"""Those of the controlled vocabulary of AVM 1.2; readers refuse the whole record of a picture with another."""

LATTICE = 17
"""Points along each side of a picture at which its placement is held against the images' own WCS."""


def place_on_sky(image: SkyImage, frame: Frame) -> SkyPlacement | None:
    """Work out the WCS of a picture from that of a full image; None where the image has none.

    Readers of a picture know a reference point, a matrix and a few projections, and neither the pole of the projection
    (LONPOLE) nor a distortion: what they make of them is compared with the image's own WCS all over the picture, and a
    tangent plane is fitted to it where the image's keywords do not do.
    """
    celestial = celestial_of(image)
    if celestial is None:
        return None
    plane = _Axes.of(celestial)
    order = [1, 0] if plane.swapped else [0, 1]
    factor, shown = 2.0**frame.level, frame.shown
    steps = np.array(frame.steps[::-1])
    origin, corner = np.array([frame.box.x0, frame.box.y0]), np.array([shown.x0, shown.y0])
    crpix = ((plane.crpix - 0.5) / factor - origin) / steps + 0.5 - corner
    cd = plane.matrix[order] * factor * steps
    values: dict[str, str | int | float] = {
        "NAXIS1": shown.shape[1], "NAXIS2": shown.shape[0], "CRPIX1": float(crpix[0]), "CRPIX2": float(crpix[1]),
    }  # fmt: skip
    rows = plane.matrix * factor * steps
    for i in (0, 1):
        values[f"CTYPE{i + 1}"] = plane.ctype[i][:8].rstrip()
        for j in (0, 1):
            values[f"CD{i + 1}_{j + 1}"] = float(rows[i, j])
    name = {"GALACTIC": "GAL"}.get(celestial.frame.name, celestial.frame.name)
    crval = plane.crval[order]
    found = SkyPlacement(
        cards=_cards(placing_cards(image), values),
        frame=name,
        equinox=celestial.frame.equinox,
        projection=plane.ctype[0][5:8],
        crval=(float(crval[0]), float(crval[1])),
        crpix=(float(crpix[0]), float(crpix[1])),
        cd=((float(cd[0, 0]), float(cd[0, 1])), (float(cd[1, 0]), float(cd[1, 1]))),
        exact=True,
    )
    rows_at, columns_at = (np.linspace(0.5, side + 0.5, LATTICE) for side in shown.shape)
    points = np.stack([axis.ravel() for axis in np.meshgrid(columns_at, rows_at)], axis=-1)
    full = ((points - 0.5 + corner) * steps + origin) * factor + 0.5
    lon, lat = celestial.to_sky(full[:, 0] - 1.0, full[:, 1] - 1.0)
    holds = _off_px(found, points, lon, lat) <= HELD_PX
    if holds and _read_by_others(found):
        return found
    fitted = _fitted(found, celestial.frame, points, lon, lat) or replace(found, exact=False)
    return replace(fitted, cards=found.cards) if holds else fitted


@dataclass(frozen=True, eq=False)
class _Axes:
    """What a header says of the plane."""

    crpix: Floats
    crval: Floats
    matrix: Floats
    ctype: tuple[str, str]
    swapped: bool

    @classmethod
    def of(cls, wcs: TangentWcs | CelestialWcs) -> Self:
        if isinstance(wcs, TangentWcs):
            matrix = np.array(wcs.matrix).reshape(2, 2) + 0.0  # no zero with a sign: wcslib's matrix is a sum, too
            return cls(np.array(wcs.crpix), np.array(wcs.crval), matrix, ("RA---TAN", "DEC--TAN"), swapped=False)
        known = wcs.wcs.wcs
        kinds = str(known.ctype[0]), str(known.ctype[1])
        return cls(
            np.asarray(known.crpix), np.asarray(known.crval), wcs.wcs.pixel_scale_matrix, kinds, swapped=wcs.swapped
        )


def _cards(cards: str, values: dict[str, str | int | float]) -> str:
    """Put values into the cards of an image, and leave out what does not hold for the picture."""
    found = changed_cards(cards, values, left_out=_replaced)
    if found is not None:
        return found
    from astropy.io.fits import Header  # noqa: PLC0415 - slow to load, and seldom needed

    header = Header.fromstring(cards)
    for keyword in [key for key in header if _replaced(key)]:
        del header[keyword]
    for keyword, value in values.items():
        header[keyword] = value
    return str(header.tostring(endcard=False, padding=False))


def _read_by_others(placement: SkyPlacement) -> bool:
    """Tell whether readers of pictures know the projection and the equinox, and do not give up on all of it."""
    usual = {"FK5": 2000.0, "FK4": 1950.0}.get(placement.frame, placement.equinox)
    return placement.projection in AVM_PROJECTIONS and placement.equinox == usual


def _reader(placement: SkyPlacement) -> PlaneWcs:
    """Give what a reader of a picture makes of its keywords."""
    lon, lat = placement.crval
    if (placement.frame, placement.projection) == (ICRS.name, "TAN") and 0.0 <= lon < 360.0 and abs(lat) < 90.0:
        (a, b), (c, d) = placement.cd
        return TangentWcs(placement.crpix, placement.crval, (a, b, c, d), compiled=True)
    return AnyPlane(_plane(placement))


def _plane(placement: SkyPlacement) -> "WCS":
    """Build the same by wcslib."""
    from astropy.wcs import WCS  # noqa: PLC0415 - slow to load, and seldom needed

    plane = WCS(naxis=2)
    first, second = ("GLON", "GLAT") if placement.frame == "GAL" else ("RA--", "DEC-")
    plane.wcs.ctype = [f"{first}-{placement.projection}", f"{second}-{placement.projection}"]
    plane.wcs.cunit = ["deg", "deg"]
    plane.wcs.crval, plane.wcs.crpix = placement.crval, placement.crpix
    plane.wcs.cd = placement.cd
    plane.wcs.set()
    return plane


def _off_px(placement: SkyPlacement, points: Floats, lon: Floats, lat: Floats) -> float:
    """Measure how far a reader of the picture is off at most, pixels of the picture."""
    try:
        x, y = _reader(placement).to_pixel(lon, lat)
    except (ValueError, MemoryError):  # a projection without its parameters, or one that readers do not know
        return float("inf")
    off = np.hypot(x + 1.0 - points[:, 0], y + 1.0 - points[:, 1])
    return float(off.max()) if np.isfinite(off).all() else float("inf")


def _fitted(given: SkyPlacement, frame: SkyFrame, points: Floats, lon: Floats, lat: Floats) -> SkyPlacement | None:
    """Fit a plane that touches the sky in the middle of the picture; None where that cannot be.

    A frame whose equinox readers do not know is left for the ICRS.
    """
    if not _read_by_others(replace(given, projection="TAN")):
        lon, lat = rotated(lon, lat, frame, ICRS)
        given, frame = replace(given, frame=ICRS.name, equinox=ICRS.equinox), ICRS
    seen = np.isfinite(lon) & np.isfinite(lat)
    middle = points.mean(axis=0)
    if np.count_nonzero(seen) < LATTICE:
        return None
    nearest = int(np.argmin(np.where(seen, np.hypot(*(points - middle).T), np.inf)))
    touch = replace(
        given, projection="TAN", crval=(float(lon[nearest]) % 360.0, float(lat[nearest])), crpix=(0.0, 0.0),
        cd=((1.0, 0.0), (0.0, 1.0)),
    )  # fmt: skip
    xi, eta = _plane(touch).wcs_world2pix(lon, lat, 0)
    seen &= np.isfinite(xi) & np.isfinite(eta)
    if np.count_nonzero(seen) < LATTICE:
        return None
    goal = np.column_stack([xi, eta])[seen] + 1.0  # CRPIX 0 in 1-based pixels
    basis = np.column_stack([points[seen] - middle, np.ones(np.count_nonzero(seen))])
    solved = np.linalg.lstsq(basis, goal, rcond=None)[0]
    matrix, offset = solved[:2].T, solved[2]
    if abs(np.linalg.det(matrix)) < 1e-30:
        return None
    crpix = middle - np.linalg.solve(matrix, offset)
    found = replace(
        touch,
        crpix=(float(crpix[0]), float(crpix[1])),
        cd=((float(matrix[0, 0]), float(matrix[0, 1])), (float(matrix[1, 0]), float(matrix[1, 1]))),
    )
    off = _off_px(found, points, lon, lat)
    header = _plane(found).to_header()
    for i in (0, 1):
        header[f"CD{i + 1}_1"], header[f"CD{i + 1}_2"] = found.cd[i]
    for key in [key for key in header if key.startswith(("PC", "CDELT", "MJD", "DATE", "LONPOLE", "LATPOLE"))]:
        del header[key]
    if frame.name in ("FK5", "FK4"):
        header["RADESYS"], header["EQUINOX"] = frame.name, frame.equinox
    return replace(found, cards=header.tostring(endcard=False, padding=False), exact=off <= HELD_PX)


def _replaced(keyword: str) -> bool:
    """Tell which cards of the image do not hold for the picture: its matrix, in any spelling, and its distortion."""
    return keyword.startswith(
        ("CD", "PC", "CROTA", "A_", "B_", "AP_", "BP_", "CPDIS", "CPERR", "DP", "D2IM", "AXISCORR", "PLT", "AMD", "PPO",
         "CNPIX", "XPIXEL", "YPIXEL")
    )  # fmt: skip
