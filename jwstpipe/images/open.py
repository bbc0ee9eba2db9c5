"""Open any image: a FITS file or an image store, told apart by what they are, not by their names."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from jwstpipe.errors import NotFoundError, StoreError
from jwstpipe.images.fits_image import FitsImage, open_fits
from jwstpipe.images.present import require_present
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote
from jwstpipe.storage.bounded import read_document

if TYPE_CHECKING:  # what reads stores is loaded with the first of them
    from jwstpipe.images.zarr.image_store import ImageStore

__all__ = ["find_image", "log_notes", "open_image", "open_store_image"]

MOST_REFERENCES = 256 << 20
"""Largest store of references, bytes."""

log = logging.getLogger(__name__)


def open_image(address: str | Path, *, s3: S3Settings | None = None) -> "FitsImage | ImageStore":
    """Open an image for windowed reading.

    Parameters
    ----------
    address
        FITS file or image store, local or ``s3://``; or a local store of references (``.json``), which is followed
        to its FITS file.
    s3
        Endpoint of an ``s3://`` address.

    Raises
    ------
    NotFoundError
        Nothing stands there.
    FitsError, StoreError
        What stands there is not an image.

    What was mended in its header, and which of several images of a file was taken, is logged as a warning.

    Examples
    --------
    >>> image = jwstpipe.open_image("f200w.zarr")
    >>> str(image.unit), image.planes[0]
    ('MJy / sr', 'sci')
    >>> image[:100, :200].sci.shape
    (100, 200)
    """
    image = find_image(address, s3=s3)
    log_notes(image)
    return image


def log_notes(image: "FitsImage | ImageStore") -> None:
    """Log as warnings what was mended or chosen when an image was opened."""
    for note in image.notes:
        log.warning("%s: %s", image.address, note)


def find_image(address: str | Path, *, s3: S3Settings | None = None) -> "FitsImage | ImageStore":
    """Open an image (see `open_image`) and leave it to the caller to tell its notes."""
    if not is_remote(address):
        require_present(address)
        path = Path(address)
        if not path.exists():  # one image of a file that exists
            return open_fits(address, s3=s3)
        if path.suffix == ".json" and path.is_file():
            from jwstpipe.images.virtual import source_of_references  # noqa: PLC0415 - seldom, and zarr with it

            return open_fits(source_of_references(read_document(path, most=MOST_REFERENCES), name=str(path)), s3=s3)
        return open_store_image(path, s3=s3) if path.is_dir() else open_fits(path, s3=s3)
    if str(address).rstrip("/").endswith(".zarr"):
        return open_store_image(address, s3=s3)
    try:
        return open_fits(address, s3=s3)
    except NotFoundError:
        try:
            return open_store_image(address, s3=s3)
        except StoreError:
            raise NotFoundError(f"{address}: no such file or image; check the address") from None


def open_store_image(address: str | Path, *, s3: S3Settings | None = None) -> "ImageStore":
    """Open an image store of something measured (see `open_image_store`).

    Raises
    ------
    StoreError
        A finished picture in that form: its colours are no measurements.
    """
    from jwstpipe.images.zarr.image_store import open_image_store  # noqa: PLC0415 - see above

    image = open_image_store(address, s3=s3)
    if image.attributes.get("kind") == "picture":
        raise StoreError(
            f"{address}: a finished picture of three colours, not an image; give the images that it was made of"
            " (jwstpipe lineage names them)"
        )
    return image
