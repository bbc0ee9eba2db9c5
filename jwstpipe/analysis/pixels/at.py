"""All that is known of single pixels: every plane's value, flags in words, the exposures behind it."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.pixels.history import Contribution, Where, contributions
from jwstpipe.errors import NoCoverageError, TransformError, UsageError
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.image import SkyImage
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import ICRS, rotated

__all__ = ["PixelFacts", "Place", "parse_place", "pixel_at"]

_NUMBER = re.compile(r"^[+-]?\d+(\.\d*)?$")


@dataclass(frozen=True)
class Place:
    """Where somebody points: a pixel, or a position on the sky."""

    first: float
    second: float
    sky: bool
    """RA and Dec, degrees ICRS, instead of x and y."""


@dataclass(frozen=True)
class PixelFacts:
    """One pixel of an image."""

    address: str
    x: int
    y: int
    """0-based; FITS counts from one: (x + 1, y + 1)."""

    ra: float | None
    dec: float | None
    """Centre of the pixel, degrees ICRS; None without a WCS."""

    unit: str
    values: dict[str, float | int | None]
    """Value by plane; None = NaN, no data."""

    flags: tuple[str, ...]
    """Names of the data quality bits that are set."""

    inputs: tuple[Contribution, ...]
    inputs_note: str
    """Why there are no inputs; empty when there are."""


def parse_place(text: str) -> Place:
    """Read ``X,Y`` (pixels, 0-based) or ``RA,DEC`` (sexagesimal, or degrees with a ``d``: ``150.11d,2.2d``).

    Raises
    ------
    UsageError
        Neither.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 2 and all(_NUMBER.match(part) for part in parts):
        return Place(float(parts[0]), float(parts[1]), sky=False)
    try:
        first, second = parts
        hours = any(letter in first for letter in ":h") and "d" not in first
        from astropy.coordinates import Angle  # noqa: PLC0415 - half a second, for sexagesimal places alone

        ra, dec = Angle(first, unit="hourangle" if hours else "deg").deg, Angle(second, unit="deg").deg
    except Exception:  # noqa: BLE001 - astropy raises many kinds, all of them for the same reason
        raise UsageError(
            f"{text!r}: write X,Y in 0-based pixels, or RA,DEC as 150.11d,2.2d or 10:00:27.1,+02:12:00"
        ) from None
    if not (math.isfinite(ra) and -90.0 <= dec <= 90.0):
        raise UsageError(f"{text!r}: no position on the sky (Dec is between -90 and 90)")
    return Place(float(ra) % 360.0, float(dec), sky=True)


def pixel_at(
    image: ImageRef | Path,
    place: Place,
    *,
    index: int = 0,
    inputs: bool = True,
    where: Where | None = None,
    s3: S3Settings | None = None,
) -> PixelFacts:
    """Tell everything about one pixel.

    Parameters
    ----------
    image
        Any image, or its address.
    place
        Pixel or position; a position means the pixel that holds it.
    index
        Slice of a cube.
    inputs
        Ask the inputs of a mosaic, too.
    where
        Finds them by their ids, see `jwstpipe.analysis.pixels.history.contributions`.
    s3
        Endpoint of ``s3://`` addresses.

    Raises
    ------
    NoCoverageError
        The place lies outside the image.
    TransformError
        A position, but the image has no WCS.
    """
    source = opened(image, s3=s3)
    x, y = _pixel(source, place)
    rows, columns = source.shape
    if not (0 <= x < columns and 0 <= y < rows):
        raise NoCoverageError(f"{source.address}: pixel {x},{y} lies outside its {columns} x {rows} pixels")
    box = Box(y, x, y + 1, x + 1)
    values: dict[str, float | int | None] = {}
    for plane in source.planes:
        value = source.read(plane, box, index=index)[0, 0]
        whole = np.issubdtype(value.dtype, np.integer)
        values[plane] = int(value) if whole else (float(value) if np.isfinite(value) else None)
    flags = int(values.get("dq") or 0)
    ra, dec = _sky(source, x, y)
    made: list[Contribution] = []
    note = "not asked"
    if inputs and ra is not None and dec is not None:
        made, note = contributions(source, x, y, ra, dec, where=where, s3=s3)
    elif inputs:
        note = "the image has no WCS"
    return PixelFacts(
        source.address, x, y, ra, dec, str(source.header.get("BUNIT", "")), values,
        tuple(name for name, bit in DQ_BITS.items() if flags & bit), tuple(made), note,
    )  # fmt: skip


def _pixel(image: SkyImage, place: Place) -> tuple[int, int]:
    if not place.sky:
        return math.floor(place.first + 0.5), math.floor(place.second + 0.5)
    wcs = image.image_wcs.exact(name=image.address)
    x, y = wcs.to_pixel(*rotated(np.array([place.first]), np.array([place.second]), ICRS, wcs.frame))
    if not (np.isfinite(x[0]) and np.isfinite(y[0])):
        raise NoCoverageError(f"{image.address}: has no pixel at {place.first:.6f},{place.second:.6f}")
    return math.floor(float(x[0]) + 0.5), math.floor(float(y[0]) + 0.5)


def _sky(image: SkyImage, x: int, y: int) -> tuple[float | None, float | None]:
    try:
        wcs = image.image_wcs.exact(name=image.address)
    except TransformError:
        return None, None
    ra, dec = rotated(*wcs.to_sky(np.array([float(x)]), np.array([float(y)])), wcs.frame, ICRS)
    return (float(ra[0]), float(dec[0])) if np.isfinite(ra[0]) and np.isfinite(dec[0]) else (None, None)
