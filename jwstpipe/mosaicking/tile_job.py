"""`TileJob`: the unit of work of a mosaic, the same for a preview, a thread and a cluster."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jwstpipe.identity import derived_product_id
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.requests import MosaicOptions, Weights
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

__all__ = ["ALGORITHM", "DRIZZLE", "JUDGED", "OUTLIERS", "TileJob"]

ALGORITHM = "5"
"""Version of what the engine does to pixels; part of every product's and tile's id."""

JUDGED = 24
"""Pixels of the plane around a block on which outliers are looked for: all that a kernel takes from an image is judged,
as long as a pixel of it is no wider than a few of the plane."""

OUTLIERS = "3"
"""Version of what the rejection of outliers does; part of the ids of what it is used for."""

DRIZZLE = "2"
"""Version of how drizzle lays pixels; part of the ids of what it is used for."""

PIXEL_OPTIONS = {"kernel", "pixfrac", "combine", "reject_dq", "tolerance_px"}
"""Options that a tile's samples follow from directly; all others act through its sources, grid and window."""


@dataclass(frozen=True)
class TileJob:
    """One tile: which inputs, how, and where the result goes. Frozen, small and picklable."""

    out: str
    """Image store to write to; empty for none."""

    tile: tuple[int, int]
    window: Box
    """Part of the plane to fill, inside the tile: where its inputs are."""

    origin: tuple[int, int]
    """Plane position (y, x) of the first pixel of the store's arrays."""

    grid: SkyGrid
    sources: tuple[Source, ...]
    weights: Weights
    is_flux: bool
    """Samples are fluxes in a pixel: they change with its area."""

    options: MosaicOptions
    planes: tuple[str, ...]
    s3: S3Settings
    weight_unit: float = 1.0
    """Variance that gives the weight one; another than 1 only where 32 bits could not hold the weights."""

    wide_errors: bool = False
    """Variances are carried in 64 bits, because 32 could not hold them."""

    @cached_property
    def id(self) -> str:
        """Identity of the pixels: everything but where they go."""
        box = self.window
        parameters: dict[str, Any] = {
            "grid": self.grid.as_dict(),
            "tile": list(self.tile),
            "window": [box.y0, box.x0, box.y1, box.x1],
            "weights": self.weights,
            "scaled": self.is_flux,
            "options": self.options.model_dump(mode="json", include=PIXEL_OPTIONS),
            "planes": list(self.planes),
            "sources": [source.identity() for source in self.sources],
        }
        if self.options.kernel == "drizzle":
            parameters["drizzle"] = DRIZZLE
        if self.options.outliers != "none":
            parameters["outliers"] = [self.options.outliers, OUTLIERS]
        if self.weight_unit != 1.0:
            parameters["weight_unit"] = self.weight_unit
        if self.wide_errors:
            parameters["wide_errors"] = True
        return derived_product_id("tile", ALGORITHM, parameters, [source.product_id for source in self.sources])
