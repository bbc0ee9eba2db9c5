"""The stripes of one exposure, along all the axes that its detector has them, as far as they are there."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.cleaning.blot import Under
from jwstpipe.cleaning.frame import Frame
from jwstpipe.cleaning.readout import Axis
from jwstpipe.cleaning.scene import Scene, own_scene, scene_of_mosaic
from jwstpipe.cleaning.slow_stripes import profiles_of, slow_part
from jwstpipe.cleaning.stripes import NEED, NEED_ALONE, StripeFit, fit_stripes, noise_spread, pedestals

__all__ = ["Destriped", "destripe"]

Float32Image = NDArray[np.float32]

ROUNDS_ALONE = 3
"""Rounds of sky and stripes where an exposure has nothing but itself to go by."""


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

    residual: Float32Image
    """(y, x): the exposure without sky, sources and stripes; NaN where the sky is not known."""

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
    model = np.zeros(frame.sci.shape, np.float32)
    left = np.array(frame.sci)
    facts: dict[str, Any] = {}
    rest = left
    for number, axis in enumerate(axes):
        inputs = 1 if under is None else under.inputs
        how = _Way(amplifiers if number == 0 else 1, odd_even and number == 0, inputs, forced)
        own_model, rest, facts[axis] = _one_axis(frame, left, under, axis, how)
        if axis == "columns":
            own_model, rest = own_model.T, rest.T
        if facts[axis]["taken"]:
            model += own_model
            left -= own_model
    return Destriped(model, np.ascontiguousarray(rest), facts)


def _one_axis(
    frame: Frame, left: Float32Image, under: Under | None, axis: Axis, how: _Way
) -> tuple[Float32Image, Float32Image, dict[str, Any]]:
    """Fit stripes along one axis; model and rest lie along it."""
    own = frame.along(axis)
    image = np.ascontiguousarray(left.T) if axis == "columns" else left
    scene = None
    if under is not None:
        parts = (under.samples, under.counts)
        blot, counts = (part if part is None or axis == "rows" else np.ascontiguousarray(part.T) for part in parts)
        assert blot is not None
        scene = scene_of_mosaic(blot, own.noise, counts)
    model = np.zeros(image.shape, np.float32)
    first = fit = None
    for _ in range(1 if scene is not None else ROUNDS_ALONE):
        without = image - model
        sky = scene or own_scene(without, own.weights, noise_spread(without, own.weights))
        weights = np.where(sky.left_out | np.isnan(sky.light), np.float32(0.0), own.weights)
        fit = fit_stripes(image - sky.light, weights, how.bands, odd_even=how.odd_even)
        if fit is None:
            return model, image - sky.light, {"taken": False, "why": "too few pixels are free of sources"}
        first = first or fit
        fit = _with_slow(fit, image, sky, weights, how)
        model = np.zeros(image.shape, np.float32)
        fit.take_from(without, model)
    assert fit is not None
    assert first is not None
    need = NEED if scene is not None else NEED_ALONE
    taken = how.forced or first.before > need or bool(first.odd.any())
    rest = image - sky.light
    after = first
    if taken:
        rest -= model
        after = fit_stripes(rest, weights, how.bands, odd_even=how.odd_even) or first
    facts = {
        "taken": taken,
        "before": round(first.before, 4),
        "after": round(after.before, 4),
        "rms": float(np.std(model)) if taken else 0.0,
        "row_error": fit.error,
        "odd_even": float(np.abs(fit.odd).max()),
        "rows_filled": fit.filled,
        "sky": sky.origin,
    }
    return model, rest, facts


def _with_slow(fit: StripeFit, image: Float32Image, sky: Scene, weights: Float32Image, how: _Way) -> StripeFit:
    """Add what the scene has of the stripes too: their slow part, and the pedestals."""
    even = np.where(sky.structured, np.float32(0.0), weights)
    across = profiles_of(sky.light, even, how.bands)
    along = profiles_of(np.ascontiguousarray(sky.light.T), np.ascontiguousarray(even.T), how.bands)
    slow = slow_part(across, along, fit.level, error=fit.error, inputs=how.inputs)
    level = fit.level + slow
    if how.bands > 1:
        level += pedestals(image - sky.light, weights, how.bands)[None, :] - np.median(level, axis=0)[None, :]
    return replace(fit, level=level - np.median(level))
