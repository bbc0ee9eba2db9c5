"""How an image store comes to stand under its name: whole or not at all, and never without the one that it replaces.

A local image is made beside its place and put there in one step (`aside`). On S3 its root metadata come last, and an
image that takes the place of another one is made beside it first (see `remote_replace`).
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jwstpipe.errors import ConflictError, NotFoundError, StorageError, StoreError
from jwstpipe.images.zarr.image_store import ImageStore, open_image_store
from jwstpipe.images.zarr.remote_replace import (
    ROOT,
    check_only_ours,
    replace_remote,
    settle_remote,
    staged_beside,
)
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.settings import S3Settings
from jwstpipe.storage import RemoteTree, aside, is_remote, settle, writing_errors

__all__ = ["existing_product", "new_image"]


def existing_product(target: str | Path, *, s3: S3Settings | None = None) -> ImageStore | None:
    """Open what stands at an address, or None where nothing does.

    What a killed process left there is finished or swept first.

    Raises
    ------
    ConflictError
        Something that is no image store.
    """
    if is_remote(target):
        return _existing_remote(RemoteTree(str(target).rstrip("/"), s3 or S3Settings()))
    settle(Path(target).parent)
    if not Path(target).exists():
        return None
    try:
        return open_image_store(target)
    except (StoreError, NotFoundError):
        raise ConflictError(f"{target}: exists and is no image store; choose another name") from None


def _looked(tree: RemoteTree) -> bool:
    """Tell whether an image stands at an address; what killed processes left there is finished or swept."""
    with writing_errors(tree.address):
        settle_remote(tree)
        keys = tree.list_keys()
        check_only_ours(tree, keys)
        if ROOT in keys:
            return True
        tree.delete(keys)  # an attempt that died
        return False


def _existing_remote(tree: RemoteTree) -> ImageStore | None:
    if not _looked(tree):
        return None
    try:
        return open_image_store(tree.address, s3=tree.s3)
    except (StoreError, NotFoundError):
        raise ConflictError(f"{tree.address}: exists and is no image store; choose another name") from None


@contextmanager
def new_image(target: str | Path, *, s3: S3Settings | None = None, stands: bool | None = None) -> Iterator[ImageWriter]:
    """Give a writer for an image that appears at `target` when the block ends well, in the place of what stood there.

    Parameters
    ----------
    target
        Local path or ``s3://`` URL.
    s3
        Endpoint of an ``s3://`` address.
    stands
        Whether an image stands there, as `existing_product` has told a moment ago; None = look.

    Raises
    ------
    ConflictError
        Objects that belong to no image store stand at an ``s3://`` target.
    StorageError
        `target` cannot be written.
    """
    if is_remote(target):
        yield from _new_remote(RemoteTree(str(target).rstrip("/"), s3 or S3Settings()), stands)
        return
    with aside(Path(target)) as partial:
        yield ImageWriter(partial)
        for left in partial.rglob(".*.partial"):  # of workers that were killed in the middle of a shard
            left.unlink(missing_ok=True)


def _new_remote(target: RemoteTree, stands: bool | None) -> Iterator[ImageWriter]:  # noqa: FBT001 - as `new_image`
    replaces = _looked(target) if stands is None else stands
    made = staged_beside(target.address, target.s3) if replaces else target
    writer = ImageWriter(made.address, s3=target.s3, behind=True)
    try:
        yield writer
        if replaces:
            with writing_errors(target.address):
                replace_remote(made, target)
    except (Exception, KeyboardInterrupt):
        with suppress(StorageError):  # what is still on its way must be there before it is swept
            writer.wait()
        with writing_errors(target.address):
            if replaces:
                settle_remote(target)
            else:
                made.delete(made.list_keys())
        raise
