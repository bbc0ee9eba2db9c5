"""What keeps its place in a mosaic: the stars, or a target that moves among them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jwstpipe.errors import DataError, UsageError
from jwstpipe.mosaicking.inputs.ephemeris import read_ephemeris
from jwstpipe.mosaicking.inputs.moving_targets import MovingTarget, turn_to
from jwstpipe.mosaicking.inputs.sources import Inspection
from jwstpipe.mosaicking.inputs.target_path import DAY_S, SAME_TIME_S, WAY_OUT, check_path
from jwstpipe.requests import Follow
from jwstpipe.sky.footprint import Footprint
from jwstpipe.sky.frames import ICRS, lonlat, rotated, unit_vectors
from jwstpipe.sky.grid import SkyGrid

__all__ = ["Followed", "followed"]

Place = tuple[float, float]

DIGITS = 9
"""Decimals of the place of a target, degrees: few enough for a header to hold them all, a few micro-arcseconds."""

POLE_DEC = 89.0
"""Nearer to a pole the east of a place is no direction to measure in."""

FARTHEST_DEG = 0.5
"""The telescope sees a third of a degree, in all of its instruments: a target farther away is another one."""


@dataclass(frozen=True, eq=False)
class Followed:
    """Images as they lie where something keeps its place."""

    inspections: list[Inspection]
    """With the turns that take the target to its place, and their outlines there."""

    follow: Follow
    """``target`` or ``sky``; ``auto`` for images of no moving target, where nothing had to be decided."""

    reference: Place | None
    """Where the target stands, degrees ICRS; None where the stars stay."""

    note: str
    """What was done, for people."""

    def keywords(self) -> dict[str, str | float | int | bool]:
        """Give the cards that say so in the mosaic's header, as the JWST pipeline writes them."""
        if self.reference is None:
            return {}
        ra, dec = self.reference
        return {"TARGTYPE": "MOVING", "MT_AVRA": ra, "MT_AVDEC": dec}


def followed(
    inspections: Sequence[Inspection], *, follow: Follow, ephemeris: str | None, plane: SkyGrid | None
) -> Followed:
    """Decide what keeps its place, and turn the images so that it does.

    Parameters
    ----------
    inspections
        The images as their headers place them.
    follow
        ``target``, ``sky``, or ``auto``: the target, where all images say that they follow the same one.
    ephemeris
        Table of its positions (see `read_ephemeris`); None = as headers say.
    plane
        Plane of the mosaic, if it stands already: the target is put at its reference point, so that mosaics of several
        filters, and one that grows, have it in one place. None: at the mean of its positions.

    Raises
    ------
    UsageError
        An ephemeris, and stars that shall stay.
    DataError
        A target to follow whose position is not known for each image, or stands still, or lies far from the images;
        images of several targets.
    """
    if follow == "sky" and ephemeris is not None:
        raise UsageError("an ephemeris places a moving target, and --follow sky places stars; leave one of them out")
    targets = [found.target for found in inspections]
    moving = [target for target in targets if target.moves]
    images = list(inspections)
    if follow == "sky" or (follow == "auto" and ephemeris is None and not moving):
        note = "" if not moving else "images of a moving target are placed by the stars, as asked: the target trails"
        return Followed(images, "sky" if moving else "auto", None, note)
    if follow == "auto" and ephemeris is None:
        _check_one_target(images)
        lost = [one for one in images if one.target.position is None]
        if lost and all("wht" in one.source.planes for one in images):
            note = (
                f"{lost[0].source.name} is of a moving target and does not say where it lay (MT_AVRA, MT_AVDEC): placed"
                " by its coordinates as they are"
            )
            return Followed(images, "sky", None, note)
    places = _places(images, ephemeris)
    said_by = "the ephemeris" if ephemeris is not None else "its header"
    _check_near(images, places, said_by)
    reference = _mean(places) if plane is None else _reference_of(plane)
    turned = [_turned(one, place, reference) for one, place in zip(images, places, strict=True)]
    note = _told(moving or targets, places, reference)
    if not any(_holds(one.outline, place) for one, place in zip(images, places, strict=True)):
        note += (
            f"; by {said_by} none of the images holds it"
            + ("; ephemerides are as seen from the telescope (@jwst)" if ephemeris is not None else "")
        )  # fmt: skip
    return Followed(turned, "target", reference, note)


def _check_one_target(images: Sequence[Inspection]) -> None:
    """Refuse images of several moving targets, or of one and of fixed ones: they have no place in common."""
    fixed = [one for one in images if not one.target.moves]
    if fixed:
        first = next(one for one in images if one.target.moves)
        raise DataError(
            f"{first.source.address}: follows a moving target ({first.target.name or 'unnamed'}), and"
            f" {fixed[0].source.name} does not; leave one of them out, or place all by the stars with --follow sky"
        )
    names = {one.target.name.upper(): one for one in images if one.target.name}
    if len(names) > 1:
        first, second = list(names.values())[:2]
        raise DataError(
            f"{second.source.address}: follows {second.target.name}, and {first.source.name} follows"
            f" {first.target.name}; make a mosaic of each, or place all by the stars with --follow sky"
        )


