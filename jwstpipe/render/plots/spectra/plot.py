"""A plot of spectra for the press: PNG, JPEG and TIFF of any size, or SVG; the same bytes for the same numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.plots.spectra.axes import PlotAxis, tick_words
from jwstpipe.render.plots.spectra.contents import (
    INKS,
    Overlay,
    SpectrumCurve,
    SpectrumPlot,
    curve_runs,
    limits,
    pleasant_unit,
)
from jwstpipe.render.plots.spectra.paper import Ink, Paper, PixelPaper, SvgPaper, text_width

__all__ = ["FORMS", "draw_spectra"]

Floats = NDArray[np.float64]

FORMS = (".png", ".svg", ".html", ".jpg", ".tif")
"""Ends of names of plots; ``.html`` can be moved through and zoomed, all in one file."""

INK: Ink = (34, 36, 42)
GREY: Ink = (118, 120, 128)
FAINT: Ink = (226, 228, 233)
RED: Ink = (196, 30, 58)

SIZE = (1600, 900)
DESIGNED = 900.0
"""Height, pixels, that all lengths below are meant for; others are scaled."""


def draw_spectra(
    out: str | Path, plot: SpectrumPlot, *, size: tuple[int, int] = SIZE, provenance: Mapping[str, Any] | None = None
) -> Path:
    """Draw spectra.

    Parameters
    ----------
    out
        Local ``.png``, ``.jpg``, ``.tif``, ``.svg`` or ``.html``; what stands there is replaced.
    plot
        What it shows.
    size
        Width and height, pixels.
    provenance
        What it is and was made of, written into it.

    Raises
    ------
    DataError
        No valid sample.
    UsageError
        A form that is not written.
    """
    path = Path(out)
    if path.suffix.lower() in (".html", ".svg"):
        from jwstpipe.render.files.avm import provenance_packet  # noqa: PLC0415

        packet = provenance_packet((size[1], size[0]), provenance)
    if path.suffix.lower() == ".html":
        from jwstpipe.render.plots.spectra.page import write_page  # noqa: PLC0415 - Bokeh is slow to load

        return write_page(path, plot, packet=packet)
    if path.suffix.lower() == ".svg":
        from jwstpipe.storage import aside  # noqa: PLC0415

        svg = SvgPaper(size, packet=packet, title=plot.title)
        _Sheet(svg, plot, size).draw()
        with aside(path) as partial:
            partial.write_text(svg.content(), encoding="utf-8")
        return path
    from jwstpipe.render.plots.spectra.pixels import write_pixels  # noqa: PLC0415

    paper = PixelPaper(size)
    _Sheet(paper, plot, size).draw()
    return write_pixels(path, paper.pixels(), provenance=provenance)


class _Sheet:
    """One plot on its paper."""

    def __init__(self, paper: Paper, plot: SpectrumPlot, size: tuple[int, int]) -> None:
        self.paper, self.plot = paper, plot
        self.unit = min(size[1] / DESIGNED, size[0] / 1200.0)
        u = self.unit
        across, along = limits(plot)
        self.factor, self.unit_words = pleasant_unit(plot.unit, max(abs(along[0]), abs(along[1])))
        self.left, self.right = 128 * u, size[0] - 34 * u
        self.top = (104 if plot.title or plot.subtitle else 40) * u + (46 * u if plot.redshift is not None else 0.0)
        self.bottom = size[1] - 92 * u
        self.frame = (self.left, self.top, self.right, self.bottom)
        head = 0.0
        if plot.marks:
            longest = max(text_width(mark.label, 15 * u) for mark in plot.marks)
            head = (longest + 52 * u) / (self.bottom - self.top)
        self.x = PlotAxis(*across, self.left, self.right, plot.log_x)
        self.y = PlotAxis(*_with_head(along, head, log=plot.log_y), self.bottom, self.top, plot.log_y)

    def draw(self) -> None:
        """Draw everything."""
        with self.paper.within(self.frame):
            self._grid()
            for number, curve in enumerate(self.plot.curves):
                self._band(curve, INKS[number % len(INKS)])
            for number, curve in enumerate(self.plot.curves):
                self._curve(curve, INKS[number % len(INKS)])
            for overlay in self.plot.overlays:
                self._overlay(overlay)
            self._marks()
        self._axes()
        self._words()
        self._key()

    def _grid(self) -> None:
        for tick in self.y.place(self.y.ticks()[0]):
            self._stroke([(self.left, tick), (self.right, tick)], FAINT, 1.0)
        if self.y.low < 0.0 < self.y.high and not self.y.log:
            level = float(self.y.place(0.0))
            self._stroke([(self.left, level), (self.right, level)], GREY, 1.0)

    def _band(self, curve: SpectrumCurve, ink: Ink) -> None:
        """Fill one standard error to either side."""
        if curve.error is None:
            return
        for run in curve_runs(curve):
            if run.size < 2:
                continue
            x, errors = self.x.place(curve.wavelength[run]), curve.error[run]
            low, high = self._y(curve.flux[run] - errors), self._y(curve.flux[run] + errors)
            self.paper.area(_closed(x, low, high), ink, opacity=0.20 if len(self.plot.curves) < 4 else 0.12)

    def _curve(self, curve: SpectrumCurve, ink: Ink) -> None:
        """Draw a line, as steps where samples lie far apart; a sample that stands alone is a short stroke."""
        width = (1.7 if len(curve.flux) < 3000 else 1.2) * self.unit
        for run in curve_runs(curve):
            x, y = self.x.place(curve.wavelength[run]), self._y(curve.flux[run])
            if run.size == 1:
                half = 3.0 * self.unit
                x, y = np.array([x[0] - half, x[0] + half]), np.array([y[0], y[0]])
            elif (x[-1] - x[0]) / run.size > 2.5 * self.unit:
                edges = np.r_[1.5 * x[0] - 0.5 * x[1], 0.5 * (x[1:] + x[:-1]), 1.5 * x[-1] - 0.5 * x[-2]]
                x, y = np.repeat(edges, 2)[1:-1], np.repeat(y, 2)
            self.paper.line(np.stack([x, y], axis=1), ink, width)

    def _overlay(self, overlay: Overlay) -> None:
        known = np.isfinite(overlay.flux)
        points = np.stack([self.x.place(overlay.wavelength[known]), self._y(overlay.flux[known])], axis=1)
        dash = (9.0 * self.unit, 6.0 * self.unit) if overlay.dashed else None
        if len(points) > 1:
            self.paper.line(points, INK if overlay.dashed else RED, 1.8 * self.unit, dash=dash)

    def _marks(self) -> None:
        """Draw a thin line at each mark, and its name above, pushed aside where names would meet."""
        u, size = self.unit, 15.0 * self.unit
        inside = [mark for mark in self.plot.marks if self.x.low <= mark.wavelength <= self.x.high]
        if not inside:
            return
        ordered = sorted(inside, key=lambda mark: mark.wavelength)
        true = self.x.place([mark.wavelength for mark in ordered])
        placed = _apart(true, 1.28 * size, self.left + size, self.right - 0.4 * size)
        longest = max(text_width(mark.label, size) for mark in ordered)
        foot = self.top + longest + 14 * u
        for mark, x, label_x in zip(ordered, true, placed, strict=True):
            ink = INK if mark.found else GREY
            line = [(x, self.bottom), (x, foot + 20 * u)]
            self.paper.line(np.array(line), ink, 0.9 * u, dash=None if mark.found else (4 * u, 4 * u), opacity=0.42)
            self.paper.line(np.array([(x, foot + 20 * u), (label_x, foot + 4 * u)]), ink, 0.9 * u, opacity=0.42)
            self.paper.text(label_x + 0.36 * size, foot, mark.label, size, ink, upright=True)

    def _axes(self) -> None:
        """Draw the frame, with ticks inside, and their numbers."""
        u, size = self.unit, 19.0 * self.unit
        great, small = self.x.ticks(110 * u)
        for values, length in ((great, 10 * u), (small, 5 * u)):
            for x in self.x.place(values):
                self._stroke([(x, self.bottom), (x, self.bottom - length)], INK, 1.2)
                if self.plot.redshift is None:
                    self._stroke([(x, self.top), (x, self.top + length)], INK, 1.2)
        for x, words in zip(self.x.place(great), tick_words(great), strict=True):
            self.paper.text(float(x), self.bottom + 28 * u, words, size, INK, anchor="middle")
        scaled = PlotAxis(self.y.low / self.factor, self.y.high / self.factor, self.y.start, self.y.end, self.y.log)
        great, small = scaled.ticks(85 * u)
        for values, length in ((great, 10 * u), (small, 5 * u)):
            for y in scaled.place(values):
                self._stroke([(self.left, y), (self.left + length, y)], INK, 1.2)
                self._stroke([(self.right, y), (self.right - length, y)], INK, 1.2)
        for y, words in zip(scaled.place(great), tick_words(great), strict=True):
            self.paper.text(self.left - 12 * u, float(y) + 0.36 * size, words, size, INK, anchor="right")
        if self.plot.redshift is not None:
            self._rest(self.plot.redshift)
        a, b, c, d = self.frame
        self._stroke([(a, b), (c, b), (c, d), (a, d), (a, b)], INK, 1.5)

    def _rest(self, redshift: float) -> None:
        """Write wavelengths at rest along the top."""
        u, size = self.unit, 17.0 * self.unit
        rest = PlotAxis(
            self.x.low / (1 + redshift), self.x.high / (1 + redshift), self.left, self.right, self.plot.log_x
        )
        great, small = rest.ticks(110 * u)
        for values, length in ((great, 10 * u), (small, 5 * u)):
            for x in rest.place(values):
                self._stroke([(x, self.top), (x, self.top + length)], INK, 1.2)
        for x, words in zip(rest.place(great), tick_words(great), strict=True):
            self.paper.text(float(x), self.top - 10 * u, words, size, GREY, anchor="middle")
        words = f"wavelength at rest (\u00b5m), z = {redshift:.6f}".replace("-", "\u2212")
        self.paper.text(self.right, self.top - 34 * u, words, size, GREY, anchor="right")

    def _words(self) -> None:
        """Write what the axes count, the title, and what is to be known beside."""
        u = self.unit
        middle = (self.left + self.right) / 2
        label = "Wavelength observed, in vacuum (\u00b5m)"
        self.paper.text(middle, self.bottom + 68 * u, label, 22 * u, INK, anchor="middle")
        quantity = "Surface brightness" if "sr" in self.plot.unit else "Flux density"
        quantity = quantity if self.unit_words != self.plot.unit or "Jy" in self.plot.unit else "Signal"
        words = f"{quantity} ({self.unit_words})" if self.unit_words else f"{quantity}, without a unit"
        self.paper.text(34 * u, (self.top + self.bottom) / 2, words, 22 * u, INK, anchor="middle", upright=True)
        room = self.right - self.left
        if self.plot.title:
            self.paper.text(self.left, 48 * u, _fitted(self.plot.title, 27 * u, room), 27 * u, INK)
        if self.plot.subtitle:
            self.paper.text(self.left, 80 * u, _fitted(self.plot.subtitle, 17 * u, room), 17 * u, GREY)

    def _key(self) -> None:
        """Name what is drawn, at the lower right corner where nothing of the frame is lost."""
        u, size = self.unit, 17.0 * self.unit
        named: list[tuple[str, Ink, bool]] = []
        if len(self.plot.curves) > 1:
            named += [
                (curve.label, INKS[number % len(INKS)], False)
                for number, curve in enumerate(self.plot.curves) if curve.label
            ]  # fmt: skip
        named += [(one.label, INK if one.dashed else RED, one.dashed) for one in self.plot.overlays if one.label]
        unique = list(dict.fromkeys(named))[:16]
        if not unique:
            return
        width = max(text_width(words, size) for words, _, _ in unique) + 64 * u
        height = (len(unique) * 26 + 14) * u
        x, y = self.right - width - 14 * u, self._calm_corner(width, height)
        box = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
        self.paper.area(box, (255, 255, 255), opacity=0.86)
        for row, (words, ink, dashed) in enumerate(unique):
            line = y + (26 * row + 25) * u
            dash = (9 * u, 6 * u) if dashed else None
            self.paper.line(np.array([(x + 10 * u, line - 6 * u), (x + 42 * u, line - 6 * u)]), ink, 2.4 * u, dash=dash)
            self.paper.text(x + 52 * u, line, words, size, INK)

    def _calm_corner(self, width: float, height: float) -> float:
        """Find the height in the right margin of the frame where the fewest samples lie."""
        heights = []
        for curve in self.plot.curves:
            x = self.x.place(curve.wavelength[curve.valid])
            y = self._y(curve.flux[curve.valid])
            heights.append(y[(x > self.right - width - 30 * self.unit) & (x <= self.right)])
        crossed = np.concatenate(heights) if heights else np.zeros(0)
        below_names = self.y.place(limits(self.plot)[1][1]) if self.plot.marks else self.top
        first = min(float(below_names), self.bottom - height) + 14 * self.unit
        steps = np.linspace(first, self.bottom - height - 14 * self.unit, 12)
        counts = [np.count_nonzero((crossed > at - 6) & (crossed < at + height + 6)) for at in steps]
        return float(steps[int(np.argmin(counts))])

    def _y(self, values: Floats) -> Floats:
        return np.nan_to_num(self.y.place(values), nan=self.bottom + 4000.0)

    def _stroke(self, points: list[tuple[float, float]], ink: Ink, width: float) -> None:
        self.paper.line(np.array(points, np.float64), ink, width * self.unit)


def _closed(x: Floats, low: Floats, high: Floats) -> Floats:
    return np.stack([np.r_[x, x[::-1]], np.r_[low, high[::-1]]], axis=1)


def _with_head(along: tuple[float, float], share: float, *, log: bool) -> tuple[float, float]:
    """Make room at the top of the vertical axis for the names of lines."""
    share = min(share, 0.5)
    if log:
        return along[0], along[1] * (along[1] / along[0]) ** (share / (1.0 - share))
    return along[0], along[1] + (along[1] - along[0]) * share / (1.0 - share)


def _apart(places: Floats, distance: float, first: float, last: float) -> Floats:
    """Push sorted places apart until each is `distance` from the next, about their own middle."""
    distance = min(distance, (last - first) / max(len(places), 1))
    groups: list[tuple[float, int]] = []
    for place in places:
        middle, count = float(place), 1
        while groups:
            before, before_count = groups[-1]
            if before + (before_count - 1) / 2 * distance + distance <= middle - (count - 1) / 2 * distance:
                break
            groups.pop()
            middle, count = (before * before_count + middle * count) / (before_count + count), before_count + count
        half = (count - 1) / 2 * distance
        groups.append((min(max(middle, first + half), last - half), count))
    found = [middle + (k - (count - 1) / 2) * distance for middle, count in groups for k in range(count)]
    return np.asarray(found, np.float64)


def _fitted(words: str, size: float, room: float) -> str:
    """Shorten a text to the room that it has."""
    while text_width(words, size) > room and len(words) > 4:
        words = words[:-4].rstrip(" ,;") + "\u2026"
    return words
