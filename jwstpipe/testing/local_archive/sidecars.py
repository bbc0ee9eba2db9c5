"""Small files that stand beside science products in the archive, generated: previews, associations, guide stars."""

import io
import json
from collections.abc import Iterable

import numpy as np
from astropy.io import fits
from PIL import Image

__all__ = ["association", "guide_star_file", "preview"]


def preview(file_name: str) -> bytes:
    """Make the JPEG preview of a product: a small grey ramp, whose side differs with the length of the name."""
    side = 64 + len(file_name) % 16
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).save(stream, "JPEG", quality=80)
    return stream.getvalue()


def association(product: str, *, program: str, candidate: str, members: Iterable[str]) -> bytes:
    """Make the association of a combined product.

    Parameters
    ----------
    product
        Name of the combined product, without suffix.
    program, candidate
        As ``02733`` and ``o001``.
    members
        File names of the exposures that went in.
    """
    content = {
        "asn_type": "image3",
        "asn_rule": "candidate_Asn_Lv3Image",
        "program": program,
        "asn_id": candidate,
        "products": [{"name": product, "members": [{"expname": name, "exptype": "science"} for name in members]}],
    }
    return json.dumps(content, indent=4).encode()


def guide_star_file(file_name: str) -> bytes:
    """Make a guide-star file: a stack of small frames in a FITS file, of no use for science."""
    primary = fits.PrimaryHDU()
    primary.header["TELESCOP"] = "JWST"
    primary.header["INSTRUME"] = "FGS"
    primary.header["EXP_TYPE"] = "FGS_TRACK"
    primary.header["FILENAME"] = file_name
    frames = fits.ImageHDU(np.zeros((4, 32, 32), dtype=np.float32), name="SCI")
    stream = io.BytesIO()
    fits.HDUList([primary, frames]).writeto(stream)
    return stream.getvalue()
