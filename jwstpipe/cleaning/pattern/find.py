"""The pattern of one detector: how strong its wisps are in each exposure, and the pixels that are wrong in all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.pattern.bad_pixels import CLAW, SEVERAL, PixelSums
from jwstpipe.cleaning.pattern.cells import block_means, cell_side, cells_of, side_for
from jwstpipe.cleaning.pattern.compared import compare, compare_with_itself
from jwstpipe.cleaning.pattern.own_template import own_template, pixel_by_pixel
from jwstpipe.cleaning.pattern.strengths import Strengths, fit_strengths
from jwstpipe.errors import DataError
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.image import SkyImage

__all__ = ["DetectorPattern", "find_pattern"]

Float32Image = NDArray[np.float32]

CLAWED = "NIRCAM"
"""Instrument that light of bright stars outside the field reaches (JDox, "NIRCam Claws and Wisps")."""


@dataclass(frozen=True, eq=False)
class DetectorPattern:
    """What the exposures of a detector have in common."""

    light: Float32Image
    """(y, x): the template, in the unit of the exposures; 0 everywhere where none of them has any."""

    flags: NDArray[np.uint32]
    """(y, x): HOT, DEAD, or OTHER_BAD_PIXEL for stray light; and DO_NOT_USE."""

    facts: dict[str, Any]
    """``names`` of the exposures, ``strengths`` of the template in each and their errors, counts of flagged pixels."""


def find_pattern(
    exposures: Sequence[SkyImage], mosaic: SkyImage | None, *, template: SkyImage | None = None, own: bool = False
) -> DetectorPattern:
    """Find what exposures have at the same pixels, and the sky has not.

    Parameters
    ----------
    exposures
        All of one detector and filter, as they came.
    mosaic
        Of all exposures of the filter; None = one exposure alone, of which only strengths are found.
    template
        The wisps for a strength of one, pixel by pixel; None = no light is looked for but by `own`.
    own
        Look for their shape in the exposures.

    Raises
    ------
    DataError
        Exposures of several detectors, or a template or mosaic that does not fit.
    """
    _check(exposures, template)
    shape = exposures[0].shape
    light, strengths, told = _light(exposures, mosaic, template, own=own)
    flags = np.zeros(shape, np.uint32)
    if mosaic is not None and len(exposures) >= SEVERAL:
        flags = _flags(exposures, mosaic, light, strengths)
    facts: dict[str, Any] = {
        "exposures": len(exposures),
        "strengths": _by_name(exposures, strengths) if told else [],
        "names": [one.name for one in exposures],
        "hot": _count(flags, "HOT"),
        "dead": _count(flags, "DEAD"),
        "stray": _count(flags, "OTHER_BAD_PIXEL"),
    }
    return DetectorPattern(light, flags, facts)


def _light(
    exposures: Sequence[SkyImage], mosaic: SkyImage | None, template: SkyImage | None, *, own: bool
) -> tuple[Float32Image, Strengths, bool]:
    """Give the wisps for a strength of one, their strengths, and whether there is anything to tell of them."""
    none = np.zeros(exposures[0].shape, np.float32)
    nothing = Strengths((0.0,) * len(exposures), (float("inf"),) * len(exposures))
    if template is None and not own:
        return none, nothing, False
    side, light = cell_side(none.shape), none
    if template is not None:
        light = np.nan_to_num(np.asarray(template.read("sci"), np.float32), posinf=0.0, neginf=0.0)
        side = side_for(light, len(exposures))
    compared = (compare_with_itself(one) if mosaic is None else compare(one, mosaic) for one in exposures)
    cells = [cells_of(one, other, side) for one, other in zip(exposures, compared, strict=True)]
    if template is not None:
        strengths = fit_strengths(cells, block_means(light, side))
    else:
        shape = own_template(cells)
        if shape is None:
            return none, nothing, False
        light, strengths = pixel_by_pixel(shape, side, none.shape), fit_strengths(cells, shape)
    return (light if any(strengths.values) else none), strengths, True


def _flags(
    exposures: Sequence[SkyImage], mosaic: SkyImage, light: Float32Image, strengths: Strengths
) -> NDArray[np.uint32]:
    sums = PixelSums(exposures[0].shape)
    for one, strength in zip(exposures, strengths.values, strict=True):
        sums.add(compare(one, mosaic), np.float32(strength) * light if strength else None)
    flags = sums.flags()
    if str(exposures[0].primary.get("INSTRUME", "")).strip().upper() == CLAWED:
        flags = np.where(sums.stray(), flags | CLAW, flags)
    return flags


def _by_name(exposures: Sequence[SkyImage], strengths: Strengths) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "strength": round(value, 6), "error": round(error, 6) if np.isfinite(error) else None}
        for one, value, error in zip(exposures, strengths.values, strengths.errors, strict=True)
    ]


def _count(flags: NDArray[np.uint32], bit: str) -> int:
    return int(np.count_nonzero(flags & np.uint32(DQ_BITS[bit])))


def _check(exposures: Sequence[SkyImage], template: SkyImage | None) -> None:
    first = exposures[0]
    for one in exposures:
        if one.primary.get("DETECTOR") != first.primary.get("DETECTOR") or one.shape != first.shape:
            raise DataError(f"{one.address}: is of another detector, or of another part of it, than {first.address}")
    if len({one.name for one in exposures}) < len(exposures):
        raise DataError(f"{first.name}: two exposures have this or another name in common; strengths go by names")
    if template is not None and template.shape != first.shape:
        rows, columns = template.shape
        raise DataError(
            f"{template.address}: {columns} x {rows} pixels; a template of wisps covers the exposures pixel by pixel,"
            f" {first.shape[1]} x {first.shape[0]}"
        )
