"""A spectrum as a small picture: the line alone, without words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.plots.spectra.axes import PlotAxis
from jwstpipe.render.plots.spectra.contents import INKS, SpectrumPlot, curve_runs, limits
from jwstpipe.render.plots.spectra.paper import PixelPaper
from jwstpipe.render.plots.spectra.pixels import write_pixels

__all__ = ["draw_small", "small_pixels"]

SHARE = 0.625
"""Height over width."""


def draw_small(
    out: str | Path, plot: SpectrumPlot, *, size: int = 256, provenance: Mapping[str, Any] | None = None
) -> tuple[int, int]:
    """Draw spectra small.

    Parameters
    ----------
    out
        ``.png`` or ``.jpg``.
    plot
        What it shows; its words are left out. Without a valid sample the picture says so.
    size
        Width, pixels.
    provenance
        Written into the metadata.

    Returns
    -------
    tuple of int
        Rows and columns.
    """
    pixels = small_pixels(plot, size=size)
    write_pixels(Path(out), pixels, provenance=provenance)
    return pixels.shape[0], pixels.shape[1]


def small_pixels(plot: SpectrumPlot, *, size: int) -> NDArray[np.uint8]:
    """Give the pixels of a small plot, (rows, columns, 3)."""
    shape = (max(round(size * SHARE), 8), size)
    edge = 0.03 * size
    if not any(curve.valid.any() for curve in plot.curves):
        blank = PixelPaper((shape[1], shape[0]))
        blank.text(
            shape[1] / 2, shape[0] / 2, "no valid sample", max(size / 18.0, 6.0), (118, 120, 128), anchor="middle"
        )
        return blank.pixels()
    (first, last), (low, high) = limits(plot)
    across = PlotAxis(first, last, edge, shape[1] - edge)
    up = PlotAxis(low, high, shape[0] - edge, edge)
    paper = PixelPaper((shape[1], shape[0]))
    foot = shape[0] - edge
    paper.line(np.array([(edge, foot), (shape[1] - edge, foot)]), (190, 192, 198), max(size / 400.0, 0.5))
    for number, curve in enumerate(plot.curves):
        for run in curve_runs(curve):
            if run.size > 1:
                points = np.stack([across.place(curve.wavelength[run]), up.place(curve.flux[run])], axis=1)
                paper.line(points, INKS[number % len(INKS)], max(size / 220.0, 0.5))
    return paper.pixels()
