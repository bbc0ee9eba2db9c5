"""Alignment: how far overlapping images place the same stars apart, and the shift and turn of each that mends it.

All images are solved together, from all stars that they have in common: minimise ``sum w |p_i + c_i(p_i) - p_j -
c_j(p_j)|^2``, where ``c(p) = t + a J (p - centre)`` is the correction of an image on the plane: a shift, and a turn
about its middle. Corrections are rotations of the sphere, so that they change no scale and no flux.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.catalogues.astrometry import moved_to, reference_table
from jwstpipe.errors import DataError, NoCoverageError
from jwstpipe.execution.workers import Workers
from jwstpipe.mosaicking.astrometry.left_alone import left_alone
from jwstpipe.mosaicking.astrometry.solution import Solution
from jwstpipe.mosaicking.astrometry.star_finder import DetectJob, Stars, detect
from jwstpipe.mosaicking.background.match import neighbours_of
from jwstpipe.mosaicking.plan import MosaicPlan, with_turns
from jwstpipe.numerics.match_catalogs import FEWEST, Shift, match
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.rotation import SkyRotation, turn_between

__all__ = ["FEWEST", "Alignment", "Star", "align", "corrected_places", "solved_stars"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """What was found about the positions of a plan's sources."""

    mode: str
    """check, shift or rotate."""

    overlaps: tuple[dict[str, Any], ...]
    """For each overlap with enough common stars: images, stars, offset before and after, scatter, in mas."""

    corrections: tuple[dict[str, Any], ...]
    """For each image: shift (mas along x and y of the plane), turn (arcsec), gauge (relative or catalog)."""

    unmatched: tuple[str, ...]
    """Images that share too few stars with any other, and stay where they are."""

    rms_before_mas: float
    rms_after_mas: float

    notes: tuple[str, ...]
    """What was left as it is, for people; empty where alignment only checks."""

    def report(self) -> dict[str, Any]:
        """Give the same in plain values."""
        return {
            "mode": self.mode,
            "rms_before_mas": self.rms_before_mas,
            "rms_after_mas": self.rms_after_mas,
            "overlaps": list(self.overlaps),
            "corrections": list(self.corrections),
            "unmatched": list(self.unmatched),
            "notes": list(self.notes),
        }


def align(
    plan: MosaicPlan, *, s3: S3Settings | None = None, workers: Workers, report: Reporter = silent
) -> tuple[MosaicPlan, Alignment | None]:
    """Measure, and with the options ``shift`` and ``rotate`` correct, the positions of a plan's sources.

    Returns
    -------
    MosaicPlan, Alignment
        The plan with corrected sources, and what was found; None where alignment is not asked for.

    Raises
    ------
    DataError
        A correction beyond the limit: the image, the numbers and the limit are named.
    NoCoverageError
        A catalogue that has too few stars in common with any image.
    """
    mode = plan.options.align
    if mode == "none":
        return plan, None
    shifts, places, solved = _solved(plan, s3=s3, workers=workers, report=report)
    _check_limits(plan, solved)
    corrected, found = plan, _found(plan, mode, shifts, places, solved)
    if mode != "check":
        _check_rest(plan, found)
        corrected = with_turns(plan, [_turn(plan, number, solved) for number in range(len(plan.sources))])
        corrected = replace(corrected, notes=(*plan.notes, *found.notes))
    return corrected, found


@dataclass(frozen=True)
class Star:
    """What is left of a star that two images have, or an image and the reference."""

    first: int
    """Number of the image."""

    second: int
    """Of the other one; below 0 for the reference."""

    x: float
    """Plane position."""

    y: float
    dx: float
    """First minus second, pixels of the plane, after the correction (before it, where alignment only checks)."""

    dy: float


