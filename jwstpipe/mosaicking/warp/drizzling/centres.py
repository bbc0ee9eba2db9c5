"""Centres of the pixels of an image on the plane, row by row, three rows at a time."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.warp.kernel_groups import Placed, WarpMap
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.wcs.lattice import fill_row

__all__ = ["centres_above"]

Floats = NDArray[np.float64]


@compiled(error_model="numpy")
def centres_above(forward: WarpMap, image: Placed, i: int, scratch: Floats, xs: Floats, ys: Floats) -> None:
    """Place the centres of row `i` + 1 of a window; `xs` and `ys`, (3, columns + 2), hold it, `i` and the one below.

    From `i` = -2 on, so that three rows are there at 0. One more pixel on each side is placed; beyond the edges of the
    image rows go on as they came.
    """
    below, here, above = (i + 3) % 3, (i + 4) % 3, (i + 2) % 3
    first = 1 - image.x0
    _map_row(
        forward.nodes, forward.step, forward.weights, image.y0 - forward.y0 + i + 1, image.x0 - forward.x0 - 1,
        first, first + image.columns - 1, scratch, xs[above], ys[above],
    )  # fmt: skip
    if i >= 0 and image.y0 + i == 0:
        _extend(xs, ys, here, above, below)
    if i >= 0 and image.y0 + i == image.rows - 1:
        _extend(xs, ys, here, below, above)


@compiled(error_model="numpy")
def _map_row(
    nodes: Floats, step: int, lagrange: Floats, row: int, column: int, first: int, last: int, scratch: Floats,
    xs: Floats, ys: Floats,
) -> None:  # fmt: skip
    """Place the pixels of a row; beyond the first and last pixel of the image the map goes on in a straight line.

    The map knows better what lies there, but this is how the official library places the outer corners.
    """
    fill_row(nodes, step, lagrange, row, column, scratch, xs, ys)
    if 1 <= first < xs.size - 1:
        xs[first - 1], ys[first - 1] = 2.0 * xs[first] - xs[first + 1], 2.0 * ys[first] - ys[first + 1]
    if 1 <= last < xs.size - 1:
        xs[last + 1], ys[last + 1] = 2.0 * xs[last] - xs[last - 1], 2.0 * ys[last] - ys[last - 1]


@compiled(error_model="numpy")
def _extend(xs: Floats, ys: Floats, here: int, inside: int, outside: int) -> None:
    """Put the row beyond the edge of the image in a straight line with the last two."""
    for c in range(xs.shape[1]):
        xs[outside, c] = 2.0 * xs[here, c] - xs[inside, c]
        ys[outside, c] = 2.0 * ys[here, c] - ys[inside, c]
