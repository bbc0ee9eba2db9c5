"""Background matching: how much higher one image stands than its neighbours, measured where they overlap.

Every image is sampled on the mosaic's plane, just as the mosaic will sample it, averaged in cells of 8 x 8 pixels, and
compared cell by cell with those that it overlaps: sources cancel, what differs is the sky.
Only constants are subtracted; no mesh can eat a nebula.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from jwstpipe.execute import Workers
from jwstpipe.mosaic.jobs import TileJob
from jwstpipe.mosaic.levels import Difference, Levels, solve_levels
from jwstpipe.mosaic.plan import MosaicPlan
from jwstpipe.mosaic.skies import Sky
from jwstpipe.mosaic.sources import Source
from jwstpipe.mosaic.tile import compute
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

__all__ = ["CELL", "Match", "OverlapJob", "match_levels", "measure_overlaps", "reduced"]

CELL = 8
"""Mosaic pixels on the side of a cell in which images are compared."""

FEWEST_CELLS = 16
"""An overlap of fewer cells says nothing."""

CLIP_SIGMAS, CLIP_ROUNDS = 4.0, 5


@dataclass(frozen=True)
class OverlapJob:
    """One image and those of its neighbours that come later in the plan."""

    number: int
    source: Source
    neighbours: tuple[tuple[int, Source], ...]
    grid: SkyGrid
    s3: S3Settings


@dataclass(frozen=True)
class Match:
    """Matched sky levels of a plan's sources."""

    found: Levels
    names: tuple[str, ...]
    overlaps: int
    """Overlaps that were measured."""

    @property
    def skies(self) -> tuple[Sky, ...]:
        """Sky to subtract from each source."""
        return tuple(Sky(level) for level in self.found.values)

    def report(self) -> dict[str, Any]:
        """Tell what was found in plain values."""
        groups: dict[int, list[str]] = {}
        for name, component in zip(self.names, self.found.components, strict=True):
            groups.setdefault(component, []).append(name)
        return {
            "method": "level",
            "overlaps": self.overlaps,
            "levels": [
                {"image": name, "level": level} for name, level in zip(self.names, self.found.values, strict=True)
            ],
            "residual_rms": self.found.residual_rms,
            "components": list(groups.values()),
            "doubtful": [[self.names[i], self.names[j]] for i, j in self.found.doubtful],
        }


def match_levels(
    plan: MosaicPlan, *, s3: S3Settings | None = None, workers: Workers, report: Reporter = silent
) -> Match:
    """Measure all overlaps of a plan and solve for the sky level of each source.

    Images that overlap nothing keep their level; connected groups are told in the report, because nothing can be said
    of levels between them.
    """
    jobs = {}
    for number, neighbours in enumerate(_neighbours(plan.sources)):
        if neighbours:
            others = tuple((other, plan.sources[other]) for other in neighbours)
            jobs[f"{number:05d}"] = OverlapJob(number, plan.sources[number], others, plan.grid, s3 or S3Settings())
    found = workers.run(measure_overlaps, jobs, name="overlaps", report=report, unit="images")
    differences = [difference for several in found.values() for difference in several]
    names = tuple(source.name for source in plan.sources)
    return Match(solve_levels(len(plan.sources), differences), names, len(differences))


def measure_overlaps(job: OverlapJob) -> tuple[Difference, ...]:
    """Compare an image with its neighbours."""
    found = []
    own_box, own = reduced(job.source, job.grid, job.s3)
    for number, neighbour in job.neighbours:
        box, other = reduced(neighbour, job.grid, job.s3)
        common = own_box.intersection(box)
        if common is None:
            continue
        difference = own[common.relative_to(own_box).slices] - other[common.relative_to(box).slices]
        values = difference[np.isfinite(difference)].astype("f8")
        if values.size >= FEWEST_CELLS:
            mean, variance = _clipped(values)
            found.append(Difference(job.number, number, mean, 1.0 / variance))
    return tuple(found)


@lru_cache(maxsize=512)
def reduced(source: Source, grid: SkyGrid, s3: S3Settings) -> tuple[Box, NDArray[np.float32]]:
    """Average an image in the cells of the plane.

    Returns
    -------
    Box, ndarray
        Window counted in cells, and its samples, NaN = no data. Kept for the next overlap (a quarter MB each).
    """
    cells = Box(source.box.y0 // CELL, source.box.x0 // CELL, -(-source.box.y1 // CELL), -(-source.box.x1 // CELL))
    job = TileJob(
        out="",
        tile=(0, 0),
        window=Box(cells.y0 * CELL, cells.x0 * CELL, cells.y1 * CELL, cells.x1 * CELL),
        origin=(0, 0),
        grid=grid,
        sources=(replace(source, sky=Sky()),),
        weights="uniform",
        options=MosaicOptions(combine="first"),
        scaled=False,
        planes=("sci", "wht", "n"),
        s3=s3,
    )
    return cells, _block_means(compute(job).planes["sci"], CELL)


def _neighbours(sources: Sequence[Source]) -> list[list[int]]:
    """List for each source the later ones whose boxes overlap its own."""
    boxes = shapely.box(*np.array([(s.box.x0, s.box.y0, s.box.x1, s.box.y1) for s in sources], dtype=float).T)
    tree = shapely.STRtree(boxes)
    pairs = tree.query(boxes, predicate="intersects")
    found: list[list[int]] = [[] for _ in sources]
    for first, second in sorted(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True)):
        if first < second:
            found[first].append(second)
    return found


def _clipped(values: NDArray[np.float64]) -> tuple[float, float]:
    """Give the clipped mean of differences and its variance."""
    centre = float(np.median(values))
    sigma = 1.4826 * float(np.median(np.abs(values - centre)))
    kept = values
    for _ in range(CLIP_ROUNDS):
        inside = values[np.abs(values - centre) <= CLIP_SIGMAS * sigma] if sigma > 0 else values[values == centre]
        if inside.size < FEWEST_CELLS or inside.size == kept.size:
            break
        kept, centre, sigma = inside, float(inside.mean()), float(inside.std())
    floor = (1e-7 * max(abs(centre), float(np.abs(values).max()), 1e-30)) ** 2  # float32 samples carry no more
    return float(kept.mean()), max(sigma**2, floor) / kept.size


@njit(nogil=True, cache=True)
def _block_means(sci: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Average blocks of pixels; NaN where less than half of a block has data."""
    rows, columns = sci.shape[0] // block, sci.shape[1] // block
    means = np.empty((rows, columns), dtype=np.float32)
    for i in range(rows):
        for j in range(columns):
            total, n = 0.0, 0
            for y in range(i * block, (i + 1) * block):
                for x in range(j * block, (j + 1) * block):
                    if np.isfinite(sci[y, x]):
                        total += sci[y, x]
                        n += 1
            means[i, j] = total / n if 2 * n > block * block else np.nan
    return means
