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
        _add_up(x, 0, columns, light, out)
    if clean and not lupton and not maps.shape[1]:
        counts[:] = channels
        return
    _count(x, counts)
    weights, mixed = np.empty((channels, columns), np.float32), np.empty((channels, columns), np.float32)
    colour, scratch = np.empty(3, np.float32), np.empty(1, np.float32)
    end = 0
    while end < columns:
        start, end = _next_run(counts, end, y, mixing, inner)
        _weigh(x, start, end, y, mixing, weights)
        _stand_in(x, start, end, weights, mixing, mixed)
        if not lupton:
            _add_up(mixed, start, end, light, out)
        for j in range(start, end):
            if counts[j] == 0:
                out[j, :] = np.float32(0.0)
            elif lupton:
                _add_up_one(mixed[:, j], light, colour)
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
def _add_up(x: Float32Image, start: int, end: int, light: Float32Image, out: Float32Image) -> None:
    """Mix a part of a row; a channel at a time, so that many pixels are done at once."""
    sums = np.zeros((3, end - start), np.float32)
    for c in range(x.shape[0]):
        line = x[c][start:end]
        for part in range(3):
            total, share = sums[part], light[c, part]
            for j in range(total.size):
                total[j] += line[j] * share
    red, green, blue, shown = sums[0], sums[1], sums[2], out[start:end]
    for j in range(red.size):
        shown[j, 0] = min(red[j], np.float32(1.0))
        shown[j, 1] = min(green[j], np.float32(1.0))
        shown[j, 2] = min(blue[j], np.float32(1.0))


@compiled()
def _add_up_one(mixed: Float32Image, light: Float32Image, colour: Float32Image) -> None:
    """Mix a pixel."""
    for part in range(3):
        total = np.float32(0.0)
        for c in range(mixed.size):
            total += mixed[c] * light[c, part]
        colour[part] = total


@compiled()
def _count(x: Float32Image, counts: NDArray[np.uint8]) -> None:
    """Count the channels with data; a channel at a time, so that many pixels are done at once."""
    counts[:] = 0
    for c in range(x.shape[0]):
        line = x[c]
        for j in range(counts.size):
            counts[j] += np.uint8(not np.isnan(line[j]))


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
def _next_run(
    counts: NDArray[np.uint8], start: int, y: float, mixing: Mixing, inner: NDArray[np.bool_]
) -> tuple[int, int]:
    """Find the next pixels in a row that are not as if all were there; with `lupton` none is."""
    while start < counts.size and not mixing.lupton and _is_alike(counts[start], start, y, mixing, inner):
        start += 1
    end = start
    while end < counts.size and (mixing.lupton or not _is_alike(counts[end], end, y, mixing, inner)):
        end += 1
    return start, end


@compiled()
def _is_alike(count: int, j: int, y: float, mixing: Mixing, inner: NDArray[np.bool_]) -> bool:
    """Tell whether all channels are there, and count wholly."""
    if count < mixing.lows.size:
        return False
    if not inner.size:
        return True
    x = mixing.x0 + j * mixing.step
    y, x = min(max(y, 0.0), inner.shape[0] - 1.0), min(max(x, 0.0), inner.shape[1] - 1.0)
    return bool(inner[int(y), int(x)])


@compiled(error_model="numpy")
def _weigh(x: Float32Image, start: int, end: int, y: float, mixing: Mixing, weights: Float32Image) -> None:
    """Weigh channels in a part of a row: by their coverage, relative to the best covered one; 0 without data."""
    maps = mixing.maps
    for c in range(x.shape[0]):
        line, own = x[c][start:end], weights[c][start:end]
        for j in range(line.size):
            own[j] = np.float32(0.0) if np.isnan(line[j]) else np.float32(1.0)
    if not maps.shape[1]:
        return
    y = min(max(y, 0.0), maps.shape[1] - 1.0)
    iy = int(y)
    jy, fy = min(iy + 1, maps.shape[1] - 1), np.float32(y - iy)
    for j in range(start, end):
        place = min(max(mixing.x0 + j * mixing.step, 0.0), maps.shape[2] - 1.0)
        ix = int(place)
        jx, fx = min(ix + 1, maps.shape[2] - 1), np.float32(place - ix)
        most = np.float32(0.0)
        for c in range(x.shape[0]):
            upper = maps[c, iy, ix] + (maps[c, iy, jx] - maps[c, iy, ix]) * fx
            lower = maps[c, jy, ix] + (maps[c, jy, jx] - maps[c, jy, ix]) * fx
            weights[c, j] *= max(upper + (lower - upper) * fy, np.float32(1e-4))
            most = max(most, weights[c, j])
        for c in range(x.shape[0]):
            weights[c, j] = weights[c, j] / most if most > np.float32(0.0) else np.float32(0.0)


@compiled(error_model="numpy")
def _stand_in(
    x: Float32Image, start: int, end: int, weights: Float32Image, mixing: Mixing, mixed: Float32Image
) -> None:
    """Pass from each channel to what the others say of it, as far as it does not cover the pixels of a part of a row.

    A channel at a time, so that many pixels are done at once; a pixel where all count wholly stays as it is.
    """
    channels, columns = x.shape[0], end - start
    least, total, norm = np.ones(columns, np.float32), np.empty(columns, np.float32), np.empty(columns, np.float32)
    for c in range(channels):
        weight = weights[c][start:end]
        for j in range(columns):
            least[j] = min(least[j], weight[j])
    for c in range(channels):
        total[:] = np.float32(0.0)
        norm[:] = np.float32(0.0)
        for d in range(channels):
            likeness, offset, slope = mixing.kernel[c, d], mixing.offset[c, d], mixing.slope[c, d]
            other, weight = x[d][start:end], weights[d][start:end]
            for j in range(columns):
                share = likeness * weight[j]
                more = share * (offset + slope * other[j])
                total[j] = total[j] + more if share > np.float32(0.0) else total[j]
                norm[j] = norm[j] + share if share > np.float32(0.0) else norm[j]
        line, weight, result = x[c][start:end], weights[c][start:end], mixed[c][start:end]
        for j in range(columns):
            own = line[j] if weight[j] > np.float32(0.0) else np.float32(0.0)
            stand_in = total[j] / norm[j] if norm[j] > np.float32(0.0) else own
            value = weight[j] * own + (np.float32(1.0) - weight[j]) * stand_in
            value = value if mixing.lupton else min(max(value, np.float32(0.0)), np.float32(1.0))
            result[j] = line[j] if least[j] > np.float32(0.9999) else value


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
