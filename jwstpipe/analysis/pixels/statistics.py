"""Statistics of the pixels of an image or a region, exact and out of core.

Every pass runs shard by shard, and what is counted only adds up: sums are kept for each shard and added in the order of
shards, all else are whole numbers, so that the result does not depend on the number of workers. Two passes give median,
percentiles and median distance (`jwstpipe.numerics.ranks`), the first of them the sums, too. Another makes fine counts
from which all rounds of clipping follow, with the biweight sums. What nobody asked for is not done.

Samples are measured in single precision. Those of a plane in double precision that would lose their differences so have
a constant taken away first (`jwstpipe.analysis.pixels.precision`).
"""

import math
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from jwstpipe.analysis.opened import ImageRef, opened, reference_of
from jwstpipe.analysis.pixels.clipping import Clipped, clipped_from_counts
from jwstpipe.analysis.pixels.counted import known
from jwstpipe.analysis.pixels.passes import Pass, Passes
from jwstpipe.analysis.pixels.precision import offset_of
from jwstpipe.analysis.pixels.shapes import PixelRule, Shape, whole
from jwstpipe.errors import DataError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.numerics.ranks import Ranks, Span, ends_of, ranks_of
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["PERCENTS", "PixelStatistics", "pixel_statistics"]

PERCENTS = (1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0)
"""Percentiles that are told."""


@dataclass(frozen=True)
class PixelStatistics:
    """What the pixels of a region say, in the unit of the plane; NaN where few samples are finite, or nobody asked."""

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

    offset: float = 0.0
    """What was taken from samples in double precision before they were measured in single precision."""


def pixel_statistics(
    image: ImageRef | Path,
    shape: Shape | None = None,
    *,
    plane: str = "sci",
    index: int = 0,
    rule: PixelRule = "center",
    only: Collection[str] = (),
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
    only
        Figures that are wanted, of `jwstpipe.requests.analysis.statistics.FIGURES`; none = all.
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
    offset = offset_of(source, box, plane=plane, index=index)
    base = Pass(reference_of(image, source), plane, index, box, region, rule, s3, offset)
    passes = Passes(base, workers or ThreadWorkers(os.cpu_count() or 1), report)
    clips = not only or "clipped" in only or "biweight" in only
    percents = PERCENTS if not only or "percentiles" in only else (50.0,)
    sums, ranks = passes.first(sums=clips or "sums" in only)
    if not sums.count:
        raise DataError(f"{source.address}: all {sums.n_nan:,} pixels of {plane} there are NaN; nothing to measure")
    values = _percentiles(passes, ranks, percents, spread=clips or "mad" in only)
    median, nothing = values[percents.index(50.0)], float("nan")
    mad = _median_distance(passes, ranks, median) if clips or "mad" in only else nothing
    std = math.sqrt(sums.deviations / sums.count) if clips or "sums" in only else nothing
    clipped, biweight = Clipped(nothing, nothing, nothing, 0), (nothing, nothing)
    if clips:
        spread = MAD_TO_SIGMA * mad or std or 1.0
        counts, weights = passes.clipping(centre=median, spread=spread)
        clipped = clipped_from_counts(counts, centre=median, spread=spread, mean=sums.mean, std=std)
        biweight = _biweight(sums.count, median, spread if mad else 0.0, weights)
    found = PixelStatistics(
        count=sums.count, n_nan=sums.n_nan, minimum=sums.minimum, maximum=sums.maximum,
        mean=sums.total / sums.area if sums.area else nothing, std=std, total=sums.total, area=sums.area,
        median=median, percentiles=dict(zip(percents, values, strict=True)), mad_std=MAD_TO_SIGMA * mad,
        biweight_location=biweight[0], biweight_scale=biweight[1], clipped=clipped,
        peak_snr=(sums.maximum - clipped.median) / clipped.std if clipped.std > 0.0 else nothing,
        rule=rule,
    )  # fmt: skip
    return _raised(found, offset) if offset else found


def _raised(found: PixelStatistics, offset: float) -> PixelStatistics:
    """Put back what was taken from all samples."""
    clipped = found.clipped
    return replace(
        found, minimum=found.minimum + offset, maximum=found.maximum + offset, mean=found.mean + offset,
        total=found.total + offset * found.area, median=found.median + offset,
        percentiles={percent: value + offset for percent, value in found.percentiles.items()},
        biweight_location=found.biweight_location + offset, offset=offset,
        clipped=replace(clipped, mean=clipped.mean + offset, median=clipped.median + offset),
    )  # fmt: skip


def _percentiles(passes: Passes, ranks: Ranks, percents: Sequence[float], *, spread: bool) -> list[float]:
    """Find percentiles, between two samples interpolated linearly; where they were not looked for, look."""
    wanted = ranks_of(ranks.count, percents)
    below, above, shares = (list(one) for one in zip(*wanted, strict=True))
    ahead = partial(_spans_of_distance, ranks) if spread else tuple
    found = known(ranks, ranks.value, [*map(int, below), *map(int, above)], partial(passes.again, ranks), ahead=ahead)
    return [
        low if share == 0.0 else low + (high - low) * share
        for low, high, share in zip(found[: len(below)], found[len(below) :], shares, strict=True)
    ]


def _spans_of_distance(ranks: Ranks) -> list[Span]:
    """Give the bins in which the median distance is decided, wherever in its bin the median lies."""
    rank = (ranks.count - 1) // 2
    median = ranks.value(rank)
    ends = [median] if isinstance(median, float) else ends_of(median)
    found = [ranks.distance(rank, end) for end in ends]
    spans = [one for one in found if isinstance(one, tuple)]
    return [(min(one[side][0] for one in spans), max(one[side][1] for one in spans)) for side in (0, 1) if spans]


def _median_distance(passes: Passes, ranks: Ranks, median: float) -> float:
    middle = [(ranks.count - 1) // 2, ranks.count // 2]
    return sum(known(ranks, lambda rank: ranks.distance(rank, median), middle, partial(passes.again, ranks))) / 2


def _biweight(count: int, median: float, spread: float, sums: list[float]) -> tuple[float, float]:
    """Give the biweight location and scale; without a spread the median and 0."""
    if not spread:
        return median, 0.0
    location = median + (spread * sums[0] / sums[1] if sums[1] else 0.0)
    return location, spread * math.sqrt(count * sums[2]) / abs(sums[3]) if sums[3] else float("nan")
