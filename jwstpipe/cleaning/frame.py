"""`Frame`: the samples of one exposure in memory, and which of them take part."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import DataError
from jwstpipe.fits.dq import dq_mask
from jwstpipe.images.image import SkyImage
from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["UNUSED", "Frame", "read_frame"]

Float32Image = NDArray[np.float32]
Flags = NDArray[np.uint32]
Mask = NDArray[np.bool_]

UNUSED = ("DO_NOT_USE", "SATURATED", "NON_SCIENCE", "REFERENCE_PIXEL", "DEAD", "HOT", "OUTLIER", "PERSISTENCE")
"""Flags whose pixels say nothing of stripes and stray light."""

MOST_PIXELS = 4096 * 4096
"""Of an exposure: no detector of JWST has more than a quarter of it."""

FAINTEST = 0.5
"""An error below this share of the usual one is not believed: a pixel would count for too much."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One exposure."""

    address: str
    sci: Float32Image
    """(y, x), as they stand in the file."""

    dq: Flags
    """(y, x); 0 where the file has none."""

    noise: Float32Image
    """(y, x): standard deviation of each sample as the file has it, else one for all."""

    weights: Float32Image
    """(y, x): inverse variance of the samples that take part, else 0."""

    turned: bool = False
    """Rows and columns are exchanged."""

    def along(self, axis: str) -> "Frame":
        """Give it with stripes along `axis` (``rows`` or ``columns``) lying along the rows of the arrays."""
        if (axis == "columns") == self.turned:
            return self
        sci, noise, weights = (np.ascontiguousarray(part.T) for part in (self.sci, self.noise, self.weights))
        return Frame(self.address, sci, np.ascontiguousarray(self.dq.T), noise, weights, not self.turned)

    def without(self, mask: Mask) -> "Frame":
        """Give it with pixels that take no part any more."""
        return replace(self, weights=np.where(mask, np.float32(0.0), self.weights))


def read_frame(image: SkyImage) -> Frame:
    """Read an exposure to memory.

    Raises
    ------
    DataError
        A cube, an image that is larger than any detector, or one without data.
    """
    if image.slices > 1 or image.shape[0] * image.shape[1] > MOST_PIXELS:
        size = f"{image.slices} slices of " if image.slices > 1 else ""
        raise DataError(
            f"{image.address}: {size}{image.shape[1]} x {image.shape[0]} pixels are no exposure of a detector; clean"
            " takes cal and rate files, before they are combined"
        )
    sci = np.array(image.read("sci"), np.float32, order="C")
    dq = np.array(image.read("dq"), np.uint32) if "dq" in image.planes else np.zeros(sci.shape, np.uint32)
    good = np.isfinite(sci) & ((dq & np.uint32(dq_mask(UNUSED))) == 0)
    if not good.any():
        raise DataError(f"{image.address}: no pixel has data; nothing to clean")
    noise = _errors(image, sci, good)
    weights = np.where(good, 1.0 / np.square(noise, dtype=np.float32), np.float32(0.0)).astype(np.float32)
    return Frame(image.address, sci, dq, noise, weights)


def _errors(image: SkyImage, sci: Float32Image, good: Mask) -> Float32Image:
    """Give the standard deviation of each sample: what the file says, kept from extremes; else what neighbours say."""
    if "err" in image.planes:
        err = np.array(image.read("err"), np.float32)
        known = good & np.isfinite(err) & (err > 0)
        if known.any():
            usual = np.median(err[known][::7])
            return np.maximum(np.where(known, err, usual), np.float32(FAINTEST) * usual).astype(np.float32)
    steps = np.diff(np.where(good, sci, np.nan), axis=1)[::4]
    steps = steps[np.isfinite(steps)]
    spread = float(MAD_TO_SIGMA * np.median(np.abs(steps)) / np.sqrt(2.0)) if steps.size else 1.0
    return np.full(sci.shape, spread if spread > 0 else 1.0, np.float32)
