"""What stands in for a core: the wings of its star carried inwards.

The wings are a monotone radial profile: medians in rings about the centre of the hole, and a power law fitted to what
they rise above the surroundings, levelled at the centre as a Moffat profile is (Moffat 1969, A&A 3, 455). At the rim
the filling joins the samples around it.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.render.cores.holes import CORNERS_TOUCH, Region
from jwstpipe.sky.box import Box

__all__ = ["profile_filling"]

Float32Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

_STEEPEST, _FLATTEST = -5.0, -1.0
"""Bounds of the power law; diffraction wings fall as r^-3, blurred cores faster."""


def profile_filling(values: Float32Image, region: Region, *, reach: int) -> Float32Image:
    """Fill a core from its wings.

    Parameters
    ----------
    values
        (y, x) samples of the window, NaN = no data.
    region
        Hole.
    reach
        Pixels around it that count as wings, at most.

    Returns
    -------
    ndarray of float32
        Of the shape of ``region.around``; only the pixels of the hole mean anything.
    """
    place, hole = _surroundings(values, region, reach)
    samples = values[place.slices]
    rows, columns = np.nonzero(hole)
    y, x = np.indices(hole.shape)
    radius = np.hypot(y - rows.mean(), x - columns.mean())
    usable = np.isfinite(samples) & ~hole
    inner = max(float(radius[usable].min()), 1.0) if usable.any() else 1.0
    floor, height, power = _wings(radius[usable], samples[usable].astype(np.float64), inner)
    soft = (0.5 * inner) ** 2
    model = floor + height * ((radius**2 + soft) / (inner**2 + soft)) ** (0.5 * power)
    filled = _joined(samples, model, hole, usable)
    return filled[region.around.relative_to(place).slices]


def _surroundings(values: Float32Image, region: Region, reach: int) -> tuple[Box, Mask]:
    """Take the hole with its wings: as far again as it is wide, within the window."""
    wide = min(max(region.around.shape) + 2, reach)
    whole = Box.of_shape((values.shape[0], values.shape[1]))
    place = region.around.dilated(wide).intersection(whole) or region.around
    hole = np.zeros(place.shape, bool)
    hole[region.around.relative_to(place).slices] = region.mask
    return place, hole


def _wings(radius: Floats, samples: Floats, inner: float) -> tuple[float, float, float]:
    """Fit floor, height at the inner radius, and power of the wings."""
    rings = np.rint(radius - inner).astype(np.int64)
    count = int(rings.max()) + 1 if rings.size else 0
    middles = np.array([np.median(samples[rings == n]) for n in range(count) if (rings == n).any()])
    where = np.array([inner + n for n in range(count) if (rings == n).any()])
    if middles.size < 3:
        return 0.0, float(middles[0]) if middles.size else 0.0, _FLATTEST
    middles = np.minimum.accumulate(middles)
    floor = float(middles[-1])
    above = middles - floor
    rising = above > 0.02 * above[0]
    if above[0] <= 0.0 or rising.sum() < 2:
        return floor, max(float(above[0]), 0.0), _FLATTEST
    power = float(np.polyfit(np.log(where[rising]), np.log(above[rising]), 1)[0])
    return floor, float(above[0]), min(max(power, _STEEPEST), _FLATTEST)


def _joined(samples: Float32Image, model: Floats, hole: Mask, usable: Mask) -> Float32Image:
    """Lead the model over into the rim: the difference at the nearest sample fades towards the middle."""
    import scipy  # noqa: PLC0415 - slow to load, and few stars are mended

    rim = scipy.ndimage.binary_dilation(hole, CORNERS_TOUCH) & usable
    if not rim.any():
        return np.asarray(model, np.float32)
    depth, nearest = scipy.ndimage.distance_transform_edt(~rim, return_indices=True)
    difference = (samples - model)[tuple(nearest)]
    share = np.clip(depth / max(1.0, float(depth[hole].max())), 0.0, 1.0)
    fade = 1.0 - share * share * (3.0 - 2.0 * share)
    return np.asarray(model + fade * difference, np.float32)
