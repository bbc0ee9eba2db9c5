"""Sources drawn on their image: an ellipse each, so that one sees what was found, missed and taken apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw

from jwstpipe.display.tone.balanced import automatic_stretches
from jwstpipe.display.tone.statistics import measure_sky
from jwstpipe.errors import UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_for_pixels, read_level
from jwstpipe.render.files.picture import check_picture
from jwstpipe.render.plots.figure import write_pixels

__all__ = ["Ellipses", "draw_detections"]

Floats = NDArray[np.float64]

STAR, WIDE, FLAGGED = (96, 255, 128), (255, 190, 60), (255, 90, 90)
SIGMAS = 3.0
"""Half axes of an ellipse, standard deviations of the source."""

LEAST = 4.0
"""Smallest half axis, pixels of the picture."""

FINE = 2


@dataclass(frozen=True, eq=False)
class Ellipses:
    """Sources in pixels of the image, all (n,)."""

    x: Floats
    y: Floats
    semimajor: Floats
    """Standard deviations along the axes, pixels."""

    semiminor: Floats
    theta: Floats
    """Degrees from x towards y."""

    wide: NDArray[np.bool_]
    """Wider than a star."""

    flagged: NDArray[np.bool_]
    """At an edge, saturated, or too large to be taken apart."""


def draw_detections(
    image: SkyImage,
    sources: Ellipses,
    out: str | Path,
    *,
    size: int = 1600,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Draw an image in grey with its sources: stars green, wider ones yellow, those with a grave flag red.

    Parameters
    ----------
    image
        What was searched.
    sources
        In its pixels.
    out
        Picture to write; row 0 of the image is its bottom.
    size
        Longest side, pixels.
    provenance
        Written into the metadata.

    Raises
    ------
    UsageError
        A size below 64 or above 8192.
    DataError
        No pixel holds data.
    """
    if not 64 <= size <= 8192:
        raise UsageError(f"{out}: the size of an overlay is from 64 to 8192 px, not {size}")
    path = check_picture(out, (1, 1), bits=8)
    rows, columns = image.shape
    scale = size / max(rows, columns)
    shape = max(1, round(rows * scale)), max(1, round(columns * scale))
    level = level_for_pixels(image.shape, 4 * shape[0] * shape[1])
    values = read_level(image, level=level)
    statistics = measure_sky(values, level=level, name=image.address)
    (limits,) = automatic_stretches("zscale", [statistics])
    grey = np.clip((np.nan_to_num(values, nan=limits.lo) - limits.lo) / max(limits.hi - limits.lo, 1e-30), 0.0, 1.0)
    plate = PillowImage.fromarray((255.0 * grey[::-1]).astype(np.uint8))
    fine = (shape[1] * FINE, shape[0] * FINE)
    page = plate.resize(fine, PillowImage.Resampling.BOX if scale < 1 else PillowImage.Resampling.NEAREST).convert(
        "RGB"
    )
    pen = ImageDraw.Draw(page)
    for k in range(len(sources.x)):
        colour = FLAGGED if sources.flagged[k] else WIDE if sources.wide[k] else STAR
        pen.line(_outline(sources, k, scale * FINE, fine[1]), fill=colour, width=FINE)
    pixels = np.asarray(page.resize((shape[1], shape[0]), PillowImage.Resampling.BOX))
    return write_pixels(path, pixels, provenance=provenance)


def _outline(sources: Ellipses, k: int, scale: float, height: int) -> list[tuple[float, float]]:
    """Give the points of an ellipse in fine pixels; the middle of pixel 0 lies half a pixel inside."""
    angle = np.linspace(0.0, 2.0 * np.pi, 37)
    long, short = (
        max(SIGMAS * float(axis[k]) * scale, LEAST * FINE) for axis in (sources.semimajor, sources.semiminor)
    )
    theta = np.radians(sources.theta[k])
    u, v = long * np.cos(angle), short * np.sin(angle)
    x = (sources.x[k] + 0.5) * scale + u * np.cos(theta) - v * np.sin(theta)
    y = height - ((sources.y[k] + 0.5) * scale + u * np.sin(theta) + v * np.cos(theta))
    return list(zip(x.tolist(), y.tolist(), strict=True))
