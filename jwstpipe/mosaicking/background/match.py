"""Background matching: measure how images differ where they overlap, and find the sky of each.

Only constants, or planes, are subtracted; no mesh can eat a nebula.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import shapely

from jwstpipe.errors import NoCoverageError, UsageError
from jwstpipe.execution.workers import Workers
from jwstpipe.mosaicking.background.cells import CELL, reduced
from jwstpipe.mosaicking.background.known_value import anchor_value, at_value
from jwstpipe.mosaicking.background.overlaps import Overlap, OverlapJob, measure_overlaps
from jwstpipe.mosaicking.background.solve import Skies, solve_skies
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.mosaicking.sky_model import BackgroundModel
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["Match", "known_skies", "match_skies", "neighbours_of"]

SIGNIFICANT = 3.0
"""Levels that leave this many times the noise of the differences between neighbours do not describe the skies."""

FEWEST_REGION_CELLS = 4
"""A sky region with fewer cells of an image says nothing of it."""


@dataclass(frozen=True)
class Match:
    """Matched skies of a plan's sources."""

    method: str
    """level, plane, or given: nothing but what the user knows."""

    found: Skies
    names: tuple[str, ...]
    gauges: tuple[str, ...]
    """How the zero of each component is fixed: mean, known, region, or value."""

    note: str = ""
    """Why levels cannot make the images agree, and what can; what speaks against their zero; empty if all is well."""

    @property
    def skies(self) -> tuple[BackgroundModel, ...]:
        """Sky to subtract from each source."""
        return self.found.values

    def report(self) -> dict[str, Any]:
        """Tell what was found in plain values."""
        groups: dict[int, list[str]] = {}
        for name, component in zip(self.names, self.found.components, strict=True):
            groups.setdefault(component, []).append(name)
        names = self.names
        levels: list[dict[str, Any]] = []
        for name, sky in zip(names, self.found.values, strict=True):
            slope = {"slope": list(sky.slope)} if self.method == "plane" else {}
            levels.append({"image": name, "level": sky.level, **slope})
        return {
            "method": self.method,
            "overlaps": len(self.found.residuals),
            "levels": levels,
            "residual_rms": self.found.residual_rms,
            "residuals": [[names[i], names[j], rest] for i, j, rest in self.found.residuals],
            "components": [groups[component] for component in sorted(groups)],
            "gauges": list(self.gauges),
            "note": self.note,
            "doubtful": [[names[i], names[j]] for i, j in self.found.doubtful],
            "level_only": [names[k] for k in self.found.level_only],
        }


def match_skies(
    plan: MosaicPlan, *, s3: S3Settings | None = None, workers: Workers, report: Reporter = silent
) -> Match | None:
    """Find the sky of each source of a plan, as its options say.

    Images that overlap nothing keep their level; connected groups are told in the report, because nothing can be said
    of levels between them, unless known skies or a sky region tie them.

    Returns
    -------
    Match or None
        None when nothing is to be subtracted.

    Raises
    ------
    UsageError
        A known sky of an image that is not among the sources.
    NoCoverageError
        A sky region that no image covers.
    """
    known = known_skies(plan.sources, plan.options.sky)
    method = plan.options.background
    value = anchor_value(plan.options.anchor)
    if method == "none" and not known and plan.options.sky_region is None and value is None:
        return None
    access = s3 or S3Settings()
    names = tuple(source.name for source in plan.sources)
    centres = [(0.5 * (s.box.x0 + s.box.x1 - 1), 0.5 * (s.box.y0 + s.box.y1 - 1)) for s in plan.sources]
    found = {}
    if method != "none":
        jobs = {}
        for number, neighbours in enumerate(neighbours_of(plan.sources)):
            if neighbours:
                others = tuple((other, plan.sources[other]) for other in neighbours)
                jobs[f"{number:05d}"] = OverlapJob(
                    number, plan.sources[number], others, plan.grid, plan.options, plan.is_flux,
                    method == "plane", access,
                )  # fmt: skip
        found = workers.run(measure_overlaps, jobs, name="overlaps", report=report, unit="images")
    overlaps = [overlap for several in found.values() for overlap in several]
    skies = solve_skies(centres, overlaps, planes=method == "plane", known=known)
    gauges = ["mean"] * (max(skies.components, default=-1) + 1)
    for number in known:
        gauges[skies.components[number]] = "known"
    doubt = ""
    if plan.options.sky_region is not None:
        skies = _zeroed(plan, skies, gauges, access, value=value or 0.0)
    elif value is not None:
        skies, doubt = at_value(plan, skies, gauges, value, access)
    note = _level_note(centres, overlaps, skies) if method == "level" else ""
    notes = [one for one in (note, doubt, _loose_note(names, skies, gauges)) if one]
    return Match("given" if method == "none" else method, skies, names, tuple(gauges), "; ".join(notes))


