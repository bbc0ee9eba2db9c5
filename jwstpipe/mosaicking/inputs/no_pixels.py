"""Why a mosaic has no pixel: how many pixels of its inputs each rule took."""

import numpy as np

from jwstpipe.fits.dq import dq_mask
from jwstpipe.images.open import find_image
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["why_empty"]

LOOKED_AT = 8
"""Inputs that are counted; the others are like them."""

ROWS = 256


def why_empty(plan: MosaicPlan, *, s3: S3Settings | None = None) -> str:
    """Count, for the first inputs, the pixels without data, with rejected flags and without weight.

    Returns
    -------
    str
        One line, as the message of an error.
    """
    totals = {"pixels": 0, "without data": 0, "with rejected DQ bits": 0, "without weight": 0}
    for source in plan.sources[:LOOKED_AT]:
        for key, value in _counts(source, plan, s3 or S3Settings()).items():
            totals[key] += value
    pixels = totals.pop("pixels")
    taken = ", ".join(f"{value:,} {key}" for key, value in totals.items() if value)
    left = "" if sum(totals.values()) >= pixels else f" {'the others' if taken else 'all'} lie outside the grid;"
    of = f"{min(len(plan.sources), LOOKED_AT)} of {len(plan.sources)} images"
    return (
        f"the mosaic would not have a single valid pixel: of {pixels:,} pixels of {of} {taken or 'none is unusable'};"
        f"{left} look at the images, at reject_dq, weights and the grid"
    )


def _counts(source: Source, plan: MosaicPlan, s3: S3Settings) -> dict[str, int]:
    """Count each pixel by the first rule that takes it."""
    image = find_image(source.address, s3=s3)
    rejected = dq_mask(plan.options.reject_dq)
    found = {"pixels": 0, "without data": 0, "with rejected DQ bits": 0, "without weight": 0}
    for band in Box.of_shape(source.shape).bands(ROWS):
        good = np.isfinite(image.read("sci", band))
        found["pixels"] += good.size
        found["without data"] += int(np.count_nonzero(~good))
        if "dq" in source.planes:
            bad = good & ((image.read("dq", band) & np.uint32(rejected)) != 0)
            found["with rejected DQ bits"] += int(np.count_nonzero(bad))
            good &= ~bad
        plane = "wht" if "wht" in source.planes else "var_rnoise"
        if plan.weights == "ivm" and plane in source.planes:
            weight = image.read(plane, band)
            bad = good & ~((weight > 0) & np.isfinite(weight))
            found["without weight"] += int(np.count_nonzero(bad))
    return found
