"""What samples measure: brightness on an area of sky, or flux in a pixel."""

from astropy import units

from jwstpipe.requests import Quantity

__all__ = ["quantity_of"]

ALIASES = {"DN": "adu", "counts": "ct", "count": "ct", "electrons": "electron", "e-": "electron", "e": "electron"}
"""Names of units in headers that astropy knows by another one."""


def quantity_of(unit: str, wanted: Quantity) -> tuple[bool, str]:
    """Tell whether samples change with the area of the pixel.

    Parameters
    ----------
    unit
        BUNIT, as ``MJy/sr`` or ``DN/s``.
    wanted
        ``surface`` or ``flux`` decide; ``auto`` leaves it to the unit.

    Returns
    -------
    bool, str
        True for fluxes in a pixel; and what was taken for granted, empty when nothing was. Resampling keeps a surface
        brightness; a flux is multiplied by the ratio of pixel areas, so that sums over a source stay what they are.
    """
    if wanted != "auto":
        return wanted == "flux", ""
    parsed = _parsed(unit)
    if parsed is None:
        told = f"unit {unit!r} is not known" if unit else "the images have no unit"
        return False, f"{told}: taken for a surface brightness"
    angle = sum(power * _angle_powers(base) for base, power in zip(parsed.bases, parsed.powers, strict=True))
    return angle >= 0, ""


def _parsed(unit: str) -> units.CompositeUnit | None:
    words = unit.replace("/", " / ").replace("*", " * ").split()
    text = "".join(ALIASES.get(word, word) for word in words) if {"/", "*"} & set(words) else unit
    text = ALIASES.get(text.strip(), text.strip())
    if not text:
        return None
    try:
        found = units.Unit(text)
    except ValueError:
        return None
    return units.CompositeUnit(1.0, found.bases, found.powers)


def _angle_powers(base: units.UnitBase) -> int:
    """Count how often an angle stands in a unit of a solid angle; a pixel is no angle of its own: Jy/pix is a flux."""
    if base.physical_type == "solid angle":
        return 2
    return 1 if base.physical_type == "angle" else 0