def solved_stars(
    plan: MosaicPlan, *, s3: S3Settings | None = None, workers: Workers, report: Reporter = silent
) -> list[Star]:
    """Align a plan's sources, and give what is left of each pair of stars."""
    shifts, places, solved = _solved(plan, s3=s3, workers=workers, report=report)
    found = []
    for shift in shifts:
        a, b = places[shift.first][shift.pairs[:, 0]], places[shift.second][shift.pairs[:, 1]]
        if plan.options.align != "check":
            a, b = solved.moved(shift.first, a), solved.moved(shift.second, b)
        for (x, y), (dx, dy) in zip(a.tolist(), (a - b).tolist(), strict=True):
            found.append(Star(shift.first, shift.second, x, y, dx, dy))
    return found


def corrected_places(
    plan: MosaicPlan, *, s3: S3Settings | None = None, workers: Workers, report: Reporter = silent
) -> list[Floats]:
    """Align a plan's sources, and give the corrected plane positions (n, 2) of the stars of each that was matched."""
    _shifts, places, solved = _solved(plan, s3=s3, workers=workers, report=report)
    _check_limits(plan, solved)
    numbers = range(len(plan.sources))
    return [solved.moved(number, places[number]) for number in numbers if solved.matched[number]]


def _solved(
    plan: MosaicPlan, *, s3: S3Settings | None, workers: Workers, report: Reporter
) -> tuple[list[Shift], list[Floats], Solution]:
    """Find and match the stars of a plan's sources, and solve for their corrections."""
    jobs = {
        f"{number:05d}": DetectJob(source, plan.options.reject_dq, s3 or S3Settings())
        for number, source in enumerate(plan.sources)
    }
    stars = list(workers.run(detect, jobs, name="stars", report=report, unit="images").values())
    places = [_places(plan.grid, found) for found in stars]
    reach = plan.options.align_limit_arcsec / plan.grid.scale_arcsec
    shifts = [
        found
        for first, others in enumerate(neighbours_of(plan.sources))
        for second in others
        if (found := match(first, second, places[first], places[second], reach=2.0 * reach)) is not None
    ]
    if plan.options.align_catalog is not None:
        truths = _true_places(plan, plan.options.align_catalog)
        places += truths[::-1]  # so that those of image k stand at -1 - k
        fixed = [
            found
            for number, truth in enumerate(truths)
            if (found := match(number, -1 - number, places[number], truth, reach=reach)) is not None
        ]
        if not fixed:
            raise NoCoverageError(
                f"{plan.catalog_name}: no image has {FEWEST} stars in common with it within"
                f" {plan.options.align_limit_arcsec} arcsec, and more than chance gives; give a reference of this"
                " field, or raise the limit with --align-limit"
            )
        shifts += fixed
    return shifts, places, Solution.of(plan, shifts, places, turns=plan.options.align == "rotate")


def _check_rest(plan: MosaicPlan, found: "Alignment") -> None:
    """Refuse corrections that do not mend: then the stars are no stars, or not the same ones."""
    limit = plan.options.align_rms_arcsec * 1000.0
    if found.rms_after_mas > limit:
        worst = max(found.overlaps, key=lambda one: float(np.hypot(*one["left_mas"])))
        raise DataError(
            f"{worst['images'][0]}: after alignment overlaps still differ by {found.rms_after_mas:.1f} mas rms (limit"
            f" {limit:g}), this one and {worst['images'][1]} by {np.hypot(*worst['left_mas']):.1f} mas of"
            f" {worst['stars']} stars; use --align rotate, --align-together image, or raise the limit with --align-rms"
        )


