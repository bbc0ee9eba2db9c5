"""Pixels of HEALPix that positions lie in, nested: places near each other have numbers near each other."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["nested_pixels"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def nested_pixels(ra: Floats, dec: Floats, order: int) -> Whole:
    """Give the pixel of each position.

    Parameters
    ----------
    ra, dec
        (n,), degrees.
    order
        0 to 29: there are ``12 * 4**order`` pixels.

    Returns
    -------
    ndarray
        (n,) int64.

    Notes
    -----
    Gorski and others 2005, ApJ 622, 759: four faces of the twelve meet each pole, the others lie on the equator.
    """
    side = 1 << order
    z = np.sin(np.radians(dec))
    turns = np.mod(ra / 90.0, 4.0)
    turns = np.where(turns >= 4.0, 0.0, turns)
    polar = np.abs(z) > 2.0 / 3.0
    face, x, y = _equatorial(z, turns, order)
    far_face, far_x, far_y = _polar(z, dec, turns, side)
    face, x, y = np.where(polar, far_face, face), np.where(polar, far_x, x), np.where(polar, far_y, y)
    return np.asarray((face << (2 * order)) + _spread(x) + (_spread(y) << 1), np.int64)


def _equatorial(z: Floats, turns: Floats, order: int) -> tuple[Whole, Whole, Whole]:
    side = 1 << order
    rising, falling = (np.floor(side * (0.5 + turns + sign * 0.75 * z)).astype(np.int64) for sign in (-1.0, 1.0))
    up, down = rising >> order, falling >> order
    face = np.where(up == down, (up & 3) + 4, np.where(up < down, up & 3, (down & 3) + 8))
    return face, falling & (side - 1), side - (rising & (side - 1)) - 1


def _polar(z: Floats, dec: Floats, turns: Floats, side: int) -> tuple[Whole, Whole, Whole]:
    quarter = np.minimum(turns.astype(np.int64), 3)
    share = turns - quarter
    ring = side * np.sqrt(6.0) * np.sin(np.radians(90.0 - np.abs(dec)) / 2.0)  # sqrt(3 (1 - |z|)), exact at the pole
    first, second = (np.minimum(np.floor(one * ring).astype(np.int64), side - 1) for one in (share, 1.0 - share))
    north = z >= 0.0
    face = np.where(north, quarter, quarter + 8)
    return face, np.where(north, side - second - 1, first), np.where(north, side - first - 1, second)


def _spread(values: Whole) -> Whole:
    """Put a zero between any two bits."""
    found = values & 0xFFFFFFFF
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):  # fmt: skip
        found = (found | (found << shift)) & mask
    return np.asarray(found)
