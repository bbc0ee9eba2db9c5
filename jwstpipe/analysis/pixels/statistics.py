"""Statistics of the pixels of an image or a region, exact and out of core.

Every pass runs shard by shard, and what is counted only adds up: sums are kept for each shard and added in the order of
shards, all else are whole numbers, so that the result does not depend on the number of workers. Five passes: sums and
the upper bits; medians and percentiles (`jwstpipe.numerics.order`); the same twice for the distances from the median;
and fine counts from which all rounds of clipping follow, with the biweight sums.
"""

import math
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jwstpipe.analysis.opened import ImageRef, opened, reference_of
from jwstpipe.analysis.pixels.clipping import Clipped, clipped_from_counts
from jwstpipe.analysis.pixels.passes import Pass, Passes
from jwstpipe.analysis.pixels.shapes import PixelRule, Shape, whole
from jwstpipe.errors import DataError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.numerics.order import percentiles
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["PERCENTS", "PixelStatistics", "pixel_statistics"]

PERCENTS = (1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0)
"""Percentiles that are told."""


@dataclass(frozen=True)
class PixelStatistics:
    """What the pixels of a region say; values in the unit of the plane, NaN where too few samples are finite."""

    count: int
    """Finite samples."""

    n_nan: int
    """Samples without data."""

    minimum: float
    maximum: float
    mean: float
    std: float
    total: float
    """Sum; with the rule ``exact`` each sample counts by its share."""

    area: float
    """Pixels that the sum is over: `count`, or the shares added up."""

    median: float
    percentiles: dict[float, float]
    mad_std: float
    """1.4826 times the median absolute deviation."""

    biweight_location: float
    biweight_scale: float
    clipped: Clipped
    peak_snr: float
    """(maximum - clipped median) / clipped standard deviation."""

    rule: PixelRule


def pixel_statistics(
    image: ImageRef | Path,
    shape: Shape | None = None,
    *,
    plane: str = "sci",
    index: int = 0,
    rule: PixelRule = "center",
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> PixelStatistics:
    """Measure the samples of a plane.

    Parameters
    ----------
    image
        Any image, or its address.
    shape
        Part of it, from `jwstpipe.analysis.pixels.regions.regions_of`; None = all.
    plane
        A plane of samples, not of flags.
    index
        Slice of a cube.
    rule
        Which pixels a region takes; with ``exact`` sum, mean and area count shares, everything else pixels whose share
        is at least a half.
    s3
        Endpoint of ``s3://`` addresses.
    workers
        Where shards are read; default: a thread a core.
    report
        Told of shards.

    Raises
    ------
    UsageError
        A plane that the image does not have, or one of flags.
    DataError
        No finite sample.

    Examples
    --------
    >>> pixel_statistics("m51_f200w.fits").median  # doctest: +SKIP
    0.2931
    """
    source = opened(image, s3=s3)
    if plane not in source.planes or plane == "dq":
        rest = ", ".join(name for name in source.planes if name != "dq")
        raise UsageError(f"{source.address}: no samples in plane {plane!r}; it has {rest}")
    frame = Box.of_shape(source.shape)
    region = whole(frame) if shape is None else shape
    box = frame.intersection(region.box)
    assert box is not None  # regions outside are refused when they are read
    base = Pass(reference_of(image, source), plane, index, box, region, rule, s3)
    passes = Passes(base, workers or ThreadWorkers(os.cpu_count() or 1), report)
    sums = passes.sums()
    if not sums.count:
        raise DataError(f"{source.address}: all {sums.n_nan:,} pixels of {plane} there are NaN; nothing to measure")
    values = percentiles(sums.upper, PERCENTS, passes.low_counts)
    median = values[PERCENTS.index(50.0)]
    mad = percentiles(passes.upper_distances(median), (50.0,), partial(passes.low_distances, median))[0]
    std = math.sqrt(sums.deviations / sums.count)
    spread = MAD_TO_SIGMA * mad or std or 1.0
    counts, weights = passes.clipping(centre=median, spread=spread)
    clipped = clipped_from_counts(counts, centre=median, spread=spread, mean=sums.mean, std=std)
    return PixelStatistics(
        count=sums.count, n_nan=sums.n_nan, minimum=sums.minimum, maximum=sums.maximum,
        mean=sums.total / sums.area if sums.area else float("nan"), std=std, total=sums.total, area=sums.area,
        median=median, percentiles=dict(zip(PERCENTS, values, strict=True)), mad_std=MAD_TO_SIGMA * mad,
        biweight_location=median + (spread * weights[0] / weights[1] if mad and weights[1] else 0.0),
        biweight_scale=_biweight_scale(sums.count, spread, weights[2], weights[3]) if mad else 0.0,
        clipped=clipped,
        peak_snr=(sums.maximum - clipped.median) / clipped.std if clipped.std > 0.0 else float("nan"),
        rule=rule,
    )  # fmt: skip


def _biweight_scale(count: int, spread: float, squares: float, slopes: float) -> float:
    return spread * math.sqrt(count * squares) / abs(slopes) if slopes else float("nan")
