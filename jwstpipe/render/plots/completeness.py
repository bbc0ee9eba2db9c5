"""Completeness: the share of sources that were put into an image and found again, by their brightness."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.plots.contents import ORANGE, Axis, Curve, Guide
from jwstpipe.render.plots.figure import draw_figure

__all__ = ["draw_completeness"]

Floats = NDArray[np.float64]


def draw_completeness(
    out: str | Path,
    brightness: Floats,
    share: Floats,
    error: Floats,
    *,
    label: str,
    title: str,
    half: float | None = None,
    backwards: bool = False,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Draw a completeness curve.

    Parameters
    ----------
    out
        Picture to write.
    brightness, share, error
        (n,): middle of each bin, share that was found, its standard error.
    label, title
        Of the horizontal axis; above the picture.
    half
        Where half of them are found.
    backwards
        Brighter to the right for magnitudes, whose numbers fall.
    provenance
        Written into the metadata.
    """
    step = float(np.median(np.abs(np.diff(brightness)))) if len(brightness) > 1 else 1.0
    ends = float(brightness.min() - step / 2), float(brightness.max() + step / 2)
    axis = Axis(label, *(ends[::-1] if backwards else ends))
    guides = [Guide("y", 0.5)] + ([] if half is None else [Guide("x", half, f"half at {half:.2f}", ORANGE)])
    curves = [Curve(brightness, share), Curve(brightness, share, "points", errors=error)]
    return draw_figure(
        out, curves, axis, Axis("share found", -0.03, 1.05), title=title, guides=guides, provenance=provenance
    )
