"""The third axis of an image that has one, wherever it lies."""

from jwstpipe.errors import HeaderError
from jwstpipe.images.cubes.spectral_axis import AxisKind, SpectralAxis, axis_kind, spectral_axis
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.zarr.blocks.cube_store import CubeStore
from jwstpipe.images.zarr.image_store import ImageStore

__all__ = ["is_spectral_cube", "kind_of_axis", "spectral_axis_of"]


def kind_of_axis(image: FitsImage | ImageStore) -> AxisKind:
    """Tell what the third axis of an image counts (see `axis_kind`)."""
    return axis_kind(image.primary, image.header)


def is_spectral_cube(image: FitsImage | ImageStore) -> bool:
    """Tell whether an image is a cube whose slices have wavelengths, by what its headers say."""
    return image.slices > 1 and kind_of_axis(image) == "wavelength"


def spectral_axis_of(image: FitsImage | ImageStore) -> SpectralAxis:
    """Give the wavelengths of the slices of a cube.

    Raises
    ------
    HeaderError, DataError
        As `spectral_axis`; or a store of slices that does not hold the table of them.
    """
    if isinstance(image, FitsImage):
        return spectral_axis(image.header, image.slices, image.hdus, image.reader, name=image.address)
    if isinstance(image, CubeStore):
        return image.spectral_axis
    if str(image.header.get("CTYPE3", "")).strip().upper().endswith("-TAB"):
        raise HeaderError(f"{image.address}: the table of its wavelengths is not read from it; convert the file again")
    return spectral_axis(image.header, image.slices, (), _NOTHING, name=image.address)


class _NoBytes:
    """A file without a byte."""

    size = 0

    def read(self, offset: int, length: int) -> bytes:
        del offset, length
        return b""


_NOTHING = _NoBytes()
