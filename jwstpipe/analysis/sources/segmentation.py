"""The segmentation of a detection as a FITS image of whole numbers: 0 = sky, k = source k."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import PixelSource
from jwstpipe.analysis.sources.detect import Detection
from jwstpipe.errors import ConflictError, UsageError
from jwstpipe.fits.provenance_hdu import provenance_hdu
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.box import Box
from jwstpipe.storage import aside

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = ["label_window", "write_segmentation"]

BAND = 1024
"""Rows that are written at once."""

_BLOCK = 2880


def label_window(found: Detection, box: Box) -> NDArray[np.int32]:
    """Give the labels of a window, (y, x) int32."""
    labels = np.zeros(box.shape, np.int32)
    runs = found.runs
    near = (runs[:, 0] >= box.y0) & (runs[:, 0] < box.y1) & (runs[:, 1] < box.x1) & (runs[:, 2] > box.x0)
    _fill(labels, np.ascontiguousarray(runs[near]), box.y0, box.x0)
    return labels


@compiled()
def _fill(labels: NDArray[np.int32], runs: NDArray[np.int32], y0: int, x0: int) -> None:
    for k in range(len(runs)):
        for j in range(max(runs[k, 1] - x0, 0), min(runs[k, 2] - x0, labels.shape[1])):
            labels[runs[k, 0] - y0, j] = runs[k, 3]


def write_segmentation(
    found: Detection,
    image: PixelSource,
    out: str | Path,
    *,
    catalogue: str,
    document: Mapping[str, Any],
    overwrite: bool = False,
) -> Path:
    """Write the segmentation, band by band, with the WCS of the image and what it says of itself.

    Parameters
    ----------
    found
        From `find_sources`.
    image
        What it was made on.
    out
        ``.fits``.
    catalogue
        Product id of the catalogue whose rows its labels number.
    document
        What it says of itself, see `jwstpipe.identity.provenance_document`; its ``product_id`` stands in the header.
    overwrite
        Replace what stands there.

    Raises
    ------
    UsageError
        Another form than FITS.
    ConflictError
        Something stands there.
    """
    path = Path(out)
    if path.suffix.lower() != ".fits":
        raise UsageError(f"{out}: a segmentation is written as .fits")
    if path.exists() and not overwrite:
        raise ConflictError(f"{out}: exists; choose another name, or use --overwrite")
    rows, columns = found.shape
    with aside(path) as partial, partial.open("wb") as stream:
        for header in (_primary(str(document["product_id"]), catalogue, image), _science(found, image)):
            stream.write(header.tostring().encode("ascii"))
        for band in Box(0, 0, rows, columns).bands(BAND):
            stream.write(label_window(found, band).astype(">i4").tobytes())
        stream.write(bytes(-(rows * columns * 4) % _BLOCK))
        stream.write(provenance_hdu(document))
    return path


def _primary(product_id: str, catalogue: str, image: PixelSource) -> "Header":
    from astropy.io.fits import Header  # noqa: PLC0415 - slow to load, and a search needs none

    header = Header()
    header["SIMPLE"], header["BITPIX"], header["NAXIS"], header["EXTEND"] = True, 8, 0, True
    header["JPPRODID"] = (product_id, "product id")
    header["JPCATID"] = (catalogue, "product id of its catalogue")
    header["JPIMAGE"] = image.name.encode("ascii", "backslashreplace").decode("ascii")[:60]
    return header


def _science(found: Detection, image: PixelSource) -> "Header":
    from astropy.io.fits import Header  # noqa: PLC0415 - as above

    header = Header()
    header["XTENSION"], header["BITPIX"], header["NAXIS"] = "IMAGE", 32, 2
    header["NAXIS1"], header["NAXIS2"] = found.shape[1], found.shape[0]
    header["PCOUNT"], header["GCOUNT"], header["EXTNAME"] = 0, 1, "SCI"
    header["NSOURCES"] = (len(found.rows), "highest label")
    cards = image.image_wcs.cards
    if cards:
        placed = Header.fromstring(cards)
        header.extend([card for card in placed.cards if card.keyword[:5] != "NAXIS"], unique=True)
    return header
