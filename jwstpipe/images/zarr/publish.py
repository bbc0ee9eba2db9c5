"""How an image store comes to stand under its name: whole or not at all.

A local image is made beside its place and renamed; on S3, where nothing can be renamed, its root metadata come last.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec

from jwstpipe.errors import ConflictError, NotFoundError, StoreError
from jwstpipe.images.zarr.image_store import ImageStore, open_image_store
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.settings import S3Settings
from jwstpipe.storage import aside, is_remote, s3_options, writing_errors

__all__ = ["existing_product", "new_image"]


def existing_product(target: str | Path, *, s3: S3Settings | None = None) -> ImageStore | None:
    """Open what stands at an address, or None where nothing does.

    Raises
    ------
    ConflictError
        Something that is no image store.
    """
    if not is_remote(target) and not Path(target).exists():
        return None
    try:
        return open_image_store(target, s3=s3)
    except (StoreError, NotFoundError):
        if is_remote(target):  # a prefix without root metadata is an attempt that died: it may be written again
            return None
        raise ConflictError(f"{target}: exists and is no image store; choose another name") from None


@contextmanager
def new_image(target: str | Path, *, s3: S3Settings | None = None) -> Iterator[ImageWriter]:
    """Give a writer for an image that appears at `target` when the block ends well.

    Raises
    ------
    StorageError
        `target` cannot be written.
    """
    if not is_remote(target):
        with aside(Path(target)) as partial:
            yield ImageWriter(partial)
            for left in partial.rglob(".*.partial"):  # of workers that were killed in the middle of a shard
                left.unlink(missing_ok=True)
        return
    filesystem = fsspec.filesystem("s3", **s3_options(s3 or S3Settings()))
    with writing_errors(target):
        if filesystem.exists(str(target)):
            filesystem.rm(str(target), recursive=True)
    try:
        yield ImageWriter(target, s3=s3)
    except (Exception, KeyboardInterrupt):
        with writing_errors(target):
            filesystem.rm(str(target), recursive=True)
        raise
