"""Tiles that an earlier mosaic has already: the same job gives the same samples, so they are copied, not computed."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from jwstpipe.errors import StoreError
from jwstpipe.images.zarr.digests import Stored
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.images.zarr.manifest import check_object
from jwstpipe.images.zarr.writer import ImageWriter, shard_key
from jwstpipe.mosaicking.tile import TileReceipt, run_tile
from jwstpipe.mosaicking.tile_job import TileJob
from jwstpipe.settings import S3Settings
from jwstpipe.sky.grid import TILE, SkyGrid
from jwstpipe.storage import copy_object, get_bytes, is_remote, put_bytes

if TYPE_CHECKING:
    from jwstpipe.images.exporting.tiles import FitsTiles
    from jwstpipe.mosaicking.halved_tiles import HalvedTiles

__all__ = ["Earlier", "FilledTile", "fill_tile", "known_tiles", "shard_of", "tile_records", "with_known_corner"]


@dataclass(frozen=True)
class Earlier:
    """A tile of an earlier mosaic."""

    address: str
    """Its store."""

    shard: tuple[int, int]
    receipt: TileReceipt
    """With the shards of the earlier store, by its manifest."""


@dataclass(frozen=True)
class FilledTile:
    """A tile to fill, and where it stands already, if it does."""

    job: TileJob
    earlier: Earlier | None
    fits: "FitsTiles | None" = None
    """FITS file of this process that is filled too; for tiles that are computed."""

    halved: "HalvedTiles | None" = None
    """Makes the first levels of the store, of tiles that are computed in this process."""

    writer: ImageWriter | None = None
    """Writes the store, of tiles that are computed in this process: they need not wait for what they wrote."""


def tile_records(receipts: Mapping[str, TileReceipt]) -> dict[str, dict[str, Any]]:
    """Write receipts for the attributes of a mosaic; nothing in them depends on when or how fast it was made."""
    left_out = ("tile", "seconds", "reused", "stored")
    return {
        key: {name: value for name, value in asdict(receipt).items() if name not in left_out}
        for key, receipt in receipts.items()
    }


def with_known_corner(grid: SkyGrid, earlier: Iterable[Mapping[str, Any]]) -> SkyGrid:
    """Lay out a plane as the first of earlier mosaics that lies on it, so that their tiles can be taken.

    Parameters
    ----------
    grid
        The plane.
    earlier
        Planes of earlier mosaics, as `SkyGrid.as_dict` wrote them.
    """
    for values in earlier:
        found = SkyGrid.from_dict(dict(values))
        if found.tile_corner is not None and replace(found, tile_corner=grid.tile_corner) == grid:
            return found
    return grid


def known_tiles(image: ImageStore) -> dict[str, Earlier]:
    """List the tiles of a mosaic by the id of their job; none for an image that is no mosaic, or has no manifest."""
    if image.grid is None or image.manifest is None:
        return {}
    grid, box = image.grid
    found = {}
    for key, record in image.provenance.get("tiles", {}).items():
        if "job_id" not in record:  # a mosaic of an older version
            continue
        ty, tx = (int(part) for part in key.split("_"))
        values = {**record, "sources": tuple(record["sources"])}
        shard = shard_of(grid, (ty, tx), (box.y0, box.x0))
        keys = [shard_key(plane, shard) for plane in image.planes]
        stored = {key: image.manifest[key] for key in keys if key in image.manifest}
        receipt = TileReceipt(tile=(ty, tx), seconds=0.0, reused=True, stored=stored, **values)
        found[receipt.job_id] = Earlier(image.address, shard, receipt)
    return found


def fill_tile(work: FilledTile) -> TileReceipt:
    """Copy a tile from an earlier mosaic, or compute it: also where a shard of the earlier one is lost or damaged.

    Raises
    ------
    JwstPipeError
        As `run_tile`.
    """
    if work.earlier is None:
        return run_tile(work.job, fits=work.fits, halved=work.halved, writer=work.writer)
    job, earlier = work.job, work.earlier
    shard, stored = shard_of(job.grid, job.tile, job.origin), {}
    if work.halved is not None:
        work.halved.leave(shard)
    for plane in job.planes:
        old, new = shard_key(plane, earlier.shard), shard_key(plane, shard)
        written = earlier.receipt.stored.get(old)
        if written is None:
            continue
        try:
            _copy(f"{earlier.address}/{old}", f"{job.out}/{new}", written, job.s3)
        except StoreError:
            return run_tile(job)
        stored[new] = written
    return replace(earlier.receipt, tile=job.tile, stored=stored)


def shard_of(grid: SkyGrid, tile: tuple[int, int], origin: tuple[int, int]) -> tuple[int, int]:
    """Give the shard of a tile in arrays whose first pixel is the plane pixel `origin` (y, x)."""
    box = grid.tile_box(tile)
    return (box.y0 - origin[0]) // TILE, (box.x0 - origin[1]) // TILE


def _copy(source: str, target: str, written: Stored, s3: S3Settings) -> None:
    """Take a shard over, after a look at all of its bytes."""
    content = get_bytes(source, s3=s3)
    check_object(source, content, written, sharded=True, name="reuse")
    if is_remote(source) or is_remote(target):
        put_bytes(target, content or b"", s3=s3)
    else:
        copy_object(source, target, s3=s3)
