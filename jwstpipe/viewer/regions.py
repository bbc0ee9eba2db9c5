"""Regions that a page asks to be measured: shapes on the sky or on pixels, never names of files."""

import re
from typing import Any

from jwstpipe.analysis.pixels.regions import regions_of
from jwstpipe.analysis.pixels.report import statistics
from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import Workers
from jwstpipe.requests.analysis.statistics import StatisticsRequest
from jwstpipe.viewer.viewed import ViewedSet

__all__ = ["MOST_REGION_PIXELS", "measured_region", "plain_region"]

MOST_REGION_PIXELS = 1_000_000_000
MOST_LETTERS = 10_000

_SHAPE = re.compile(
    r"(?:(?:icrs|fk5|galactic|image|physical)\s*;\s*)?-?\s*(?:circle|ellipse|box|rotbox|polygon|annulus)"
    r"\s*\([0-9eE+\-.,:'\"dhms°\s]+\)\s*(?:#[^\n\r]{0,200})?",
    re.IGNORECASE,
)
_WINDOW = re.compile(r"-?\d{1,7}(?:,-?\d{1,7}){3}")


def plain_region(region: str) -> str:
    """Give a region as it is read, if it is a shape and names no file.

    Raises
    ------
    UsageError
        It is none of the shapes that pages draw.
    """
    word = region.strip()
    if len(word) > MOST_LETTERS or not (_SHAPE.fullmatch(word) or _WINDOW.fullmatch(word)):
        raise UsageError('a region is one line of DS9, as icrs;circle(10.1,-2.3,5"), or X0,Y0,X1,Y1 in pixels')
    return word


def measured_region(images: ViewedSet, region: str, *, exact: bool, workers: Workers) -> list[dict[str, Any]]:
    """Measure a region of every image of a set at full resolution, chunk by chunk.

    Parameters
    ----------
    images
        Images.
    region
        A line of DS9, or X0,Y0,X1,Y1 in pixels.
    exact
        Pixels count by their share; else those whose centre lies inside count whole.
    workers
        Where chunks are read.

    Returns
    -------
    list of dict
        A row for each image, in their order: numbers, or ``error`` with why there are none.

    Raises
    ------
    UsageError
        A region that is none of these shapes, or that is too large.
    """
    word = plain_region(region)
    for shape in regions_of(word, images.images[0]):
        if shape.box.area > MOST_REGION_PIXELS:
            raise UsageError(f"a region has at most {MOST_REGION_PIXELS:,} px, this one {shape.box.area:,}")
    request = StatisticsRequest(region=(word,), pixels="exact" if exact else "center")
    found: list[dict[str, Any]] = []
    for image in images.images:
        (row,) = statistics([image], options=request, workers=workers)
        found.append({key: value for key, value in row.items() if key != "image"})
    return found
