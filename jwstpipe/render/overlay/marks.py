"""Marks in pixels of the finished picture (first pixel at the top left), and how they are drawn on a band of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.colour.names import BLACK, WHITE, Colour
from jwstpipe.render.files.rows import Pixels

if TYPE_CHECKING:
    from PIL import ImageDraw

__all__ = ["Circle", "Line", "Mark", "Text", "draw_band", "text_box"]


_HALO = 0.7
"""Opacity of what surrounds letters."""


@dataclass(frozen=True)
class Line:
    """A polyline."""

    points: tuple[tuple[float, float], ...]
    """(x, y)."""

    width: int = 1
    """Pixels."""

    colour: Colour = WHITE
    """On the screen."""

    opacity: float = 1.0
    """0 to 1."""


@dataclass(frozen=True)
class Circle:
    """A circle, not filled."""

    x: float
    y: float
    radius: float
    """Pixels."""

    width: int = 1
    colour: Colour = WHITE
    opacity: float = 1.0


@dataclass(frozen=True)
class Text:
    """A line of text."""

    x: float
    y: float
    text: str
    size: int
    """Height, pixels."""

    anchor: str = "lt"
    """Of the point in the text: two letters as Pillow has them (left, middle, right; top, middle, bottom)."""

    colour: Colour = WHITE
    opacity: float = 1.0


Mark = Line | Circle | Text


def draw_band(rows: Pixels, top: int, marks: Sequence[Mark]) -> Pixels:
    """Draw marks on rows of a picture.

    Parameters
    ----------
    rows
        (y, x, 3), uint8 or uint16; not changed.
    top
        Number of their first row in the picture.
    marks
        In pixels of the picture. A mark looks the same whatever the bands: it is drawn at whole-pixel offsets.
    """
    result = rows
    height, width = rows.shape[:2]
    for mark in marks:
        low, high = _extent(mark)
        if high < top or low >= top + height:
            continue
        result = rows.copy() if result is rows else result
        if isinstance(mark, Text):  # a dark halo: letters are read on bright nebulae too
            _blend(result, _stencil(mark, (width, height), top, halo=True), BLACK, _HALO * mark.opacity)
        _blend(result, _stencil(mark, (width, height), top, halo=False), mark.colour, mark.opacity)
    return result


def _stencil(mark: Mark, size: tuple[int, int], top: int, *, halo: bool) -> NDArray[np.uint8]:
    from PIL import Image as PillowImage  # noqa: PLC0415 - slow to load, and most pictures have no marks
    from PIL import ImageDraw  # noqa: PLC0415

    stencil = PillowImage.new("L", size)
    _draw(ImageDraw.Draw(stencil), mark, top, halo=halo)
    return np.asarray(stencil)


def _blend(rows: Pixels, alpha: NDArray[np.uint8], colour: Colour, opacity: float) -> None:
    """Lay a colour over rows, in place, as far as a stencil says."""
    touched = np.flatnonzero(alpha.any(axis=1))
    if not touched.size:
        return
    part = slice(int(touched[0]), int(touched[-1]) + 1)
    share = (alpha[part].astype(np.float32) / 255.0 * opacity)[..., None]
    ink = np.array([colour.red, colour.green, colour.blue], np.float32) * float(np.iinfo(rows.dtype).max)
    rows[part] = np.rint(rows[part] * (1.0 - share) + ink * share).astype(rows.dtype)


def _extent(mark: Mark) -> tuple[float, float]:
    """Give the rows that a mark may touch."""
    if isinstance(mark, Line):
        ys = [y for _, y in mark.points]
        return min(ys) - mark.width, max(ys) + mark.width
    if isinstance(mark, Circle):
        return mark.y - mark.radius - mark.width, mark.y + mark.radius + mark.width
    return mark.y - 2 * mark.size, mark.y + 2 * mark.size


def _draw(pen: "ImageDraw.ImageDraw", mark: Mark, top: int, *, halo: bool) -> None:
    if isinstance(mark, Line):
        pen.line([(round(x), round(y) - top) for x, y in mark.points], fill=255, width=mark.width, joint="curve")
    elif isinstance(mark, Circle):
        x, y, r = round(mark.x), round(mark.y) - top, round(mark.radius)
        pen.ellipse((x - r, y - r, x + r, y + r), outline=255, width=mark.width)
    else:
        place = (round(mark.x), round(mark.y) - top)
        stroke = _halo(mark) if halo else 0
        pen.text(place, mark.text, fill=255, font=_font(mark.size), anchor=mark.anchor, stroke_width=stroke)


def text_box(mark: Text) -> tuple[float, float, float, float]:
    """Give what a text covers with its halo: left, top, right and bottom, pixels of the picture."""
    left, top, right, bottom = _font(mark.size).getbbox(mark.text, anchor=mark.anchor, stroke_width=_halo(mark))
    x, y = round(mark.x), round(mark.y)
    # Pillow sets letters at parts of a pixel
    return float(x + left - 1), float(y + top - 1), float(x + right + 1), float(y + bottom + 1)


def _halo(mark: Text) -> int:
    """Give the width of the halo of a text, pixels."""
    return max(1, mark.size // 8)


@cache
def _font(size: int) -> Any:
    from PIL import ImageFont  # noqa: PLC0415 - see above

    return ImageFont.load_default(size)
