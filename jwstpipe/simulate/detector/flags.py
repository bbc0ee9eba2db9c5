"""Bits of the DQ plane, as the official pipeline sets them."""

from enum import IntFlag
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DQ", "mark"]


class DQ(IntFlag):
    """What is known of a pixel."""

    DO_NOT_USE = 1
    SATURATED = 2
    JUMP_DET = 4
    NON_SCIENCE = 512
    DEAD = 1024
    HOT = 2048
    REFERENCE_PIXEL = 2147483648


def mark(dq: NDArray[np.uint32], where: Any, bits: DQ) -> None:
    """Set bits, in place, in the part of a DQ plane that an index or a mask selects."""
    dq[where] |= np.uint32(int(bits))
