"""Whether inputs measure the same thing, so that their average means something."""

from collections.abc import Sequence

from jwstpipe.errors import DataError
from jwstpipe.mosaicking.inputs.brightness_units import same_unit
from jwstpipe.mosaicking.inputs.sources import Inspection

__all__ = ["check_same_measure"]

FEW = 4
"""Inputs named one by one."""


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


def _listed(groups: dict[str, list[str]]) -> str:
    parts = []
    for what, names in groups.items():
        more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
        parts.append(f"{what or 'none'} ({', '.join(names[:FEW])}{more})")
    return ", ".join(parts)