def _places(images: Sequence[Inspection], ephemeris: str | None) -> list[Place]:
    """Find where the target is in each image."""
    if ephemeris is None:
        lost = next((one for one in images if one.target.position is None), None)
        if lost is not None:
            keys = "MT_AVRA and MT_AVDEC" if "wht" in lost.source.planes else "MT_RA and MT_DEC"
            raise DataError(
                f"{lost.source.address}: is to be placed by its moving target, but its header does not say where that"
                f" was ({keys}); give its positions with --ephemeris TABLE, or --follow sky to place it by the stars"
            )
        _check_moving(images)
        check_path(images, _middle)
        return [one.target.position for one in images if one.target.position is not None]
    table = read_ephemeris(ephemeris)
    found = []
    for one in images:
        middle = _middle(one)
        if middle is None:
            raise DataError(
                f"{one.source.address}: does not say when it was taken (MJD-AVG, EXPMID or MJD-OBS), so that no"
                " ephemeris tells where its target was; leave it out, or write the time into its header"
            )
        found.append(table.at(middle, who=one.source.name))
    return found


def _check_moving(images: Sequence[Inspection]) -> None:
    """Refuse headers by which a target stood still between exposures: these are stale, and it would be smeared."""
    seen: dict[Place, tuple[float, Inspection]] = {}
    for one in images:
        when = _middle(one)
        if one.target.position is None or not (one.target.own and one.target.moves) or when is None:
            continue
        before, other = seen.setdefault(one.target.position, (when, one))
        if abs(when - before) > SAME_TIME_S / DAY_S:
            raise DataError(
                f"{one.source.address}: has the MT_RA and MT_DEC of {other.source.name},"
                f" {abs(when - before) * DAY_S:,.0f} s before or after it, and a moving target stands nowhere twice;"
                f" {WAY_OUT}"
            )


def _check_near(images: Sequence[Inspection], places: Sequence[Place], said_by: str) -> None:
    """Refuse positions of a target that cannot be the one that the telescope followed."""
    for one, place in zip(images, places, strict=True):
        middle, target = (unit_vectors(*(np.array([axis]) for axis in at))[0] for at in (one.outline.centre, place))
        apart = float(np.degrees(2.0 * np.arcsin(min(0.5 * float(np.linalg.norm(middle - target)), 1.0))))
        if apart > FARTHEST_DEG:
            raise DataError(
                f"{one.source.address}: shows the sky {apart:.3g} deg from where its moving target was by {said_by}"
                f" ({place[0]:.5f} {place[1]:+.5f}); give its positions with --ephemeris TABLE, or --follow sky to"
                " place it by the stars"
            )


def _holds(outline: Footprint, place: Place) -> bool:
    """Tell whether a place lies within an outline; of one that is only samples nobody knows, and it may."""
    if outline.partial:
        return True
    target = unit_vectors(*(np.array([axis]) for axis in place))[0]
    east = np.cross([0.0, 0.0, 1.0], target) if abs(place[1]) < POLE_DEC else np.cross([1.0, 0.0, 0.0], target)
    corners = unit_vectors(outline.ra, outline.dec)
    x, y = corners @ east, corners @ np.cross(target, east)
    after_x, after_y = np.roll(x, -1), np.roll(y, -1)
    crossed = (y > 0.0) != (after_y > 0.0)
    return bool((x - y * (after_x - x) / np.where(crossed, after_y - y, 1.0) > 0.0)[crossed].sum() % 2)


def _middle(one: Inspection) -> float | None:
    return one.times.middle_mjd if one.times.middle_mjd is not None else one.times.begin_mjd


def _mean(places: Sequence[Place]) -> Place:
    middle = unit_vectors(*(np.array(axis) for axis in zip(*places, strict=True))).mean(axis=0)
    ra, dec = lonlat(middle)
    return round(float(ra), DIGITS) % 360.0, round(float(dec), DIGITS)


def _reference_of(plane: SkyGrid) -> Place:
    ra, dec = rotated(np.array([plane.crval[0]]), np.array([plane.crval[1]]), plane.frame, ICRS)
    return float(ra[0]), float(dec[0])


def _turned(one: Inspection, place: Place, reference: Place) -> Inspection:
    turn = turn_to(place, reference)
    ra, dec = lonlat(turn.apply(unit_vectors(one.outline.ra, one.outline.dec)))
    return replace(one, source=replace(one.source, follow=turn), outline=replace(one.outline, ra=ra, dec=dec))


def _told(targets: Sequence[MovingTarget], places: Sequence[Place], reference: Place) -> str:
    name = next((target.name for target in targets if target.name), "the moving target")
    vectors = unit_vectors(*(np.array(axis) for axis in zip(*places, strict=True)))
    apart = np.linalg.norm(vectors[:, None] - vectors[None, :], axis=-1).max() if len(places) <= 1000 else 0.0
    moved = f"; it moved by {np.degrees(apart) * 3600.0:.2f} arcsec, and stars trail" if apart > 0.0 else ""
    return f"placed by {name}, which stands at {reference[0]:.6f} {reference[1]:+.6f} deg{moved}"
