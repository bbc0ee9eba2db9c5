"""`ScenePlan`: what a picture of any size and any window of it is rendered from, decided once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.colour.names import BLACK, Colour
from jwstpipe.display.presets.model import Preset
from jwstpipe.render.cores.holes import CoreLimits
from jwstpipe.render.geometry.coverage import Cover, channels_to_show, covered_box
from jwstpipe.render.layers import TonePlan, feathered_layers
from jwstpipe.render.rendering import ReadFilled, Scene, read_filled
from jwstpipe.requests import CompositeRequest
from jwstpipe.sky.box import Box

__all__ = ["ScenePlan", "plan_scene"]


@dataclass(frozen=True, eq=False)
class ScenePlan:
    """A scene at full resolution, and what it covers; its overall levels are not measured yet."""

    scene: Scene
    """At level 0, with the plain screen levels; see `jwstpipe.render.overview`."""

    covered: Box
    """Window of full pixels that enough of the images cover."""

    mask: NDArray[np.bool_]
    """(y, x) of all of a coarse level: pixels of which enough of the images cover any part."""

    mask_level: int
    """That level."""

    notes: tuple[str, ...]
    """What a viewer of the picture has to know."""

    fallbacks: tuple[str, ...]
    """Stretches that could not be had, and what stands for them."""


def plan_scene(
    tones: TonePlan,
    *,
    look: Preset,
    options: CompositeRequest,
    background: Colour = BLACK,
    cores: CoreLimits | None = None,
    cover: Cover = covered_box,
    read: ReadFilled = read_filled,
) -> ScenePlan:
    """Decide what every window of a picture shares.

    Parameters
    ----------
    tones
        The channels, measured and stretched.
    look, options
        How they combine.
    background
        Where too few channels have data.
    cores
        Largest enclosed hole that is filled for display; None = the defaults.
    cover, read
        Finds the covered window, and reads windows of the images.

    Raises
    ------
    NoCoverageError
        No pixel holds data.
    """
    plan = feathered_layers(tones, look=look, options=options)
    images = [layer.image for layer in plan.layers]
    least, reason = channels_to_show(plan.counts, len(images), options.coverage)
    covered = cover(images, plan.counts, plan.level, least)
    scene = Scene(
        plan.layers, plan.luminance, 0, look, plan.feather, cores or CoreLimits(), background, least, read=read
    )
    notes = (*plan.notes, *filter(None, [reason]))
    return ScenePlan(scene, covered, plan.counts >= least, plan.level, notes, plan.fallbacks)
