"""What belongs together among the arguments of the kernels, by name: numba takes a named tuple as it is."""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.warp.accumulators import Accumulators
from jwstpipe.sky.box import Box

__all__ = ["Part", "Placed", "Planes", "Sums", "WarpMap"]

Reals = NDArray[np.floating]
Bits = NDArray[np.uint32]


class WarpMap(NamedTuple):
    """Nodes of a pixel map."""

    nodes: NDArray[np.float64]
    step: int
    weights: NDArray[np.float64]
    """Of Lagrange's polynomials, for the positions between nodes."""

    slopes: NDArray[np.float64]
    """Of their derivatives; not looked at where samples are no fluxes."""

    y0: int
    """First row of the window that the nodes cover."""

    x0: int


class Planes(NamedTuple):
    """Planes of an input; a plane that it has not has no pixels."""

    sci: Reals
    wht: Reals
    var: Reals
    dq: Bits


class Placed(NamedTuple):
    """Where the window of the planes lies in its image, and how the image counts."""

    y0: int
    x0: int
    rows: int
    """Of the whole image."""

    columns: int
    factor: float
    """Weight of the whole image."""

    is_flux: int


class Part(NamedTuple):
    """A part of the plane."""

    y0: int
    x0: int
    y1: int
    x1: int

    @classmethod
    def of(cls, box: Box) -> Self:
        """Take the corners of a box."""
        return cls(box.y0, box.x0, box.y1, box.x1)


class Sums(NamedTuple):
    """Accumulators of a strip (see `Accumulators`), and the corner of the strip on the plane."""

    value: Reals
    weight: Reals
    variance: Reals
    inputs: NDArray[np.uint16]
    used: Bits
    lost: Bits
    stack: NDArray[Any]
    y0: int
    x0: int

    @classmethod
    def of(cls, strip: Accumulators, box: Box) -> Self:
        """Take the arrays of a strip that covers `box`."""
        return cls(
            strip.value, strip.weight, strip.variance, strip.count, strip.used, strip.lost, strip.stack, box.y0, box.x0
        )
