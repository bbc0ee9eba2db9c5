"""`MappedSource`: an input on a tile: its pixel maps, the window of it that a strip needs, and how it is resampled."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.tile_job import TileJob
from jwstpipe.mosaicking.warp.accumulators import Accumulators
from jwstpipe.mosaicking.warp.drizzling.drizzled import drizzled
from jwstpipe.mosaicking.warp.kernels import BILINEAR, LANCZOS3, NEAREST
from jwstpipe.mosaicking.warp.resample import InputWindow, add_resampled, add_window
from jwstpipe.sky.box import Box
from jwstpipe.sky.pixelmap import PixelMap, pixel_map
from jwstpipe.sky.wcs.forward_map import forward_map
from jwstpipe.sky.wcs.sky_wcs import SkyWcs

__all__ = ["INTERPOLATED", "MappedSource", "map_source"]

INTERPOLATED = {"nearest": NEAREST, "bilinear": BILINEAR, "lanczos3": LANCZOS3}
"""Kernels that look up each pixel of the mosaic in the image, row by row."""

MARGIN = {"nearest": 2, "bilinear": 2, "lanczos3": 4, "drizzle": 3, "exact": 3, "adaptive": 8}
"""Pixels around the positions that a kernel reaches, and that sampling their extent may miss."""

DRIZZLE_TOLERANCE = 1e-7
"""Largest error of the map of drizzle, pixels of the plane: it decides over areas, not only over positions."""


@dataclass(frozen=True, eq=False)
class MappedSource:
    """An input on a part of the plane."""

    job: TileJob
    source: Source
    wcs: SkyWcs
    where: PixelMap
    """From the plane to the image."""

    region: Box
    """Part of the plane to fill."""

    @property
    def interpolated(self) -> bool:
        """The kernel works row by row."""
        return self.job.options.kernel in INTERPOLATED

    @property
    def max_error(self) -> float:
        """Largest error of the maps in use, pixels."""
        return self.forward.max_error if self.job.options.kernel == "drizzle" else self.where.max_error

    @cached_property
    def forward(self) -> PixelMap:
        """From the image to the plane, for all of the image that the map reaches."""
        window = self.needed(self.region)
        assert window is not None
        tolerance = min(self.job.options.tolerance_px, DRIZZLE_TOLERANCE)
        return forward_map(self.job.grid, self.wcs, window.dilated(2), tolerance=tolerance, name=self.source.address)

    @cached_property
    def blotted(self) -> PixelMap:
        """From the image to the plane, for the pixels that can be compared with what is known on the plane."""
        window = self.needed(self.region)
        assert window is not None
        tolerance = self.job.options.tolerance_px
        return forward_map(self.job.grid, self.wcs, window.dilated(2), tolerance=tolerance, name=self.source.address)

    def needed(self, box: Box) -> Box | None:
        """Find the window of the image that a part of the plane reaches; None when it misses the image."""
        part = box.intersection(self.region)
        if part is None:
            return None
        extent = self.where.extent(part)
        if extent is None:
            return None
        x0, x1, y0, y1 = extent
        # a pixel of a coarser plane spans several of the image
        margin = MARGIN[self.job.options.kernel] * max(1, round(self.job.grid.scale_arcsec / self.wcs.scale_arcsec))
        return Box(
            int(np.floor(y0)) - margin, int(np.floor(x0)) - margin, int(y1) + margin + 2, int(x1) + margin + 2
        ).intersection(Box.of_shape(self.source.shape))

    def add(self, strip: Accumulators, box: Box, layer: InputWindow, *, index: int, combiner: int) -> None:
        """Resample a layer and add it to a strip that covers `box`."""
        options = self.job.options
        part = box.intersection(self.region)
        if part is None:
            return
        if self.interpolated:
            kernel = INTERPOLATED[options.kernel]
            add_window(strip, box, part, layer, self.where, index=index, kernel=kernel, combiner=combiner)
            return
        if options.kernel == "drizzle":
            found = drizzled(layer, self.forward, part, pixfrac=options.pixfrac)
        else:
            from jwstpipe.mosaicking.warp.reprojected import reprojected  # noqa: PLC0415 - seldom, and half a second

            found = reprojected(layer, self.wcs, self.where, self.job.grid, part, kernel=options.kernel)
        add_resampled(strip, box, found, layer, index=index, combiner=combiner)


def map_source(job: TileJob, source: Source, region: Box) -> MappedSource | None:
    """Map the part of a region where a source lies; None where it does not."""
    part = source.box.intersection(region)
    if part is None:
        return None
    wcs = source.exact_wcs()
    return MappedSource(job, source, wcs, pixel_map(job.grid, wcs, part, tolerance=job.options.tolerance_px), part)
