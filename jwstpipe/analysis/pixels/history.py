"""Which exposures made a pixel: found by asking each input of a mosaic, or from the context of a combined image."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.catalog.records.header_table import table_inputs
from jwstpipe.errors import JwstPipeError
from jwstpipe.fits.dq import REJECTED, dq_mask
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import open_image
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import ICRS, lonlat, rotated, unit_vectors
from jwstpipe.sky.rotation import SkyRotation

__all__ = ["Contribution", "Where", "contributions", "turns_of"]

Floats = NDArray[np.float64]

Where = Callable[[str], str | None]
"""Gives the address of a product by its id, if it is known."""


@dataclass(frozen=True)
class Contribution:
    """An input of a pixel."""

    name: str
    product_id: str | None
    address: str | None
    x: float | None
    y: float | None
    """Where the pixel's centre lies in the input, 0-based; None when the input was not read."""

    value: float | None
    """The input's nearest sample, its own unit; None when it was not read or has no data."""

    note: str
    """What is not certain; empty when the input was read and its nearest sample is good."""


def contributions(
    image: SkyImage, x: int, y: int, ra: float, dec: float, *, where: Where | None = None, s3: S3Settings | None = None
) -> tuple[list[Contribution], str]:
    """List the inputs that made a pixel.

    Parameters
    ----------
    image
        A mosaic of ours, a combined image with a context plane (CON), or any other.
    x, y
        Pixel, 0-based.
    ra, dec
        Its centre, degrees ICRS.
    where
        Finds an input by its id; None, or where it finds none: by its name, beside the mosaic or here.
    s3
        Endpoint of ``s3://`` inputs.

    Returns
    -------
    list of Contribution, str
        The inputs; and why there are none, where the image does not tell.
    """
    provenance = image.provenance
    inputs = provenance.get("inputs")
    if isinstance(inputs, list) and inputs and provenance.get("operation") == "mosaic":
        rejected = dq_mask(provenance.get("parameters", {}).get("reject_dq", REJECTED))
        found = [_asked(entry, _place_of(entry, image.address, where), ra, dec, rejected, s3) for entry in inputs]
        return [one for one in found if one is not None], ""
    if isinstance(image, FitsImage):
        return _by_context(image, x, y, s3)
    return [], "the image does not tell which exposures it was made from"


def _asked(
    entry: dict[str, Any], address: str, ra: float, dec: float, rejected: int, s3: S3Settings | None
) -> Contribution | None:
    """Ask one input of a mosaic; None when the pixel lies outside it, or on a sample that took no part."""
    name, identity = str(entry.get("file_name", "")), entry.get("product_id")
    try:
        image = open_image(address, s3=s3)
        wcs = image.image_wcs.exact(name=address)
        lon, lat = rotated(*_among_stars(entry, ra, dec), ICRS, wcs.frame)
        xs, ys = wcs.to_pixel(lon, lat)
    except JwstPipeError as error:
        return Contribution(name, identity, address, None, None, None, f"could not be asked: {error}")
    x, y = float(xs[0]), float(ys[0])
    rows, columns = image.shape
    if not (-0.5 <= x < columns - 0.5 and -0.5 <= y < rows - 0.5):
        return None
    place = Box(round(y), round(x), round(y) + 1, round(x) + 1)
    value = float(image.read("sci", place)[0, 0])
    flags = int(image.read("dq", place)[0, 0]) if "dq" in image.planes else 0
    if flags & rejected or not np.isfinite(value):
        return None
    return Contribution(image.name, identity, address, x, y, value, "")


def turns_of(entry: dict[str, Any]) -> list[SkyRotation]:
    """Give the rotations, in their order, that took an input of a mosaic to where it lies there.

    None for inputs that lie where their own coordinates say, but for what alignment mended.
    """
    found = [entry.get(key) for key in ("turn", "follow") if entry.get("follow")]
    return [
        SkyRotation(tuple(float(value) for value in one)) for one in found if isinstance(one, list) and len(one) == 9
    ]


def _among_stars(entry: dict[str, Any], ra: float, dec: float) -> tuple[Floats, Floats]:
    """Give where a place of the mosaic lies by an input's own coordinates: elsewhere, where a target was followed."""
    turns = turns_of(entry)
    if not turns:
        return np.array([ra]), np.array([dec])
    vectors = unit_vectors(np.array([ra]), np.array([dec]))
    for turn in reversed(turns):
        vectors = turn.inverse(vectors)
    return lonlat(vectors)


def _place_of(entry: dict[str, Any], mosaic: str, where: Where | None) -> str:
    """Find an input by its id where somebody knows it, else by its name."""
    identity = entry.get("product_id")
    known = where(str(identity)) if where is not None and identity else None
    return known or _beside(str(entry.get("file_name", "")), mosaic)


def _beside(name: str, mosaic: str) -> str:
    """Find an input by its file name: in the folder of the mosaic, or here. A product tells no paths."""
    beside = Path(mosaic).parent / name
    return str(beside) if "://" not in mosaic and beside.exists() else name


def _by_context(image: FitsImage, x: int, y: int, s3: S3Settings | None) -> tuple[list[Contribution], str]:
    """Read the bits of the context plane: bit k of plane p stands for input 32 p + k of the table of headers."""
    hdu = next((one for one in image.hdus if one.name == "CON" and one.kind == "IMAGE"), None)
    if hdu is None or hdu.shape[-2:] != image.shape or hdu.bitpix != 32:
        return [], "the image does not tell which exposures it was made from"
    names = table_inputs(image.address, s3=s3)
    rows, columns = image.shape
    planes = hdu.shape[0] if len(hdu.shape) == 3 else 1
    found = []
    for plane in range(planes):
        offset = hdu.data_offset + 4 * ((plane * rows + y) * columns + x)
        bits = int(np.frombuffer(bytes(image.reader.read(offset, 4)), ">u4")[0])
        for bit in range(32):
            if bits >> bit & 1:
                number = 32 * plane + bit
                named = number < len(names)
                note = "by the context plane" if named else "by the context plane; the table of headers has no such row"
                found.append(
                    Contribution(names[number] if named else f"input {number + 1}", None, None, None, None, None, note)
                )
    return found, "" if found else "its context plane names no exposure for this pixel"
