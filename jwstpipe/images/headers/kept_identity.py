"""The id of a FITS file that follows from its content: taken once, and known as long as the file is what it was.

Every mosaic begins with the digests of its inputs, 0.7 s a gigabyte; the next one of the same files begins at once.
"""

from pathlib import Path

from jwstpipe import __version__
from jwstpipe.fits.readers.block_cache import default_folder
from jwstpipe.fits.readers.range_reader import RangeReader
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.headers.content_id import content_id
from jwstpipe.images.headers.content_key import content_key
from jwstpipe.settings import S3Settings
from jwstpipe.storage.kept_arrays import KeptArrays

__all__ = ["kept_content_id"]

_FORM = 1
"""Changes with what `content_id` takes in."""


def kept_content_id(image: FitsImage, *, s3: S3Settings | None = None) -> str:
    """Give the `content_id` of a file, which is not read again while its `content_key` is the same, on S3 its ETag.

    Parameters
    ----------
    image
        The file.
    s3
        Its ``cache`` is where ids are kept, for this user alone; with no ``cache_mb`` none are.
    """
    known = s3 or S3Settings()
    before = _key(image) if known.cache_mb else None
    if before is None:
        return content_id(image)
    kept = KeptArrays(Path(known.cache or default_folder()) / "identities", known.cache_mb << 20)
    key = {"form": _FORM, "version": __version__, "content": before, "wcs": image.image_wcs.digest}
    entry = kept.get(key)
    if entry is not None:
        return str(entry.facts["id"])
    found = content_id(image)
    if _key(image) == before:  # and not one that was written while it was read
        kept.put(key, facts={"id": found})
    return found


def _key(image: FitsImage) -> str | None:
    """Tell what a file is; None where that cannot be trusted."""
    return image.reader.version if isinstance(image.reader, RangeReader) else content_key(image)