def _loose_note(names: Sequence[str], skies: Skies, gauges: Sequence[str]) -> str:
    """Say which images keep their own zero where that of others is fixed."""
    loose = [name for name, component in zip(names, skies.components, strict=True) if gauges[component] == "mean"]
    if not loose or len(loose) == len(names):
        return ""
    return (
        f"the level of {len(loose)} images is not fixed, because they hang together with none whose level is:"
        f" {loose[0]} ..."
    )


def _level_note(centres: Sequence[tuple[float, float]], overlaps: Sequence[Overlap], skies: Skies) -> str:
    """Say so where levels contradict each other by more than noise, as those of sloping skies do round a circle."""
    if not overlaps:
        return ""
    noise = float(np.sqrt(np.mean([1.0 / overlap.weight for overlap in overlaps])))
    if skies.residual_rms <= SIGNIFICANT * noise:
        return ""
    sloping = solve_skies(centres, overlaps, planes=True).residual_rms
    advice = f"; planes would leave {sloping:.3g}: --background plane" if sloping < 0.5 * skies.residual_rms else ""
    return (
        f"one level for each image leaves {skies.residual_rms:.3g} between neighbours (rms), and the noise is"
        f" {noise:.2g}: the skies have slopes{advice}"
    )


def known_skies(sources: Sequence[Source], given: Sequence[str]) -> dict[int, float]:
    """Read ``IMAGE=VALUE`` words: skies by number of the source.

    Raises
    ------
    UsageError
        A word of another form, or an image that is not among the sources.
    """
    numbers: dict[str, int] = {}
    for number, source in enumerate(sources):
        for name in (source.address, source.name, PurePosixPath(source.address).name, source.product_id):
            numbers[name] = number
    known = {}
    for word in given:
        name, _, value = word.rpartition("=")
        if name not in numbers:
            raise UsageError(f"known sky {word!r}: {name or word!r} is none of the images; write IMAGE=VALUE")
        try:
            known[numbers[name]] = float(value)
        except ValueError:
            raise UsageError(f"known sky {word!r}: {value!r} is no number; write IMAGE=VALUE") from None
    return known


def neighbours_of(sources: Sequence[Source]) -> list[list[int]]:
    """List for each source the later ones whose boxes overlap its own."""
    boxes = shapely.box(*np.array([(s.box.x0, s.box.y0, s.box.x1, s.box.y1) for s in sources], dtype=float).T)
    tree = shapely.STRtree(boxes)
    pairs = tree.query(boxes, predicate="intersects")
    found: list[list[int]] = [[] for _ in sources]
    for first, second in sorted(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True)):
        if first < second:
            found[first].append(second)
    return found


def _zeroed(plan: MosaicPlan, skies: Skies, gauges: list[str], s3: S3Settings, *, value: float) -> Skies:
    """Move each component so that what is left of its images in the sky region has a value in the mean."""
    ra, dec, radius = plan.options.sky_region or (0.0, 0.0, 0.0)
    x, y = plan.grid.place(ra, dec)
    reach = radius * 3600.0 / plan.grid.scale_arcsec
    left: dict[int, list[float]] = {}
    for number, source in enumerate(plan.sources):
        box = source.box
        if not (box.x0 - reach < x < box.x1 + reach and box.y0 - reach < y < box.y1 + reach):
            continue
        image = reduced(source, plan.grid, plan.options.reject_dq, s3, is_flux=plan.is_flux)
        measured = _region_level(image.box, image.means, (x, y), reach, skies.values[number])
        if measured is not None:
            left.setdefault(skies.components[number], []).append(measured)
    if not left:
        raise NoCoverageError(f"no image covers the sky region at {ra}, {dec} (radius {radius} deg); choose another")
    moved = list(skies.values)
    for component, rests in left.items():
        if gauges[component] == "known":
            continue
        gauges[component] = "region"
        for number, own in enumerate(skies.components):
            if own == component:
                moved[number] = replace(moved[number], level=moved[number].level + float(np.mean(rests)) - value)
    return replace(skies, values=tuple(moved))


def _region_level(
    cells: Box, values: np.ndarray[Any, Any], centre: tuple[float, float], reach: float, sky: BackgroundModel
) -> float | None:
    """Give the median of an image, less its sky, in a circle of the plane."""
    rows, columns = np.mgrid[cells.y0 : cells.y1, cells.x0 : cells.x1]
    x, y = (columns + 0.5) * CELL - 0.5, (rows + 0.5) * CELL - 0.5
    inside = np.isfinite(values) & (np.hypot(x - centre[0], y - centre[1]) <= reach)
    if inside.sum() < FEWEST_REGION_CELLS:
        return None
    model = sky.level + sky.slope[0] * (x - sky.pivot[0]) + sky.slope[1] * (y - sky.pivot[1])
    return float(np.median((values - model)[inside]))
