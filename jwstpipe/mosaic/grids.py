"""The grid that a mosaic shall lie on, read from an image or from a header in a text file."""

from pathlib import Path

from astropy.io.fits import Header

from jwstpipe.errors import HeaderError, NotFoundError
from jwstpipe.images.open import open_image
from jwstpipe.images.store import ImageStore
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

__all__ = ["read_grid"]


def read_grid(address: str | Path, *, s3: S3Settings | None = None) -> tuple[SkyGrid, Box]:
    """Read a grid.

    Parameters
    ----------
    address
        An image, or a text file of header cards, one a line (``.hdr``, ``.txt``, ``.head``).
    s3
        Endpoint of an ``s3://`` address.

    Returns
    -------
    SkyGrid, Box
        The plane, and the window of it that the image covers (for a mosaic of ours: without the rim of its tiles).

    Raises
    ------
    TransformError
        No celestial WCS, or a distorted one.
    HeaderError
        A text file without the size of the image.
    """
    if Path(str(address)).suffix.lower() in (".hdr", ".txt", ".head"):
        return _from_text(Path(address))
    image = open_image(address, s3=s3)
    if isinstance(image, ImageStore) and image.grid is not None:
        grid, box = image.grid
        return grid, image.window.shifted(box.y0, box.x0)
    header = image.header.copy()
    header["NAXIS1"], header["NAXIS2"] = image.shape[1], image.shape[0]
    return SkyGrid.from_header(header, name=str(address))


def _from_text(path: Path) -> tuple[SkyGrid, Box]:
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file; check the path of --grid")
    header = Header.fromtextfile(str(path))
    for key in ("NAXIS1", "NAXIS2"):
        if not isinstance(header.get(key), int) or header[key] < 1:
            raise HeaderError(f"{path}: {key} is missing or not a size, so the grid has no shape")
    return SkyGrid.from_header(header, name=str(path))
