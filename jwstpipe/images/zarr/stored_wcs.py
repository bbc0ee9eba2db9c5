"""Where the image of a store lies on the sky: written for us and for readers of Zarr alone, and read again.

We take header, sampled gwcs and tables. Who opens a level with xarray finds the coordinates ``y`` and ``x``, pixels of
full resolution counted from 0, and the attribute ``fits_wcs``, the cards that place them (FITS counts from 1).
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from jwstpipe.fits.headers import CARD
from jwstpipe.images.zarr.layout import NODES, TABLES, array_path, level_shape
from jwstpipe.sky.celestial import wcs_cards_of
from jwstpipe.sky.wcs.image_wcs import ImageWcs
from jwstpipe.sky.wcs.sampled_wcs import WcsNodes

if TYPE_CHECKING:
    from jwstpipe.images.zarr.image_store import ImageStore
    from jwstpipe.images.zarr.writer import ImageWriter

__all__ = ["stored_wcs", "write_place"]


def write_place(writer: "ImageWriter", wcs: ImageWcs, shape: tuple[int, int], levels: int) -> None:
    """Write what places the pixels of an image, once its levels are written.

    Parameters
    ----------
    writer
        The store.
    wcs
        Where the image lies.
    shape, levels
        Rows and columns of its full resolution, and how many levels there are.
    """
    from jwstpipe.images.zarr.writer import byte_pieces  # noqa: PLC0415 - who reads needs none of it

    if wcs.nodes is not None:
        writer.write_wcs(wcs.nodes)
    if wcs.tables:
        writer.write_bytes(TABLES, len(wcs.tables), byte_pieces(wcs.tables))
    told = _cards_told(wcs)
    for level in range(levels):
        for axis, side, name in zip(("y", "x"), level_shape(shape, level), ("row", "column"), strict=True):
            centres = np.arange(side) * 2.0**level + (2**level - 1) / 2
            attributes = {"long_name": f"{name} of full resolution, from 0", "units": "pixel"}
            writer.write_values(array_path(axis, level), centres, axis, attributes)
        writer.describe(level, told)


def _cards_told(wcs: ImageWcs) -> dict[str, Any]:
    """Give the cards of the header for readers that are not ours; beside a gwcs, how far off they are."""
    cards = [wcs.cards[start : start + CARD].rstrip() for start in range(0, len(wcs.cards), CARD)]
    told: dict[str, Any] = {"fits_wcs": "\n".join(cards)} if cards else {}
    if cards and wcs.header_offset_px is not None and np.isfinite(wcs.header_offset_px):
        told["fits_wcs_error_px"] = wcs.header_offset_px
    return told


def stored_wcs(image: "ImageStore") -> ImageWcs:
    """Read the WCS of a store: the nodes of the gwcs that its file had, else its header and the tables of that."""
    cards = wcs_cards_of(image.header_text("sci"))
    found = image.attributes.get("wcs") or {}
    offset = found.get("header_offset_px")
    if found.get("origin") != "gwcs":
        size = int(found.get("tables_size", 0)) or None
        tables = b"".join(image.data_bytes(TABLES, size)) if found.get("tables") else b""
        return ImageWcs(cards, None, offset, str(found.get("note", "")), tables)
    facts = found.get("nodes")
    if facts is None:
        document = image.document(NODES) or {}
        facts = {"shape": document["shape"], **document["attributes"]}
    content = image.chunk(f"{NODES}/c/0/0/0", np.dtype("f8"))
    nodes = WcsNodes.of(
        content.reshape(facts["shape"]),
        origin=(float(facts["origin"][0]), float(facts["origin"][1])),
        step=float(facts["step"]),
        error_px=float(found["error_px"]),
    )
    return ImageWcs(cards, nodes, offset)
