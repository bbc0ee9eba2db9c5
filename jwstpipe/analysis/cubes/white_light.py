"""The image that stands for a spectral cube where one picture is shown."""

from jwstpipe.analysis.cubes.collapse import collapsed
from jwstpipe.analysis.cubes.cube import Cube
from jwstpipe.images.cubes.axis import is_spectral_cube, spectral_axis_of
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.memory import MemoryImage
from jwstpipe.images.zarr.image_store import ImageStore

__all__ = ["cube_picture"]


def cube_picture(image: FitsImage | ImageStore) -> MemoryImage | None:
    """Average all slices of a spectral cube; None for any other image.

    Raises
    ------
    DataError
        Its wavelengths have a fault, or it holds no data.
    """
    if not is_spectral_cube(image):
        return None
    cube = Cube(image, "wavelength", spectral_axis_of(image))
    return collapsed(cube, 0, cube.shape[0], "mean").image(cube)
