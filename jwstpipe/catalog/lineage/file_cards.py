"""What a file of ours shows and where it lies, as FITS cards, in whatever format it is."""

import math
import mmap
import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

from jwstpipe.catalog.lineage.embedded_id import PICTURE_ENDINGS, hips_packet
from jwstpipe.errors import FitsError
from jwstpipe.fits.fits_file import open_fits_file
from jwstpipe.images.zarr.image_store import open_image_store
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote, local_copy, storage_errors

__all__ = ["cards_of_file"]

_PACKET = re.compile(rb"<x:xmpmeta.*?</x:xmpmeta>", re.DOTALL)
_LISTED = re.compile(r"<rdf:li[^>]*>([^<]*)</rdf:li>")


def cards_of_file(address: str | Path, *, s3: S3Settings | None = None) -> dict[str, Any]:
    """Read what the headers of a file say, or the description in a picture.

    Parameters
    ----------
    address
        Image store, FITS file or picture.
    s3
        Endpoint of an ``s3://`` address.

    Returns
    -------
    dict
        Values by keyword: those of its headers; of a picture its place on the sky, as far as it tells. ``NAXIS1`` and
        ``NAXIS2`` are its columns and rows.
    """
    name = str(address).rstrip("/")
    if (packet := hips_packet(name)) is not None:
        return _of_packet(packet.decode("utf-8", "replace"))
    if name.endswith(".zarr") or (not is_remote(name) and Path(name).is_dir()):
        image = open_image_store(name, s3=s3)
        if "xmp" in image.attributes:
            return _of_packet(str(image.attributes["xmp"]))
        cards = {**_plain(image.primary), **_plain(image.header)}
        return cards | {"NAXIS1": image.shape[1], "NAXIS2": image.shape[0]}
    if name.lower().endswith(PICTURE_ENDINGS):
        with local_copy(address, s3=s3) as path:
            return _of_picture(path)
    try:
        hdus = open_fits_file(address, s3=s3).hdus
    except FitsError:
        return {}
    primary = hdus[0].header
    return _plain(primary) if primary.get("NAXIS") or len(hdus) == 1 else {**_plain(primary), **_plain(hdus[1].header)}


def _plain(header: Any) -> dict[str, Any]:
    return {key: value for key, value in header.items() if key and value is not None}


def _of_picture(path: Path) -> dict[str, Any]:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - only pictures need it

    with (
        storage_errors(path),
        path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        found = _PACKET.search(content)
        cards = {} if found is None else _of_packet(found[0].decode("utf-8", "replace"))
    try:
        with Image.open(path) as opened:
            cards |= {"NAXIS1": opened.width, "NAXIS2": opened.height}
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError):
        pass  # its size is told by the packet, or not at all
    return cards


def _of_packet(packet: str) -> dict[str, Any]:
    """Read the Spatial properties of AVM as cards of a tangential WCS; of those that say less, the subject."""
    subject = _values(packet, "dc:subject")
    cards: dict[str, Any] = {"TARGNAME": unescape(subject[0])} if subject else {}
    size, value, pixel, scale = (
        _numbers(packet, f"avm:Spatial.{name}")
        for name in ("ReferenceDimension", "ReferenceValue", "ReferencePixel", "Scale")
    )
    frame = re.search(r"<avm:Spatial.CoordinateFrame>(\w+)<", packet)
    if not all(len(found) == 2 for found in (size, value, pixel, scale)) or (frame and frame[1] not in ("ICRS", "FK5")):
        return cards
    turned = re.search(r"<avm:Spatial.Rotation>([-+.\de]+)<", packet)
    angle = math.radians(float(turned[1])) if turned else 0.0
    matrix = _numbers(packet, "avm:Spatial.CDMatrix") or [
        scale[0] * math.cos(angle), -scale[1] * math.sin(angle), scale[0] * math.sin(angle), scale[1] * math.cos(angle),
    ]  # fmt: skip
    names = ("CD1_1", "CD1_2", "CD2_1", "CD2_2")
    return cards | {
        "NAXIS1": int(size[0]), "NAXIS2": int(size[1]),
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg", "CUNIT2": "deg",
        "CRVAL1": value[0], "CRVAL2": value[1], "CRPIX1": pixel[0], "CRPIX2": pixel[1],
        **dict(zip(names, matrix, strict=False)),
    }  # fmt: skip


def _values(packet: str, name: str) -> list[str]:
    found = re.search(rf"<{re.escape(name)}>(.*?)</{re.escape(name)}>", packet, re.DOTALL)
    return _LISTED.findall(found[1]) if found else []


def _numbers(packet: str, name: str) -> list[float]:
    try:
        found = [float(one) for one in _values(packet, name)]
    except ValueError:
        return []
    return found if all(map(math.isfinite, found)) else []
