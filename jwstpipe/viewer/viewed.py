"""`ViewedSet`: the images of a view on one grid, opened and measured once for all who look at them."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.channels import ImageNames
from jwstpipe.errors import UsageError
from jwstpipe.execution.kept import Kept
from jwstpipe.execution.workers import Workers
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_shape
from jwstpipe.images.passband import passband
from jwstpipe.names.passband import Passband
from jwstpipe.operations.inputs.align_inputs import aligned
from jwstpipe.render.channel_samples import ChannelSamples, SkyPlace, measure_channels
from jwstpipe.render.geometry.coverage import covered_near
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.geometry.one_grid import on_one_grid
from jwstpipe.render.geometry.placement import SkyPlacement, place_on_sky
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.viewer.companding import Companding, companding_for, sample_values
from jwstpipe.viewer.sources import Source

__all__ = ["MOST_CHANNELS", "TILE", "ViewedSet", "open_set", "set_id"]

MOST_CHANNELS = 16
TILE = 256
"""Pixels of a side of a tile."""

_SMALLEST = 256
"""Levels end where the whole image is no larger."""

_MEASUREMENTS = 8


@dataclass(frozen=True, eq=False)
class ViewedSet:
    """Images on one grid."""

    id: str
    """Follows from the ids of the images."""

    sources: tuple[Source, ...]
    """In the order of the view."""

    images: tuple[SkyImage, ...]
    """On one grid."""

    repaired: tuple[Callable[[], int], ...]
    """Pixels of lost cores that were filled before resampling, of each, in what was read."""

    notes: tuple[str, ...]
    stack: ExitStack
    """Ends with the set: files that stand as long as it is looked at."""

    _measured: Kept[ChannelSamples] = field(default_factory=lambda: Kept(_MEASUREMENTS))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns at full resolution."""
        return self.images[0].shape

    @property
    def levels(self) -> int:
        """Number of resolutions that tiles are made of."""
        level = 0
        while max(level_shape(self.shape, level)) > _SMALLEST:
            level += 1
        return level + 1

    @cached_property
    def bands(self) -> tuple[Passband, ...]:
        """Instrument, filter and wavelength of each."""
        return tuple(passband(image) for image in self.images)

    @cached_property
    def names(self) -> tuple[ImageNames, ...]:
        """What each may be called."""
        return tuple(
            ImageNames(source.address, source.product_id, band.filter, source.name)
            for source, band in zip(self.sources, self.bands, strict=True)
        )

    def measure(self, images: Sequence[SkyImage], wished: SkyPlace | None) -> ChannelSamples:
        """Measure some of the images together, or give what was found before."""
        numbers = tuple(next(n for n, one in enumerate(self.images) if one is image) for image in images)
        return self._measured.get((numbers, wished), lambda: measure_channels(images, wished))

    @cached_property
    def survey(self) -> ChannelSamples:
        """All of them, measured together."""
        return self.measure(self.images, None)

    @cached_property
    def compandings(self) -> tuple[Companding, ...]:
        """How the samples of each are written in tiles."""
        found = []
        for statistics, coarse in zip(self.survey.statistics, self.survey.coarse, strict=True):
            low = min(float(np.nanmin(coarse)), statistics.quantiles[0])
            high = max(float(np.nanmax(coarse)), statistics.quantiles[-1])
            found.append(companding_for(statistics, low, high))
        return tuple(found)

    @cached_property
    def values(self) -> tuple[NDArray[np.float32], ...]:
        """Value of every sample of each."""
        return tuple(sample_values(how) for how in self.compandings)

    @cached_property
    def placement(self) -> SkyPlacement | None:
        """Where the grid lies on the sky."""
        return place_on_sky(self.images[0], Frame(0, Box.of_shape(self.shape), self.shape))

    @cached_property
    def covered(self) -> Box:
        """Window that any of them covers, full pixels: never too small."""
        seen = covered_near(self.survey.counts > 0, self.survey.level, self.shape)
        return seen or Box.of_shape(self.shape)

    @cached_property
    def histograms(self) -> list[dict[str, Any]]:
        """Counts of the samples of each in 256 bins that are even in its companding, between its extremes."""
        found = []
        for how, coarse in zip(self.compandings, self.survey.coarse, strict=True):
            seen = np.arcsinh((coarse[np.isfinite(coarse)].astype(np.float64) - how.sky) / how.softening)
            counts, edges = np.histogram(seen, 256)
            found.append({"counts": counts.tolist(), "first": float(edges[0]), "last": float(edges[-1])})
        return found

    def close(self) -> None:
        """Let go of its files."""
        self.stack.close()


def set_id(sources: Sequence[Source]) -> str:
    """Give the id of a set: the same images in the same order are the same set, on any server."""
    text = "\n".join(source.product_id for source in sources)
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def open_set(sources: Sequence[Source], *, workers: Workers, s3: S3Settings | None = None) -> ViewedSet:
    """Open images for looking at them.

    Parameters
    ----------
    sources
        Images; those of other grids than the first are laid on one that holds them all.
    workers
        Where that is computed.
    s3
        Endpoint of ``s3://`` addresses.

    Raises
    ------
    UsageError
        None, or more than the page can mix.
    DataError, TransformError
        They make no picture; see `jwstpipe.operations.inputs.align_inputs.aligned`.
    """
    if not 0 < len(sources) <= MOST_CHANNELS:
        raise UsageError(f"a view has 1 to {MOST_CHANNELS} images, not {len(sources)}; leave some out")
    with ExitStack() as stack:
        addresses = [source.address for source in sources]
        found = stack.enter_context(aligned(addresses, workers=workers, keep_blocks=False, s3=s3))
        notes = tuple(note for image in found.images for note in image.notes)
        if not on_one_grid([source.opened(s3) for source in sources]):
            notes = ("the images lie on different grids: they are shown resampled to one", *notes)
        return ViewedSet(set_id(sources), tuple(sources), found.images, found.counts, notes, stack.pop_all())
