"""The pattern of one detector: how strong its wisps are in each exposure, and the pixels that are wrong in all."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.pattern.bad_pixels import CLAW, SEVERAL, PixelSums
from jwstpipe.cleaning.pattern.cells import block_means, cell_side, cells_of, side_for
from jwstpipe.cleaning.pattern.compared import compare, compare_with_itself
from jwstpipe.cleaning.pattern.own_template import own_template, pixel_by_pixel
from jwstpipe.cleaning.pattern.staying import light_of
from jwstpipe.cleaning.pattern.strengths import Strengths, fit_jointly, fit_strengths
from jwstpipe.errors import DataError
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.image import SkyImage

__all__ = ["DetectorPattern", "find_pattern"]

Float32Image = NDArray[np.float32]

ALIKE = 0.98
"""Cosine between two templates from which they are one."""

CLAWED = "NIRCAM"
"""Instrument that light of bright stars outside the field reaches (JDox, "NIRCam Claws and Wisps")."""


@dataclass(frozen=True, eq=False)
class DetectorPattern:
    """What the exposures of a detector have in common."""

    light: Float32Image
    """(y, x): the template, in the unit of the exposures; 0 everywhere where none of them has any. Of several, their
    sum as strong as they are in the mean of the exposures."""

    flags: NDArray[np.uint32]
    """(y, x): HOT, DEAD, or OTHER_BAD_PIXEL for stray light; and DO_NOT_USE."""

    facts: dict[str, Any]
    """``names`` of the exposures, ``strengths`` of the template in each and their errors (of several templates lists in
    their order), counts of flagged pixels."""


def find_pattern(
    exposures: Sequence[SkyImage], mosaic: SkyImage | None, *, templates: Sequence[SkyImage] = (), own: bool = False
) -> DetectorPattern:
    """Find what exposures have at the same pixels, and the sky has not.

    Parameters
    ----------
    exposures
        All of one detector and filter, as they came.
    mosaic
        Of all exposures of the filter; None = one exposure alone, of which only strengths are found.
    templates
        Light for a strength of one, pixel by pixel, of each kind; none = no light is looked for but by `own`.
    own
        Look for their shape in the exposures.

    Raises
    ------
    DataError
        Exposures of several detectors, or a template or mosaic that does not fit.
    """
    _check(exposures, templates)
    shape = exposures[0].shape
    sums = _sums(exposures) if mosaic is not None and len(exposures) >= SEVERAL else None
    lights, strengths = _light(exposures, mosaic, templates, own=own, sums=sums)
    flags = np.zeros(shape, np.uint32)
    if mosaic is not None and sums is not None:
        if any(any(one.values) for one in strengths):
            sums = _sums_without(exposures, mosaic, lights, strengths)
        flags = sums.flags()
        if sums.claws:
            flags = np.where(sums.stray(), flags | CLAW, flags)
    facts: dict[str, Any] = {
        "exposures": len(exposures),
        "strengths": _by_name(exposures, strengths) if strengths else [],
        "names": [one.name for one in exposures],
        "hot": _count(flags, "HOT"),
        "dead": _count(flags, "DEAD"),
        "stray": _count(flags, "OTHER_BAD_PIXEL"),
    }
    return DetectorPattern(_shown(lights, strengths, shape), flags, facts)


def _light(
    exposures: Sequence[SkyImage], mosaic: SkyImage | None, templates: Sequence[SkyImage], *, own: bool,
    sums: PixelSums | None,
) -> tuple[list[Float32Image], list[Strengths]]:  # fmt: skip
    """Give light for a strength of one, of each kind, and its strengths; none where there is nothing to tell of it.

    Exposures are added to `sums` on the way, with what light they have: mostly none.
    """
    shape = exposures[0].shape
    lights = [light_of(template) for template in templates]
    _check_apart(templates, lights)
    side = min((side_for(light, len(exposures)) for light in lights), default=cell_side(shape))
    cells = []
    for one in exposures if sums is not None or templates or own else ():
        compared = compare_with_itself(one) if mosaic is None else compare(one, mosaic)
        if templates or own:
            cells.append(cells_of(one, compared, side))
        if sums is not None:
            sums.add(compared)
    if lights:
        return lights, fit_jointly(cells, [block_means(light, side) for light in lights])
    found = own_template(cells) if own else None
    return ([], []) if found is None else ([pixel_by_pixel(found, side, shape)], [fit_strengths(cells, found)])


def _check_apart(templates: Sequence[SkyImage], lights: Sequence[Float32Image]) -> None:
    """Refuse templates that no fit tells apart."""
    for (one, light), (other, more) in combinations(zip(templates, lights, strict=True), 2):
        alike = float((light * more).sum()) / max(float(np.sqrt((light**2).sum() * (more**2).sum())), 1e-300)
        if alike > ALIKE:
            raise DataError(f"{other.address}: has the shape of {one.address}; give one of the two templates")


def _shown(lights: Sequence[Float32Image], strengths: Sequence[Strengths], shape: tuple[int, int]) -> Float32Image:
    """Give the plane that a pattern shows: one template as it is, of several what exposures have of them."""
    used = [(light, one.values) for light, one in zip(lights, strengths, strict=True) if any(one.values)]
    whole = np.zeros(shape, np.float32)
    for light, values in used:
        whole += light if len(lights) == 1 else np.float32(np.mean(values)) * light
    return whole


def _sums(exposures: Sequence[SkyImage]) -> PixelSums:
    instrument = str(exposures[0].primary.get("INSTRUME", "")).strip().upper()
    return PixelSums(exposures[0].shape, claws=instrument == CLAWED)


def _sums_without(
    exposures: Sequence[SkyImage], mosaic: SkyImage, lights: Sequence[Float32Image], strengths: Sequence[Strengths]
) -> PixelSums:
    """Add up the exposures without the light that was found."""
    sums = _sums(exposures)
    for number, one in enumerate(exposures):
        own = [(np.float32(known.values[number]), light) for known, light in zip(strengths, lights, strict=True)]
        taken = [strength * light for strength, light in own if strength]
        sums.add(compare(one, mosaic), np.sum(taken, axis=0) if taken else None)
    return sums


def _by_name(exposures: Sequence[SkyImage], strengths: Sequence[Strengths]) -> list[dict[str, Any]]:
    """Give strengths and errors of each exposure: numbers for one template, lists for several."""
    found = []
    for number, one in enumerate(exposures):
        values = [round(known.values[number], 6) for known in strengths]
        errors = [round(error, 6) if np.isfinite(error := known.errors[number]) else None for known in strengths]
        several = len(strengths) > 1
        found.append({
            "name": one.name, "strength": values if several else values[0], "error": errors if several else errors[0],
        })  # fmt: skip
    return found


def _count(flags: NDArray[np.uint32], bit: str) -> int:
    return int(np.count_nonzero(flags & np.uint32(DQ_BITS[bit])))


def _check(exposures: Sequence[SkyImage], templates: Sequence[SkyImage]) -> None:
    first = exposures[0]
    for one in exposures:
        if one.primary.get("DETECTOR") != first.primary.get("DETECTOR") or one.shape != first.shape:
            raise DataError(f"{one.address}: is of another detector, or of another part of it, than {first.address}")
    if len({one.name for one in exposures}) < len(exposures):
        raise DataError(f"{first.name}: two exposures have this or another name in common; strengths go by names")
    if template := next((one for one in templates if one.shape != first.shape), None):
        rows, columns = template.shape
        raise DataError(
            f"{template.address}: {columns} x {rows} pixels; a template of wisps covers the exposures pixel by pixel,"
            f" {first.shape[1]} x {first.shape[0]}"
        )
