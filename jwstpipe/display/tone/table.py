"""A stretch as a table, so that a pixel costs one look-up however its curve was made.

The table is indexed by the leading bits of a float32 in [2^-24, 1]: 1,024 nodes an octave, straight lines between
them. A power law is off by 1.2e-7 of its value at most, anywhere from black to white; equal steps in x would spoil the
dark end, where roots and asinh are steep. Below 2^-24 a straight line leads to the value at 0.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.tone.stretch import Stretch, brightness
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["TABLE_SIZE", "look_up", "look_up_all", "positions", "stretch_table"]

Table = NDArray[np.float32]

_SHIFT = 13
_OCTAVES = 24
_FIRST = np.float32(2.0**-_OCTAVES)
_OFFSET = int(_FIRST.view(np.int32)) >> _SHIFT
TABLE_SIZE = (int(np.float32(1.0).view(np.int32)) >> _SHIFT) - _OFFSET + 3
"""Entries: the value at 0, the nodes from 2^-24 to 1, and 1 once more for the last interval."""

_LOW = float(_FIRST)
_MASK = (1 << _SHIFT) - 1
_STEP = np.float32(1.0 / (1 << _SHIFT))
_PER_LOW = np.float32(1.0 / _LOW)
_BLOCK = 256
_LOW_BITS, _ONE_BITS = (int(np.float32(x).view(np.int32)) for x in (_LOW, 1.0))


def positions() -> NDArray[np.float64]:
    """Give the x of every entry."""
    bits = (np.arange(TABLE_SIZE - 2, dtype=np.int32) + _OFFSET) << _SHIFT
    return np.concatenate([[0.0], bits.view(np.float32).astype(np.float64), [1.0]])


@lru_cache(maxsize=64)
def stretch_table(stretch: Stretch) -> Table:
    """Tabulate a stretch; float32, monotone as the stretch is, read-only."""
    table = np.maximum.accumulate(brightness(positions(), stretch).astype(np.float32))
    table.flags.writeable = False
    return table


@compiled(inline="always")
def look_up(x: np.float32, bits: np.int32, table: Table) -> Any:
    """Evaluate a table at x; `bits` are those of x.

    Parameters
    ----------
    x
        At most 1; all below 0 is 0.
    bits
        ``x`` read as int32.
    table
        As `stretch_table` makes it.
    """
    if x < _LOW:
        if x <= 0.0:
            return table[0]
        return table[0] + (table[1] - table[0]) * np.float32(x / _LOW)
    index = (bits >> _SHIFT) - _OFFSET + 1
    low = table[index]
    high = table[index + 1]
    return min(low + (high - low) * (np.float32(bits & _MASK) * _STEP), high)


@compiled()
def look_up_all(values: Table, table: Table) -> None:
    """Evaluate a table at every value, in place: below 0 is 0, above 1 is 1, and NaN stays.

    The same as `look_up` for each of them, without a branch.

    Parameters
    ----------
    values
        (n,) float32, contiguous.
    table
        As `stretch_table` makes it.
    """
    bits = values.view(np.int32)
    nodes, shares = np.empty(_BLOCK, np.uint32), np.empty(_BLOCK, np.float32)
    for start in range(0, values.size, _BLOCK):
        part = values[start : start + _BLOCK]
        _places(part, bits[start : start + _BLOCK], nodes, shares)
        for i in range(part.size):
            low, high = table[nodes[i]], table[nodes[i] + np.uint32(1)]
            found = min(low + (high - low) * shares[i], high)
            part[i] = part[i] if np.isnan(part[i]) else found


@compiled()
def _places(values: Table, bits: NDArray[np.int32], nodes: NDArray[np.uint32], shares: Table) -> None:
    """Find the entries that values lie behind, and how far: apart from reading them, or it is done one by one."""
    low_bits, one_bits = np.int32(_LOW_BITS), np.int32(_ONE_BITS)
    for i in range(values.size):
        inside = min(max(bits[i], np.int32(0)), one_bits)  # order as their values, from 0 to 1
        node = np.int32((inside >> np.int32(_SHIFT)) - np.int32(_OFFSET - 1))
        share = np.float32(inside & np.int32(_MASK)) * _STEP
        low_share = max(values[i] * _PER_LOW, np.float32(0.0))
        known = inside >= low_bits
        nodes[i] = np.uint32(node if known else np.int32(0))
        shares[i] = share if known else low_share
