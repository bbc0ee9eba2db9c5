"""`Place`: where a product stands or is put, in the store or anywhere else."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import DataError
from jwstpipe.settings import S3Settings
from jwstpipe.storage import ObjectStore, aside, is_remote, path_digest, product_exists, tree_digest

__all__ = ["Place", "address_of"]


def address_of(record: ProductRecord, store: ObjectStore) -> str | None:
    """Tell where the bytes of a product are: under its key in the store, or where its record says; None = nowhere."""
    if record.storage_key is not None:
        return store.url(record.storage_key)
    uri = record.uri or ""
    if uri.startswith("file://"):
        return unquote(urlsplit(uri).path)
    return uri if is_remote(uri) else None


@dataclass(frozen=True)
class Place:
    """An address for one product: a file, or an image store."""

    address: str
    """Local path or ``s3://``."""

    s3: S3Settings = field(default_factory=S3Settings)

    @property
    def name(self) -> str:
        """The last part of the address."""
        return self.address.rstrip("/").rpartition("/")[2]

    @property
    def form(self) -> str:
        """Ending of the name, as ``.zarr``."""
        return Path(self.name).suffix.lower()

    def exists(self) -> bool:
        """Tell whether a whole product is there."""
        if is_remote(self.address):
            return product_exists(self._store(), self.name, "zarr" if self.form == ".zarr" else None)
        return (Path(self.address, "zarr.json") if self.form == ".zarr" else Path(self.address)).exists()

    def digest(self) -> str:
        """Take the SHA-256 of the file, or of all files of an image store with their names."""
        return tree_digest(self._store(), self.name) if is_remote(self.address) else path_digest(Path(self.address))

    def take(self, made: Path) -> None:
        """Put what was made there, whole; what stood there is replaced.

        Raises
        ------
        DataError
            A folder that is to go to S3: nothing puts it there as a whole.
        """
        if is_remote(self.address):
            if made.is_dir():
                raise DataError(f"{self.address}: an image store is not copied to S3 as a whole; give a local path")
            self._store().put_file(made, self.name)
            return
        Path(self.address).parent.mkdir(parents=True, exist_ok=True)
        with aside(Path(self.address)) as partial:
            shutil.move(made, partial)

    def _store(self) -> ObjectStore:
        return ObjectStore(self.address.rstrip("/").rpartition("/")[0], self.s3)
