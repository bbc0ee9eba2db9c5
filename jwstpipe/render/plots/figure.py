"""A diagram with two axes, curves and guides, as a picture like all others: same bytes for same numbers.

It is drawn at twice its size and halved, so that lines are smooth.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw

from jwstpipe.render.files.avm import provenance_packet
from jwstpipe.render.files.picture import check_picture, open_picture
from jwstpipe.render.plots.contents import GREY, INK, Axis, Curve, Guide, Ink
from jwstpipe.render.plots.letters import letters

__all__ = ["draw_figure", "write_pixels"]

Floats = NDArray[np.float64]

PAPER: Ink = (255, 255, 255)
FAINT: Ink = (228, 228, 232)

FINE = 2
"""Drawn at so many times the size."""

LEFT, RIGHT, TOP, BOTTOM = 84, 22, 44, 60
"""Margins, pixels."""

TEXT, SMALL = 15, 13
DOT = 3


def draw_figure(
    out: str | Path,
    curves: Sequence[Curve],
    x: Axis,
    y: Axis,
    *,
    title: str = "",
    guides: Sequence[Guide] = (),
    size: tuple[int, int] = (960, 600),
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Draw a diagram.

    Parameters
    ----------
    out
        Local ``.png``, ``.jpg`` or ``.tif``.
    curves
        Drawn in this order; those with a label stand in the key.
    x, y
        Axes. What lies outside is not drawn.
    title
        Above it.
    guides
        Dashed lines.
    size
        Width and height, pixels.
    provenance
        What it is and was made of, written into its metadata.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        A form that is not written.
    """
    path = check_picture(out, (size[1], size[0]), bits=8)
    page = _Page(size, x, y)
    page.frame(title)
    for guide in guides:
        page.guide(guide)
    for curve in curves:
        page.curve(curve)
    page.key(curves)
    return write_pixels(path, page.pixels(), provenance=provenance)


def write_pixels(path: Path, pixels: NDArray[np.uint8], *, provenance: Mapping[str, Any] | None = None) -> Path:
    """Write rows of a picture, (y, x, 3), with what it says of itself."""
    rows, columns = pixels.shape[:2]
    packet = provenance_packet((rows, columns), provenance)
    with open_picture(path, (rows, columns), packet=packet, provenance=provenance) as sink:
        sink.write(pixels)
    return path


