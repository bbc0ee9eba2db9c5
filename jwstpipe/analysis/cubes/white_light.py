"""The image that stands for a spectral cube where one picture is shown."""

from typing import TYPE_CHECKING

from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.zarr.image_store import ImageStore

if TYPE_CHECKING:  # it takes long to load
    from jwstpipe.images.memory import MemoryImage

__all__ = ["cube_picture"]


def cube_picture(image: FitsImage | ImageStore) -> "MemoryImage | None":
    """Average all slices of a spectral cube; None for any other image.

    Raises
    ------
    DataError
        Its wavelengths have a fault, or it holds no data.
    """
    if image.slices == 1:
        return None
    from jwstpipe.analysis.cubes.collapse import collapsed  # noqa: PLC0415 - slow to load, and few images are cubes
    from jwstpipe.analysis.cubes.cube import Cube  # noqa: PLC0415
    from jwstpipe.images.cubes.axis import is_spectral_cube, spectral_axis_of  # noqa: PLC0415

    if not is_spectral_cube(image):
        return None
    cube = Cube(image, "wavelength", spectral_axis_of(image))
    return collapsed(cube, 0, cube.shape[0], "mean").image(cube)
