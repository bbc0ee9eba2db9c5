"""Whether an image store is whole and undamaged: every object that was written, byte by byte."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jwstpipe.errors import StoreError, StoreVersionError
from jwstpipe.images.zarr.digests import Stored
from jwstpipe.images.zarr.image_store import ImageStore, open_image_store
from jwstpipe.images.zarr.manifest import check_object
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.storage import get_bytes, is_remote, s3_filesystem, storage_errors

__all__ = ["StoreCheck", "verify_store"]

AT_ONCE = 4
MOST_NAMED = 5
"""Objects that an error names one by one."""


@dataclass(frozen=True)
class StoreCheck:
    """What was read and found as it was written."""

    address: str
    product_id: str
    """Empty for a picture, which tells it in its description only."""

    objects: int
    bytes: int


def verify_store(address: str | Path, *, s3: S3Settings | None = None, report: Reporter = silent) -> StoreCheck:
    """Read all of an image store and compare it with its manifest.

    Parameters
    ----------
    address
        Image store, local or ``s3://``.
    s3
        Endpoint of an ``s3://`` address.
    report
        Told after each object.

    Raises
    ------
    StoreError
        What is lost, damaged, or there without having been written.
    StoreVersionError
        A store of layout 1, or a picture of an older version, which have no manifest.
    """
    image = open_image_store(address, s3=s3)
    manifest = image.manifest
    if manifest is None:
        raise StoreVersionError(
            f"{address}: of layout {image.layout}, without a manifest, so it cannot be verified; make it anew"
        )
    faults: list[str] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, fault in enumerate(pool.map(partial(_fault, image), manifest.items()), 1):
            faults += [fault] if fault else []
            report(Progress("verify", number, len(manifest), "objects"))
    faults += [f"{key}: not written with the others" for key in _keys(image) if key not in manifest]
    if faults:
        more = f" and {len(faults) - MOST_NAMED:,} more" if len(faults) > MOST_NAMED else ""
        with image.reading():
            raise StoreError(f"{address}: damaged: {'; '.join(faults[:MOST_NAMED])}{more}")
    size = sum(written.size for written in manifest.values())
    return StoreCheck(str(address), str(image.attributes.get("product_id", "")), len(manifest), size)


def _fault(image: ImageStore, item: tuple[str, Stored]) -> str:
    """Say what is wrong with an object; empty when nothing is."""
    key, written = item
    with storage_errors(image.address):
        content = get_bytes(f"{image.address}/{key}", s3=image.s3)
    try:
        sharded = image.has_array(key.partition("/c/")[0])
        chunks = image.chunks_of_a_shard
        check_object(key, content, written, sharded=sharded, name=image.address, chunks=chunks)
    except StoreError as error:
        return str(error).removeprefix(f"{image.address}: ")
    return ""


def _keys(image: ImageStore) -> Iterator[str]:
    """Give the keys of all chunks and shards that stand in the store, but those of the manifest."""
    if is_remote(image.address):
        filesystem = s3_filesystem(image.s3)
        with storage_errors(image.address):
            filesystem.invalidate_cache()
            found = filesystem.find(image.address)
        base = image.address.removeprefix("s3://") + "/"
        keys = sorted(str(path).removeprefix(base) for path in found)
    else:
        root = Path(image.address)
        keys = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    return (key for key in keys if "/c/" in key and not key.startswith("manifest/"))
