"""Windows of single-precision planes, read to memory that is there already: what a mosaic does thousands of times."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.fits.readers.local_reader import LocalReader
from jwstpipe.fits.readers.range_reader import RangeReader
from jwstpipe.fits.readers.row_reader import read_swapped
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.image import SkyImage
from jwstpipe.sky.box import Box

__all__ = ["read_window"]


def read_window(
    image: SkyImage, plane: str, box: Box, out: NDArray[Any], *, covered: bool, index: int = 0
) -> NDArray[Any]:
    """Read a window of a plane, if possible without a copy on the way.

    Parameters
    ----------
    image
        Any image.
    plane, box
        What of it.
    out
        (y, x), float32, or uint32 for data quality: filled where the samples of a FITS file or of an image store stand
        there as they are. Others come in an array of their own.
    covered
        Samples that were never observed must be NaN (see `FitsImage.coverage`); a caller that masks them by their
        weights can do without.
    index
        Slice of a cube.

    Returns
    -------
    ndarray
        `out`, or another array; the caller may change it.
    """
    if isinstance(image, FitsImage) and isinstance(image.reader, LocalReader | RangeReader):
        form = image.sample_format(plane)
        offset = int(form.bzero) if form.integer else 0
        plain = form.bitpix == 32 if form.integer else form.bitpix == -32 and form.plain
        masked = covered and plane == "sci" and image.coverage(Box(0, 0, 1, 1)) is not None
        if plain and not masked and image.window.contains(box) and index in range(max(image.plane_slices(plane), 1)):
            rows, columns = image.shape
            start = image.plane_hdus[plane].data_offset + 4 * ((index * rows + box.y0) * columns + box.x0)
            local = image.reader.local(start, start + 4 * ((out.shape[0] - 1) * columns + out.shape[1]))
            if local is not None and read_swapped(local.descriptor, start, 4 * columns, out):
                if offset:
                    out += np.uint32(offset % 2**32)  # modulo 2^32, as the file's own writer did
                return out
    stored = getattr(image, "sample_type", None)
    if stored is not None and not isinstance(image, FitsImage) and stored(plane)[0] == out.dtype:
        image.read_to(out, plane, box, index=index)  # type: ignore[attr-defined]  # a store, which is not loaded for this
        return out
    return image.read(plane, box, index=index).astype(out.dtype, copy=False)
