"""Several images of one grid as one, to be searched: faint sources of all filters add up.

Each image loses its sky and is divided by its noise. The mean weighs by the inverse variance, ``sum w I / sqrt(sum w)``
with ``w = 1 / sigma^2``; ``chi`` is ``sqrt(sum (I / sigma)^2)`` (Szalay and others 1999) less its mean on empty sky and
divided by its scatter there, and finds sources of any colour. Both are in standard deviations of a sample.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import PixelSource, SourceRef, opened
from jwstpipe.analysis.sources.meshes.mesh import LEVEL, NOISE, Mesh, level_on_pixels, on_pixels
from jwstpipe.errors import UsageError
from jwstpipe.requests.analysis.detect import Joint
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import rotated
from jwstpipe.sky.wcs.image_wcs import ImageWcs

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = ["CombinedImage", "check_one_grid", "near"]

SAME = 0.01
"""Pixels that two images of one grid may differ by at their corners."""


@dataclass(frozen=True, eq=False)
class CombinedImage:
    """Images of one grid as one, in standard deviations; what a detection reads of an image."""

    images: tuple[SourceRef, ...]
    meshes: tuple[Mesh, ...]
    """Sky and noise of each."""

    joint: Joint
    shape: tuple[int, int]
    origin: tuple[int, int]
    """Absolute position (y, x) of the first pixel of the arrays."""

    image_wcs: ImageWcs
    name: str
    planes: tuple[str, ...]
    s3: S3Settings | None

    @property
    def address(self) -> str:
        """Name of the images."""
        return self.name

    @property
    def header(self) -> "Header":
        """A header that names no unit: samples are ratios."""
        from astropy.io.fits import Header  # noqa: PLC0415 - slow to load, and a search needs none

        return Header()

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window of ``sci`` or ``dq``; no sample depends on where the window begins."""
        assert level == 0
        window = box or Box.of_shape(self.shape)
        parts = [opened(image, s3=self.s3) for image in self.images]
        if plane == "dq":
            flags = np.zeros(window.shape, np.uint32)
            for image in parts:
                if "dq" in image.planes:
                    flags |= np.asarray(image.read("dq", window), np.uint32)
            return flags
        total, weights = np.zeros(window.shape, np.float32), np.zeros(window.shape, np.float32)
        for image, mesh in zip(parts, self.meshes, strict=True):
            ratio, noise = self._in_noise(image, mesh, window, index)
            known = np.isfinite(ratio)
            if self.joint == "chi":
                total += np.where(known, ratio * ratio, np.float32(0.0))
                weights += known
            else:
                total += np.where(known, ratio / noise, np.float32(0.0))
                weights += np.where(known, 1.0 / (noise * noise), np.float32(0.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            return _chi(total, weights) if self.joint == "chi" else total / np.sqrt(weights)

    def _in_noise(
        self, image: PixelSource, mesh: Mesh, window: Box, index: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Give samples in standard deviations, and those."""
        sci = np.array(image.read("sci", window, index=index), np.float32)
        place = (mesh.first, mesh.box, window.y0 + self.origin[0], window.x0 + self.origin[1], *window.shape)
        noise = on_pixels(mesh.layers[NOISE], *place)
        if "wht" in image.planes:
            wht = np.asarray(image.read("wht", window), np.float32)
            sci[~(wht > 0.0)] = np.nan
            with np.errstate(divide="ignore", invalid="ignore"):
                noise /= np.sqrt(wht)
        sci -= level_on_pixels(mesh.layers[LEVEL], *place)
        with np.errstate(divide="ignore", invalid="ignore"):
            sci /= noise
        return sci, noise


def _chi(squares: NDArray[np.float32], counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the chi of so many squares, less its mean and in its scatter, where each is a unit normal deviate."""
    most = int(counts.max(initial=0.0))
    means = np.full(most + 1, np.nan, np.float32)
    scatters = np.full(most + 1, np.nan, np.float32)
    for n in range(1, most + 1):
        mean = math.sqrt(2.0) * math.exp(math.lgamma((n + 1) / 2) - math.lgamma(n / 2))
        means[n], scatters[n] = mean, math.sqrt(n - mean * mean)
    number = counts.astype(np.int64)
    found: NDArray[np.float32] = (np.sqrt(squares) - means[number]) / scatters[number]
    return found


def near(image: SourceRef, window: Box) -> SourceRef:
    """Give what a job on a window shall carry of an image: of a combined one the meshes around the window."""
    if not isinstance(image, CombinedImage):
        return image
    inside = window.intersection(Box.of_shape(image.shape))
    assert inside is not None
    around = inside.shifted(*image.origin)
    return replace(image, meshes=tuple(mesh.part(around) for mesh in image.meshes))


def check_one_grid(images: Sequence[PixelSource]) -> None:
    """Make sure that images have the same pixels on the sky.

    Raises
    ------
    UsageError
        One has another shape, or lies elsewhere.
    """
    first = images[0]
    rows, columns = first.shape
    x, y = np.array([0.0, columns - 1.0, 0.0, columns - 1.0]), np.array([0.0, 0.0, rows - 1.0, rows - 1.0])
    here = first.image_wcs.exact(name=first.address)
    sky = here.to_sky(x, y)
    for other in images[1:]:
        wanted = f"{other.address}: is not on the grid of {first.address}; make mosaics on one grid (mosaic --grid)"
        if other.shape != first.shape:
            raise UsageError(f"{wanted}: {other.shape} pixels, not {first.shape}")
        there = other.image_wcs.exact(name=other.address)
        px, py = there.to_pixel(*rotated(*sky, here.frame, there.frame))
        away = float(np.max(np.hypot(px - x, py - y)))
        if not away <= SAME:
            raise UsageError(f"{wanted}: its corners lie {away:.2f} pixels away")
