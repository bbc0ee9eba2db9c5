"""Fill the holes of all channels of a window; a core that one channel lost is filled on the same pixels in all."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.cores.holes import CoreLimits, Hole, Region, find_holes, regions_of
from jwstpipe.render.cores.profile import profile_filling
from jwstpipe.render.cores.rim import fill_from_rims, stand_out
from jwstpipe.sky.box import Box

__all__ = ["fill_holes"]

Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


def fill_holes(
    channels: Sequence[Float32Image], window: Box, box: Box, *, limits: CoreLimits
) -> tuple[list[Float32Image], list[frozenset[Hole]], Mask]:
    """Fill the holes that touch a part of a window.

    The result within `box` does not depend on the window, as long as it reaches `limits.margin` beyond `box` or to
    the border of the image: a hole that is small enough lies wholly inside, with the wings that fill it; a region that
    meets the edge of the window is larger, or meets the border.

    Parameters
    ----------
    channels
        Samples of `window`, one array a channel; NaN = no data. Not changed.
    window, box
        Windows of the same plane, `box` inside `window`.
    limits
        Largest hole, pixels of this plane.

    Returns
    -------
    filled
        Samples of `box`, one array a channel.
    holes
        What was missing and is filled, of each channel; a hole that two boxes share is in the answers for both.
    repaired
        Pixels of `box` that any channel shows otherwise than its data.

    Notes
    -----
    A hole is a core where its rim stands out from its surroundings; cores are filled from their wings, on the union of
    the cores of all channels, so that their colours stay those of the star. Other small holes (bad pixels, cosmic
    rays) are filled from their rims, in their own channel only; larger ones are gaps and stay.
    """
    inner = box.relative_to(window)
    repaired = np.zeros(channels[0].shape, bool)
    holes: list[frozenset[Hole]] = []
    results = [values.copy() for values in channels]
    cores = np.zeros(channels[0].shape, bool)
    for values, result in zip(channels, results, strict=True):
        table = find_holes(np.isnan(values), limits=limits)
        bright, near = stand_out(values, table, reach=limits.wings), table.touches(inner)
        for region in table.where(bright).regions():
            cores[region.around.slices] |= region.mask
        dull = ~bright & near & (table.extent <= limits.gap)
        fill_from_rims(values, table.where(dull), result, repaired)
        holes.append(frozenset(table.where(bright & near | dull).holes(window)))
    for region in regions_of(cores) if cores.any() else ():
        if region.around.intersection(inner) is None or region.extent > limits.joint_extent:
            continue
        for values, result in zip(channels, results, strict=True):
            if np.isfinite(values[region.around.slices][~region.mask]).all():
                _paste(result, region, profile_filling(values, region, reach=limits.wings), repaired)
    return [result[inner.slices] for result in results], holes, repaired[inner.slices]


def _paste(result: Float32Image, region: Region, filling: Float32Image, repaired: Mask) -> None:
    target = result[region.around.slices]
    target[region.mask] = filling[region.mask]
    repaired[region.around.slices] |= region.mask
