"""Open any image: a FITS file or an image store, told apart by what they are, not by their names."""

from pathlib import Path

from jwstpipe.errors import NotFoundError, StoreError
from jwstpipe.images.fits_image import FitsImage, open_fits
from jwstpipe.images.virtual import source_of_references
from jwstpipe.images.zarr.image_store import ImageStore, open_image_store
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote

__all__ = ["open_image"]


def open_image(address: str | Path, *, s3: S3Settings | None = None) -> FitsImage | ImageStore:
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
    """
    if not is_remote(address):
        path = Path(address)
        if not path.exists():
            raise NotFoundError(f"{path}: no such file or image; check the path")
        if path.suffix == ".json" and path.is_file():
            return open_fits(source_of_references(path.read_bytes(), name=str(path)), s3=s3)
        return open_image_store(path, s3=s3) if path.is_dir() else open_fits(path, s3=s3)
    if str(address).rstrip("/").endswith(".zarr"):
        return open_image_store(address, s3=s3)
    try:
        return open_fits(address, s3=s3)
    except NotFoundError:
        try:
            return open_image_store(address, s3=s3)
        except StoreError:
            raise NotFoundError(f"{address}: no such file or image; check the address") from None
