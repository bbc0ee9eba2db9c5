"""A file as a local path, wherever it lies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from jwstpipe.settings import S3Settings
from jwstpipe.storage.address import is_remote
from jwstpipe.storage.faults import storage_errors
from jwstpipe.storage.s3 import s3_filesystem

__all__ = ["local_copy"]


@contextmanager
def local_copy(address: str | Path, *, s3: S3Settings | None = None) -> Iterator[Path]:
    """Give a file as it lies, or, of an ``s3://`` address, a copy that lasts as long as the block.

    Raises
    ------
    StorageError
        It cannot be read.
    """
    if not is_remote(address):
        yield Path(address)
        return
    with TemporaryDirectory(prefix="jwstpipe-copy-") as folder:
        path = Path(folder) / PurePosixPath(str(address)).name
        with storage_errors(str(address)):
            s3_filesystem(s3 or S3Settings()).get_file(str(address), str(path))
        yield path
