"""The passes over the shards of a region: what each counts, and how the counts of all come together."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.pixels.clipping import PLACES, clip_counts
from jwstpipe.analysis.pixels.counted import Counted, ShardCounts, counted_shard
from jwstpipe.analysis.pixels.shapes import Labelled, PixelRule, Shape, whole
from jwstpipe.execution.workers import Workers
from jwstpipe.images.windows import read_window
from jwstpipe.images.zarr.layout import CHUNK, SHARD
from jwstpipe.numerics.ranks import Bins, Ranks
from jwstpipe.numerics.sums import plain_sums
from jwstpipe.progress import Reporter
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["Pass", "Passes", "Sums", "joined_sums"]

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
    offset: float = 0.0
    """Taken from samples in double precision before they are measured in single precision."""

    centre: float = 0.0
    spread: float = 0.0
    bins: Bins | None = None
    sums: bool = False
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

    def first(self, *, sums: bool) -> tuple[Sums, Ranks]:
        """Count all samples by their keys, and add them up if wanted."""
        jobs = self.jobs(sums=sums)
        parts: dict[str, Sums] = {}
        counted = Counted(None)
        for key, (part, counts) in self.workers.each(
            _first, jobs, name="sums" if sums else "order", report=self.report, unit="tiles"
        ):
            counted.add(counts)
            parts[key] = part
        ranks = Ranks()
        counted.teach(ranks)
        return joined_sums([parts[key] for key in jobs]), ranks

    def again(self, ranks: Ranks, bins: Bins) -> None:
        """Look into bins."""
        counted = Counted(bins)
        jobs = self.jobs(bins=bins)
        for _, counts in self.workers.each(_again, jobs, name="order", report=self.report, unit="tiles"):
            counted.add(counts)
        counted.teach(ranks)

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


def _samples(job: Pass) -> Iterator[tuple[NDArray[np.float32], Floats | None]]:
    """Read the samples of a shard that the region takes, and their shares where these count, band by band.

    A band is gone when the next one comes: it is read to the same memory, which stays in the cache.
    """
    image = opened(job.image, s3=job.s3)
    room = np.empty((CHUNK, job.box.x1 - job.box.x0), np.float32)
    for y in range(job.box.y0 // CHUNK * CHUNK, job.box.y1, CHUNK):
        band = replace(job.box, y0=max(y, job.box.y0), y1=min(y + CHUNK, job.box.y1))
        if job.offset:
            read = image.read(job.plane, band, index=job.index)
            values = (read - job.offset).astype(np.float32)
        else:
            values = read_window(image, job.plane, band, room[: band.y1 - band.y0], covered=True, index=job.index)
        yield _taken(job, band, values)


def _taken(job: Pass, band: Box, values: NDArray[np.float32]) -> tuple[NDArray[np.float32], Floats | None]:
    if isinstance(job.shape, Labelled):
        labels = opened(job.shape.segmentation, s3=job.s3).read("sci", band)
        return values[labels == job.shape.label], None
    inside = job.shape.weights(band, job.rule) if not _covers(job.shape, band) else None
    if inside is None:
        return values.ravel(), None
    if job.rule == "center":
        return values[inside > 0.5], None
    kept = inside > 0.0
    return values[kept], inside[kept]


def _covers(shape: Shape, box: Box) -> bool:
    """Tell whether a shape is the rectangle of whole pixels that was asked for, and holds the box."""
    return shape == whole(shape.box) and shape.box.contains(box)


def _ordered(job: Pass) -> Iterator[NDArray[np.float32]]:
    """Read the samples of a shard whose share is at least a half."""
    for values, shares in _samples(job):
        yield values if shares is None else np.ascontiguousarray(values[shares >= 0.5])


def _first(job: Pass) -> tuple[Sums, ShardCounts]:
    found: list[Sums] = []
    pixels = 0

    def seen() -> Iterator[NDArray[np.float32]]:
        nonlocal pixels
        for every, shares in _samples(job):
            kept = every if shares is None else np.ascontiguousarray(every[shares >= 0.5])
            pixels += kept.size
            if job.sums:
                found.append(_sums(kept, every, shares))
            yield kept

    counts = counted_shard(seen(), None)
    if job.sums:
        return joined_sums(found), counts
    count = int(counts.counts.sum())
    return Sums(count, pixels - count, math.nan, math.nan, 0.0, 0.0, 0.0, float(count)), counts


def _again(job: Pass) -> ShardCounts:
    return counted_shard(_ordered(job), job.bins)


def _sums(kept: NDArray[np.float32], every: NDArray[np.float32], shares: Floats | None) -> Sums:
    count, lowest, highest, total, deviations = plain_sums(kept)
    mean, area = total / count if count else 0.0, float(count)
    if shares is not None:
        finite = np.isfinite(every)
        total, area = float((every[finite] * shares[finite]).sum()), float(shares[finite].sum())
    return Sums(count, kept.size - count, lowest, highest, mean, deviations, total, area)


def joined_sums(parts: list[Sums]) -> Sums:
    """Join sums, in their order (Chan, Golub and LeVeque 1983 for the deviations)."""
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


def _histogram(job: Pass) -> Counts:
    low, high, bins = job.edges
    found = np.zeros(bins, np.int64)
    for values in _ordered(job):
        finite = values[np.isfinite(values)].astype(np.float64) + job.offset
        found += np.histogram(finite, bins=bins, range=(low, high))[0]
    return found


def _clip(job: Pass) -> tuple[Counts, Floats]:
    """Count the samples of a shard for clipping, and add up its biweight sums."""
    counts, sums = np.zeros(PLACES, np.int64), np.zeros(4)
    for values in _ordered(job):
        clip_counts(values, job.centre, job.spread, counts, sums)
    return counts, sums
