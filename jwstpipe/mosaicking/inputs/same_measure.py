"""Whether inputs measure the same thing, so that their average means something."""

from collections.abc import Sequence

from jwstpipe.errors import DataError
from jwstpipe.mosaicking.inputs.brightness_units import IN_A_BEAM, kind_of_unit, same_unit
from jwstpipe.mosaicking.inputs.sources import Inspection

__all__ = ["check_same_measure"]

FEW = 4
"""Inputs named one by one."""

SAME_BEAM = 0.01
"""Beams whose areas differ by less than this share are one: samples per beam differ as little."""


def check_same_measure(found: Sequence[Inspection], *, mix: bool) -> tuple[str, ...]:
    """Refuse inputs of several filters or units, and exposures that are no images of the sky.

    Parameters
    ----------
    found
        The inputs.
    mix
        The user insists: what differs is told instead.

    Returns
    -------
    tuple of str
        What is mixed, for people.

    Raises
    ------
    DataError
        With the list of what differs.
    """
    notes = []
    units = _units(found)
    if len(units) > 1:
        notes.append(f"the images have different units: {_listed(units)}")
    beams = _beams(found)
    if len(beams) > 1:
        notes.append(f"the unit is per beam, and the beams of the images differ: {_listed(beams)}")
    strange: dict[str, list[str]] = {}
    bands: dict[str, list[str]] = {}
    for one in found:
        if one.kind:
            strange.setdefault(one.kind, []).append(one.source.name)
        elif one.band:
            bands.setdefault(one.band, []).append(one.source.name)
    if strange:
        notes.append(f"not images of the sky: {_listed(strange)}")
    if len(bands) > 1:
        notes.append(f"the images are of different filters or modes: {_listed(bands)}")
    if notes and not mix:
        raise DataError(f"{'; '.join(notes)}; mosaic them apart, leave them out, or insist with --mix")
    return tuple(f"mixed as asked: {what}" for what in notes)


def _units(found: Sequence[Inspection]) -> dict[str, list[str]]:
    """Group the inputs by unit, whatever its spelling."""
    groups: dict[str, list[str]] = {}
    for one in found:
        unit = next((known for known in groups if same_unit(known, one.source.unit)), one.source.unit)
        groups.setdefault(unit, []).append(one.source.name)
    return groups


def _beams(found: Sequence[Inspection]) -> dict[str, list[str]]:
    """Group the inputs whose unit is per beam by the area of theirs; those that do not tell it are left out."""
    groups: dict[str, list[str]] = {}
    areas: dict[str, float] = {}
    for one in found:
        axes = [one.keywords.get(key) for key in ("BMAJ", "BMIN")]
        sides = [float(axis) for axis in axes if isinstance(axis, int | float) and axis > 0]
        if len(sides) < len(axes) or kind_of_unit(one.source.unit).reason != IN_A_BEAM:
            continue
        area = sides[0] * sides[1]
        beam = next((known for known in areas if abs(areas[known] / area - 1.0) < SAME_BEAM), "")
        if not beam:
            beam = f"{sides[0] * 3600.0:.4g} x {sides[1] * 3600.0:.4g} arcsec"
            areas[beam] = area
        groups.setdefault(beam, []).append(one.source.name)
    return groups


def _listed(groups: dict[str, list[str]]) -> str:
    parts = []
    for what, names in groups.items():
        more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
        parts.append(f"{what or 'none'} ({', '.join(names[:FEW])}{more})")
    return ", ".join(parts)
