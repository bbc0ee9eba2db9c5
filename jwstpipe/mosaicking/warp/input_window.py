"""Windows of inputs, prepared for resampling: what must not take part becomes NaN, weights and variances are made."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import find_image
from jwstpipe.images.windows import read_window
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.warp.resample import InputWindow
from jwstpipe.mosaicking.warp.scratch import ScratchBuffer
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.requests import Weights
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["opened", "read_input_window"]

LEAST_WEIGHT, MOST_WEIGHT = 1e-37, 1e37
"""A variance so far from all others still leaves a weight that 32 bits can hold: its pixel has data."""

Plane = NDArray[np.float32]
Bits = NDArray[np.uint32]


@lru_cache(maxsize=64)
def opened(address: str, product_id: str, s3: S3Settings) -> SkyImage:
    """Open an input, once in a process; by its product id a replaced file is not taken for the old one."""
    del product_id
    return find_image(address, s3=s3)


def read_input_window(
    source: Source, window: Box, *, weights: Weights, rejected: int, with_errors: bool, is_flux: bool, s3: S3Settings,
    weight_unit: float = 1.0,
    wide_errors: bool = False,
    room: ScratchBuffer | None = None,
) -> InputWindow:  # fmt: skip
    """Read a window of an input.

    Parameters
    ----------
    source
        The input.
    window
        Window of its pixels, inside its shape.
    weights
        ivm: 1/VAR_RNOISE for exposures, WHT for combined images; exptime: the exposure time; uniform: one.
    rejected
        Data quality bits whose pixels take no part.
    with_errors
        Read ERR too.
    is_flux
        Samples are fluxes in a pixel.
    s3
        Endpoint of ``s3://`` inputs.
    weight_unit
        Variances are divided by it before they become weights (`jwstpipe.mosaicking.inputs.weight_units`).
    wide_errors
        Variances in float64.
    room
        Where samples may be put: the layer is good until it is cleared.
    """
    image, space = opened(source.address, source.product_id, s3), room or ScratchBuffer(0)
    none, no_bits = np.empty((0, 0), dtype="f4"), np.empty((0, 0), dtype="u4")

    def read(plane: str, dtype: str = "f4", *, covered: bool = False) -> NDArray[Any]:
        return read_window(image, plane, window, space.take(window.shape, dtype), covered=covered)

    by_weight = weights == "ivm" and "wht" in source.planes
    sci = read("sci", covered=not by_weight)  # no weight, no data: `_prepare` sees to it
    dq = read("dq", "u4") if "dq" in source.planes else no_bits
    wht, inverse = none, 0
    if weights == "ivm":
        inverse = int(not by_weight)
        wht = read("var_rnoise" if inverse else "wht")
    var = none
    if with_errors:
        var = image.read("err", window).astype("f8") if wide_errors else read("err")
    if dq is not no_bits or wht is not none or var is not none:
        _prepare(sci, dq, rejected, wht, inverse, weight_unit, var)
    factor = source.exposure_s if weights == "exptime" else 1.0
    return InputWindow(sci, wht, var, dq, window, source.shape, factor, source.sky, is_flux)


@compiled()
def _prepare(
    sci: Plane, dq: Bits, rejected: int, wht: Plane, inverse: int, unit: float, var: Plane
) -> None:  # fmt: skip
    """Put NaN where a pixel must not take part, turn variances into weights and errors into variances, in place."""
    has_dq, has_wht, has_var = dq.size > 0, wht.size > 0, var.size > 0
    for i in range(sci.shape[0]):
        for j in range(sci.shape[1]):
            good = np.isfinite(sci[i, j])
            if has_dq and dq[i, j] & rejected:
                good = False
            if has_wht:
                weight = wht[i, j]
                if inverse:
                    ratio = unit / np.float64(weight) if weight > 0.0 else 0.0
                    weight = np.float32(min(max(ratio, LEAST_WEIGHT), MOST_WEIGHT) if ratio > 0.0 else 0.0)
                if not (weight > 0.0 and weight < np.inf):
                    good, weight = False, np.float32(0.0)
                wht[i, j] = weight
            if has_var:
                var[i, j] = var[i, j] * var[i, j]
            if not good:
                sci[i, j] = np.nan
