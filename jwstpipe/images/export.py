"""Zarr to FITS: the file that an image came from, byte for byte, or a mosaic as a FITS file of its own."""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jwstpipe.images.exporting.pieces import OF_THE_ARCHIVE, fits_pieces
from jwstpipe.images.exporting.pipeline import write_pieces
from jwstpipe.images.open import open_store_image
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.images.zarr.verify_store import verify_store
from jwstpipe.notebook import Shown
from jwstpipe.settings import S3Settings
from jwstpipe.storage import aside, is_remote, require_absent, s3_filesystem, writing_errors

__all__ = ["ExportReceipt", "export", "write_fits"]


@dataclass(frozen=True, repr=False)
class ExportReceipt(Shown):
    """What an export wrote."""

    address: str
    size: int
    """Bytes."""

    sha256: str
    identical: bool
    """The same bytes as the file that the image was made from."""

    unpacked: bool
    """The same bytes as the unpacked content of that file, which was compressed (gzip, bzip2, fpack)."""

    omitted: tuple[str, ...]
    """HDUs of that file that the image does not hold."""

    seconds: float

    def facts(self) -> dict[str, object]:
        """Give what a person wants to know first."""
        same = "the same bytes as the file that it came from"
        return {
            "address": self.address,
            "size": f"{self.size:,} bytes",
            "sha256": self.sha256,
            "identical": same if self.identical else f"{same}, unpacked" if self.unpacked else None,
            "left out": self.omitted,
            "took": f"{self.seconds:.1f} s",
        }


def export(
    source: str | Path, target: str | Path, *, overwrite: bool = False, s3: S3Settings | None = None
) -> ExportReceipt:
    """Write an image store as FITS.

    Parameters
    ----------
    source
        Image store, local or ``s3://``.
    target
        FITS file to write, local or ``s3://``.
    overwrite
        Replace a file that stands at `target`.
    s3
        Endpoint of ``s3://`` addresses.

    Returns
    -------
    ExportReceipt
        For an image converted with all its HDUs, `identical` says that the bytes are those of the original.

    Raises
    ------
    StoreError
        `source` is no image store, or damaged: a file with all HDUs that does not come back has its store verified.
    ConflictError
        `target` is there already.
    StorageError
        `target` cannot be written.
    """
    started = time.perf_counter()
    image = open_store_image(source, s3=s3)
    size, digest = _written(image, target, overwrite=overwrite, s3=s3, digest=True)
    fits = image.attributes["fits"]
    return ExportReceipt(
        address=str(target),
        size=size,
        sha256=digest,
        identical=digest == fits.get("sha256") and not fits.get("packed", False),
        unpacked=digest == fits.get("sha256") and bool(fits.get("packed", False)),
        omitted=tuple(fits.get("omitted", ())),
        seconds=round(time.perf_counter() - started, 3),
    )


def write_fits(
    source: str | Path, target: str | Path, *, overwrite: bool = False, s3: S3Settings | None = None
) -> int:  # fmt: skip
    """Write the same file as `export`, give its bytes, and take no digest: where nobody is told of it.

    Raises
    ------
    JwstPipeError
        As `export`.
    """
    return _written(open_store_image(source, s3=s3), target, overwrite=overwrite, s3=s3, digest=False)[0]


def _written(
    image: ImageStore, target: str | Path, *, overwrite: bool, s3: S3Settings | None, digest: bool
) -> tuple[int, str]:  # fmt: skip
    if not overwrite:
        require_absent(target, s3=s3)
    filesystem = _filesystem(target, s3)
    if filesystem is None:
        with aside(Path(target)) as partial, partial.open("wb") as stream:
            size, found = write_pieces(stream, fits_pieces(image), digest=digest)
            _require_original(image, found, s3)
            os.fsync(stream.fileno())
    else:
        with tempfile.NamedTemporaryFile() as stream, writing_errors(target):
            size, found = write_pieces(stream, fits_pieces(image), digest=digest)
            _require_original(image, found, s3)
            stream.flush()
            filesystem.put_file(stream.name, str(target))
    return size, found


def _require_original(image: ImageStore, digest: str, s3: S3Settings | None) -> None:
    """Look for the damage where a converted file, kept with all its HDUs, does not come back.

    A shard of another image or plane is whole in itself, so that reading it finds nothing. Older stores did not keep
    what fills the last blocks: those are right, and only not the same bytes.
    """
    told = image.attributes["fits"]
    whole = image.provenance.get("operation") in OF_THE_ARCHIVE and not told.get("omitted")
    if whole and digest != told.get("sha256") and image.manifest is not None:
        verify_store(image.address, s3=s3)


def _filesystem(target: str | Path, s3: S3Settings | None) -> Any:
    return s3_filesystem(s3 or S3Settings()) if is_remote(target) else None
