"""Paper to draw a plot on, as pixels or as SVG: lines, areas, texts, in the same units and the same letters.

The letters are DejaVu Sans, which comes along: plots have Greek letters, and the same bytes on every machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw

from jwstpipe.render.plots.letters import letters

__all__ = ["Box", "Ink", "Paper", "PixelPaper", "SvgPaper", "text_width"]

Floats = NDArray[np.float64]
Ink = tuple[int, int, int]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

Anchor = Literal["left", "middle", "right"]

FINE = 2
"""Pixels are drawn at so many times the size, and halved, so that lines are smooth."""

WHITE: Ink = (255, 255, 255)


class Paper(Protocol):
    """What a plot is drawn on; lengths are those of the finished plot, from its upper left corner."""

    def line(
        self, points: Floats, ink: Ink, width: float, *, dash: tuple[float, float] | None = None, opacity: float = 1.0
    ) -> None:
        """Draw through points, (n, 2); dashes are drawn and left out by turns."""
        ...

    def area(self, points: Floats, ink: Ink, *, opacity: float = 1.0) -> None:
        """Fill what points surround, (n, 2)."""
        ...

    def text(
        self, x: float, y: float, words: str, size: float, ink: Ink, *, anchor: Anchor = "left", upright: bool = False
    ) -> None:
        """Write on the base line y; upright texts read from the bottom, with x as their base line."""
        ...

    def within(self, box: Box) -> Any:
        """Draw nothing outside a box, inside the block."""
        ...


def text_width(words: str, size: float) -> float:
    """Tell how long a text is."""
    return float(letters(64).getlength(words)) * size / 64.0


class PixelPaper:
    """Paper of pixels."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._image = PillowImage.new("RGB", (size[0] * FINE, size[1] * FINE), WHITE)
        self._target, self._corner = self._image, (0.0, 0.0)

    def pixels(self) -> NDArray[np.uint8]:
        """Give the picture, (y, x, 3)."""
        return np.asarray(self._image.resize(self._size, PillowImage.Resampling.BOX))

    def line(
        self, points: Floats, ink: Ink, width: float, *, dash: tuple[float, float] | None = None, opacity: float = 1.0
    ) -> None:
        """See `Paper`."""
        pen = ImageDraw.Draw(self._target, "RGBA")
        colour = (*ink, round(255 * opacity))
        for part in [points] if dash is None else _dashes(points, dash):
            if len(part) > 1:
                pen.line(self._fine(part), fill=colour, width=max(round(width * FINE), 1), joint="curve")

    def area(self, points: Floats, ink: Ink, *, opacity: float = 1.0) -> None:
        """See `Paper`."""
        if len(points) > 2:
            ImageDraw.Draw(self._target, "RGBA").polygon(self._fine(points), fill=(*ink, round(255 * opacity)))

    def text(
        self, x: float, y: float, words: str, size: float, ink: Ink, *, anchor: Anchor = "left", upright: bool = False
    ) -> None:
        """See `Paper`."""
        font = letters(round(size * FINE))
        side = {"left": "ls", "middle": "ms", "right": "rs"}[anchor]
        if not upright:
            place = self._fine(np.array([[x, y]]))[0]
            ImageDraw.Draw(self._target).text(place, words, fill=ink, font=font, anchor=side)
            return
        length, height = int(font.getlength(words)) + 2, round(size * FINE * 1.6)
        base = round(size * FINE * 1.15)
        strip = PillowImage.new("L", (length, height))
        ImageDraw.Draw(strip).text((1, base), words, fill=255, font=font, anchor="ls")
        turned = strip.transpose(PillowImage.Transpose.ROTATE_90)
        share = {"left": 1.0, "middle": 0.5, "right": 0.0}[anchor]
        across, down = self._fine(np.array([[x, y]]))[0]
        corner = (round(across - base), round(down - share * length))
        self._target.paste(PillowImage.new("RGB", turned.size, ink), corner, turned)

    @contextmanager
    def within(self, box: Box) -> Iterator[None]:
        """See `Paper`."""
        edges = (round(box[0] * FINE), round(box[1] * FINE), round(box[2] * FINE), round(box[3] * FINE))
        kept = self._target, self._corner
        self._target, self._corner = self._image.crop(edges), (edges[0], edges[1])
        try:
            yield
        finally:
            made, (self._target, self._corner) = self._target, kept
            self._image.paste(made, edges[:2])

    def _fine(self, points: Floats) -> list[tuple[float, float]]:
        placed = np.clip(points * FINE - np.asarray(self._corner), -30_000.0, 30_000.0)
        return [(float(a), float(b)) for a, b in placed]


