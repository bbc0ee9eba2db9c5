"""The passes over the shards of a region: what each counts, and how the counts of all come together."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.pixels.clipping import PLACES, clip_counts
from jwstpipe.analysis.pixels.counted import Counted, ShardCounts, counted_shard
from jwstpipe.analysis.pixels.guesses import SAMPLES, sampled_cells
from jwstpipe.analysis.pixels.shapes import Labelled, PixelRule, Shape, whole
from jwstpipe.execution.workers import Workers
from jwstpipe.images.zarr.layout import CHUNK, SHARD
from jwstpipe.numerics.ranks import NO_BINS, Bins, Ranks
from jwstpipe.progress import Reporter
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["Pass", "Passes", "Sums"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Pass:
    """A shard of one pass."""

    image: ImageRef
    plane: str
    index: int
    box: Box
    shape: Shape
    rule: PixelRule
    s3: S3Settings | None
    centre: float = 0.0
    spread: float = 0.0
    bins: Bins = NO_BINS
    sums: bool = False
    every: int = 1
    edges: tuple[float, float, int] = (0.0, 0.0, 0)
    """Of a histogram: first and last edge, and bins."""


@dataclass(frozen=True, eq=False)
class Sums:
    """What a shard, or all of them, add up to."""

    count: int
    n_nan: int
    minimum: float
    maximum: float
    mean: float
    deviations: float
    total: float
    area: float


@dataclass(frozen=True)
class Passes:
    """The passes over the shards of a region; what they count is added up as it comes."""

    base: Pass
    workers: Workers
    report: Reporter

    def jobs(self, **facts: Any) -> dict[str, Pass]:
        """Make a job for each shard that the region touches."""
        cells = self.base.box.cells(SHARD)
        return {f"{cell.y0 // SHARD}_{cell.x0 // SHARD}": replace(self.base, box=cell, **facts) for cell in cells}

    def sample(self) -> tuple[list[NDArray[np.float32]], bool]:
        """Read samples from places evenly over the region; and tell whether these are all there are."""
        cells = sampled_cells(self.base.box, CHUNK)
        every = max(sum(cell.area for cell in cells) // SAMPLES, 1) | 1  # odd: no column of the image stands out
        jobs = {f"{cell.y0}_{cell.x0}": replace(self.base, box=cell, every=every) for cell in cells}
        parts = self.workers.run(_sample, jobs, name="sample", report=self.report, unit="windows")
        return list(parts.values()), every == 1 and sum(cell.area for cell in cells) == self.base.box.area

    def first(self, bins: Bins, *, sums: bool) -> tuple[Sums, Ranks]:
        """Count all samples by their keys, and add them up if wanted."""
        jobs = self.jobs(bins=bins, sums=sums)
        parts: dict[str, Sums] = {}
        counted = Counted(bins)
        for key, (part, counts) in self.workers.each(
            _first, jobs, name="sums" if sums else "order", report=self.report, unit="tiles"
        ):
            counted.add(counts)
            parts[key] = part
        ranks = Ranks()
        ranks.learn(bins, counted.low, counted.listed, upper=counted.upper)
        return _added([parts[key] for key in jobs]), ranks

    def again(self, ranks: Ranks, bins: Bins) -> None:
        """Look into more bins."""
        counted = Counted(bins)
        for _, (_, counts) in self.workers.each(
            _first, self.jobs(bins=bins), name="order", report=self.report, unit="tiles"
        ):
            counted.add(counts)
        ranks.learn(bins, counted.low, counted.listed)

    def histogram(self, low: float, high: float, bins: int) -> Counts:
        """Count samples in bins of one width."""
        return self._counted(_histogram, bins, name="histogram", edges=(low, high, bins))

    def _counted(self, function: Callable[[Pass], Counts], *shape: int, name: str, **facts: Any) -> Counts:
        found = np.zeros(shape, np.int64)
        for _, part in self.workers.each(function, self.jobs(**facts), name=name, report=self.report, unit="tiles"):
            found += part
        return found

    def clipping(self, *, centre: float, spread: float) -> tuple[Counts, list[float]]:
        """Count samples for clipping, and add up the biweight sums."""
        counts = np.zeros(PLACES, np.int64)
        sums: dict[str, Floats] = {}
        jobs = self.jobs(centre=centre, spread=spread)
        for key, part in self.workers.each(_clip, jobs, name="clipping", report=self.report, unit="tiles"):
            counts += part[0]
            sums[key] = part[1]
        return counts, [math.fsum(sums[key][k] for key in jobs) for k in range(4)]


def _samples(job: Pass) -> tuple[NDArray[np.float32], Floats | None]:
    """Read the samples of a shard that the region takes, and their shares where these count."""
    image = opened(job.image, s3=job.s3)
    values = np.ascontiguousarray(image.read(job.plane, job.box, index=job.index), np.float32)
    if isinstance(job.shape, Labelled):
        labels = opened(job.shape.segmentation, s3=job.s3).read("sci", job.box)
        return values[labels == job.shape.label], None
    inside = job.shape.weights(job.box, job.rule) if not _covers(job.shape, job.box) else None
    if inside is None:
        return values.ravel(), None
    if job.rule == "center":
        return values[inside > 0.5], None
    kept = inside > 0.0
    return values[kept], inside[kept]


def _covers(shape: Shape, box: Box) -> bool:
    """Tell whether a shape is the rectangle of whole pixels that was asked for, and holds the box."""
    return shape == whole(shape.box) and shape.box.contains(box)


def _sample(job: Pass) -> NDArray[np.float32]:
    return np.ascontiguousarray(_ordered(job)[:: job.every])


def _first(job: Pass) -> tuple[Sums, ShardCounts]:
    every, shares = _samples(job)
    kept = every if shares is None else np.ascontiguousarray(every[shares >= 0.5])
    sums, counts = counted_shard(kept, job.bins, add=job.sums)
    count, lowest, highest, total, deviations = sums
    mean, area = total / count if count else 0.0, float(count)
    if shares is not None and job.sums:
        finite = np.isfinite(every)
        total, area = float((every[finite] * shares[finite]).sum()), float(shares[finite].sum())
    return Sums(count, kept.size - count, lowest, highest, mean, deviations, total, area), counts


def _added(parts: list[Sums]) -> Sums:
    """Join the sums of shards, in their order (Chan, Golub and LeVeque 1983 for the deviations)."""
    count, mean, deviations = 0, 0.0, 0.0
    for part in parts:
        if part.count:
            both, step = count + part.count, part.mean - mean
            deviations += part.deviations + step * step * count * part.count / both
            mean += step * part.count / both
            count = both
    return Sums(
        count, sum(part.n_nan for part in parts), min(part.minimum for part in parts),
        max(part.maximum for part in parts), mean, deviations, math.fsum(part.total for part in parts),
        math.fsum(part.area for part in parts),
    )  # fmt: skip


def _ordered(job: Pass) -> NDArray[np.float32]:
    values, shares = _samples(job)
    return values if shares is None else np.ascontiguousarray(values[shares >= 0.5])


def _histogram(job: Pass) -> Counts:
    low, high, bins = job.edges
    values = _ordered(job)
    return np.histogram(values[np.isfinite(values)].astype(np.float64), bins=bins, range=(low, high))[0].astype(
        np.int64
    )


def _clip(job: Pass) -> tuple[Counts, Floats]:
    """Count the samples of a shard for clipping, and add up its biweight sums."""
    counts, sums = np.zeros(PLACES, np.int64), np.zeros(4)
    clip_counts(_ordered(job), job.centre, job.spread, counts, sums)
    return counts, sums
