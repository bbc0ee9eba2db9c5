"""What stays on the detector, of one exposure: light to be taken, and pixels to be flagged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.frame import UNUSED
from jwstpipe.errors import DataError
from jwstpipe.fits.dq import DQ_BITS, dq_mask
from jwstpipe.images.image import SkyImage

__all__ = ["Staying", "staying"]

Float32Image = NDArray[np.float32]

COUNTED = {"hot": "HOT", "dead": "DEAD", "stray": "OTHER_BAD_PIXEL"}


@dataclass(frozen=True, eq=False)
class Staying:
    """The pattern of a detector, as one exposure has it."""

    light: Float32Image
    """(y, x), in the unit of the exposure."""

    flags: NDArray[np.uint32]
    """(y, x): HOT, DEAD or OTHER_BAD_PIXEL, and DO_NOT_USE."""

    strength: float
    """Of the wisps; 0 = none."""

    wisps: Mapping[str, Any] | None
    """Strength and error, as the pattern tells them; None = no template was given."""

    def facts(self, dq: NDArray[np.uint32]) -> dict[str, Any]:
        """Say what is taken and flagged of an exposure with these flags."""
        usable = (dq & np.uint32(dq_mask(UNUSED))) == 0
        count = {word: int(np.count_nonzero(self.flags & np.uint32(DQ_BITS[bit]))) for word, bit in COUNTED.items()}
        found: dict[str, Any] = {}
        if self.wisps is not None:
            rms = float(np.std(self.light, dtype=np.float64))
            found["wisps"] = {"strength": self.strength, "error": self.wisps["error"], "rms": rms}
        if any(count.values()):
            found["pixels"] = {**count, "masked": int(np.count_nonzero((self.flags != 0) & usable))}
        return found


def staying(exposure: SkyImage, pattern: SkyImage, *, pixels: bool) -> Staying:
    """Read what a pattern says of an exposure.

    Parameters
    ----------
    exposure
        One of those that the pattern was found in.
    pattern
        Product of ``detector-pattern``.
    pixels
        Flag its pixels.

    Raises
    ------
    DataError
        A pattern of other exposures, or of another part of a detector.
    """
    receipt = pattern.provenance.get("receipt", {})
    known = {one["name"]: one for one in receipt.get("strengths", ())}.get(exposure.name)
    if pattern.shape != exposure.shape or exposure.name not in receipt.get("names", ()):
        raise DataError(f"{pattern.address}: was not found in {exposure.name}; make the pattern of these exposures")
    strength = float(known["strength"]) if known else 0.0
    taken = np.zeros(exposure.shape, np.float32)
    if strength > 0:
        taken += np.float32(strength) * np.asarray(pattern.read("sci"), np.float32)
    flags = np.asarray(pattern.read("dq"), np.uint32) if pixels else np.zeros(exposure.shape, np.uint32)
    return Staying(taken, flags, strength, known)
