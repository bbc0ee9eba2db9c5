"""What the images of a picture cover: how many of them each pixel, and the window that counts."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import NoCoverageError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import read_level
from jwstpipe.requests import Coverage
from jwstpipe.sky.box import Box

__all__ = ["Cover", "channels_to_show", "covered_box", "covered_near"]

Mask = NDArray[np.bool_]
Counts = NDArray[np.uint16]
Cover = Callable[[Sequence[SkyImage], Counts, int, int], Box]
"""Finds the covered window, as `covered_box` does; whoever shows images again and again keeps what it found."""

_CELL = 512
"""Pixels of a side that are looked at together: a chunk of an image store."""


def channels_to_show(counts: Counts, images: int, coverage: Coverage) -> tuple[int, str]:
    """Decide how many images have to cover a pixel for it to show in the picture.

    Where only a minority of the filters was observed a picture has no true colour: by default such rims stay dark.

    Parameters
    ----------
    counts
        (y, x) images with data in each pixel of a coarse level of all of the plane.
    images
        How many there are.
    coverage
        What is wanted.

    Returns
    -------
    int
        1 for ``any``, all for ``all``, more than half of them for ``majority``.
    str
        Why it is fewer than asked for: the picture would lose more than half of the sky; else empty.
    """
    wanted = {"any": 1, "majority": images // 2 + 1, "all": images}[coverage]
    if wanted == 1:
        return 1, ""
    kept, seen = int((counts >= wanted).sum()), int((counts > 0).sum())
    if 2 * kept >= seen:
        return wanted, ""
    if not kept:  # images that share no sky stand alone, which is said of the channels
        return 1, ""
    return 1, f"{wanted} of {images} filters cover only {100 * kept // max(seen, 1)} % of the sky: all of it is shown"


def covered_near(covered: Mask, level: int, shape: tuple[int, int]) -> Box | None:
    """Give the covered window of a plane in full pixels, as a coarse level has it: never too small; None where empty.

    Parameters
    ----------
    covered
        (y, x) of all of that level.
    level
        Of `covered`.
    shape
        Rows and columns of the plane at full resolution.
    """
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    if not rows.size:
        return None
    y0, x0, y1, x1 = (int(edge) << level for edge in (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1))
    return Box(y0, x0, min(y1, shape[0]), min(x1, shape[1]))


def covered_box(images: Sequence[SkyImage], counts: Counts, level: int, least: int = 1) -> Box:
    """Find the window of full pixels that enough of the images cover.

    Parameters
    ----------
    images
        On one grid.
    counts
        (y, x) images with data in each pixel of all of a coarse level.
    level
        That level.
    least
        Images that have to cover a pixel for it to count.

    Raises
    ------
    NoCoverageError
        No pixel holds data.
    """
    shape = images[0].shape
    near = covered_near(counts >= least, level, shape)
    if near is None:
        raise NoCoverageError(f"{images[0].address}: no pixel of the images holds data; check the inputs")
    if level == 0:
        return near
    # a coarse pixel counts what covers any part of it: the true edge lies in the outermost coarse pixels, or further in
    bottom, left, top, right = (_empty_lines(images, near, side, 2 << level, least) for side in range(4))
    return Box(near.y0 + bottom, near.x0 + left, near.y1 - top, near.x1 - right)


def _empty_lines(images: Sequence[SkyImage], outer: Box, side: int, reach: int, least: int) -> int:
    """Count the rows or columns at a side of a window, up to `reach`, that are not covered; 0 where all of them are so.

    Cell by cell along the side, the middle first: as soon as one cell is covered up to the side nothing else is read.

    Parameters
    ----------
    images, least
        As for `covered_box`.
    outer
        Window, full pixels.
    side
        0 bottom, 1 left, 2 top, 3 right.
    reach
        Lines to look at.
    """
    across, from_end = side % 2, side >= 2
    length, along = outer.shape[across], outer.shape[1 - across]
    found = most = min(reach, length)
    for start in sorted(range(0, along, _CELL), key=lambda start: abs(start + _CELL // 2 - along // 2)):
        if found == 0:
            break
        lines = (length - found, length) if from_end else (0, found)
        cells = (start, min(start + _CELL, along))
        (y0, y1), (x0, x1) = (cells, lines) if across else (lines, cells)
        counts = _counts(images, Box(y0, x0, y1, x1).shifted(outer.y0, outer.x0))
        covered = np.any(counts >= least, axis=1 - across)
        if covered.any():
            found = int(np.argmax(covered[::-1] if from_end else covered))
    return 0 if found == most else found


def _counts(images: Sequence[SkyImage], box: Box) -> Counts:
    """Count the images that have data in each pixel."""
    with ThreadPoolExecutor(2, thread_name_prefix="coverage") as pool:
        masks = pool.map(lambda image: np.isfinite(read_level(image, box)), images)
        counts: Counts = np.sum(list(masks), axis=0, dtype=np.uint16)
    return counts
