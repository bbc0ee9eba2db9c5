"""What a pixel on a star should show, as the pixels of all images around it tell: a ray there stands out of it.

A star that a pixel hardly samples looks different in every dither, and what interpolation makes of one image is not
what another one sees. So ``drizCR`` and the pipeline's ``outlier_detection`` allow for a multiple of the steepest
step, and lose either rays or stars. But dithers together sample a star well, and light that came through a telescope
is smooth over the width of its point spread function. So the pixels around, of all images, are taken as they came,
each at its place, and the best linear prediction from them (kriging: a Gaussian process whose covariance is the
autocorrelation of the point spread function; Rasmussen & Williams 2006, chapter 5.4.2) is compared with the pixel. How
sure it is, is part of it: between few pixels on a steep star little is known, and little is rejected. Predictions of
each pixel from all others come from one inverse matrix, so that a ray in another image is seen as well, and left out
before anything is said.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jwstpipe.mosaicking.warp.outliers.samples import DEEP, Samples
from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["Around", "around", "predicted"]

Floats = NDArray[np.float64]

REACH, SPREAD_OVER = 1.8, 3.6
"""Farthest pixels that are asked, pixels of an image; less where there are many images, by the root of their number."""

MOST = 96
"""Pixels that are asked, at most."""

FEWEST = 4
"""Pixels of other images that must tell."""

WIDTH = 0.75
"""Standard deviation of the covariance, pixels of an image: that of a point spread function with a full width of 1.25
pixels at half of its height, as F090W has on NIRCam. Where it is wider, a prediction is less sure than it could be."""

UNLIKE = 0.01
"""What no such process explains, over the brightest light nearby."""

STRANGE, MOST_STRANGE = 5.0, 3
"""Standard deviations from which another pixel is left out, and how many are."""

STRANGE_HERE = 2.5
"""From so many on it is asked how well the others are predicted, without the pixel itself."""

FAINT = 0.1
"""The sky nearby: so many of all pixels are fainter."""

BRIGHT = 3
"""The light nearby is that of the third brightest pixel: the first two may have rays."""


class Around(NamedTuple):
    """Room for the pixels around one, which is the first."""

    value: Floats
    sigma: Floats
    y: Floats
    x: Floats
    inverse: Floats
    """(pixel, pixel): inverse of the covariance."""

    lower: Floats


def around() -> Around:
    """Make room."""
    return Around(*np.empty((4, MOST)), *np.empty((2, MOST, MOST)))


@compiled(error_model="numpy")
def predicted(
    own: int, value: float, sigma: float, y: float, x: float, samples: Samples, scale: float, count: int, room: Around
) -> tuple[float, float, float]:  # fmt: skip
    """Predict a pixel of an image from those around it.

    Parameters
    ----------
    own
        Number of the image.
    value, sigma
        The pixel, and its standard deviation.
    y, x
        Where it lies on the part of the plane that `samples` covers.
    samples
        Pixels of all images.
    scale
        Side of a pixel of the image, pixels of the plane.
    count
        Images that see the place.
    room
        Used again and again.

    Returns
    -------
    sigmas, prediction, light
        How far the pixel lies above the prediction, over the standard deviation of that; 0 where too little is known,
        or the prediction is beyond all that is seen nearby; and how bright it is there.
    """
    n, others = _gather(own, value, sigma, y, x, samples, scale, count, room)
    if others < FEWEST:
        return 0.0, value, 0.0
    ordered = np.sort(room.value[1:n])
    low = ordered[int(FAINT * (n - 2))]
    light = max(ordered[max(n - 1 - BRIGHT, 0)] - low, sigma)
    _invert(n, light**2, room)
    for k in range(n):
        room.value[k] -= low
    gone = np.zeros(n, np.bool_)
    _leave_out_rays(n, room, gone)
    here = _away(n, 0, room)
    prediction = value - here / np.sqrt(room.inverse[0, 0])
    if not ordered[0] - sigma <= prediction <= ordered[n - 2] + sigma:
        return 0.0, value, light
    if abs(here) > STRANGE_HERE:
        here /= max(_misfit_of_others(n, room, gone), 1.0)
    return here, prediction, light


@compiled(error_model="numpy")
def _leave_out_rays(n: int, room: Around, gone: NDArray[np.bool_]) -> None:
    """Leave out other pixels that stand out, the strangest first, until the first pixel is the strangest."""
    for _ in range(MOST_STRANGE):
        strangest, far = 0, STRANGE
        for k in range(n):
            away = 0.0 if gone[k] else _away(n, k, room)
            if away > far:
                strangest, far = k, away
        if strangest == 0:
            return
        gone[strangest] = True
        _leave_out(n, strangest, room)


@compiled(error_model="numpy")
def _misfit_of_others(n: int, room: Around, gone: NDArray[np.bool_]) -> float:
    """Give the rms of how far the others lie from their predictions, over the standard deviations of these.

    The first pixel is left out for it, and does not come back.
    """
    gone[0] = True
    _leave_out(n, 0, room)
    squares, kept = 0.0, 0
    for k in range(n):
        if not gone[k]:
            squares, kept = squares + _away(n, k, room) ** 2, kept + 1
    return float(np.sqrt(squares / max(kept, 1)))


@compiled(error_model="numpy")
def _away(n: int, k: int, room: Around) -> float:
    """Tell how far a pixel lies above what all others predict, over the standard deviation of that."""
    total = 0.0
    for other in range(n):
        total += room.inverse[k, other] * room.value[other]
    return float(total / np.sqrt(room.inverse[k, k]))


@compiled(error_model="numpy")
def _gather(
    own: int, value: float, sigma: float, y: float, x: float, samples: Samples, scale: float, count: int, room: Around
) -> tuple[int, int]:  # fmt: skip
    """Put a pixel and those around it into the room; give how many, and how many of other images."""
    reach = min(REACH, SPREAD_OVER / np.sqrt(max(count, 1))) * scale
    room.value[0], room.sigma[0], room.y[0], room.x[0] = value, sigma, 0.0, 0.0
    n, others = 1, 0
    rows, columns = samples.value.shape[1:]
    first_row, last_row = max(int(np.floor(y - reach)), 0), min(int(np.ceil(y + reach)), rows - 1)
    first_column, last_column = max(int(np.floor(x - reach)), 0), min(int(np.ceil(x + reach)), columns - 1)
    for layer in range(samples.value.shape[0]):
        for i in range(first_row, last_row + 1):
            for j in range(first_column, last_column + 1):
                dy, dx = i + samples.dy[layer, i, j] - y, j + samples.dx[layer, i, j] - x
                square = dy * dy + dx * dx
                if not (np.isfinite(samples.value[layer, i, j]) and square <= reach * reach and n < MOST):
                    continue
                if layer // DEEP == own and square < (0.1 * scale) ** 2:
                    continue
                room.value[n], room.sigma[n] = samples.value[layer, i, j], samples.sigma[layer, i, j]
                room.y[n], room.x[n] = dy / scale, dx / scale
                n += 1
                others += layer // DEEP != own
    return n, others


@compiled(error_model="numpy")
def _invert(n: int, power: float, room: Around) -> None:
    """Write the inverse of the covariance of `n` pixels, by Cholesky's decomposition."""
    lower, inverse = room.lower, room.inverse
    _decompose(n, power, room)
    for q in range(n):  # the inverse of the lower triangle, in place
        lower[q, q] = 1.0 / lower[q, q]
        for p in range(q + 1, n):
            total = 0.0
            for k in range(q, p):
                total -= lower[p, k] * lower[k, q]
            lower[p, q] = total / lower[p, p]
    for p in range(n):
        for q in range(p + 1):
            total = 0.0
            for k in range(p, n):
                total += lower[k, p] * lower[k, q]
            inverse[p, q] = inverse[q, p] = total


@compiled(error_model="numpy")
def _decompose(n: int, power: float, room: Around) -> None:
    """Write the lower triangle whose square is the covariance."""
    lower = room.lower
    for p in range(n):
        for q in range(p + 1):
            square = (room.y[p] - room.y[q]) ** 2 + (room.x[p] - room.x[q]) ** 2
            total = power * (1.0 + np.exp(-0.5 * square / WIDTH**2))
            if p == q:
                total += room.sigma[p] ** 2 + UNLIKE**2 * power
            for k in range(q):
                total -= lower[p, k] * lower[q, k]
            lower[p, q] = np.sqrt(max(total, 1e-12 * power)) if p == q else total / lower[q, q]


@compiled(error_model="numpy")
def _leave_out(n: int, gone: int, room: Around) -> None:
    """Make the inverse that of the others alone."""
    inverse = room.inverse
    own = 1.0 / inverse[gone, gone]
    for p in range(n):
        if p != gone:
            share = inverse[p, gone] * own
            for q in range(n):
                if q != gone:
                    inverse[p, q] -= share * inverse[gone, q]
    for p in range(n):
        inverse[p, gone] = inverse[gone, p] = 0.0