class _Page:
    """The paper of one diagram, and a pen in fine pixels."""

    def __init__(self, size: tuple[int, int], x: Axis, y: Axis) -> None:
        self.size, self.x, self.y = size, x, y
        self.image = PillowImage.new("RGB", (size[0] * FINE, size[1] * FINE), PAPER)
        self.pen = ImageDraw.Draw(self.image)
        self.left, self.right = LEFT * FINE, (size[0] - RIGHT) * FINE
        self.top, self.bottom = TOP * FINE, (size[1] - BOTTOM) * FINE

    def pixels(self) -> NDArray[np.uint8]:
        """Give the picture at its size."""
        return np.asarray(self.image.resize(self.size, PillowImage.Resampling.BOX))

    def places(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Give fine pixels of points."""
        return (
            self.left + self.x.share(x) * (self.right - self.left),
            self.bottom - self.y.share(y) * (self.bottom - self.top),
        )

    def text(self, x: float, y: float, text: str, anchor: str, *, colour: Ink = INK, size: int = SMALL) -> None:
        self.pen.text((round(x), round(y)), text, fill=colour, font=letters(size * FINE), anchor=anchor)

    def frame(self, title: str) -> None:
        """Draw the grid, ticks, labels and title."""
        for tick in self.x.ticks():
            place = float(self.places(tick, self.y.low)[0])
            self.pen.line((place, self.top, place, self.bottom), fill=FAINT, width=FINE)
            self.text(place, self.bottom + 8 * FINE, _number(tick), "mt")
        for tick in self.y.ticks():
            place = float(self.places(self.x.low, tick)[1])
            self.pen.line((self.left, place, self.right, place), fill=FAINT, width=FINE)
            self.text(self.left - 8 * FINE, place, _number(tick), "rm")
        self.pen.rectangle((self.left, self.top, self.right, self.bottom), outline=INK, width=FINE)
        middle = (self.left + self.right) / 2
        self.text(middle, (self.size[1] - 12) * FINE, self.x.label, "mb", size=TEXT)
        self.text(middle, 14 * FINE, title, "mt", size=TEXT)
        self._upright(self.y.label)

    def _upright(self, text: str) -> None:
        """Write along the vertical axis, from the bottom up."""
        font = letters(TEXT * FINE)
        box = self.pen.textbbox((0, 0), text, font=font)
        strip = PillowImage.new("L", (round(box[2]) + 2, round(box[3]) + 2))
        ImageDraw.Draw(strip).text((0, 0), text, fill=255, font=font)
        turned = strip.transpose(PillowImage.Transpose.ROTATE_90)
        place = (8 * FINE, (self.top + self.bottom - turned.height) // 2)
        self.image.paste(PillowImage.new("RGB", turned.size, INK), place, turned)

    def guide(self, guide: Guide) -> None:
        share = float((self.x if guide.axis == "x" else self.y).share(guide.at))
        if not 0.0 <= share <= 1.0:
            return
        if guide.axis == "x":
            place = self.left + share * (self.right - self.left)
            for y in range(self.top, self.bottom, 12 * FINE):
                self.pen.line((place, y, place, min(y + 7 * FINE, self.bottom)), fill=guide.colour, width=FINE)
            self.text(place + 5 * FINE, self.top + 6 * FINE, guide.label, "lt", colour=guide.colour)
            return
        place = self.bottom - share * (self.bottom - self.top)
        for x in range(self.left, self.right, 12 * FINE):
            self.pen.line((x, place, min(x + 7 * FINE, self.right), place), fill=guide.colour, width=FINE)
        self.text(self.right - 6 * FINE, place - 4 * FINE, guide.label, "rb", colour=guide.colour)

    def curve(self, curve: Curve) -> None:
        x, y = np.asarray(curve.x, np.float64), np.asarray(curve.y, np.float64)
        if curve.style == "steps":
            x, y = np.repeat(x, 2)[1:-1], np.repeat(y, 2)
        across, down = self.places(x, y)
        if curve.style == "points":
            self._points(curve, across, down, y)
            return
        limit = 4.0 * max(self.image.size)
        for part in _runs(np.isfinite(across) & np.isfinite(down)):
            points = [
                (float(a), float(np.clip(d, -limit, limit))) for a, d in zip(across[part], down[part], strict=True)
            ]
            self._clipped_line(points, curve.colour)

    def _points(self, curve: Curve, across: Floats, down: Floats, y: Floats) -> None:
        inside = (across >= self.left) & (across <= self.right) & (down >= self.top) & (down <= self.bottom)
        if curve.errors is not None:
            reach = np.asarray(curve.errors, np.float64)
            low, high = self.places(curve.x, y - reach)[1], self.places(curve.x, y + reach)[1]
            for k in np.flatnonzero(inside):
                ends = [
                    float(np.clip(np.nan_to_num(one[k], nan=self.bottom), self.top, self.bottom)) for one in (low, high)
                ]
                self.pen.line((across[k], ends[0], across[k], ends[1]), fill=GREY, width=FINE)
        r = DOT * FINE // 2 if len(across) > 2000 else DOT * FINE
        for k in np.flatnonzero(inside):
            a, d = round(float(across[k])), round(float(down[k]))
            self.pen.ellipse((a - r, d - r, a + r, d + r), fill=curve.colour)

    def _clipped_line(self, points: list[tuple[float, float]], colour: Ink) -> None:
        """Draw a polyline inside the frame only."""
        layer = PillowImage.new("L", self.image.size)
        ImageDraw.Draw(layer).line(points, fill=255, width=2 * FINE, joint="curve")
        box = (self.left, self.top, self.right + 1, self.bottom + 1)
        self.image.paste(PillowImage.new("RGB", (box[2] - box[0], box[3] - box[1]), colour), box[:2], layer.crop(box))

    def key(self, curves: Sequence[Curve]) -> None:
        """Name the curves that have a label, in the upper right corner."""
        for row, curve in enumerate([one for one in curves if one.label]):
            y = self.top + (18 + 20 * row) * FINE
            self.text(self.right - 34 * FINE, y, curve.label, "rm")
            self.pen.line((self.right - 28 * FINE, y, self.right - 10 * FINE, y), fill=curve.colour, width=3 * FINE)


def _runs(known: NDArray[np.bool_]) -> list[slice]:
    """Give the stretches of at least two points without a gap."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]


def _number(value: float) -> str:
    """Write a tick: short, with a true minus."""
    text = f"{value:.6g}" if value == 0.0 or 1e-4 <= abs(value) < 1e6 else f"{value:.3g}"
    return text.replace("-", "\u2212")
