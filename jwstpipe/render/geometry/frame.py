"""`Frame`: which part of the images a picture shows, from which level, at which size; and where that is on the sky."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from jwstpipe.errors import DataError, NoCoverageError, TransformError, UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.render.geometry.levels import level_for_pixels, level_for_side, level_shape, read_level
from jwstpipe.render.tone.statistics import SURVEY_PIXELS
from jwstpipe.requests import Coverage
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import CelestialWcs, wcs_cards

__all__ = [
    "Frame",
    "SkyPlacement",
    "celestial_of",
    "channels_to_show",
    "check_one_grid",
    "choose_frame",
    "on_one_grid",
    "place_on_sky",
]

Mask = NDArray[np.bool_]

GRID_TOLERANCE_PX = 0.1
"""Images whose WCS differ by more than this are not on one grid."""


@dataclass(frozen=True)
class Frame:
    """Geometry of a picture. Rows count from the bottom, as in the images; a picture is written top row first."""

    level: int
    """Level of the images that is rendered."""

    box: Box
    """Window of that level."""

    shape: tuple[int, int]
    """Rows and columns of the picture."""


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
    """False when the images are distorted: only the surroundings of the reference point are then in place."""


def check_one_grid(images: Sequence[SkyImage]) -> None:
    """Refuse images that do not share shape and WCS.

    Raises
    ------
    DataError
        Names the image that lies on another grid.
    """
    fault = _grid_fault(images)
    if fault:
        raise DataError(f"{fault}; align them to one grid first")


def on_one_grid(images: Sequence[SkyImage]) -> bool:
    """Tell whether images share shape and WCS."""
    return _grid_fault(images) is None


def _grid_fault(images: Sequence[SkyImage]) -> str | None:
    """Say which image lies on another grid than the first; None when all agree."""
    first = images[0]
    reference = celestial_of(first)
    for image in images[1:]:
        if image.shape != first.shape:
            theirs, ours = ("x".join(map(str, one.shape)) for one in (image, first))
            return f"{image.address} has {theirs} pixels and {first.address} {ours}"
        other = celestial_of(image)
        if reference is None or other is None:
            continue
        apart = _largest_offset(reference, other, first.shape)
        if not apart <= GRID_TOLERANCE_PX:
            return f"{image.address} lies {apart:.3g} px off the grid of {first.address}"
    return None


def channels_to_show(images: Sequence[SkyImage], coverage: Coverage) -> tuple[int, str]:
    """Decide how many images have to cover a pixel for it to show in the picture.

    Where only a minority of the filters was observed a picture has no true colour: by default such rims stay dark.

    Returns
    -------
    int
        1 for ``any``, all for ``all``, more than half of them for ``majority``.
    str
        Why it is fewer than asked for: the picture would lose more than half of the sky; else empty.
    """
    wanted = {"any": 1, "majority": len(images) // 2 + 1, "all": len(images)}[coverage]
    if wanted == 1:
        return 1, ""
    level = level_for_pixels(images[0].shape, SURVEY_PIXELS)
    counts = _counts(images, None, level)
    kept, seen = int((counts >= wanted).sum()), int((counts > 0).sum())
    if 2 * kept >= seen:
        return wanted, ""
    if not kept:  # images that share no sky stand alone, which is said of the channels
        return 1, ""
    return (
        1,
        f"{wanted} of {len(images)} filters cover only {100 * kept // max(seen, 1)} % of the sky: all of it is shown",
    )


def choose_frame(
    images: Sequence[SkyImage],
    *,
    size: int | None,
    crop: bool = True,
    least: int = 1,
    window: tuple[int, int, int, int] | None = None,
) -> Frame:
    """Choose the window that the images cover together, the level, and the size of the picture.

    Parameters
    ----------
    images
        On one grid.
    size
        Longest side of the picture, pixels; None = the covered window at full resolution.
    crop
        False keeps the whole images.
    least
        Images that have to cover a pixel for it to count.
    window
        Part of the images that was asked for: x0, y0, x1, y1 in full pixels; None = what they cover.

    Raises
    ------
    UsageError
        A window beyond the images.
    NoCoverageError
        No pixel of any image holds data.
    """
    shape = images[0].shape
    if window is not None:
        return _windowed(shape, window, size)
    if not crop:
        level = 0 if size is None else level_for_side(max(shape), size)
        return _frame(Box.of_shape(level_shape(shape, level)), level, size)
    coarse = level_for_pixels(shape, SURVEY_PIXELS)
    near = _bounds(_counts(images, None, coarse) >= least)
    if near is None:
        raise NoCoverageError(f"{images[0].address}: no pixel of the images holds data; check the inputs")
    level = 0 if size is None else level_for_side(max(near.shape) << coarse, size)
    return _frame(_exact_bounds(images, near, coarse, level, least), level, size)


def place_on_sky(image: SkyImage, frame: Frame) -> SkyPlacement | None:
    """Work out the WCS of a picture from that of a full image; None where the image has none."""
    celestial = celestial_of(image)
    if celestial is None:
        return None
    wcs = celestial.wcs
    order = [1, 0] if celestial.swapped else [0, 1]
    factor = 2.0**frame.level
    steps = np.array([frame.box.shape[1] / frame.shape[1], frame.box.shape[0] / frame.shape[0]])
    origin = np.array([frame.box.x0, frame.box.y0])
    crpix = ((np.asarray(wcs.wcs.crpix) - 0.5) / factor - origin) / steps + 0.5
    cd = wcs.pixel_scale_matrix[order] * factor * steps
    header = Header.fromstring(wcs_cards(image.header))
    for keyword in [key for key in header if _replaced(key)]:
        del header[keyword]
    header["NAXIS1"], header["NAXIS2"] = frame.shape[1], frame.shape[0]
    header["CRPIX1"], header["CRPIX2"] = map(float, crpix)
    rows = wcs.pixel_scale_matrix * factor * steps
    for i in (0, 1):
        header[f"CTYPE{i + 1}"] = str(wcs.wcs.ctype[i])[:8].rstrip()
        for j in (0, 1):
            header[f"CD{i + 1}_{j + 1}"] = float(rows[i, j])
    name = {"GALACTIC": "GAL"}.get(celestial.frame.name, celestial.frame.name)
    crval = np.asarray(wcs.wcs.crval)[order]
    return SkyPlacement(
        cards=header.tostring(endcard=False, padding=False),
        frame=name,
        equinox=celestial.frame.equinox,
        projection=str(wcs.wcs.ctype[0])[5:8],
        crval=(float(crval[0]), float(crval[1])),
        crpix=(float(crpix[0]), float(crpix[1])),
        cd=((float(cd[0, 0]), float(cd[0, 1])), (float(cd[1, 0]), float(cd[1, 1]))),
        exact=wcs.sip is None and wcs.cpdis1 is None and wcs.cpdis2 is None,
    )


def _replaced(keyword: str) -> bool:
    """Tell which cards of the image do not hold for the picture: its matrix, in any spelling, and its distortion."""
    return keyword.startswith(("CD", "PC", "CROTA", "A_", "B_", "AP_", "BP_"))


def _windowed(shape: tuple[int, int], window: tuple[int, int, int, int], size: int | None) -> Frame:
    x0, y0, x1, y1 = window
    if not (0 <= x0 < x1 <= shape[1] and 0 <= y0 < y1 <= shape[0]):
        raise UsageError(
            f"crop {x0},{y0},{x1},{y1} does not lie in the images, which have {shape[1]} x {shape[0]} px; give"
            " x0,y0,x1,y1 with 0,0 at the bottom left"
        )
    level = 0 if size is None else level_for_side(max(x1 - x0, y1 - y0), size)
    fine = Box(y0, x0, y1, x1)
    box = Box(fine.y0 >> level, fine.x0 >> level, -(-fine.y1 >> level), -(-fine.x1 >> level))
    return _frame(box, level, size)


def _frame(box: Box, level: int, size: int | None) -> Frame:
    if size is None:
        return Frame(level, box, box.shape)
    longest = max(box.shape)
    return Frame(
        level, box, (max(1, round(box.shape[0] * size / longest)), max(1, round(box.shape[1] * size / longest)))
    )


def celestial_of(image: SkyImage) -> CelestialWcs | None:
    """Give the WCS of an image, or None where it has none."""
    try:
        return CelestialWcs.from_cards(wcs_cards(image.header), name=image.address)
    except TransformError:
        return None


def _largest_offset(one: CelestialWcs, other: CelestialWcs, shape: tuple[int, int]) -> float:
    y, x = (grid.ravel() for grid in np.meshgrid(*(np.linspace(0.0, n - 1.0, 5) for n in shape), indexing="ij"))
    back = other.to_pixel(*one.to_sky(x, y))
    return float(np.max(np.hypot(back[0] - x, back[1] - y)))


def _counts(images: Sequence[SkyImage], box: Box | None, level: int) -> NDArray[np.uint8]:
    """Count the images that have data in each pixel."""
    with ThreadPoolExecutor(2, thread_name_prefix="coverage") as pool:
        masks = pool.map(lambda image: np.isfinite(read_level(image, box, level=level)), images)
        counts: NDArray[np.uint8] = np.sum(list(masks), axis=0, dtype=np.uint8)
    return counts


def _bounds(covered: Mask) -> Box | None:
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1) if rows.size else None


def _exact_bounds(images: Sequence[SkyImage], near: Box, coarse: int, level: int, least: int) -> Box:
    """Sharpen bounds found at a coarse level: each true bound lies in the outermost coarse pixels, or in the next."""
    whole = Box.of_shape(level_shape(images[0].shape, level))
    if level >= coarse:
        inside = Box(
            near.y0 >> level - coarse,
            near.x0 >> level - coarse,
            -(-near.y1 >> level - coarse),
            -(-near.x1 >> level - coarse),
        )
        return inside.intersection(whole) or whole
    step = 1 << coarse - level
    wide = near.dilated(1)
    outer = Box(wide.y0 * step, wide.x0 * step, wide.y1 * step, wide.x1 * step).intersection(whole) or whole
    reach = 2 * step
    bottom = _covered(images, Box(outer.y0, outer.x0, min(outer.y0 + reach, outer.y1), outer.x1), level, least)
    top = _covered(images, Box(max(outer.y1 - reach, outer.y0), outer.x0, outer.y1, outer.x1), level, least)
    left = _covered(images, Box(outer.y0, outer.x0, outer.y1, min(outer.x0 + reach, outer.x1)), level, least)
    right = _covered(images, Box(outer.y0, max(outer.x1 - reach, outer.x0), outer.y1, outer.x1), level, least)
    return Box(bottom.y0, left.x0, top.y1, right.x1)


def _covered(images: Sequence[SkyImage], strip: Box, level: int, least: int) -> Box:
    """Find the covered part of a strip; all of it where nothing is covered."""
    found = _bounds(_counts(images, strip, level) >= least)
    return strip if found is None else found.shifted(strip.y0, strip.x0)
