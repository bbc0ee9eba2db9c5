"""The histogram of samples, about the sky and as far up as most samples go."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef, opened, reference_of
from jwstpipe.analysis.pixels.passes import Pass, Passes
from jwstpipe.analysis.pixels.shapes import PixelRule, Shape, whole
from jwstpipe.analysis.pixels.statistics import PixelStatistics
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["Histogram", "pixel_histogram"]

BINS = 240
BELOW, ABOVE = 8.0, 12.0
"""Clipped standard deviations below and above the median that are shown at least, where samples go so far."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of samples."""

    edges: NDArray[np.float64]
    """(n + 1,), rising, in the unit of the samples."""

    counts: NDArray[np.int64]
    """(n,); a sample on the last edge is in the last bin."""

    outside: int
    """Finite samples below the first edge or above the last."""


def pixel_histogram(
    image: ImageRef | Path,
    found: PixelStatistics,
    shape: Shape | None = None,
    *,
    plane: str = "sci",
    index: int = 0,
    rule: PixelRule = "center",
    bins: int = BINS,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Histogram:
    """Count samples between limits that follow from their statistics.

    Parameters
    ----------
    image
        Any image, or its address.
    found
        From `pixel_statistics`, of the same samples.
    shape, plane, index, rule, s3, workers, report
        As `pixel_statistics` has them.
    bins
        Of one width.
    """
    source = opened(image, s3=s3)
    frame = Box.of_shape(source.shape)
    region = whole(frame) if shape is None else shape
    box = frame.intersection(region.box)
    assert box is not None
    middle, spread = found.clipped.median, found.clipped.std
    low = max(found.minimum, middle - BELOW * spread)
    high = min(found.maximum, max(found.percentiles[99.0], middle + ABOVE * spread))
    if not high > low:
        low, high = low - 0.5, high + 0.5
    base = Pass(reference_of(image, source), plane, index, box, region, rule, s3, found.offset)
    counts = Passes(base, workers or ThreadWorkers(os.cpu_count() or 1), report).histogram(low, high, bins)
    return Histogram(np.linspace(low, high, bins + 1), counts, found.count - int(counts.sum()))
