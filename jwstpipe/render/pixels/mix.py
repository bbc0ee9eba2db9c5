"""Channels to linear light, pixel by pixel: stretch, fill in what a channel does not cover, mix.

Two ways to mix. The weighted sum adds the stretched brightnesses in their colours. The other, after Lupton et al.
(2004, PASP 116, 133), adds the channels as they are and stretches the intensity alone, so that the hue of a source is
that of its fluxes at any brightness.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.tone.table import look_up, look_up_all
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["Mixing", "covered_cells", "mix_row", "mix_window"]

Float32Image = NDArray[np.float32]


class Mixing(NamedTuple):
    """How a window is mixed."""

    lows: Float32Image
    """(channel,): ``(v - low) * scale`` runs from 0 to 1 between the limits."""

    scales: Float32Image
    """(channel,)."""

    tables: Float32Image
    """(channel, entry) tables of the stretches; for `lupton` the first is that of the intensity."""

    light: Float32Image
    """(channel, 3) linear red, green and blue of full brightness."""

    maps: Float32Image
    """(channel, y, x) coverage weights on a coarse plane; an array of no rows = every channel covers all."""

    kernel: Float32Image
    """(channel, channel) how well the second stands in for the first."""

    offset: Float32Image
    """(channel, channel) straight line, with `slope`, from the brightness of the second to that of the first."""

    slope: Float32Image
    """(channel, channel)."""

    y0: float
    """Place of the first pixel on the coarse plane."""

    x0: float
    """As `y0`."""

    step: float
    """Size of a pixel there."""

    lupton: int
    """1 = stretch the intensity instead of the channels."""


@compiled()
def mix_window(values: Float32Image, mixing: Mixing, out: Float32Image, counts: NDArray[np.uint8]) -> None:
    """Mix a window.

    Parameters
    ----------
    values
        (channel, y, x) samples, NaN = no data.
    mixing
        How.
    out
        (y, x, 3) linear light, written.
    counts
        (y, x) channels with data, written.
    """
    channels, rows, columns = values.shape
    x = np.empty((channels, columns), np.float32)
    inner = covered_cells(mixing.maps)
    for i in range(rows):
        mix_row(values, i, mixing, inner, x, out[i], counts[i])


@compiled()
def mix_row(
    values: Float32Image, i: int, mixing: Mixing, inner: NDArray[np.bool_], x: Float32Image, out: Float32Image,
    counts: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Mix row `i` of a window to (x, 3) linear light; see `mix_window`.

    `inner` is what `covered_cells` tells of the maps; `x`, (channel, x), is room for what samples are between the
    limits.
    """
    channels, columns = x.shape
    light, maps, lupton = mixing.light, mixing.maps, mixing.lupton
    y = mixing.y0 + i * mixing.step
    clean = _brightness(values, i, mixing, x)
    if not lupton:  # as if all were there: what is not is done once more
        _add_up(x, light, out)
    if clean and not lupton and not maps.shape[1]:
        counts[:] = channels
        return
    weight = np.ones(channels, np.float32)
    mixed = np.empty(channels, np.float32)
    colour = np.empty(3, np.float32)
    scratch = np.empty(1, np.float32)
    for j in range(columns):
        counts[j] = _present(x, j, weight)
        place = mixing.x0 + j * mixing.step
        alike = counts[j] == channels and (not maps.shape[1] or _is_inner(inner, y, place))
        if counts[j] == 0:
            out[j, :] = np.float32(0.0)
        elif lupton or not alike:
            whole = alike or (_feathered(maps, y, place, weight) if maps.shape[1] else counts[j] == channels)
            for c in range(channels):
                mixed[c] = x[c, j]
            if not whole:
                _stand_ins(x, j, weight, mixing, mixed)
            _add_up_one(mixed, light, colour)
            if lupton:
                _stretch_intensity(colour, mixing.tables[0], scratch)
            for part in range(3):
                out[j, part] = min(colour[part], np.float32(1.0))


@compiled()
def _brightness(values: Float32Image, i: int, mixing: Mixing, x: Float32Image) -> bool:
    """Stretch a row of every channel, or only place it between its limits; tells whether all samples are there."""
    missing = False
    for c in range(values.shape[0]):
        low, scale = mixing.lows[c], mixing.scales[c]
        line, placed = values[c, i], x[c]
        for j in range(placed.size):
            placed[j] = (line[j] - low) * scale
            missing |= np.isnan(line[j])
        if not mixing.lupton:
            look_up_all(placed, mixing.tables[c])
    return not missing


@compiled()
def _add_up(x: Float32Image, light: Float32Image, out: Float32Image) -> None:
    """Mix a row of which no sample is missing; a channel at a time, so that many pixels are done at once."""
    sums = np.zeros((3, x.shape[1]), np.float32)
    for c in range(x.shape[0]):
        line = x[c]
        for part in range(3):
            total, share = sums[part], light[c, part]
            for j in range(total.size):
                total[j] += line[j] * share
    red, green, blue = sums[0], sums[1], sums[2]
    for j in range(red.size):
        out[j, 0] = min(red[j], np.float32(1.0))
        out[j, 1] = min(green[j], np.float32(1.0))
        out[j, 2] = min(blue[j], np.float32(1.0))


