"""`SkyImage`: what every image offers, whether it is a FITS file or an image store."""

from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from jwstpipe.images.masked_image import MaskedImage
from jwstpipe.sky.box import Box

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from astropy.units import UnitBase

    from jwstpipe.sky.wcs.image_wcs import ImageWcs
    from jwstpipe.sky.wcs.shared_interface import SharedWcs

__all__ = ["SkyImage"]


class SkyImage(Protocol):
    """An image on the sky, read window by window; nothing is held in memory."""

    @property
    def address(self) -> str:
        """Where it is: a path or an ``s3://`` URL."""
        ...

    @property
    def name(self) -> str:
        """Name for people: of the file, or of the file that an image store came from."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns at full resolution."""
        ...

    @property
    def slices(self) -> int:
        """Slices of a cube, as the integrations of a calints file; 1 for an image."""
        ...

    @property
    def planes(self) -> tuple[str, ...]:
        """Names of its planes; ``sci`` is always there, then ``err wht dq area var_rnoise n`` as the data have them."""
        ...

    @property
    def levels(self) -> int:
        """Resolutions it can be read at; 1 = full resolution only. Level k has shape ``ceil(shape / 2**k)``."""
        ...

    @property
    def primary(self) -> "Header":
        """The primary header: instrument, filter, target."""
        ...

    @property
    def header(self) -> "Header":
        """The header of the science plane: unit and WCS at full resolution."""
        ...

    @property
    def image_wcs(self) -> "ImageWcs":
        """Where it lies on the sky, as values that travel; ``image_wcs.exact(name=...)`` evaluates it."""
        ...

    @property
    def wcs(self) -> "SharedWcs":
        """The same as a WCS of astropy's shared interface (APE 14)."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was mended or chosen when it was opened, one sentence each; usually empty."""
        ...

    @property
    def provenance(self) -> dict[str, Any]:
        """Product id, operation, parameters and inputs, where the image knows them; else empty."""
        ...

    @property
    def unit(self) -> "UnitBase | None":
        """Unit of the science plane; None where the header names none that astropy knows."""
        ...

    def __getitem__(self, place: Any) -> MaskedImage:
        """Read a window to memory: ``image[y0:y1, x0:x1]``, or ``image[Box(...)]``."""
        ...

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window of one plane.

        Parameters
        ----------
        plane
            One of `planes`; levels above 0 have ``sci`` and, where there are weights, ``wht``.
        box
            Window inside the shape of that level, pixels of that level; None = all of it.
        level
            0 = full resolution, k = halved k times.
        index
            Slice of a cube, from 0; a plane without a third axis is the same for all of them.

        Returns
        -------
        ndarray
            (y, x), native byte order; float32 for all but ``dq`` (uint32) and ``n`` (uint16). NaN in ``sci`` = no data.
        """
        ...
