"""From samples to the whole numbers of a picture file, row by row: what lies between stays in the cache."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.tone.table import look_up_all
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.render.pixels.finish import quantise, recolour_window
from jwstpipe.render.pixels.mix import Mixing, covered_cells, mix_row

__all__ = ["Finish", "paint_window"]

Float32Image = NDArray[np.float32]


class Finish(NamedTuple):
    """What is done to linear light."""

    screen: Float32Image
    """Table from linear light to the screen."""

    hue: float
    """As `recolour_window` takes it."""

    saturation: float
    """As `recolour_window` takes it."""

    vibrancy: float
    """As `recolour_window` takes it."""

    least: int
    """Channels that have to cover a pixel for it to show."""

    background: Float32Image
    """(3,) screen values where they do not."""


@compiled()
def paint_window(
    values: Float32Image, mixing: Mixing, finish: Finish, left: int, bytes_each: int, out: NDArray[np.uint8]
) -> None:
    """Mix a window, encode it, shift its colours, and round it: to the bit what these do to whole windows in turn.

    Parameters
    ----------
    values, mixing
        As `mix_window` takes them.
    finish
        What follows.
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
    recoloured = finish.hue != 0.0 or finish.saturation != 1.0 or finish.vibrancy != 0.0
    inner = covered_cells(mixing.maps)
    for i in range(rows):
        mix_row(values, i, mixing, inner, x, row[0], counts)
        look_up_all(row.reshape(-1), finish.screen)
        if recoloured:
            recolour_window(row, finish.hue, finish.saturation, finish.vibrancy)
        for j in range(columns):
            if counts[j] < finish.least:
                row[0, j, :] = finish.background
        if bytes_each == 4:
            out[i, first:end] = row.reshape(-1).view(np.uint8)
        elif bytes_each == 2:
            quantise(row.reshape(-1), fine_levels)
            out[rows - 1 - i, first:end] = fine_levels.view(np.uint8)
        else:
            quantise(row.reshape(-1), levels)
            out[rows - 1 - i, first:end] = levels
