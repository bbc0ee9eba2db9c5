"""`Frame`: which part of the images a picture shows, from which level, and at which size."""

import math
from dataclasses import dataclass

import numpy as np

from jwstpipe.errors import NoCoverageError, UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_for_side
from jwstpipe.requests.fields.crop import SkyWindow
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import ICRS, rotated

__all__ = ["Frame", "check_window", "choose_frame", "window_on_sky"]


@dataclass(frozen=True)
class Frame:
    """Geometry of a picture. Rows count from the bottom, as in the images; a picture is written top row first.

    A crop is a part of the picture of everything, on the same pixels: so it looks the same to the last bit.
    """

    level: int
    """Level of the images that is rendered."""

    box: Box
    """Window of that level that the picture of everything shows."""

    shape: tuple[int, int]
    """Rows and columns of the picture of everything."""

    part: Box | None = None
    """Pixels of it that are shown, some of them perhaps beyond it; None = all."""

    @property
    def shown(self) -> Box:
        """Pixels of the picture of everything that are shown."""
        return Box.of_shape(self.shape) if self.part is None else self.part

    @property
    def exact(self) -> bool:
        """Tell whether pixels of the picture are pixels of the level."""
        return self.shape == self.box.shape

    @property
    def steps(self) -> tuple[float, float]:
        """Rows and columns of the level that a pixel of the picture spans."""
        return self.box.shape[0] / self.shape[0], self.box.shape[1] / self.shape[1]

    @property
    def source(self) -> Box:
        """Window of the level that is shown, whole pixels."""
        (down, across), shown = self.steps, self.shown
        y0, x0 = math.floor(shown.y0 * down), math.floor(shown.x0 * across)
        y1, x1 = math.ceil(shown.y1 * down), math.ceil(shown.x1 * across)
        return Box(y0, x0, y1, x1).shifted(self.box.y0, self.box.x0)


def check_window(window: tuple[int, int, int, int], shape: tuple[int, int]) -> Box:
    """Take a window that was asked for: x0, y0, x1, y1 in full pixels.

    Raises
    ------
    UsageError
        It does not lie in images of this shape.
    """
    x0, y0, x1, y1 = window
    if not (0 <= x0 < x1 <= shape[1] and 0 <= y0 < y1 <= shape[0]):
        raise UsageError(
            f"crop {x0},{y0},{x1},{y1} does not lie in the images, which have {shape[1]} x {shape[0]} px; give"
            " x0,y0,x1,y1 with 0,0 at the bottom left"
        )
    return Box(y0, x0, y1, x1)


def window_on_sky(window: SkyWindow, image: SkyImage) -> tuple[Box, tuple[str, ...]]:
    """Find the full pixels of a window around a position; what of it lies beyond the images is left out.

    Returns
    -------
    Box, tuple of str
        The window, and a sentence where it is not all that was asked for.

    Raises
    ------
    TransformError
        The images have no place on the sky.
    NoCoverageError
        It lies beyond them.
    """
    wcs = image.image_wcs.exact(name=image.address)
    place = rotated(np.array([window.ra]), np.array([window.dec]), ICRS, wcs.frame)
    x, y = (float(one[0]) for one in wcs.to_pixel(*place))
    scale = wcs.scale_arcsec
    half_x, half_y = window.width_arcsec / scale / 2, window.height_arcsec / scale / 2
    rows, columns = max(1, round(2 * half_y)), max(1, round(2 * half_x))
    found = None
    if math.isfinite(x + y):
        asked = Box.of_shape((rows, columns), (math.floor(y - half_y + 0.5), math.floor(x - half_x + 0.5)))
        found = asked.intersection(Box.of_shape(image.shape))
    if found is None:
        raise NoCoverageError(f"crop {window}: lies beyond the images; name a place that they show")
    if found == asked:
        return found, ()
    shown = f"{found.shape[1]} x {found.shape[0]} of {columns} x {rows} px"
    return found, (f"crop {window}: reaches beyond the images, {shown} are shown",)


def choose_frame(
    covered: Box,
    *,
    size: int | None = None,
    canvas: tuple[int, int] | None = None,
    window: Box | None = None,
    enlarge: bool = False,
) -> Frame:
    """Choose the level and the size of a picture.

    Parameters
    ----------
    covered
        What the images cover, full pixels.
    size
        Longest side of the picture, pixels; None = full resolution.
    canvas
        Width and height that it has to fit on instead.
    window
        Part that was asked for, full pixels; None = all that is covered. It is shown on the pixels of the picture of
        everything at this scale, which it may pass: the nearest of them to its borders are taken.
    enlarge
        A size may be larger than what there is; else pixels of the images are the finest.
    """
    asked = window or covered
    if size is not None and canvas is None and not enlarge and size >= max(asked.shape):
        size = None
    if size is None and canvas is None:
        part = None if window is None else asked.shifted(-covered.y0, -covered.x0)
        return Frame(0, covered, covered.shape, part)
    rows, columns = asked.shape
    factor = min(canvas[0] / columns, canvas[1] / rows) if canvas else (size or 1) / max(rows, columns)
    shape = _scaled(covered.shape, factor)
    level = level_for_side(max(covered.shape), max(shape))
    box = Box(covered.y0 >> level, covered.x0 >> level, -(-covered.y1 >> level), -(-covered.x1 >> level))
    whole = Frame(level, box, shape)
    if window is None:
        return whole
    down, across = whole.steps
    first_row = round((window.y0 / 2**level - box.y0) / down)
    first_column = round((window.x0 / 2**level - box.x0) / across)
    return Frame(level, box, shape, Box.of_shape(_scaled(window.shape, factor), (first_row, first_column)))


def _scaled(shape: tuple[int, int], factor: float) -> tuple[int, int]:
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))
