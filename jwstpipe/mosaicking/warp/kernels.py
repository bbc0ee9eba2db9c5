"""Interpolation of an image at the positions of one row of the mosaic; compiled, without the GIL.

All kernels share the same rules. A position counts when it lies inside the outer edges of the pixels
(-0.5 <= x <= columns - 0.5); beyond the outermost pixel centres the outermost pixels are continued, as reproject does.
A sample is NaN as soon as one pixel that it needs has no data: nothing is invented beside a bad pixel.

A row goes through several short loops (where, samples, weights, variances, bits): planes that an image does not have
cost nothing. An image that has all planes goes through one loop (`all_row`), which finds the corners of a sample once,
without branches, and gives the same bits.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = [
    "BILINEAR", "LANCZOS3", "NEAREST", "TAPS", "all_row", "bits_row", "lanczos_row", "lanczos_table", "linear_row",
    "locate_row", "sample_row", "square_row",
]  # fmt: skip

NEAREST, BILINEAR, LANCZOS3 = 0, 1, 2

TAPS = 6
"""Pixels on a side that Lanczos-3 needs."""

TABLE = 4096
"""Steps of the Lanczos table in one pixel; linear between them, error below 1e-7."""

Reals = NDArray[np.floating]
Bits = NDArray[np.uint32]
Offsets = NDArray[np.int32]
Taps = tuple[float, float, float, float, float, float]


@compiled(error_model="numpy")
def locate_row(
    kernel: int, xs: Reals, ys: Reals, rows: int, columns: int, origin_y: int, origin_x: int,
    held_rows: int, held_columns: int, base: Offsets, fx: Reals, fy: Reals,
) -> None:  # fmt: skip
    """Turn positions into offsets in a window of the image; without branches, so that it runs in vectors.

    Parameters
    ----------
    kernel
        `NEAREST` moves positions to the nearest pixel centre.
    xs, ys
        Positions in the image, 0-based pixels.
    rows, columns
        Shape of the image.
    origin_y, origin_x, held_rows, held_columns
        First pixel and shape of the window that is held in memory.
    base, fx, fy
        Results: offset of the pixel to the lower left in the flat window, and the distances from it, 0 <= f < 1;
        outside 0 and NaN. The pixel to the right (above) is needed, and held, only where fx (fy) is not 0.
    """
    last_x, last_y = columns - 1.0, rows - 1.0
    nearest = 1.0 if kernel == NEAREST else 0.0
    for j in range(xs.size):
        x, y = xs[j], ys[j]
        inside = (x >= -0.5) & (x <= last_x + 0.5) & (y >= -0.5) & (y <= last_y + 0.5)
        x = max(0.0, x)  # NaN too
        y = max(0.0, y)
        x = min(last_x, x)
        y = min(last_y, y)
        left, low = np.floor(x + 0.5 * nearest), np.floor(y + 0.5 * nearest)
        f, g = (x - left) * (1.0 - nearest), (y - low) * (1.0 - nearest)
        x_held, y_held = left - origin_x, low - origin_y
        right, up = x_held + (1.0 if f > 0.0 else 0.0), y_held + (1.0 if g > 0.0 else 0.0)
        held = inside & (x_held >= 0.0) & (y_held >= 0.0) & (right < held_columns) & (up < held_rows)
        base[j] = np.int32(y_held * held_columns + x_held if held else 0.0)
        fx[j] = f if held else np.nan
        fy[j] = g if held else np.nan


@compiled(error_model="numpy")
def linear_row(flat: Reals, stride: int, base: Offsets, fx: Reals, fy: Reals, out: Reals) -> None:
    """Interpolate bilinearly; NaN outside and where a pixel that counts is NaN."""
    one, none = np.uint64(1), np.uint64(0)
    up = np.uint64(stride)
    for j in range(base.size):
        f, g = fx[j], fy[j]
        p = np.uint64(base[j])
        r = one if f > 0.0 else none
        t = up if g > 0.0 else none
        low_left, high_left = np.float64(flat[p]), np.float64(flat[p + t])
        low = low_left + f * (flat[p + r] - low_left)
        high = high_left + f * (flat[p + t + r] - high_left)
        out[j] = low + g * (high - low)


@compiled(error_model="numpy")
def square_row(flat: Reals, stride: int, base: Offsets, fx: Reals, fy: Reals, out: Reals) -> None:
    """Add up variances with the squares of the bilinear weights: neighbours are taken as independent."""
    for j in range(base.size):
        out[j] = 0.0
        f, g = fx[j], fy[j]
        if not f >= 0.0:
            continue
        p = base[j]
        r = 1 if f > 0.0 else 0
        t = stride if g > 0.0 else 0
        left, right, low, high = (1.0 - f) ** 2, f**2, (1.0 - g) ** 2, g**2
        total = low * left * flat[p]
        if r:
            total += low * right * flat[p + r]
        if t:
            total += high * left * flat[p + t]
        if r and t:
            total += high * right * flat[p + t + r]
        out[j] = total


@compiled(error_model="numpy")
def bits_row(flat: Bits, stride: int, base: Offsets, fx: Reals, fy: Reals, values: Reals, out: Bits) -> None:
    """Collect the bits of all pixels that took part, or of the nearest pixel where there is no value."""
    for j in range(base.size):
        out[j] = 0
        if not fx[j] >= 0.0:
            continue
        p = base[j]
        r = 1 if fx[j] > 0.0 else 0
        t = stride if fy[j] > 0.0 else 0
        if np.isfinite(values[j]):
            out[j] = flat[p] | flat[p + r] | flat[p + t] | flat[p + t + r]
        else:
            out[j] = flat[p + (t if fy[j] > 0.5 else 0) + (r if fx[j] > 0.5 else 0)]


@compiled(error_model="numpy")
def all_row(
    sci: Reals, wht: Reals, var: Reals, dq: Bits, stride: int, base: Offsets, fx: Reals, fy: Reals,
    samples: Reals, weights: Reals, variances: Reals, bits: Bits,
) -> None:  # fmt: skip
    """Do in one loop what `linear_row` (samples and weights), `square_row` and `bits_row` do."""
    one, none = np.uint64(1), np.uint64(0)
    up = np.uint64(stride)
    for j in range(base.size):
        f, g = fx[j], fy[j]
        held, some_right, some_up = f >= 0.0, f > 0.0, g > 0.0
        a = np.uint64(base[j])
        r, t = one if some_right else none, up if some_up else none
        b, c, d = a + r, a + t, a + t + r
        low_left, high_left = np.float64(sci[a]), np.float64(sci[c])
        low = low_left + f * (sci[b] - low_left)
        high = high_left + f * (sci[d] - high_left)
        sample = low + g * (high - low)
        samples[j] = sample
        low_left, high_left = np.float64(wht[a]), np.float64(wht[c])
        low = low_left + f * (wht[b] - low_left)
        high = high_left + f * (wht[d] - high_left)
        weights[j] = low + g * (high - low)
        left, right, below, above = (1.0 - f) ** 2, f**2, (1.0 - g) ** 2, g**2
        total = below * left * var[a]
        total += below * right * var[b] if some_right else 0.0  # and not nothing times an infinite variance
        total += above * left * var[c] if some_up else 0.0
        total += above * right * var[d] if some_right and some_up else 0.0
        variances[j] = total if held else 0.0
        d_a, d_b, d_c, d_d = dq[a], dq[b], dq[c], dq[d]
        nearest_low, nearest_high = d_b if f > 0.5 else d_a, d_d if f > 0.5 else d_c
        nearest = nearest_high if g > 0.5 else nearest_low
        found = d_a | d_b | d_c | d_d if np.isfinite(sample) else nearest
        bits[j] = found if held else np.uint32(0)


@compiled(error_model="numpy")
def sample_row(
    sci: Reals, wht: Reals, var: Reals, dq: Bits, stride: int, base: Offsets, fx: Reals, fy: Reals,
    samples: Reals, weights: Reals, variances: Reals, bits: Bits,
) -> None:  # fmt: skip
    """Interpolate all planes that are wanted: results without a length are not."""
    if weights.size > 0 and variances.size > 0 and bits.size > 0:
        all_row(sci, wht, var, dq, stride, base, fx, fy, samples, weights, variances, bits)
        return
    linear_row(sci, stride, base, fx, fy, samples)
    if weights.size > 0:
        linear_row(wht, stride, base, fx, fy, weights)
    if variances.size > 0:
        square_row(var, stride, base, fx, fy, variances)
    if bits.size > 0:
        bits_row(dq, stride, base, fx, fy, samples, bits)


def lanczos_table() -> Reals:
    """Weigh six pixels at -2 ... 3 for distances 0 ... 1 in `TABLE` steps; each row adds up to one."""
    distance = np.arange(TABLE + 1)[:, None] / TABLE - np.arange(-2, 4)
    weights = np.sinc(distance) * np.sinc(distance / 3.0) * (np.abs(distance) < 3.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@compiled(error_model="numpy")
def _taps(table: Reals, f: float) -> Taps:
    """Weigh the pixels at -2 ... 3; as numbers of their own, which stay in registers."""
    place = f * TABLE
    k = min(int(place), TABLE - 1)
    u = place - k
    low, high = table[k], table[k + 1]
    return (
        low[0] + u * (high[0] - low[0]), low[1] + u * (high[1] - low[1]), low[2] + u * (high[2] - low[2]),
        low[3] + u * (high[3] - low[3]), low[4] + u * (high[4] - low[4]), low[5] + u * (high[5] - low[5]),
    )  # fmt: skip


@compiled(error_model="numpy")
def _line(flat: Reals, first: int, w: Taps) -> float:
    """Weigh six pixels of a row; no index is negative, which unsigned numbers tell the compiler."""
    place, one = np.uint64(first), np.uint64(1)
    total = 0.0
    total += w[0] * flat[place]
    place += one
    total += w[1] * flat[place]
    place += one
    total += w[2] * flat[place]
    place += one
    total += w[3] * flat[place]
    place += one
    total += w[4] * flat[place]
    place += one
    total += w[5] * flat[place]
    return float(total)


@compiled(error_model="numpy")
def _square(flat: Reals, first: int, columns: int, across: Taps, along: Taps) -> float:
    """Weigh six rows of six pixels."""
    total = 0.0
    total += along[0] * _line(flat, first, across)
    total += along[1] * _line(flat, first + columns, across)
    total += along[2] * _line(flat, first + 2 * columns, across)
    total += along[3] * _line(flat, first + 3 * columns, across)
    total += along[4] * _line(flat, first + 4 * columns, across)
    total += along[5] * _line(flat, first + 5 * columns, across)
    return total


@compiled(error_model="numpy")
def _squares(w: Taps) -> Taps:
    return w[0] ** 2, w[1] ** 2, w[2] ** 2, w[3] ** 2, w[4] ** 2, w[5] ** 2


@compiled(error_model="numpy")
def lanczos_row(
    table: Reals, sci: Reals, var: Reals, base: Offsets, fx: Reals, fy: Reals, values: Reals, variances: Reals
) -> None:
    """Replace bilinear samples, and their variances, by Lanczos-3 where all 36 pixels have data.

    Elsewhere (at the edges, beside a masked pixel) the bilinear sample stays: the kernel's negative lobes must not
    meet a hole.
    """
    rows, columns = sci.shape
    flat, flat_var = sci.reshape(-1), var.reshape(-1)
    row = start = 0
    for j in range(base.size):
        if not np.isfinite(values[j]):
            continue
        if not start <= base[j] < start + columns:  # seldom: a division takes as long as a row of taps
            row = base[j] // columns
            start = row * columns
        column = base[j] - start
        if row < 2 or column < 2 or row - 2 + TAPS > rows or column - 2 + TAPS > columns:
            continue
        across, along = _taps(table, fx[j]), _taps(table, fy[j])
        first = base[j] - 2 * columns - 2
        total = _square(flat, first, columns, across, along)
        if not np.isfinite(total):
            continue
        values[j] = total
        if variances.size > 0:
            spread = 0.0
            if var.size > 0:
                spread = _square(flat_var, first, columns, _squares(across), _squares(along))
            variances[j] = spread