class SvgPaper:
    """Paper that becomes an SVG: lines stay lines, letters stay letters."""

    def __init__(self, size: tuple[int, int], *, packet: bytes = b"", title: str = "") -> None:
        self._size, self._packet, self._title = size, packet, title
        self._parts: list[str] = []
        self._boxes: list[Box] = []

    def content(self) -> str:
        """Give the document."""
        width, height = self._size
        clips = "".join(
            f'<clipPath id="c{k}"><rect x="{_n(a)}" y="{_n(b)}" width="{_n(c - a)}" height="{_n(d - b)}"/></clipPath>'
            for k, (a, b, c, d) in enumerate(self._boxes)
        )
        told = f"<metadata>{self._packet.decode()}</metadata>" if self._packet else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
            ' font-family="DejaVu Sans, Verdana, sans-serif">\n'
            f'<title>{escape(self._title)}</title>{told}<defs>{clips}</defs>\n<rect width="100%" height="100%"'
            ' fill="#ffffff"/>\n' + "\n".join(self._parts) + "\n</svg>\n"
        )

    def line(
        self, points: Floats, ink: Ink, width: float, *, dash: tuple[float, float] | None = None, opacity: float = 1.0
    ) -> None:
        """See `Paper`."""
        dashed = f' stroke-dasharray="{_n(dash[0])} {_n(dash[1])}"' if dash else ""
        self._parts.append(
            f'<polyline points="{_points(points)}" fill="none" stroke="{_hex(ink)}" stroke-width="{_n(width)}"'
            f' stroke-linejoin="round"{dashed}{_opacity("stroke", opacity)}/>'
        )

    def area(self, points: Floats, ink: Ink, *, opacity: float = 1.0) -> None:
        """See `Paper`."""
        self._parts.append(
            f'<polygon points="{_points(points)}" fill="{_hex(ink)}"{_opacity("fill", opacity)} stroke="none"/>'
        )

    def text(
        self, x: float, y: float, words: str, size: float, ink: Ink, *, anchor: Anchor = "left", upright: bool = False
    ) -> None:
        """See `Paper`."""
        turned = f' transform="rotate(-90 {_n(x)} {_n(y)})"' if upright else ""
        side = {"left": "start", "middle": "middle", "right": "end"}[anchor]
        self._parts.append(
            f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" fill="{_hex(ink)}" text-anchor="{side}"{turned}>'
            f"{escape(words)}</text>"
        )

    @contextmanager
    def within(self, box: Box) -> Iterator[None]:
        """See `Paper`."""
        if box not in self._boxes:
            self._boxes.append(box)
        self._parts.append(f'<g clip-path="url(#c{self._boxes.index(box)})">')
        try:
            yield
        finally:
            self._parts.append("</g>")


def _dashes(points: Floats, dash: tuple[float, float]) -> Iterator[Floats]:
    """Cut a line into dashes by its length."""
    ahead = np.r_[0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T))]
    for start in np.arange(0.0, ahead[-1], sum(dash)):
        end = min(start + dash[0], ahead[-1])
        inner = (ahead > start) & (ahead < end)
        ends = np.array([[np.interp(at, ahead, points[:, k]) for k in (0, 1)] for at in (start, end)])
        yield np.vstack([ends[:1], points[inner], ends[1:]])


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _points(points: Floats) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in np.clip(points, -1e5, 1e5).tolist())


def _hex(ink: Ink) -> str:
    return f"#{ink[0]:02x}{ink[1]:02x}{ink[2]:02x}"


def _opacity(kind: str, opacity: float) -> str:
    return "" if opacity == 1.0 else f' {kind}-opacity="{_n(opacity)}"'
