"""`MosaicPlan`: what will be computed, before any pixel is read: the plane, its tiles, and which inputs touch each."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from jwstpipe.identity import derived_product_id
from jwstpipe.mosaicking.cost import estimate
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.placement import bounding_box, tiles_of
from jwstpipe.mosaicking.sky_model import SKIES, BackgroundModel
from jwstpipe.mosaicking.tile_job import ALGORITHM, DRIZZLE, JUDGED, OUTLIERS, TileJob
from jwstpipe.notebook import Shown
from jwstpipe.requests import MosaicOptions, Weights
from jwstpipe.requests.mosaic import deciding
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.footprint import Footprint
from jwstpipe.sky.frames import lonlat, unit_vectors
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.sky.outlines import outlines_on
from jwstpipe.sky.rotation import SkyRotation

__all__ = ["STAR_FINDER", "MosaicPlan", "with_skies", "with_turns"]

STAR_FINDER = "5"
"""Version of what finds and matches the stars of alignment: in the identity of what is aligned, of nothing else."""


@dataclass(frozen=True, repr=False)
class MosaicPlan(Shown):
    """A mosaic to be made."""

    grid: SkyGrid
    window: Box
    """Part of the plane that the arrays cover: what the inputs cover, or was asked for, from where a tile begins."""

    sources: tuple[Source, ...]
    """Inputs in the order of combination: by name, so that the order on the command line does not matter."""

    options: MosaicOptions
    weights: Weights
    """Weights that all inputs can give."""

    weights_note: str
    """Why they are not those asked for; empty when they are."""

    is_flux: bool
    """Samples are fluxes in a pixel, not brightness on an area of sky."""

    quantity_note: str
    """What was taken for granted about the unit; empty when it is clear."""

    planes: tuple[str, ...]
    """Planes to make."""

    unit: str
    keywords: dict[str, str | float | int | bool]
    """Header keywords on which all inputs agree."""

    tiles: dict[tuple[int, int], tuple[int, ...]]
    """Tiles (ty, tx) with the numbers of the sources that touch them."""

    notes: tuple[str, ...] = field(compare=False)
    """What was mended, chosen or taken for granted about the inputs, for people."""

    outlines: tuple[Footprint, ...] = field(compare=False)
    """Outlines of the sources on the sky."""

    weight_unit: float = 1.0
    """Variance that gives the weight one (see `TileJob`)."""

    wide_errors: bool = False
    """Variances need 64 bits."""

    catalog_name: str = field(default="the catalogue", compare=False)
    """File of the positions to align to, for messages: the options hold what stands in it."""

    years: tuple[float | None, ...] = field(default=(), compare=False)
    """When each input was taken, years; None where its header does not say."""

    together: tuple[int, ...] = field(default=(), compare=False)
    """Number of the group of each input; a group shares the correction of its position."""

    fewer: bool = False
    """The inputs could give more planes than are to be made."""

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """All that decides over the mosaic besides its inputs, as plain JSON values; skies follow from it."""
        versions = {} if self.options.outliers == "none" else {"outliers": OUTLIERS}
        return {
            **versions,
            "grid": self.grid.as_dict(),
            "window": _sides(self.window),
            "weights": self.weights,
            "options": deciding(self.options),
            "wcs": [source.wcs.digest for source in self.sources],
            **({"drizzle": DRIZZLE} if self.options.kernel == "drizzle" else {}),
            **({} if self.options.align == "none" else {"stars": STAR_FINDER}),
            **({} if self.options.background == "none" else {"skies": SKIES}),
            **({"planes": list(self.planes)} if self.fewer else {}),
        }

    @cached_property
    def id(self) -> str:
        """Identity of the mosaic: inputs, their maps and options; matched sky levels follow from them."""
        inputs = [source.product_id for source in self.sources]
        return derived_product_id("mosaic", ALGORITHM, self.parameters, inputs)

    def jobs(self, out: str, *, s3: S3Settings | None = None) -> dict[str, TileJob]:
        """Give the work, tile by tile, for a store at `out`; empty for none."""
        origin = (self.window.y0, self.window.x0)
        found: dict[str, TileJob] = {}
        for tile, numbers in self.tiles.items():
            window = self._tile_window(tile, numbers)
            if window is None:
                continue
            found[f"{tile[0]}_{tile[1]}"] = TileJob(
                out=out,
                tile=tile,
                window=window,
                origin=origin,
                grid=self.grid,
                sources=tuple(self.sources[number] for number in numbers),
                weights=self.weights,
                is_flux=self.is_flux,
                options=self.options,
                planes=self.planes,
                s3=s3 or S3Settings(),
                weight_unit=self.weight_unit,
                wide_errors=self.wide_errors,
            )
        return found

    def _tile_window(self, tile: tuple[int, int], numbers: Sequence[int]) -> Box | None:
        """Cut a tile to its inputs: then it stays what it is when the mosaic grows elsewhere."""
        whole = self.grid.tile_box(tile).intersection(self.window)
        return None if whole is None else Box.around(self.sources[k].box for k in numbers).intersection(whole)

    def facts(self) -> dict[str, object]:
        """Give what a person wants to know first."""
        rows, columns = self.window.shape
        cost = estimate(self, threads=1)
        return {
            "inputs": len(self.sources),
            "size": f"{columns} x {rows} px of {self.grid.scale_arcsec:.4g} arcsec",
            "tiles": len(self.tiles),
            "planes": self.planes,
            "bytes": cost["bytes"],
            "time": f"about {cost['seconds']:.0f} s on one core",
            "memory": f"about {cost['memory_bytes'] / 1e6:.0f} MB",
            "weights": f"{self.weights}{self.weights_note and f' ({self.weights_note})'}",
            "product": self.id,
            "notes": self.notes,
        }

    def summary(self, *, threads: int = 1) -> dict[str, Any]:
        """Tell the size of the work in plain values; time and memory as `estimate` has them."""
        rows, columns = self.window.shape
        cost = estimate(self, threads=threads)
        return {
            "product_id": self.id,
            "inputs": len(self.sources),
            "width": columns,
            "height": rows,
            "scale_arcsec": self.grid.scale_arcsec,
            "centre": list(self.grid.crval),
            "tiles": len(self.tiles),
            "planes": list(self.planes),
            "bytes": cost["bytes"],
            "samples": cost["samples"],
            "estimated_seconds": cost["seconds"],
            "estimated_memory_bytes": cost["memory_bytes"],
            "threads": threads,
            "weights": self.weights,
            "weights_note": self.weights_note,
            "quantity": "flux" if self.is_flux else "surface",
            "quantity_note": self.quantity_note,
            "notes": list(self.notes),
        }


def with_skies(plan: MosaicPlan, skies: Sequence[BackgroundModel]) -> MosaicPlan:
    """Give the sources of a plan the skies to subtract."""
    sources = tuple(replace(source, sky=sky) for source, sky in zip(plan.sources, skies, strict=True))
    return replace(plan, sources=sources)


def with_turns(plan: MosaicPlan, turns: Sequence[SkyRotation | None]) -> MosaicPlan:
    """Give the sources of a plan the corrections of their positions, and find out anew which tiles they touch."""
    outlines = []
    for source, outline, turn in zip(plan.sources, plan.outlines, turns, strict=True):
        if turn is not None:
            vectors = unit_vectors(outline.ra, outline.dec)
            if source.follow is None:
                vectors = turn.apply(vectors)
            else:  # positions are mended among the stars
                vectors = source.follow.apply(turn.apply(source.follow.inverse(vectors)))
            ra, dec = lonlat(vectors)
            outline = replace(outline, ra=ra, dec=dec)  # noqa: PLW2901 - the same outline, moved
        outlines.append(outline)
    names = [source.address for source in plan.sources]
    shapes = outlines_on(plan.grid, outlines, names=names, window=plan.window)
    sources = tuple(
        replace(source, turn=turn, box=bounding_box(shape))
        for source, turn, shape in zip(plan.sources, turns, shapes, strict=True)
    )
    margin = 1.0 if plan.options.outliers == "none" else JUDGED
    tiles = tiles_of(plan.grid, plan.window, shapes, margin=margin)
    return replace(plan, sources=sources, outlines=tuple(outlines), tiles=tiles)


def _sides(box: Box) -> list[int]:
    return [box.y0, box.x0, box.y1, box.x1]
