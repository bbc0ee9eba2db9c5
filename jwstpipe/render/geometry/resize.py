"""Resampling of a picture to an exact size, band by band.

Separable, with the kernels that Pillow calls HAMMING (shrinking: sharp, and without negative lobes, so that no dark
rings appear around stars) and BICUBIC (enlarging). Weights belong to the pixel of the result alone, so that bands of
any height give the same bits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["Taps", "resampled", "taps"]

Float32Image = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Taps:
    """Which samples of an axis make each pixel of the result, or of a part of it."""

    start: int
    """Pixel of the result that the first entries belong to."""

    first: NDArray[np.int64]
    """(n,) first sample."""

    weights: Float32Image
    """(n, taps); sum 1 along the second axis, 0 for samples beyond the end of the axis."""

    source: int
    """Length of the axis before."""

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Give the half-open range of samples that pixels ``[start, stop)`` need."""
        first, last = self.first[start - self.start], self.first[stop - 1 - self.start]
        return int(first), min(int(last) + self.weights.shape[1], self.source)


def taps(source: int, target: int, start: int = 0, stop: int | None = None) -> Taps:
    """Work out the weights that turn `source` samples into `target`, for pixels ``[start, stop)`` of the result."""
    scale = source / target
    shrink = max(scale, 1.0)
    kernel, support = (_hamming, 1.0) if scale >= 1.0 else (_bicubic, 2.0)
    centre = (np.arange(start, target if stop is None else stop) + 0.5) * scale
    count = int(np.ceil(support * shrink)) * 2 + 1
    first = np.maximum(np.floor(centre - support * shrink).astype(np.int64), 0)
    index = first[:, None] + np.arange(count)
    weights = kernel((index + 0.5 - centre[:, None]) / shrink)
    weights[index >= source] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    return Taps(start, first, weights.astype(np.float32), source)


def resampled(values: Float32Image, rows: Taps, columns: Taps, start: int, stop: int) -> Float32Image:
    """Make rows ``[start, stop)`` of the result.

    Parameters
    ----------
    values
        (y, x, 3): exactly the rows of ``rows.span(start, stop)`` and all the columns that `columns` needs.
    rows, columns
        Weights of the axes.
    start, stop
        Rows of the result.
    """
    part = slice(start - rows.start, stop - rows.start)
    across = _weighted(values, rows.first[part] - rows.first[part.start], rows.weights[part], axis=0)
    return _weighted(across, columns.first - columns.first[0], columns.weights, axis=1)


def _weighted(values: Float32Image, first: NDArray[np.int64], weights: Float32Image, *, axis: int) -> Float32Image:
    """Sum tap by tap: the order of the additions, and so every bit, is the same for every band."""
    plane = np.ascontiguousarray(values)
    if axis == 1:
        along = np.empty((len(plane), len(first), plane.shape[2]), np.float32)
        _weigh_columns(plane, first, weights, along)
        return along
    found = np.empty((len(first), plane.shape[1] * plane.shape[2]), np.float32)
    _weigh_rows(plane.reshape(len(plane), -1), first, weights, found)
    return found.reshape(-1, *plane.shape[1:])


@compiled()
def _weigh_rows(values: Float32Image, first: NDArray[np.int64], weights: Float32Image, out: Float32Image) -> None:
    last = values.shape[0] - 1
    for i in range(out.shape[0]):
        for tap in range(weights.shape[1]):
            row, weight = min(first[i] + tap, last), weights[i, tap]
            for j in range(out.shape[1]):
                part = values[row, j] * weight
                out[i, j] = part if tap == 0 else out[i, j] + part


@compiled()
def _weigh_columns(values: Float32Image, first: NDArray[np.int64], weights: Float32Image, out: Float32Image) -> None:
    last = values.shape[1] - 1
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for tap in range(weights.shape[1]):
                column, weight = min(first[j] + tap, last), weights[j, tap]
                for k in range(out.shape[2]):
                    part = values[i, column, k] * weight
                    out[i, j, k] = part if tap == 0 else out[i, j, k] + part


def _hamming(x: Floats) -> Floats:
    window = 0.54 + 0.46 * np.cos(np.pi * x)
    return np.where(np.abs(x) < 1.0, np.sinc(x) * window, 0.0)


def _bicubic(x: Floats) -> Floats:
    """Cubic convolution with a = -0.5 (Keys 1981)."""
    t = np.abs(x)
    near = 1.5 * t**3 - 2.5 * t**2 + 1.0
    far = -0.5 * t**3 + 2.5 * t**2 - 4.0 * t + 2.0
    return np.where(t < 1.0, near, np.where(t < 2.0, far, 0.0))
