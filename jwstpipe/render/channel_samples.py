"""The channels of a picture, measured on one level of the whole images."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.tone.statistics import SURVEY_PIXELS, SkyStatistics, measure_sky
from jwstpipe.errors import UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_for_pixels, read_level
from jwstpipe.render.geometry.one_grid import celestial_of
from jwstpipe.sky.frames import ICRS, rotated

__all__ = ["ChannelSamples", "SkyPlace", "measure_channels"]

Float32Image = NDArray[np.float32]
SkyPlace = tuple[float, float, float] | tuple[int, int, int, int]

_SHARED_PART = 0.25

FEATHER_PIXELS = 1 << 18
"""Most pixels of the level that edges of coverage are measured on."""


@dataclass(frozen=True, eq=False)
class ChannelSamples:
    """What the whole images say on one level."""

    statistics: list[SkyStatistics]
    level: int
    counts: NDArray[np.uint16]
    """(y, x) images with data, at `level`."""

    coarse: list[Float32Image]
    """Of each, coarser still, for its edges."""

    coarse_level: int

    @cached_property
    def apart(self) -> bool:
        """Whether no two images share a pixel."""
        counts = np.sum([np.isfinite(one) for one in self.coarse], axis=0)
        return len(self.coarse) > 1 and int(counts.max()) < 2


def measure_channels(images: Sequence[SkyImage], wished: SkyPlace | None) -> ChannelSamples:
    """Measure every channel on one level of all of it, and keep it coarser still for its coverage.

    Where channels cover different parts of the sky they are measured on what they share, if that is a fair part of
    each: only so do the same sources set the limits of all.
    """
    shape = images[0].shape
    region = None if wished is None else _sky_window(images[0], wished)
    level, coarse = level_for_pixels(shape, SURVEY_PIXELS), level_for_pixels(shape, FEATHER_PIXELS)
    with ThreadPoolExecutor(2, thread_name_prefix="measure") as pool:
        samples = list(pool.map(lambda image: read_level(image, level=level), images))
        covered = [np.isfinite(values) for values in samples]
        shared = np.logical_and.reduce(covered)
        enough = int(shared.sum()) >= _SHARED_PART * max(int(mask.sum()) for mask in covered)

        def measure(number: int) -> tuple[SkyStatistics, Float32Image]:
            values, name = samples[number], images[number].address
            alike = bool((covered[number] == shared).all())
            seen = np.where(shared, values, np.float32(np.nan)) if enough and not alike else values
            statistics = measure_sky(seen, level=level, name=name)
            statistics = replace(statistics, coverage=float(covered[number].mean()))
            if region is not None:
                statistics = replace(statistics, sky=_sky_of(values, region, level=level, name=name))
            for _ in range(max(coarse - level, 0)):
                from jwstpipe.images.zarr.pyramid import halve  # noqa: PLC0415 - not where all is kept

                values = halve(values, np.empty((0, 0), np.float32))[0]
            return statistics, values

        found = list(pool.map(measure, range(len(images))))
    counts: NDArray[np.uint16] = np.sum(covered, axis=0, dtype=np.uint16)
    statistics, coarser = [one for one, _ in found], [values for _, values in found]
    return ChannelSamples(statistics, level, counts, coarser, max(coarse, level))


def _sky_window(image: SkyImage, wished: SkyPlace) -> tuple[int, int, int, int]:
    """Give the window of pixels of a sky region: as it is, or around a circle on the sky."""
    if len(wished) == 4:
        return wished
    celestial = celestial_of(image)
    if celestial is None:
        raise UsageError(
            f"{image.address}: has no WCS for a sky region on the sky; give a window x0,y0,x1,y1 of pixels"
        )
    ra, dec, radius = wished
    place = rotated(np.array([ra]), np.array([dec]), ICRS, celestial.frame)
    x, y = (float(part[0]) for part in celestial.to_pixel(*place))
    if not (np.isfinite(x) and np.isfinite(y)):
        raise UsageError(f"{image.address}: the sky region at RA {ra}, Dec {dec} is on the other side of the sky")
    half = max(radius * 3600.0 / celestial.scale_arcsec, 0.5)
    return round(x - half), round(y - half), round(x + half) + 1, round(y + half) + 1


def _sky_of(values: Float32Image, region: tuple[int, int, int, int], *, level: int, name: str) -> float:
    """Give the median of a reference region."""
    x0, y0, x1, y1 = region
    part = values[max(y0, 0) >> level : -(-y1 >> level), max(x0, 0) >> level : -(-x1 >> level)]
    seen = part[np.isfinite(part)]
    if not seen.size:
        raise UsageError(f"{name}: the sky region {x0},{y0},{x1},{y1} holds no data; choose one inside all channels")
    return float(np.median(seen))
