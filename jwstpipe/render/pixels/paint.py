"""From samples to the whole numbers of a picture file, row by row: what lies between stays in the cache."""

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
    bytes_each: int,
    out: NDArray[np.uint8],
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
        Column of the picture where the window begins.
    bytes_each
        Of a sample of the picture: 1 or 2 for whole numbers, the top row first; 4 for screen values as they are,
        float32, the bottom row first.
    out
        (y, bytes of a row of the picture): so that one kernel, which takes ten seconds to compile, makes all kinds.
        What the window has of it is written.
    """
    channels, rows, columns = values.shape
    x = np.empty((channels, columns), np.float32)
    row = np.empty((1, columns, 3), np.float32)
    levels, fine_levels = np.empty(3 * columns, np.uint8), np.empty(3 * columns, np.uint16)
    first, end = 3 * left * bytes_each, 3 * (left + columns) * bytes_each
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
        if bytes_each == 4:
            out[i, first:end] = row.reshape(-1).view(np.uint8)
        elif bytes_each == 2:
            quantise(row.reshape(-1), fine_levels)
            out[rows - 1 - i, first:end] = fine_levels.view(np.uint8)
        else:
            quantise(row.reshape(-1), levels)
            out[rows - 1 - i, first:end] = levels