@compiled()
def _add_up_one(mixed: Float32Image, light: Float32Image, colour: Float32Image) -> None:
    """Mix a pixel."""
    for part in range(3):
        total = np.float32(0.0)
        for c in range(mixed.size):
            total += mixed[c] * light[c, part]
        colour[part] = total


@compiled()
def _present(x: Float32Image, j: int, weight: Float32Image) -> int:
    """Count the channels with data, and give them weight."""
    count = 0
    for c in range(x.shape[0]):
        weight[c] = np.float32(0.0) if np.isnan(x[c, j]) else np.float32(1.0)
        count += weight[c] > np.float32(0.0)
    return count


@compiled()
def covered_cells(maps: Float32Image) -> NDArray[np.bool_]:
    """Tell between which four nodes of the coarse plane every channel counts wholly: most of a picture."""
    channels, rows, columns = maps.shape
    found = np.ones((rows, columns), np.bool_)
    for c in range(channels):
        for i in range(rows):
            below = min(i + 1, rows - 1)
            for j in range(columns):
                right = min(j + 1, columns - 1)
                least = min(maps[c, i, j], maps[c, i, right], maps[c, below, j], maps[c, below, right])
                if least != np.float32(1.0):
                    found[i, j] = False
    return found


@compiled()
def _is_inner(inner: NDArray[np.bool_], y: float, x: float) -> bool:
    """Look up whether the weights of all channels are 1 at a place of the coarse plane."""
    y, x = min(max(y, 0.0), inner.shape[0] - 1.0), min(max(x, 0.0), inner.shape[1] - 1.0)
    return bool(inner[int(y), int(x)])


@compiled()
def _feathered(maps: Float32Image, y: float, x: float, weight: Float32Image) -> bool:
    """Multiply weights by coverage, relative to the best covered channel; tells whether all count wholly."""
    y, x = min(max(y, 0.0), maps.shape[1] - 1.0), min(max(x, 0.0), maps.shape[2] - 1.0)
    iy, ix = int(y), int(x)
    jy, jx = min(iy + 1, maps.shape[1] - 1), min(ix + 1, maps.shape[2] - 1)
    fy, fx = np.float32(y - iy), np.float32(x - ix)
    most = np.float32(0.0)
    for c in range(weight.size):
        upper = maps[c, iy, ix] + (maps[c, iy, jx] - maps[c, iy, ix]) * fx
        lower = maps[c, jy, ix] + (maps[c, jy, jx] - maps[c, jy, ix]) * fx
        weight[c] *= max(upper + (lower - upper) * fy, np.float32(1e-4))
        most = max(most, weight[c])
    whole = True
    for c in range(weight.size):
        weight[c] /= most
        whole = whole and weight[c] > np.float32(0.9999)
    return whole


@compiled()
def _stand_ins(x: Float32Image, j: int, weight: Float32Image, mixing: Mixing, mixed: Float32Image) -> None:
    """Pass from each channel to what the others say of it, as far as it does not cover the pixel."""
    for c in range(weight.size):
        total = np.float32(0.0)
        norm = np.float32(0.0)
        for d in range(weight.size):
            share = mixing.kernel[c, d] * weight[d]
            if share > np.float32(0.0):
                total += share * (mixing.offset[c, d] + mixing.slope[c, d] * x[d, j])
                norm += share
        own = x[c, j] if weight[c] > np.float32(0.0) else np.float32(0.0)
        stand_in = total / norm if norm > np.float32(0.0) else own
        value = weight[c] * own + (np.float32(1.0) - weight[c]) * stand_in
        mixed[c] = value if mixing.lupton else min(max(value, np.float32(0.0)), np.float32(1.0))


@compiled()
def _stretch_intensity(colour: Float32Image, table: Float32Image, scratch: Float32Image) -> None:
    """Bring the mean of red, green and blue to its stretched value, and all three with it."""
    total = (colour[0] + colour[1] + colour[2]) / np.float32(3.0)
    gain = np.float32(0.0)
    if total > np.float32(0.0):
        scratch[0] = min(total, np.float32(1.0))
        shown = table[-1]
        if total < np.float32(1.0):
            shown = look_up(scratch[0], scratch.view(np.int32)[0], table)
        gain = shown / total
    peak = np.float32(1.0)
    for part in range(3):
        colour[part] = max(colour[part] * gain, np.float32(0.0))
        peak = max(peak, colour[part])
    whitened = np.float32(1.0) - np.float32(1.0) / max(total, np.float32(1.0))
    for part in range(3):  # all three together, or the hue would turn; far beyond white a source whitens, as on film
        colour[part] = colour[part] / peak
        colour[part] += (np.float32(1.0) - colour[part]) * whitened
