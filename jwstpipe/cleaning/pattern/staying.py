"""What stays on the detector, of one exposure: light to be taken, and pixels to be flagged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.frame import UNUSED
from jwstpipe.errors import DataError
from jwstpipe.fits.dq import DQ_BITS, dq_mask
from jwstpipe.images.image import SkyImage

__all__ = ["Staying", "light_of", "staying"]

Float32Image = NDArray[np.float32]

COUNTED = {"hot": "HOT", "dead": "DEAD", "stray": "OTHER_BAD_PIXEL"}


@dataclass(frozen=True, eq=False)
class Staying:
    """The pattern of a detector, as one exposure has it."""

    light: Float32Image
    """(y, x), in the unit of the exposure."""

    flags: NDArray[np.uint32]
    """(y, x): HOT, DEAD or OTHER_BAD_PIXEL, and DO_NOT_USE."""

    wisps: Mapping[str, Any] | None
    """Strength and error, as the pattern tells them, of several templates lists; None = no template was given."""

    def facts(self, dq: NDArray[np.uint32]) -> dict[str, Any]:
        """Say what is taken and flagged of an exposure with these flags."""
        usable = (dq & np.uint32(dq_mask(UNUSED))) == 0
        count = {word: int(np.count_nonzero(self.flags & np.uint32(DQ_BITS[bit]))) for word, bit in COUNTED.items()}
        found: dict[str, Any] = {}
        if self.wisps is not None:
            rms = float(np.std(self.light, dtype=np.float64))
            found["wisps"] = {"strength": self.wisps["strength"], "error": self.wisps["error"], "rms": rms}
        if any(count.values()):
            found["pixels"] = {**count, "masked": int(np.count_nonzero((self.flags != 0) & usable))}
        return found


def light_of(template: SkyImage) -> Float32Image:
    """Read a template: no light where it has no data."""
    return np.nan_to_num(np.asarray(template.read("sci"), np.float32), posinf=0.0, neginf=0.0)


def staying(
    exposure: SkyImage, pattern: SkyImage, *, pixels: bool, templates: Sequence[SkyImage] = ()
) -> Staying:  # fmt: skip
    """Read what a pattern says of an exposure.

    Parameters
    ----------
    exposure
        One of those that the pattern was found in.
    pattern
        Product of ``detector-pattern``.
    pixels
        Flag its pixels.
    templates
        That it was found with, where they are several: each is as strong as the pattern says.

    Raises
    ------
    DataError
        A pattern of other exposures, of another part of a detector, or of other templates.
    """
    receipt = pattern.provenance.get("receipt", {})
    known = {one["name"]: one for one in receipt.get("strengths", ())}.get(exposure.name)
    if pattern.shape != exposure.shape or exposure.name not in receipt.get("names", ()):
        raise DataError(f"{pattern.address}: was not found in {exposure.name}; make the pattern of these exposures")
    several = isinstance(known["strength"], list) if known else False
    strengths = [] if not known else known["strength"] if several else [known["strength"]]
    if several and len(templates) != len(strengths):
        raise DataError(f"{pattern.address}: was found with {len(strengths)} templates; give these, in their order")
    taken = np.zeros(exposure.shape, np.float32)
    for strength, light in zip(strengths, templates if several else [pattern], strict=False):
        if strength > 0:
            taken += np.float32(strength) * light_of(light)
    flags = np.asarray(pattern.read("dq"), np.uint32) if pixels else np.zeros(exposure.shape, np.uint32)
    return Staying(taken, flags, known)
