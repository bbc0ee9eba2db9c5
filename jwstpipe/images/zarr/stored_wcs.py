"""Where the image of a store lies on the sky, read from its attributes, its header and the arrays of its WCS."""

from typing import TYPE_CHECKING

import numpy as np

from jwstpipe.images.zarr.layout import NODES, TABLES
from jwstpipe.sky.celestial import wcs_cards_of
from jwstpipe.sky.wcs.image_wcs import ImageWcs
from jwstpipe.sky.wcs.sampled_wcs import WcsNodes

if TYPE_CHECKING:
    from jwstpipe.images.zarr.image_store import ImageStore

__all__ = ["stored_wcs"]


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
