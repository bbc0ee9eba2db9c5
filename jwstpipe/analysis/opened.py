"""Images as jobs carry them: an address that each worker opens, or an image in memory that is there already."""

from pathlib import Path

from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import open_image
from jwstpipe.settings import S3Settings

__all__ = ["ImageRef", "opened", "reference_of"]

ImageRef = str | SkyImage
"""An address, or an image without one."""


def opened(image: ImageRef | Path, *, s3: S3Settings | None = None) -> SkyImage:
    """Open what an address means; an image is given back as it is."""
    return open_image(image, s3=s3) if isinstance(image, str | Path) else image


def reference_of(image: ImageRef | Path, opened_image: SkyImage) -> ImageRef:
    """Give what a job shall carry: addresses travel, and so do images that have none."""
    return opened_image.address if isinstance(image, str | Path) else image
