"""A small rendering of the whole picture, before the real one: for its overall levels and its quality."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.presets.model import Sharpening
from jwstpipe.images.levels import level_for_pixels, level_shape
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.pixels.finish import ScreenLevels
from jwstpipe.render.quality import QualityReport, rate_picture
from jwstpipe.render.rendering import RenderedWindow, Scene, render_window
from jwstpipe.sky.box import Box

__all__ = ["SURVEY", "Survey", "screen_levels", "survey_picture"]

SURVEY = 1 << 18
"""Most pixels of the small rendering."""

_REC709 = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class Survey:
    """What the small rendering tells."""

    screen: ScreenLevels
    """Overall levels, absolute."""

    quality: QualityReport
    """Rating of the picture with these levels."""


def survey_picture(scene: Scene, frame: Frame) -> Survey:
    """Render all that the images cover on a coarse level, whatever part of it the picture shows.

    The levels so are those of the whole: a crop renders as the whole does.
    """
    window, level = _small(scene)
    screen = _levels(window.pixels[window.covered], scene)
    shown = np.clip((window.pixels - screen.black) / (screen.white - screen.black), 0.0, 1.0) ** (1.0 / screen.gamma)
    shown[~window.covered] = 0.0
    part = _part(frame, level).intersection(Box.of_shape(window.covered.shape)) or Box.of_shape(window.covered.shape)
    return Survey(screen, rate_picture(shown[part.slices].astype(np.float32), scene.layers))


def screen_levels(scene: Scene) -> ScreenLevels:
    """Give the levels that `survey_picture` finds, without a rendering where the look has fixed ones."""
    if (scene.look.overall.black, scene.look.overall.white) == (0.0, 1.0):
        return ScreenLevels(gamma=scene.look.overall.gamma)
    window, _ = _small(scene)
    return _levels(window.pixels[window.covered], scene)


def _small(scene: Scene) -> tuple[RenderedWindow, int]:
    """Render all of it on a coarse level, which is given too."""
    level = level_for_pixels(scene.layers[0].image.shape, SURVEY)
    small = replace(scene, level=level, look=scene.look.model_copy(update={"sharpen": Sharpening(), "denoise": 0.0}))
    return render_window(small, Box.of_shape(level_shape(scene.layers[0].image.shape, level))), level


def _levels(seen: NDArray[np.float32], scene: Scene) -> ScreenLevels:
    overall = scene.look.overall
    if (overall.black, overall.white) == (0.0, 1.0) or not len(seen):
        return ScreenLevels(gamma=overall.gamma)
    luminance = seen @ _REC709
    black = float(np.quantile(luminance, overall.black)) if overall.black else 0.0
    # white by the brightest of the three: a saturated colour is dark in luminance, and must not be clipped for it
    white = float(np.quantile(seen.max(axis=1), overall.white)) if overall.white < 1.0 else 1.0
    return ScreenLevels(black, white, overall.gamma) if black < white else ScreenLevels(gamma=overall.gamma)


def _part(frame: Frame, level: int) -> Box:
    """Give the window of the frame in pixels of a coarser level."""
    box, step = frame.source, level - frame.level
    if step <= 0:
        return Box(box.y0 << -step, box.x0 << -step, box.y1 << -step, box.x1 << -step)
    return Box(box.y0 >> step, box.x0 >> step, -(-box.y1 >> step), -(-box.x1 >> step))
