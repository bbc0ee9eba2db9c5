"""The passes over the shards of a region: what each counts, and how the counts of all come together."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.pixels.clipping import PLACES, clip_counts
from jwstpipe.analysis.pixels.shapes import Labelled, PixelRule, Shape, whole
from jwstpipe.execution.workers import Workers
from jwstpipe.images.zarr.layout import SHARD
from jwstpipe.numerics.order import BINS, count_low, count_upper
from jwstpipe.numerics.sums import plain_sums
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
    slots: bytes = b""
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
    upper: Counts = field(repr=False)


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

    def sums(self) -> Sums:
        """Add up all samples, and count them by their upper bits."""
        upper = np.zeros(BINS, np.int64)
        parts: dict[str, Sums] = {}
        for key, part in self.workers.each(_sums, self.jobs(), name="sums", report=self.report, unit="tiles"):
            upper += part.upper
            parts[key] = part
        return _added([parts[key] for key in self.jobs()], upper)

    def low_counts(self, slots: NDArray[np.int16], rows: int) -> Counts:
        """Count samples by their lower bits."""
        return self._counted(_low, rows, BINS, name="order", slots=slots.tobytes())

    def upper_distances(self, centre: float) -> Counts:
        """Count distances from a value by their upper bits."""
        return self._counted(_upper_distances, BINS, name="deviations", centre=centre)

    def low_distances(self, centre: float, slots: NDArray[np.int16], rows: int) -> Counts:
        """Count distances from a value by their lower bits."""
        return self._counted(_low_distances, rows, BINS, name="order", slots=slots.tobytes(), centre=centre)

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


def _sums(job: Pass) -> Sums:
    every, shares = _samples(job)
    kept = every if shares is None else np.ascontiguousarray(every[shares >= 0.5])
    upper = np.zeros(BINS, np.int64)
    count_upper(kept, np.float32(0.0), upper, distances=False)
    count, lowest, highest, total, deviations = plain_sums(kept)
    mean, area = total / count if count else 0.0, float(count)
    if shares is not None:
        finite = np.isfinite(every)
        total, area = float((every[finite] * shares[finite]).sum()), float(shares[finite].sum())
    return Sums(count, kept.size - count, lowest, highest, mean, deviations, total, area, upper)


def _added(parts: list[Sums], upper: Counts) -> Sums:
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
        math.fsum(part.area for part in parts), upper,
    )  # fmt: skip


def _ordered(job: Pass) -> NDArray[np.float32]:
    values, shares = _samples(job)
    return values if shares is None else np.ascontiguousarray(values[shares >= 0.5])


def _upper_distances(job: Pass) -> Counts:
    counts = np.zeros(BINS, np.int64)
    count_upper(_ordered(job), np.float32(job.centre), counts, distances=True)
    return counts


def _low(job: Pass) -> Counts:
    return _low_counts(job, distances=False)


def _low_distances(job: Pass) -> Counts:
    return _low_counts(job, distances=True)


def _low_counts(job: Pass, *, distances: bool) -> Counts:
    slots = np.frombuffer(job.slots, np.int16)
    counts = np.zeros((int(slots.max()) + 1, BINS), np.int64)
    count_low(_ordered(job), np.float32(job.centre), slots, counts, distances=distances)
    return counts


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
