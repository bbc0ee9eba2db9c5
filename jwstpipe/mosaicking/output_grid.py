"""The grid that a mosaic shall lie on, read from an image or from a header in a text file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jwstpipe.errors import HeaderError
from jwstpipe.fits.headers import CARD, parse_header
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import ICRS, rotated
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.storage.bounded import read_document

__all__ = ["aligned_grid", "read_grid"]

MOST_HEADER = 1 << 20
"""Largest text file of header cards, bytes."""

MOST_SIDE = 1 << 31


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
        The plane, and the window of it that the image covers. The plane of a mosaic of ours keeps its tiles.

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
        return image.grid
    header = image.header.copy()
    header["NAXIS1"], header["NAXIS2"] = image.shape[1], image.shape[0]
    return SkyGrid.from_header(header, name=str(address))


def _from_text(path: Path) -> tuple[SkyGrid, Box]:
    content = read_document(path, most=MOST_HEADER)
    lines = content.decode("latin-1").replace("\r", "\n").split("\n")
    if len(lines) <= 2 and len(content) > 2 * CARD:  # cards without ends of lines, as they stand in FITS
        lines = [lines[0][start : start + CARD] for start in range(0, len(lines[0]), CARD)]
    cards = "".join(line[:CARD].ljust(CARD) for line in lines if line.strip() and not line.startswith("END"))
    header = parse_header((cards + "END".ljust(CARD)).encode("ascii", "replace"))
    for key in ("NAXIS1", "NAXIS2"):
        size = header.get(key)
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MOST_SIDE:
            raise HeaderError(f"{path}: {key} is missing or not a size, so the grid has no shape")
    return SkyGrid.from_header(header, name=str(path))


def aligned_grid(
    images: Sequence[str | Path], *, scale_arcsec: float | None = None, s3: S3Settings | None = None
) -> SkyGrid:
    """Make a plane that is turned as the first of the images is, so that a single visit fills its mosaic.

    Parameters
    ----------
    images
        The inputs; the first by name decides.
    scale_arcsec
        Pixel size; default: that of the finest image.
    s3
        Endpoint of ``s3://`` addresses.

    Raises
    ------
    TransformError
        An image that cannot be placed on the sky.
    """
    wcs = [open_image(image, s3=s3).wcs.exact(name=str(image)) for image in sorted(map(str, images))]
    shape = open_image(min(map(str, images)), s3=s3).shape
    middle = 0.5 * (shape[1] - 1), 0.5 * (shape[0] - 1)
    lon, lat = wcs[0].to_sky(np.array([middle[0]] * 2), np.array([middle[1], middle[1] + 1.0]))
    ra, dec = rotated(lon, lat, wcs[0].frame, ICRS)
    east = ((ra[1] - ra[0] + 180.0) % 360.0 - 180.0) * np.cos(np.radians(dec[0]))
    angle = float(np.degrees(np.arctan2(east, dec[1] - dec[0])))
    scale = scale_arcsec or float(f"{min(found.scale_arcsec for found in wcs):.2e}")
    return SkyGrid.north_up(float(ra[0]), float(dec[0]), scale, rotation_deg=round(angle, 2))
