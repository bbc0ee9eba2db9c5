"""`MosaicReceipt`: what is told of a mosaic that was made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.mosaicking.tile import TileReceipt
from jwstpipe.mosaicking.warp.sample_digest import mosaic_digest
from jwstpipe.notebook import Shown

if TYPE_CHECKING:
    from jwstpipe.mosaicking.astrometry.align import Alignment
    from jwstpipe.mosaicking.background.match import Match

__all__ = ["PASSING", "MosaicReceipt", "receipt_of", "standing_receipt"]

PASSING = ("address", "seconds", "reused", "tiles_reused")
"""Fields of a receipt that tell of one run, not of the product."""


@dataclass(frozen=True, repr=False)
class MosaicReceipt(Shown):
    """What was made."""

    address: str
    product_id: str
    shape: tuple[int, int]
    """Rows and columns of the arrays, and of a FITS file of the mosaic."""

    planes: tuple[str, ...]
    levels: int
    tiles: int
    tiles_reused: int
    """Tiles that were taken from an earlier mosaic."""

    pixels: int
    """Pixels with data."""

    weights: str
    weights_note: str
    quantity: str
    """surface or flux: whether samples changed with the area of pixels."""

    quantity_note: str
    background: dict[str, Any] | None
    """What background matching found, see `Match.report`."""

    alignment: dict[str, Any] | None
    """What alignment found, see `Alignment.report`."""

    max_map_error: float
    """Largest error of the interpolated pixel maps, input pixels."""

    clipped: int
    """Samples rejected as outliers."""

    digest: str
    """Of all samples, the same for the same mosaic however it was made."""

    fits: str | None
    seconds: float
    reused: bool
    """The same mosaic stood there already and was left as it is."""

    notes: tuple[str, ...] = ()
    """What was mended, chosen or taken for granted about the inputs."""

    def facts(self) -> dict[str, object]:
        """Give what a person wants to know first."""
        return {
            "address": self.address,
            "fits": self.fits,
            "size": f"{self.shape[1]} x {self.shape[0]} px",
            "planes": self.planes,
            "with data": f"{self.pixels / max(self.shape[0] * self.shape[1], 1):.1%} of its pixels",
            "weights": f"{self.weights}{self.weights_note and f' ({self.weights_note})'}",
            "outliers": self.clipped or None,
            "product": self.product_id,
            "took": "nothing, it stood there" if self.reused else f"{self.seconds:.1f} s",
            "notes": self.notes,
        }


def receipt_of(
    plan: MosaicPlan,
    out: str,
    tiles: Sequence[TileReceipt],
    levels: int,
    match: "Match | None",
    alignment: "Alignment | None",
    seconds: float,
) -> MosaicReceipt:
    """Give the receipt of a mosaic that was just made."""
    return MosaicReceipt(
        address=out,
        product_id=plan.id,
        shape=plan.window.shape,
        planes=plan.planes,
        levels=levels,
        tiles=len(tiles),
        tiles_reused=sum(tile.reused for tile in tiles),
        pixels=sum(tile.pixels for tile in tiles),
        weights=plan.weights,
        weights_note=plan.weights_note,
        quantity="flux" if plan.is_flux else "surface",
        quantity_note=plan.quantity_note,
        background=None if match is None else match.report(),
        alignment=None if alignment is None else alignment.report(),
        max_map_error=max(tile.max_map_error for tile in tiles),
        clipped=sum(tile.clipped for tile in tiles),
        digest=mosaic_digest((tile.tile, tile.digest) for tile in tiles),
        fits=None,
        seconds=round(seconds, 3),
        reused=False,
        notes=(*plan.notes, *((match.note,) if match is not None and match.note else ())),
    )


def standing_receipt(standing: ImageStore, out: str) -> MosaicReceipt:
    """Give the receipt of a mosaic that is there already."""
    found = {**standing.provenance["receipt"], "address": out, "seconds": 0.0, "reused": True}
    found["tiles_reused"] = found["tiles"]
    lists = {key: tuple(found.get(key, ())) for key in ("shape", "planes", "notes")}
    return MosaicReceipt(**{**found, **lists})
