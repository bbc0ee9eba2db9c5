"""A window of the image as detection sees it: sky subtracted, smoothed, with the noise of every pixel."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import PixelSource, SourceRef, opened
from jwstpipe.analysis.sources.meshes.mesh import LEVEL, NOISE, SMOOTH_NOISE, Mesh, exceeding, on_pixels, subtract_level
from jwstpipe.analysis.sources.shapes import REPAIRED_BIT, SATURATED_BIT
from jwstpipe.images.zarr.layout import REPAIRED
from jwstpipe.numerics.smoothing import smoothed
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["DetectImage", "Window", "part_of", "seen"]

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class DetectImage:
    """What every job of a detection knows of the image."""

    image: SourceRef
    index: int
    shape: tuple[int, int]
    origin: tuple[int, int]
    """Absolute position (y, x) of the first pixel of the array."""

    taps: Float32
    threshold: float
    halo: int
    """Pixels around a window that the measures of its sources look at."""

    s3: S3Settings | None


@dataclass(frozen=True, eq=False)
class Window:
    """Pixels of a window and of a halo around it."""

    box: Box
    """Window and halo, pixels of the array."""

    inner: Box
    """The window itself."""

    values: Float32
    """Sky subtracted; NaN = no data."""

    smooth: Float32
    noise: Float32
    """Standard deviation of `values`."""

    above: NDArray[np.bool_]
    """Smoothed samples that exceed the threshold; at the rim of the halo they are not to be trusted."""

    dq: NDArray[np.uint32]
    """Bits `SATURATED_BIT` and `REPAIRED_BIT`; of size 0 where the image has neither flags nor repairs."""

    weights: Float32
    """Of size 0 where the image has none."""

    def above_inside(self) -> NDArray[np.bool_]:
        """Give `above`, nothing outside the window."""
        part = self.inner.relative_to(self.box).slices
        found = np.zeros(self.box.shape, np.bool_)
        found[part] = self.above[part]
        return found


def part_of(window: Window, box: Box) -> Window:
    """Give a part of a window, `box` of it in pixels of the array, with arrays of its own."""
    part = box.relative_to(window.box).slices

    def cut(values: NDArray[Any]) -> Any:
        return np.ascontiguousarray(values[part]) if values.size else values

    return replace(
        window, box=box, inner=box, values=cut(window.values), smooth=cut(window.smooth), noise=cut(window.noise),
        above=cut(window.above), dq=cut(window.dq), weights=cut(window.weights),
    )  # fmt: skip


def _own(values: NDArray[Any]) -> Float32:
    """Give samples that may be changed: those that were read, or a copy where somebody else holds them."""
    fresh = values.dtype == np.float32 and values.flags.owndata and values.flags.writeable and values.flags.c_contiguous
    return values if fresh else np.array(values, np.float32)


def seen(source: DetectImage, inner: Box, mesh: Mesh) -> Window:
    """Read a window and prepare it; no pixel of the window depends on where the window begins.

    Parameters
    ----------
    source
        The image.
    inner
        Window, pixels of the array.
    mesh
        The part of the mesh around the window and its halo.
    """
    image = opened(source.image, s3=source.s3)
    box = inner.dilated(source.halo).intersection(Box.of_shape(source.shape))
    assert box is not None
    sci = _own(image.read("sci", box, index=source.index))
    y0, x0 = box.y0 + source.origin[0], box.x0 + source.origin[1]
    noise = on_pixels(mesh.layers[NOISE], mesh.first, mesh.box, y0, x0, *box.shape)
    wht = np.empty((0, 0), np.float32)
    if "wht" in image.planes:
        wht = np.ascontiguousarray(image.read("wht", box), np.float32)
        sci[~(wht > 0.0)] = np.nan
        with np.errstate(divide="ignore", invalid="ignore"):
            noise /= np.sqrt(wht)
    subtract_level(sci, mesh.layers[LEVEL], mesh.first, mesh.box, y0, x0)
    smooth = smoothed(sci, source.taps)
    above = exceeding(
        smooth, wht, mesh.layers[SMOOTH_NOISE], mesh.first, mesh.box, y0, x0, 1, source.threshold
    )  # fmt: skip
    return Window(box, inner, sci, smooth, noise, above, _flags(image, box), wht)


def _flags(image: PixelSource, box: Box) -> NDArray[np.uint32]:
    """Read what sources are flagged for."""
    found = np.empty((0, 0), np.uint32)
    if "dq" in image.planes:
        found = np.asarray(np.asarray(image.read("dq", box), np.uint32) & np.uint32(SATURATED_BIT), np.uint32)
    if REPAIRED in image.planes:
        repaired = (np.asarray(image.read(REPAIRED, box)) > 0).astype(np.uint32) * np.uint32(REPAIRED_BIT)
        found = found | repaired if found.size else repaired
    return found
