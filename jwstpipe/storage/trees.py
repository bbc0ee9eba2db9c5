"""Whole products: is it all there, and what are its bytes? A product is one file, or an image store with all inside."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from jwstpipe.errors import ConflictError, NotFoundError
from jwstpipe.settings import S3Settings
from jwstpipe.storage.address import is_remote
from jwstpipe.storage.faults import storage_errors
from jwstpipe.storage.s3 import s3_filesystem
from jwstpipe.storage.store import ObjectStore

__all__ = ["file_digest", "path_digest", "path_size", "product_exists", "require_absent", "tree_digest"]


def product_exists(store: ObjectStore, storage_key: str, file_format: str | None) -> bool:
    """Tell whether the bytes of a product are there: a file, or an image store with its root metadata."""
    return store.exists(f"{storage_key}/zarr.json" if file_format == "zarr" else storage_key)


def tree_digest(store: ObjectStore, storage_key: str) -> str:
    """Take the SHA-256 of a file, or of all files under a prefix together with their names; piece by piece.

    Raises
    ------
    NotFoundError
        Nothing stands there.
    """
    names = store.list(storage_key)
    if not names:
        raise NotFoundError(f"{store.url(storage_key)}: not found; make it again")
    if names == [storage_key]:
        return _object_digest(store, storage_key)
    return _combined((name.removeprefix(f"{storage_key}/"), _object_digest(store, name)) for name in names)


def path_digest(path: Path) -> str:
    """Take the digest of a local file or folder, as `tree_digest` does of one in a store."""
    if not path.is_dir():
        return file_digest(path)
    parts = sorted(part.relative_to(path).as_posix() for part in path.rglob("*") if part.is_file())
    return _combined((name, file_digest(path / name)) for name in parts)


def path_size(path: Path) -> int:
    """Give the bytes of a local file, or of all files of a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(part.stat().st_size for part in files if part.is_file())


def file_digest(path: Path) -> str:
    """Take the SHA-256 of a local file."""
    with storage_errors(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _object_digest(store: ObjectStore, key: str) -> str:
    digest = hashlib.sha256()
    for piece in store.pieces(key):
        digest.update(piece)
    return digest.hexdigest()


def _combined(parts: Iterable[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for name, inner in parts:
        digest.update(f"{name} {inner}\n".encode())
    return digest.hexdigest()


def require_absent(target: str | Path, *, s3: S3Settings | None = None) -> None:
    """Refuse to write over a file.

    Raises
    ------
    ConflictError
        It is there already.
    """
    there = s3_filesystem(s3 or S3Settings()).exists(str(target)) if is_remote(target) else Path(target).exists()
    if there:
        raise ConflictError(f"{target}: already there; choose another name or use --overwrite")
