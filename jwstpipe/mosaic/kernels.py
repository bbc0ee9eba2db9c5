"""Interpolation of an image at the positions of one row of the mosaic; compiled, without the GIL.

All kernels share the same rules. A position counts when it lies inside the outer edges of the pixels
(-0.5 <= x <= columns - 0.5); beyond the outermost pixel centres the outermost pixels are continued, as reproject does.
A sample is NaN as soon as one pixel that it needs has no data: nothing is invented beside a bad pixel.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["BILINEAR", "KERNELS", "NEAREST", "sample_row"]

NEAREST, BILINEAR = 0, 1

KERNELS = {"nearest": NEAREST, "bilinear": BILINEAR}
"""Number of a kernel by its name."""

Reals = NDArray[np.floating]
Bits = NDArray[np.uint32]


@njit(nogil=True, cache=True)
def sample_row(
    kernel: int,
    sci: Reals,
    wht: Reals,
    var: Reals,
    dq: Bits,
    origin_y: int,
    origin_x: int,
    rows: int,
    columns: int,
    xs: Reals,
    ys: Reals,
    values: Reals,
    weights: Reals,
    variances: Reals,
    bits: Bits,
) -> None:
    """Sample one row.

    Parameters
    ----------
    kernel
        `NEAREST` or `BILINEAR`.
    sci
        Window of the image (y, x), NaN = no data.
    wht, var, dq
        Weights, variances and data quality of the same window; of shape (1, 1) where there are none.
    origin_y, origin_x
        First pixel of the window in the image.
    rows, columns
        Shape of the image.
    xs, ys
        Positions in the image, 0-based pixels.
    values, weights, variances, bits
        Results: interpolated value (NaN = none), interpolated weight, variance of the value (neighbours taken as
        independent), bits of all pixels that took part, or of the nearest pixel where there is no value.
    """
    for j in range(xs.size):
        values[j], weights[j], variances[j], bits[j] = np.nan, 1.0, 0.0, 0
        x, y = xs[j], ys[j]
        if not (x >= -0.5 and x <= columns - 0.5 and y >= -0.5 and y <= rows - 0.5):
            continue
        x, y = min(max(x, 0.0), columns - 1.0), min(max(y, 0.0), rows - 1.0)
        if kernel == NEAREST:
            x, y = np.floor(x + 0.5), np.floor(y + 0.5)
        left, low = int(x), int(y)
        fx, fy = x - left, y - low
        l, b = left - origin_x, low - origin_y
        r = l + 1 if fx > 0.0 else l
        t = b + 1 if fy > 0.0 else b
        if l < 0 or b < 0 or r >= sci.shape[1] or t >= sci.shape[0]:
            continue
        w00, w01 = (1.0 - fy) * (1.0 - fx), (1.0 - fy) * fx
        w10, w11 = fy * (1.0 - fx), fy * fx
        value = w00 * sci[b, l] + w01 * sci[b, r] + w10 * sci[t, l] + w11 * sci[t, r]
        if dq.shape[0] > 1:
            if np.isfinite(value):
                bits[j] = dq[b, l] | dq[b, r] | dq[t, l] | dq[t, r]
            else:
                bits[j] = dq[t if fy > 0.5 else b, r if fx > 0.5 else l]
        if not np.isfinite(value):
            continue
        values[j] = value
        if wht.shape[0] > 1:
            weights[j] = w00 * wht[b, l] + w01 * wht[b, r] + w10 * wht[t, l] + w11 * wht[t, r]
        if var.shape[0] > 1:
            variances[j] = w00 * w00 * var[b, l] + w01 * w01 * var[b, r] + w10 * w10 * var[t, l] + w11 * w11 * var[t, r]
