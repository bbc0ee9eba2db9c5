"""Images as jobs carry them: an address that each worker opens, or an image in memory that is there already."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, overload

from numpy.typing import NDArray

from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import open_image
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.wcs.image_wcs import ImageWcs

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = ["ImageRef", "PixelSource", "SourceRef", "opened", "reference_of"]


class PixelSource(Protocol):
    """What a measurement asks of an image: the part of `SkyImage` that images made on the way have, too."""

    @property
    def address(self) -> str:
        """Where it is, or its name."""
        ...

    @property
    def name(self) -> str:
        """Name for people."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        ...

    @property
    def planes(self) -> tuple[str, ...]:
        """Names of its planes."""
        ...

    @property
    def header(self) -> "Header":
        """Header of the science plane: its unit."""
        ...

    @property
    def image_wcs(self) -> ImageWcs:
        """Where it lies on the sky."""
        ...

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window of one plane, as `SkyImage.read`."""
        ...


ImageRef = str | SkyImage
"""An address, or an image without one."""

SourceRef = str | PixelSource
"""The same, or an image made on the way."""


@overload
def opened(image: ImageRef | Path, *, s3: S3Settings | None = None) -> SkyImage: ...
@overload
def opened(image: SourceRef | Path, *, s3: S3Settings | None = None) -> PixelSource: ...
def opened(image: SourceRef | Path, *, s3: S3Settings | None = None) -> PixelSource:
    """Open what an address means; an image is given back as it is."""
    return open_image(image, s3=s3) if isinstance(image, str | Path) else image


@overload
def reference_of(image: ImageRef | Path, opened_image: SkyImage) -> ImageRef: ...
@overload
def reference_of(image: SourceRef | Path, opened_image: PixelSource) -> SourceRef: ...
def reference_of(image: SourceRef | Path, opened_image: PixelSource) -> SourceRef:
    """Give what a job shall carry: addresses travel, and so do images that have none."""
    return opened_image.address if isinstance(image, str | Path) else image
