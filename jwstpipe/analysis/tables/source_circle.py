"""The light of one source in each image of a time series: a circle that follows it, less the sky of a ring."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.pixels.shapes import Ellipse
from jwstpipe.errors import DataError, NoCoverageError
from jwstpipe.fits.cards import card_values, number_of, text_of
from jwstpipe.fits.fits_file import FitsFile
from jwstpipe.fits.hdus import Hdu
from jwstpipe.fits.sample_format import SampleFormat
from jwstpipe.sky.box import Box

__all__ = ["SourceCircle", "images_rows"]

Floats = NDArray[np.float64]

RADIUS = 6.0
RING = (1.5, 7.0 / 3.0)
"""Of the sky, in radii of the circle."""

LACKING = 0.01
"""Share of the circle that may be without data."""

ROUNDS = 5
DO_NOT_USE = 1


@dataclass(frozen=True)
class SourceCircle:
    """Which light is summed."""

    radius: float = RADIUS
    """Pixels."""

    ring: tuple[float, float] | None = None
    """Inner and outer radius of the sky, pixels; None = one and a half radii to two and a third."""

    place: tuple[float, float] | None = None
    """0-based pixel near the source; None = the brightest of the first image."""

    @property
    def sky(self) -> tuple[float, float]:
        """The radii of the ring, pixels."""
        return self.ring or (RING[0] * self.radius, RING[1] * self.radius)


def images_rows(file: FitsFile, plane: Hdu, times: Floats, circle: SourceCircle) -> tuple[list[dict[str, Any]], str]:
    """Measure the source in each image; one image is in memory at a time.

    Returns
    -------
    rows : list of dict
        ``integration``, ``mjd``, ``flux``, ``flux_error``, ``samples``, ``x``, ``y``, ``sky``.
    unit : str
        Of the fluxes: Jy where the images are surface brightnesses of known pixels.

    Raises
    ------
    NoCoverageError
        The place lies outside the images.
    DataError
        No image has data there.
    """
    cards = {**card_values(file.hdus[0]), **card_values(plane)}
    area, unit = number_of(cards, "PIXAR_SR"), text_of(cards, "BUNIT")
    factor, flux_unit = (1e6 * area, "Jy") if unit.replace(" ", "") == "MJy/sr" and area else (1.0, unit)
    flags = next((hdu for hdu in file.hdus if hdu.name == "DQ" and hdu.shape == plane.shape and hdu.whole), None)
    height, width = plane.shape[1:]
    place = circle.place
    if place is not None and not (-0.5 <= place[0] < width - 0.5 and -0.5 <= place[1] < height - 0.5):
        raise NoCoverageError(f"{file.name}: ({place[0]:g}, {place[1]:g}) lies outside its {width} x {height} pixels")
    rows = []
    for number in range(plane.shape[0]):
        image = _image(file, plane, number).astype(np.float64)
        if flags is not None:
            image[(_image(file, flags, number).astype(np.int64) & DO_NOT_USE) != 0] = np.nan
        place = _centred(image, place or _brightest(image), circle.radius)
        rows.append({"integration": number + 1, "mjd": times[number], **_measured(image, place, circle, factor)})
    if not any(np.isfinite(row["flux"]) for row in rows):
        raise DataError(f"{file.name}: no integration has a source with data")
    return rows, flux_unit


def _image(file: FitsFile, plane: Hdu, number: int) -> NDArray[Any]:
    form = SampleFormat.of(plane.header, integer=plane.name == "DQ", name=file.name)
    size = plane.shape[1] * plane.shape[2] * form.stored.itemsize
    raw = np.frombuffer(file.reader.read(plane.data_offset + number * size, size), form.stored)
    return np.asarray(form.decode(raw.reshape(plane.shape[1:])))


def _brightest(image: Floats) -> tuple[float, float]:
    """Find the middle of the brightest 3 x 3 pixels."""
    known = np.nan_to_num(image - np.nanmedian(image)) if np.isfinite(image).any() else np.zeros(image.shape)
    padded = np.pad(known, 1)
    sums = sum(padded[dy : dy + known.shape[0], dx : dx + known.shape[1]] for dy in range(3) for dx in range(3))
    row, column = np.unravel_index(int(np.argmax(sums)), known.shape)
    return float(column), float(row)


def _window(image: Floats, place: tuple[float, float], reach: float) -> Box:
    """Give the pixels about a place, inside of the image."""
    frame = Box.of_shape(image.shape)
    found = Box(
        int(np.floor(place[1] - reach)), int(np.floor(place[0] - reach)),
        int(np.ceil(place[1] + reach)) + 1, int(np.ceil(place[0] + reach)) + 1,
    ).intersection(frame)  # fmt: skip
    return found or frame


def _centred(image: Floats, place: tuple[float, float], radius: float) -> tuple[float, float]:
    """Move a place to the centroid of what is brighter than the background within the circle."""
    x, y = place
    for _ in range(ROUNDS):
        box = _window(image, (x, y), 2.5 * radius)
        part = image[box.slices]
        if not np.isfinite(part).any():
            break
        level = float(np.nanmedian(part))
        rows, columns = np.mgrid[box.y0 : box.y1, box.x0 : box.x1]
        weight = np.clip(np.nan_to_num(part - level), 0.0, None)
        weight = weight * ((columns - x) ** 2 + (rows - y) ** 2 <= radius**2)
        if weight.sum() <= 0.0:
            break
        x, y = float((weight * columns).sum() / weight.sum()), float((weight * rows).sum() / weight.sum())
    return x, y


def _measured(image: Floats, place: tuple[float, float], circle: SourceCircle, factor: float) -> dict[str, Any]:
    """Sum the circle by exact shares of pixels, less the median of the ring."""
    inner, outer = circle.sky
    box = _window(image, place, max(outer, circle.radius))
    part = image[box.slices]
    scale = 1.0 / circle.radius
    share = Ellipse(*place, (scale, 0.0, 0.0, scale)).weights(box, "exact")
    rows, columns = np.mgrid[box.y0 : box.y1, box.x0 : box.x1]
    distance = np.hypot(columns - place[0], rows - place[1])
    ring = part[(distance >= inner) & (distance <= outer) & np.isfinite(part)]
    sky = float(np.median(ring)) if ring.size else 0.0
    scatter = 1.4826 * float(np.median(np.abs(ring - sky))) if ring.size else np.nan
    area = np.pi * circle.radius**2  # a circle that leaves the image lacks that part
    known = float(share[np.isfinite(part)].sum())
    flux = float((np.nan_to_num(part - sky) * share).sum()) * factor if known >= (1.0 - LACKING) * area else np.nan
    error = scatter * float(np.sqrt((share**2).sum() + area**2 * np.pi / 2.0 / max(ring.size, 1))) * factor
    return {
        "flux": flux, "flux_error": error, "samples": int((share > 0.0).sum()), "x": place[0], "y": place[1],
        "sky": sky,
    }  # fmt: skip