def _check_limits(plan: MosaicPlan, solved: Solution) -> None:
    """Refuse corrections that move a corner of an image farther than the limit."""
    scale, limit = plan.grid.scale_arcsec, plan.options.align_limit_arcsec
    for number, source in enumerate(plan.sources):
        box = source.box
        corners = np.array([(x, y) for x in (box.x0, box.x1) for y in (box.y0, box.y1)], dtype=np.float64)
        moved = float(np.hypot(*(solved.moved(number, corners) - corners).T).max()) * scale
        if moved > limit:
            raise DataError(
                f"{source.address}: alignment would move it by {moved:.3f} arcsec (limit {limit:g}; shift"
                f" {solved.shifts[number, 0] * scale:+.3f} {solved.shifts[number, 1] * scale:+.3f}, turn"
                f" {np.degrees(solved.angles[number]) * 3600:+.1f} arcsec); check its WCS, or raise the limit"
            )


def _turn(plan: MosaicPlan, number: int, solved: Solution) -> SkyRotation | None:
    """Turn a correction on the plane into a rotation of the sphere."""
    if not solved.matched[number]:
        return None
    before = solved.centres[number] + np.array([(0.0, 0.0), (1000.0, 0.0)])
    after = solved.moved(number, before)
    return turn_between(plan.grid.vectors(*before.T), plan.grid.vectors(*after.T))


def _found(
    plan: MosaicPlan, mode: str, shifts: Sequence[Shift], places: Sequence[Floats], solved: Solution
) -> Alignment:
    mas = plan.grid.scale_arcsec * 1000.0
    names = [source.name for source in plan.sources]
    overlaps, before, after = [], [], []
    for shift in shifts:
        a, b = places[shift.first][shift.pairs[:, 0]], places[shift.second][shift.pairs[:, 1]]
        old = np.median(a - b, axis=0) * mas
        new = np.median(solved.moved(shift.first, a) - solved.moved(shift.second, b), axis=0) * mas
        before.append(old)
        after.append(new)
        entry = {
            "images": [names[shift.first], "catalog" if shift.second < 0 else names[shift.second]],
            "stars": len(shift.pairs),
            "offset_mas": [round(float(value), 3) for value in old],
            "scatter_mas": round(shift.scatter * mas, 3),
        }
        if mode != "check":
            entry["left_mas"] = [round(float(value), 3) for value in new]
        overlaps.append(entry)
    corrections = []
    if mode != "check":
        corrections = [
            {
                "image": name,
                "shift_mas": [round(float(value * mas), 3) for value in solved.shifts[number]],
                "turn_arcsec": round(float(np.degrees(solved.angles[number])) * 3600.0, 4),
                "gauge": "catalog" if solved.anchored[number] else "relative",
            }
            for number, name in enumerate(names)
        ]
    return Alignment(
        mode,
        tuple(overlaps),
        tuple(corrections),
        tuple(name for number, name in enumerate(names) if not solved.matched[number]),
        _rms(before),
        _rms(before if mode == "check" else after),
        () if mode == "check" else left_alone(plan, shifts, places, solved),
    )


def _rms(offsets: Sequence[Floats]) -> float:
    return round(float(np.sqrt(np.mean(np.sum(np.square(offsets), axis=1)))), 3) if offsets else 0.0


def _places(grid: SkyGrid, stars: Stars) -> Floats:
    return np.stack(grid.places(stars.ra, stars.dec), axis=-1)


def _true_places(plan: MosaicPlan, reference: str) -> list[Floats]:
    """Give the plane positions of a reference as they were when each image was taken."""
    table = reference_table(reference)
    moves = "pmra" in table.colnames and "pmdec" in table.colnames
    known: dict[float | None, Floats] = {}
    for source, year in zip(plan.sources, plan.years, strict=True):
        if moves and year is None:
            raise DataError(
                f"{source.address}: does not say when it was taken (MJD-AVG, EXPMID or MJD-OBS), and"
                f" {plan.catalog_name} has proper motions; write the time into its header, or leave pmra and pmdec out"
            )
        when = year if moves else None
        if when not in known:
            found = np.stack(plan.grid.places(*moved_to(table, when)), axis=-1)
            known[when] = np.asarray(found[np.isfinite(found).all(axis=1)])
    return [known[year if moves else None] for year in plan.years]
