"""From samples to the whole numbers of a picture file, row by row: what lies between stays in the cache."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.tone.table import look_up_all
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.render.pixels.finish import quantise, recolour_window
from jwstpipe.render.pixels.mix import covered_cells, mix_row

__all__ = ["paint_window"]

Float32Image = NDArray[np.float32]


@compiled()
def paint_window(
    values: Float32Image,
    lows: Float32Image,
    scales: Float32Image,
    tables: Float32Image,
    light: Float32Image,
    maps: Float32Image,
    kernel: Float32Image,
    offset: Float32Image,
    slope: Float32Image,
    y0: float,
    x0: float,
    step: float,
    lupton: int,
    screen: Float32Image,
    hue: float,
    saturation: float,
    vibrancy: float,
    least: int,
    background: Float32Image,
    left: int,
    out: NDArray[Any],
) -> None:
    """Mix a window, encode it, shift its colours, and round it: to the bit what these do to whole windows in turn.

    Parameters
    ----------
    values, lows, scales, tables, light, maps, kernel, offset, slope, y0, x0, step, lupton
        As `mix_window` takes them.
    screen
        Table from linear light to the screen.
    hue, saturation, vibrancy
        As `recolour_window` takes them.
    least
        Channels that have to cover a pixel for it to show.
    background
        (3,) screen values where they do not.
    left
        Column of `out` where the window begins.
    out
        (y, x, 3) uint8 or uint16, the top row first; or float32, the bottom row first, for screen values that are not
        rounded. What the window has of it is written.
    """
    channels, rows, columns = values.shape
    x = np.empty((channels, columns), np.float32)
    row = np.empty((1, columns, 3), np.float32)
    levels = np.empty((columns, 3), out.dtype)
    counts = np.empty(columns, np.uint8)
    recoloured = hue != 0.0 or saturation != 1.0 or vibrancy != 0.0
    inner = covered_cells(maps)
    for i in range(rows):
        mix_row(
            values, i, lows, scales, tables, light, maps, inner, kernel, offset, slope, y0 + i * step, x0, step, lupton,
            x, row[0], counts,
        )  # fmt: skip
        look_up_all(row.reshape(-1), screen)
        if recoloured:
            recolour_window(row, hue, saturation, vibrancy)
        for j in range(columns):
            if counts[j] < least:
                row[0, j, :] = background
        if out.itemsize == 4:
            out[i, left : left + columns, :] = row[0]
        else:
            quantise(row.reshape(-1), levels.reshape(-1))
            out[rows - 1 - i, left : left + columns, :] = levels
