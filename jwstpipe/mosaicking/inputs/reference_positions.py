"""True positions that a mosaic is aligned to: out of a table, with proper motions, or the stars of another image."""

from collections.abc import Sequence

from jwstpipe.analysis.catalogues.astrometry import reference_text
from jwstpipe.errors import JwstPipeError, NoCoverageError
from jwstpipe.images.open import find_image
from jwstpipe.mosaicking.inputs.sources import InspectJob, inspect
from jwstpipe.settings import S3Settings

__all__ = ["reference_positions"]


def reference_positions(address: str, *, reject_dq: Sequence[str], s3: S3Settings) -> str:
    """Give the positions as the text that stands for them in a product's parameters: CSV, every digit.

    Parameters
    ----------
    address
        A table (`reference_text`), or an image: then its stars are the reference, so that mosaics of several filters
        lie on one another.
    reject_dq
        Flags of the image's pixels that take no part.
    s3
        Endpoint of an ``s3://`` image.

    Raises
    ------
    NotFoundError, DataError
        Neither.
    NoCoverageError
        An image without stars.
    """
    if not _is_image(address, s3):
        return reference_text(address)
    from jwstpipe.mosaicking.astrometry.star_finder import DetectJob, detect  # noqa: PLC0415 - scipy

    source = inspect(InspectJob(address, s3))[0].source
    found = detect(DetectJob(source, tuple(reject_dq), s3))
    if not len(found.ra):
        raise NoCoverageError(f"{address}: has no star that others could be aligned to; give another image or a table")
    rows = zip(found.ra.tolist(), found.dec.tolist(), strict=True)
    return "\n".join(["ra,dec", *(f"{ra!r},{dec!r}" for ra, dec in rows), ""])


def _is_image(address: str, s3: S3Settings) -> bool:
    """Tell an image from a table: FITS files may be either."""
    name = address.lower().partition("[")[0]
    if name.endswith(".zarr"):
        return True
    if not name.endswith((".fits", ".fits.gz", ".fits.bz2")):
        return False
    try:
        find_image(address, s3=s3)
    except JwstPipeError:  # who reads it as a table says what is wrong with it
        return False
    return True
