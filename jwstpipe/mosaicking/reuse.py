"""Tiles that an earlier mosaic has already: the same job gives the same samples, so they are copied, not computed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.images.zarr.layout import array_path
from jwstpipe.mosaicking.tile import TileReceipt, run_tile
from jwstpipe.mosaicking.tile_job import TileJob
from jwstpipe.settings import S3Settings
from jwstpipe.sky.grid import TILE
from jwstpipe.storage import copy_object

__all__ = ["Earlier", "FilledTile", "fill_tile", "known_tiles", "tile_records"]


@dataclass(frozen=True)
class Earlier:
    """A tile of an earlier mosaic."""

    address: str
    """Its store."""

    shard: tuple[int, int]
    receipt: TileReceipt


@dataclass(frozen=True)
class FilledTile:
    """A tile to fill, and where it stands already, if it does."""

    job: TileJob
    earlier: Earlier | None


def tile_records(receipts: Mapping[str, TileReceipt]) -> dict[str, dict[str, Any]]:
    """Write receipts for the attributes of a mosaic; nothing in them depends on when or how fast it was made."""
    left_out = ("tile", "seconds", "reused")
    return {
        key: {name: value for name, value in asdict(receipt).items() if name not in left_out}
        for key, receipt in receipts.items()
    }


def known_tiles(image: ImageStore) -> dict[str, Earlier]:
    """List the tiles of a mosaic by the id of their job; none for an image that is no mosaic."""
    if image.grid is None:
        return {}
    box = image.grid[1]
    found = {}
    for key, record in image.provenance.get("tiles", {}).items():
        if "job_id" not in record:  # a mosaic of an older version
            continue
        ty, tx = (int(part) for part in key.split("_"))
        values = {**record, "sources": tuple(record["sources"])}
        receipt = TileReceipt(tile=(ty, tx), seconds=0.0, reused=True, **values)
        found[receipt.job_id] = Earlier(image.address, (ty - box.y0 // TILE, tx - box.x0 // TILE), receipt)
    return found


def fill_tile(work: FilledTile) -> TileReceipt:
    """Copy a tile from an earlier mosaic, or compute it.

    Raises
    ------
    JwstPipeError
        As `run_tile`.
    """
    if work.earlier is None:
        return run_tile(work.job)
    job, (row, column) = work.job, work.earlier.shard
    new_row, new_column = job.tile[0] - job.origin[0] // TILE, job.tile[1] - job.origin[1] // TILE
    for plane in job.planes:
        path = array_path(plane)
        _copy(f"{work.earlier.address}/{path}/c/{row}/{column}", f"{job.out}/{path}/c/{new_row}/{new_column}", job.s3)
    return replace(work.earlier.receipt, tile=job.tile)


def _copy(source: str | Path, target: str | Path, s3: S3Settings) -> None:
    copy_object(str(source), str(target), s3=s3)
