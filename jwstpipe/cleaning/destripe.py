"""The stripes of one exposure, along all the axes that its detector has them, as far as they are there."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.blot import Under
from jwstpipe.cleaning.frame import Frame
from jwstpipe.cleaning.halos import halos
from jwstpipe.cleaning.mosaic_stripes import Shared, stripes_of_mosaic
from jwstpipe.cleaning.readout import Axis
from jwstpipe.cleaning.scene import SEVERAL, Scene, own_scene, scene_of_mosaic
from jwstpipe.cleaning.scene_kernels import cell_means
from jwstpipe.cleaning.stripe_kernels import mean_inputs
from jwstpipe.cleaning.stripes import (
    NEED,
    NEED_ALONE,
    StripeFit,
    band_edges,
    cell_edges,
    fit_stripes,
    noise_spread,
    pedestals,
)

__all__ = ["Destriped", "destripe"]

Floats = NDArray[np.float64]
Float32Image = NDArray[np.float32]

ROUNDS_ALONE = 3
"""Rounds of sky and stripes where an exposure has nothing but itself to go by."""


ROUNDS_OF_AXES = 2
"""Stripes along both axes are looked for again without those of the other one."""

FIRST = ("need", "before")
"""Facts of the exposure as it came."""

SAMPLED = 7
"""Of so many rows one is looked at for the usual noise."""

FAR = 6.0
"""Distance of a sample from the mosaic, over its noise, that no stripe is believed to make."""

CLEANED = 0.1
"""Variance of the steps between bands of a mosaic, over that of what stands out of it, below which it is a mosaic of
cleaned exposures; of four as they came it has about a third."""

OVERLAP = 2.0
"""Variance of flicker over the sum of those of its scales: what is left of one is left of its neighbours, too."""


@dataclass(frozen=True)
class _Way:
    """How stripes along one axis are looked for."""

    bands: int
    odd_even: bool
    inputs: int
    forced: bool


@dataclass(frozen=True, eq=False)
class Destriped:
    """What was found of stripes."""

    model: Float32Image
    """(y, x): the stripes, to be subtracted."""

    facts: dict[str, Any] = field(default_factory=dict)
    """By axis: scatter before and after over that of white noise, rms of the stripes, whether they were taken."""


def destripe(
    frame: Frame,
    under: Under | None,
    axes: Sequence[Axis],
    *,
    amplifiers: int,
    odd_even: bool,
    forced: bool = False,
) -> Destriped:
    """Measure the stripes of an exposure.

    Parameters
    ----------
    frame
        The exposure, rows along rows.
    under
        The mosaic at its pixels; None = only the exposure itself tells of the sky.
    axes
        Axes along which stripes may run, in turn.
    amplifiers, odd_even
        How the first of them is read; others have no bands.
    forced
        Take what was measured, also where it is no more than noise.
    """
    models: dict[Axis, Float32Image] = {}
    facts: dict[str, Any] = {}
    inputs = 1 if under is None else under.inputs
    for turn in range(ROUNDS_OF_AXES):
        if turn and len(models) < 2:
            break
        for number, axis in enumerate(axes):
            if turn and axis not in models:
                continue
            how = _Way(amplifiers if number == 0 else 1, odd_even and number == 0, inputs, forced or turn > 0)
            left = frame.sci
            for other, taken in models.items():
                left = left - taken if other != axis else left
            model, found = _one_axis(frame, left, under, axis, how)
            facts[axis] = found if turn == 0 else {**found, **{key: facts[axis][key] for key in FIRST}}
            if found["taken"]:
                models[axis] = model.T if axis == "columns" else model
    total = np.zeros(frame.sci.shape, np.float32)
    for taken in models.values():
        total += taken
    return Destriped(total, facts)


def _one_axis(
    frame: Frame, left: Float32Image, under: Under | None, axis: Axis, how: _Way
) -> tuple[Float32Image, dict[str, Any]]:
    """Fit stripes along one axis; the model lies along it."""
    own = frame.along(axis)
    image = np.ascontiguousarray(left.T) if axis == "columns" else left
    scene, counts = None, None
    if under is not None:
        parts = (under.samples, under.counts)
        blot, counts = (part if part is None or axis == "rows" else np.ascontiguousarray(part.T) for part in parts)
        assert blot is not None
        scene = scene_of_mosaic(blot, own.noise, counts)
    model = np.zeros(image.shape, np.float32)
    fit, first, stays, needed = None, None, 0.0, False
    for _ in range(1 if scene is not None else ROUNDS_ALONE):
        sky = scene or own_scene(image - model, own.weights, noise_spread(image - model, own.weights))
        weights = np.where(sky.left_out | np.isnan(sky.light), np.float32(0.0), own.weights)
        inputs = np.full((image.shape[0], how.bands), float(how.inputs))
        if counts is not None:
            mean_inputs(counts, weights, band_edges(image.shape[1], how.bands), SEVERAL, inputs)
        rest = image - sky.light
        fit = fit_stripes(rest, weights, how.bands, odd_even=how.odd_even)
        if fit is None:
            return model, {"taken": False, "why": "too few pixels are free of sources"}
        if first is None:
            first, needed = fit, fit.sure and fit.need > (NEED if scene is not None else NEED_ALONE)
        if scene is not None and not (how.forced or needed or first.odd.any()):
            break  # what the mosaic has of them would not be taken either
        fit, stays = _with_shared(fit, image, rest, sky, own.weights, weights, inputs, counts)
        model = np.zeros(image.shape, np.float32)
        fit.take_from(rest, model)
    assert fit is not None
    assert first is not None
    taken = how.forced or needed or bool(first.odd.any())
    if taken and not (how.forced or needed):  # no more than what odd columns have
        rest += model
        model[:] = 0.0
        fit = replace(fit, level=np.zeros_like(fit.level))
        fit.take_from(rest, model)
    facts = {
        "taken": taken,
        "need": round(first.need, 4),
        "before": round(first.before if taken else first.need, 4),
        "after": round(_after(fit, stays, own.weights, weights, inputs) if taken else first.need, 4),
        "rms": float(np.std(model)) if taken else 0.0,
        "row_error": fit.error,
        "odd_even": float(np.abs(fit.odd).max()),
        "rows_filled": fit.filled,
        "sky": sky.origin,
    }
    return model, facts


def _after(
    fit: StripeFit, stays: float, weights: Float32Image, used: Float32Image, inputs: Floats
) -> float:  # fmt: skip
    """Give the scatter of levels that stays, over that of white noise in all samples that mean something.

    Parameters
    ----------
    fit, stays
        Its errors are those of what stands out of the mosaic, which has a share of the noise of the exposure; and the
        variance of what stays in the mosaic, scale by scale.
    weights, used
        (y, x): inverse variances of the samples, and the same of those free of sources.
    inputs
        (y, band): exposures in the mosaic; 1 = the sky is told by this one alone.
    """
    several = float(np.mean(inputs))
    white = fit.error**2 / (1.0 - 1.0 / several if several > 1.0 else 1.0)
    free = np.count_nonzero(used) / np.count_nonzero(weights)
    return float(np.sqrt((1.0 + OVERLAP * stays / white) / free))


def _with_shared(
    fit: StripeFit,
    image: Float32Image,
    rest: Float32Image,
    sky: Scene,
    weights: Float32Image,
    usable: Float32Image,
    inputs: Floats,
    counts: Float32Image | None,
) -> tuple[StripeFit, float]:
    """Add what the scene has of the stripes too, and the pedestals; tell the variance of what stays in it."""
    rows, bands = fit.level.shape
    cells = cell_edges(image.shape[1], bands)
    not_free = sky.left_out | sky.structured
    free = (usable[::SAMPLED] > 0) & ~not_free[::SAMPLED]
    own = rest[::SAMPLED][free]
    above = float(np.median(own)) if own.size else 0.0  # the level of its sky need not be that of the mosaic
    width = image.shape[1] / (cells.size - 1)

    def in_cells(values: Float32Image, level: Floats, free_of: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        mean, share = np.empty((rows, cells.size - 1)), np.empty((rows, cells.size - 1))
        cell_means(values, sky.light, weights, free_of, level, FAR**2, cells, mean, share)
        return mean.reshape(rows, bands, -1), share.reshape(rows, bands, -1)

    sharp = in_cells(sky.light, np.zeros((rows, bands)), not_free) if sky.origin == "mosaic" else None

    def shared_of(free_of: NDArray[np.bool_], *, even: bool = False) -> Shared:
        mean, share = in_cells(image, fit.level + above, free_of)
        return stripes_of_mosaic(
            mean, share, fit.level, width=width, error=fit.error, inputs=inputs, even=even, sharp=sharp
        )  # fmt: skip

    shared, even = shared_of(not_free), False
    if sky.origin == "mosaic":
        some = weights[::SAMPLED]
        some = some if some.any() else weights
        usual = float(np.median(1.0 / np.sqrt(some[some > 0])))
        edges = band_edges(image.shape[1], bands)
        wide = halos(sky.light, ~not_free & (weights > 0), shared.level, usual, edges, counts)
        even = wide is not None
        if wide is not None:
            shared = shared_of(not_free | wide, even=True)
    level = fit.level + shared.level
    if bands > 1 and sky.origin == "mosaic":
        level += _lacking(fit.level, shared.level, rest, usable, even=even)
    return replace(fit, level=level - np.median(level)), shared.left


def _lacking(level: Floats, shared: Floats, rest: Float32Image, usable: Float32Image, *, even: bool) -> Floats:
    """Give what bands lack, (band,): of an even sky nothing but what steps at their edges tell surely.

    An uneven sky has its own means. And in the mean of an even one each band has other wings of stars: edges are
    surer where the mosaic itself has hardly a step left there.
    """
    steps, those_of_mosaic = np.median(level, axis=0), np.median(shared, axis=0)
    if even and np.var(those_of_mosaic) >= CLEANED * np.var(steps):
        return np.zeros(steps.shape)
    found = pedestals(rest, usable, level, 2.0 * float(np.var(steps, ddof=1)))
    return found - those_of_mosaic if even else found
