"""The shape of wisps, from the exposures of a detector themselves.

The sky moves over the detector from dither to dither, wisps stay and change in strength. An exposure less the mean of
all that see the same sky has nothing of it, and of a light on the detector what
`jwstpipe.cleaning.pattern.shape_equations` says. That is linear in the shape for given strengths, and in the strengths
for a given shape: each is solved for in turn, neither below zero (Robotham et al. 2023, PASP 135, 085003, take a median
of scaled exposures for the shape).

First with a price on all light, which leaves dark what need not shine; then without it where something shines, and
beside it. Two halves of the exposures have to find the same by themselves: the shape of each is fitted to the other, by
the same test that a given template must pass. Noise, stars and nebulae are not the same in both.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, map_coordinates
from scipy.optimize import nnls

from jwstpipe.cleaning.pattern.cells import Cells
from jwstpipe.cleaning.pattern.shape_equations import Seen, design, seen_of, usual_error, with_lines, without_lines
from jwstpipe.cleaning.pattern.strengths import fit_strengths
from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["FEWEST_FOR_SHAPE", "WISPY", "own_template", "pixel_by_pixel"]

Floats = NDArray[np.float64]

WISPY = ("NRCA3", "NRCA4", "NRCB3", "NRCB4")
"""Detectors that show wisps (JDox, "NIRCam Claws and Wisps")."""

FEWEST_FOR_SHAPE, MOST_FOR_SHAPE = 4, 12
"""Exposures: two in each half, and so many as tell a shape well; strengths are found of all."""

PRICE, SHARED_PRICE = 0.5, 1.2
"""Of light in the first solution, over its error, where it is asked whether there is any; and, divided by the number of
exposures, where there is: a high price leaves out faint wings, and with them some of the light, a low one takes light
from a sky with much structure, which averages out in many exposures."""

SHINING, FAINT, BESIDE, BESIDE_SHARED = 2.0, 0.1, 4, 12.0
"""Errors of the shape above which a cell shines, and share of the brightest cells; cells beside it, where it is asked
whether there is light; and where there is, over the root of the number of exposures: many see faint wings themselves,
and light as wide as a dither need not be guessed from them."""

BRIGHTEST = 99.0
"""Percentile of the cells with light that counts as the brightest."""

SMOOTH, SMOOTH_AFTER = 1.0, 0.7
"""Over that of a cell, weight of differences between neighbours in the first solution, and of what these differ by in
the second: filaments are smooth, and to ask that they be flat takes of their light."""

ROUNDS, STEPS, POWER_STEPS = 4, 60, 12
"""Of shape and strengths; within each, of accelerated gradients, and of the estimate of how long they may be."""

CLIP = 4.0
"""Scatters from which a cell takes no part: what is left of sources."""

ALIKE = 0.5
"""Correlation of the shapes of both halves, at least."""


def own_template(exposures: Sequence[Cells]) -> Floats | None:
    """Find the shape of wisps.

    Parameters
    ----------
    exposures
        Of one detector, over one and the same mosaic.

    Returns
    -------
    (row, column) or None
        By cell, for the mean strength of the exposures; None where two halves of them do not find the same.
    """
    if len(exposures) < FEWEST_FOR_SHAPE:
        return None
    some = exposures[:: -(-len(exposures) // MOST_FOR_SHAPE)]
    halves = some[::2], some[1::2]
    shapes = [_shape(half, PRICE, BESIDE) for half in halves]
    if not all(one.any() for one in shapes):
        return None
    if np.corrcoef(shapes[0].ravel(), shapes[1].ravel())[0, 1] < ALIKE:
        return None
    for half, other in zip(halves, reversed(shapes), strict=True):
        if not any(fit_strengths(half, other).values):
            return None
    return _shape(some, min(PRICE, SHARED_PRICE / len(some)), round(BESIDE_SHARED / np.sqrt(len(some))))


def pixel_by_pixel(template: Floats, side: int, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Give a template by cells of `side` pixels for each pixel: splines through the middles of cells, never below 0."""
    places = np.meshgrid(*((np.arange(n) + 0.5) / side - 0.5 for n in shape), indexing="ij")
    smooth = map_coordinates(template, places, order=3, mode="nearest")
    dark = map_coordinates(template, places, order=1, mode="nearest") <= 0.0
    return np.where(dark, 0.0, np.maximum(smooth, 0.0)).astype(np.float32)


