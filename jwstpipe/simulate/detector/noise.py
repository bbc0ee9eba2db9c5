"""Coherent noise: the numba kernels that clouds are made of.

Gradient noise after Perlin (2002, "Improving noise", ACM TOG 21, 681), summed over octaves as fractional Brownian
motion, and as the ridged multifractal of Musgrave (in Ebert et al., "Texturing & Modeling", 2003), whose filaments
branch. Each octave is turned against the one before, so that the lattice axes never show.
"""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["fbm", "fbm_slice", "permutation", "ridged"]

Table = NDArray[np.int64]

_TURN_COS = 0.8
_TURN_SIN = 0.6
"""Turn between octaves: a Pythagorean angle (36.9 degrees), which never repeats within the octaves used."""


def permutation(rng: np.random.Generator, size: int = 1024) -> Table:
    """Draw the hash table of one noise field; `size` is a power of two."""
    return rng.permutation(size).astype(np.int64)


@compiled()
def _gradient2(code: int, x: float, y: float) -> float:
    code &= 7
    if code < 4:
        u = x if code & 1 else -x
        v = y if code & 2 else -y
        return u + v
    if code < 6:
        return 1.4142135623730951 * (x if code & 1 else -x)
    return 1.4142135623730951 * (y if code & 1 else -y)


@compiled()
def _gradient3(code: int, x: float, y: float, z: float) -> float:
    code &= 15
    u = x if code < 8 else y
    v = y if code < 4 else (x if code in (12, 14) else z)
    return (-u if code & 1 else u) + (-v if code & 2 else v)


@compiled()
def _fade(t: float) -> float:
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)


@compiled()
def _noise2(table: Table, x: float, y: float) -> float:
    mask = table.size - 1
    floor_x, floor_y = np.floor(x), np.floor(y)
    i, j = int(floor_x), int(floor_y)
    x -= floor_x
    y -= floor_y
    a, b = table[i & mask] + j, table[(i + 1) & mask] + j
    n00 = _gradient2(table[a & mask], x, y)
    n10 = _gradient2(table[b & mask], x - 1.0, y)
    n01 = _gradient2(table[(a + 1) & mask], x, y - 1.0)
    n11 = _gradient2(table[(b + 1) & mask], x - 1.0, y - 1.0)
    u, v = _fade(x), _fade(y)
    low, high = n00 + u * (n10 - n00), n01 + u * (n11 - n01)
    return low + v * (high - low)


@compiled()
def _noise3(table: Table, x: float, y: float, z: float) -> float:
    mask = table.size - 1
    floor_x, floor_y, floor_z = np.floor(x), np.floor(y), np.floor(z)
    i, j, k = int(floor_x), int(floor_y), int(floor_z)
    x -= floor_x
    y -= floor_y
    z -= floor_z
    u, v, w = _fade(x), _fade(y), _fade(z)
    total = 0.0
    for di in range(2):
        a = table[(i + di) & mask] + j
        wx = u if di else 1.0 - u
        for dj in range(2):
            b = table[(a + dj) & mask] + k
            wy = v if dj else 1.0 - v
            n0 = _gradient3(table[b & mask], x - di, y - dj, z)
            n1 = _gradient3(table[(b + 1) & mask], x - di, y - dj, z - 1.0)
            total += wx * wy * (n0 + w * (n1 - n0))
    return total


@compiled()
def fbm(table: Table, x: float, y: float, octaves: int, gain: float) -> float:
    """Give fractional Brownian motion at (x, y): mean 0, about unit standard deviation."""
    amplitude, total, power = 1.0, 0.0, 0.0
    for _ in range(octaves):
        total += amplitude * _noise2(table, x, y)
        power += amplitude * amplitude
        amplitude *= gain
        x, y = 2.0 * (_TURN_COS * x - _TURN_SIN * y) + 3.17, 2.0 * (_TURN_SIN * x + _TURN_COS * y) - 7.71
    return float(3.1 * total / np.sqrt(power))


@compiled()
def fbm_slice(table: Table, x: float, y: float, z: float, octaves: int, gain: float) -> float:
    """Give `fbm` on the plane z of a volume: planes that lie close look alike."""
    amplitude, total, power = 1.0, 0.0, 0.0
    for _ in range(octaves):
        total += amplitude * _noise3(table, x, y, z)
        power += amplitude * amplitude
        amplitude *= gain
        x, y = 2.0 * (_TURN_COS * x - _TURN_SIN * y) + 3.17, 2.0 * (_TURN_SIN * x + _TURN_COS * y) - 7.71
        z = 2.0 * z + 1.37
    return float(3.4 * total / np.sqrt(power))


@compiled()
def ridged(table: Table, x: float, y: float, octaves: int, gain: float) -> float:
    """Give the ridged multifractal at (x, y), 0 to 1: sharp crests, each carrying finer crests, and smooth valleys."""
    amplitude, total, norm, weight = 1.0, 0.0, 0.0, 1.0
    for _ in range(octaves):
        crest = max(0.0, 1.0 - 1.5 * abs(_noise2(table, x, y)))
        crest *= crest * weight
        weight = min(1.0, 1.8 * crest)
        total += amplitude * crest
        norm += amplitude
        amplitude *= gain
        x, y = 2.0 * (_TURN_COS * x - _TURN_SIN * y) + 3.17, 2.0 * (_TURN_SIN * x + _TURN_COS * y) - 7.71
    return total / norm
