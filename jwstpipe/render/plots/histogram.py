"""The histogram of an image's samples, with its median and limits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.plots.contents import GREY, ORANGE, Axis, Curve, Guide
from jwstpipe.render.plots.figure import draw_figure

__all__ = ["draw_histogram"]


def draw_histogram(
    out: str | Path,
    edges: NDArray[np.float64],
    counts: NDArray[np.int64],
    *,
    unit: str,
    title: str,
    marks: Mapping[str, float],
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Draw a histogram; its counts are on a logarithmic axis, so that few bright pixels are seen too.

    Parameters
    ----------
    out
        Picture to write.
    edges, counts
        (n + 1,) edges in the unit of the samples, and (n,) samples between them.
    unit, title
        Of the samples; above the picture.
    marks
        Values to point out, by their name.
    provenance
        Written into the metadata.
    """
    most = max(int(counts.max(initial=1)), 1)
    shown = np.where(counts > 0, counts, 0.5).astype(np.float64)
    guides = [
        Guide("x", value, name, ORANGE if number == 0 else GREY) for number, (name, value) in enumerate(marks.items())
    ]
    return draw_figure(
        out, [Curve(edges, shown, "steps")], Axis(f"sample [{unit}]" if unit else "sample", edges[0], edges[-1]),
        Axis("pixels", 0.5, 2.0 * most, log=True), title=title, guides=guides, provenance=provenance,
    )  # fmt: skip