def _shape(exposures: Sequence[Cells], price: float, beside: int) -> Floats:
    """Solve for shape and strengths in turn: first where light is, then how much."""
    equations = seen_of(exposures)
    error = usual_error(equations)
    if not np.isfinite(error):
        return np.zeros(exposures[0].rest.shape)
    size = exposures[0].rest.shape
    first = _in_turn(
        equations, np.zeros(size), np.ones(size), rough=_uneven, smooth=SMOOTH / error**2, price=price / error
    )
    if not first.any():
        return first
    faintest = max(SHINING * error / np.sqrt(len(exposures)), FAINT * float(np.percentile(first[first > 0], BRIGHTEST)))
    shines = binary_dilation(first > faintest, iterations=beside)
    return _in_turn(
        equations, first * shines, shines.astype(float), rough=_bent, smooth=SMOOTH_AFTER / error**2, price=0.0
    )


def _in_turn(
    equations: Sequence[Seen], shape: Floats, free: Floats, *, rough: Callable[[Floats], Floats], smooth: float,
    price: float,
) -> Floats:  # fmt: skip
    strengths = np.ones(len(equations))
    weights = [one.weight for one in equations]
    for _ in range(ROUNDS):
        designs = [design(equations, number, strengths) for number in range(len(equations))]
        shape = _solved(equations, designs, weights, shape, free, rough=rough, smooth=smooth, price=price)
        found = _strengths(equations, weights, shape.ravel())
        mean = float(found.mean())
        if not mean > 0.0 or not shape.any():
            return np.zeros(shape.shape)
        strengths, shape = found / mean, shape * mean
        rests = [
            one.value - without_lines(one, design(equations, number, strengths) @ shape.ravel())
            for number, one in enumerate(equations)
        ]
        weights = [_fitting(one, rest) for one, rest in zip(equations, rests, strict=True)]
    return shape


def _fitting(one: Seen, rest: Floats) -> Floats:
    """Leave out the cells that fit worst."""
    away = np.abs(rest) * np.sqrt(one.weight)
    used = one.weight > 0
    scatter = max(MAD_TO_SIGMA * float(np.median(away[used])), 1.0) if used.any() else 1.0
    return np.where(away < CLIP * scatter, one.weight, 0.0)


def _strengths(equations: Sequence[Seen], weights: Sequence[Floats], shape: Floats) -> Floats:
    """Solve for the strengths of a shape, none below zero."""
    columns, values = [], []
    for number, (one, weight) in enumerate(zip(equations, weights, strict=True)):
        root = np.sqrt(weight)
        own = [(shape if k == number else 0.0) - other @ shape for k, other in enumerate(one.others)]
        columns.append(np.stack([root * without_lines(one, column) for column in own], axis=1))
        values.append(root * one.value)
    return np.asarray(nnls(np.concatenate(columns), np.concatenate(values))[0])


def _solved(
    equations: Sequence[Seen], designs: Sequence[object], weights: Sequence[Floats], start: Floats, free: Floats, *,
    rough: Callable[[Floats], Floats], smooth: float, price: float,
) -> Floats:  # fmt: skip
    """Solve for the shape, nowhere below zero: accelerated projected gradients (Beck & Teboulle 2009, FISTA)."""
    turned = [one.T.tocsr() for one in designs]  # type: ignore[attr-defined]

    def gradient(flat: Floats) -> Floats:
        slope = smooth * rough(flat.reshape(start.shape)).ravel() + price
        for one, own, back, weight in zip(equations, designs, turned, weights, strict=True):
            rest = without_lines(one, own @ flat) - one.value  # type: ignore[operator]
            slope += back @ with_lines(one, weight * rest)
        return np.asarray(slope * free.ravel())

    zero = gradient(np.zeros(start.size))
    probe = np.cos(np.arange(start.size) ** 1.5)  # any vector that is not smooth
    for _ in range(POWER_STEPS):
        probe = gradient(probe / np.linalg.norm(probe)) - zero
    step = 1.0 / (1.1 * float(np.linalg.norm(probe)) + 1e-300)
    shape = ahead = start.ravel()
    pace = 1.0
    for _ in range(STEPS):
        after = np.maximum(ahead - step * gradient(ahead), 0.0)
        faster = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * pace**2))
        ahead = after + (pace - 1.0) / faster * (after - shape)
        shape, pace = after, faster
    return shape.reshape(start.shape)


def _bent(shape: Floats) -> Floats:
    """Give half the gradient of the sum of squares of what a cell differs from those around it by."""
    return _uneven(_uneven(shape))


def _uneven(shape: Floats) -> Floats:
    """Give half the gradient of the sum of squared differences between neighbours."""
    out = np.zeros(shape.shape)
    down, right = np.diff(shape, axis=0), np.diff(shape, axis=1)
    out[1:] += down
    out[:-1] -= down
    out[:, 1:] += right
    out[:, :-1] -= right
    return out
