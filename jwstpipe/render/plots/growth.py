"""Curves of growth, and colours against magnitudes: the two diagrams that photometry is judged by."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.plots.contents import BLUE, GREY, INK, ORANGE, Axis, Curve, Guide, fitting_axis
from jwstpipe.render.plots.figure import draw_figure

__all__ = ["draw_colours", "draw_growth"]

Floats = NDArray[np.float64]
_INKS = (BLUE, ORANGE, (46, 125, 50), (123, 31, 162), GREY, INK)

OUTER = 0.5
"""Percent of colours and magnitudes at each end that set no limit of the axes."""


def draw_growth(
    out: str | Path,
    curves: Mapping[str, tuple[Floats, Floats]],
    *,
    title: str,
    radii: Mapping[str, float] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Draw curves of growth.

    Parameters
    ----------
    out
        Picture to write.
    curves
        Radii (arcsec) and encircled energies (0 to 1) by filter.
    title
        Above the picture.
    radii
        Circles that were measured, arcsec, by their label.
    provenance
        Written into the metadata.
    """
    drawn = [
        Curve(radius, energy, label=name, colour=_INKS[number % len(_INKS)])
        for number, (name, (radius, energy)) in enumerate(curves.items())
    ]
    guides = [Guide("x", radius, label) for label, radius in (radii or {}).items()]
    across = Axis("radius [arcsec]", 0.0, float(max(radius.max() for radius, _ in curves.values())))
    return draw_figure(
        out, drawn, across, Axis("light inside", 0.0, 1.05), title=title, guides=guides, provenance=provenance
    )


def draw_colours(
    out: str | Path,
    colour: Floats,
    magnitude: Floats,
    *,
    labels: tuple[str, str],
    title: str,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Draw a colour-magnitude diagram, bright at the top.

    Parameters
    ----------
    out
        Picture to write.
    colour, magnitude
        (n,), AB; those that are not finite are left out.
    labels
        Of the horizontal and the vertical axis.
    title
        Above the picture.
    provenance
        Written into the metadata.

    Raises
    ------
    DataError
        No source has both.
    """
    known = np.isfinite(colour) & np.isfinite(magnitude)
    x, y = colour[known], magnitude[known]
    ends = [np.percentile(values, (OUTER, 100.0 - OUTER)) if values.size else values for values in (x, y)]
    across, up = fitting_axis(labels[0], ends[0]), fitting_axis(labels[1], ends[1])
    upwards = Axis(up.label, up.high, up.low)
    return draw_figure(out, [Curve(x, y, "points")], across, upwards, title=title, provenance=provenance)
