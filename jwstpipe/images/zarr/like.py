"""An image store like another image: the same pixels at the same place on the sky, with other samples."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from astropy.io.fits import Header

from jwstpipe import __version__
from jwstpipe.execution.workers import Workers
from jwstpipe.images.image import SkyImage
from jwstpipe.images.zarr.digests import Stored
from jwstpipe.images.zarr.layout import CLEAN_MODEL, SHARD, plane_spec, root_attributes
from jwstpipe.images.zarr.pyramid import build_pyramid
from jwstpipe.images.zarr.stored_wcs import write_place
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["copy_planes", "create_like", "finish_like", "samples_digest"]

_STRUCTURE = (
    "SIMPLE", "XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "PCOUNT", "GCOUNT", "GROUPS", "EXTEND",
    "BSCALE", "BZERO", "BLANK", "EXTNAME", "EXTVER", "CHECKSUM", "DATASUM", "TFIELDS", "BUNIT",
)  # fmt: skip
"""Cards that tell how the samples of a file stand in it; those of the new one are its own."""


def create_like(writer: ImageWriter, image: SkyImage, planes: Sequence[str]) -> None:
    """Create the empty planes of an image like another one."""
    for plane in planes:
        writer.create_plane(plane, image.shape, plane_spec(plane, unit=_unit(image)))


def copy_planes(writer: ImageWriter, image: SkyImage, planes: Sequence[str], box: Box, *, index: int = 0) -> None:
    """Take over the samples of planes in a window that is a shard."""
    for plane in planes:
        values = image.read(plane, box, index=index).astype(plane_spec(plane).dtype, copy=False)
        writer.write_shard(plane, (box.y0 // SHARD, box.x0 // SHARD), values)


def finish_like(
    writer: ImageWriter,
    image: SkyImage,
    planes: Sequence[str],
    *,
    product_id: str,
    provenance: Mapping[str, Any],
    name: str | None = None,
    workers: Workers,
    s3: S3Settings | None = None,
    report: Reporter = silent,
) -> int:
    """Write levels, headers, place on the sky and attributes, once the planes are filled.

    Parameters
    ----------
    writer
        The store, with every shard of its planes written and noted.
    image
        The image that it is like: its headers, WCS and, for a mosaic, its plane of the sky are taken over.
    planes
        The planes of the store, ``sci`` first.
    product_id, provenance
        Identity and origin.
    name
        Name for people; default: that of the image.
    workers, s3, report
        As `build_pyramid` has them.

    Returns
    -------
    int
        Number of levels.
    """
    levels = build_pyramid(writer, image.shape, weighted="wht" in planes, workers=workers, s3=s3, report=report)
    entries = _write_headers(writer, image, planes, product_id)
    lost: list[str] = []
    write_place(writer, image.image_wcs, image.shape, levels)
    if image.image_wcs.nodes is not None:
        lost = ["ASDF"]
    elif image.image_wcs.tables:
        lost = ["tables of its distortion"]
    grid = getattr(image, "grid", None)
    attributes = root_attributes(
        kind="image",
        name=name or image.name,
        shape=image.shape,
        planes=planes,
        unit=_unit(image),
        levels=levels,
        product_id=product_id,
        provenance=dict(provenance),
        fits={"hdus": entries, "omitted": lost},
        grid=None
        if grid is None
        else {"grid": grid[0].as_dict(), "box": [grid[1].y0, grid[1].x0, grid[1].y1, grid[1].x1]},
        wcs=image.image_wcs,
    )
    writer.finish(attributes)
    return levels


def _write_headers(
    writer: ImageWriter, image: SkyImage, planes: Sequence[str], product_id: str
) -> list[dict[str, Any]]:
    """Write the primary header and one for each plane; give their entries."""
    primary, science = _primary(image, product_id), _science(image)
    entries: list[dict[str, Any]] = [{"index": 0, "name": "PRIMARY", "version": 1, "header": "primary"}]
    writer.write_header("primary", _cards(primary))
    for number, plane in enumerate(planes, 1):
        writer.write_header(plane, _cards(_plane_header(science, plane, _unit(image))))
        entries.append({"index": number, "name": plane.upper(), "version": 1, "header": plane, "plane": plane})
    return entries


def samples_digest(stored: Mapping[str, Stored]) -> str:
    """Give the digest of all samples at full resolution, from what was written of them."""
    digest = hashlib.sha256()
    for key in sorted(key for key in stored if key.startswith("0/") and "/c/" in key):
        digest.update(f"{key}:{stored[key].digest};".encode())
    return digest.hexdigest()[:32]


def _unit(image: SkyImage) -> str:
    return str(image.header.get("BUNIT", "")).strip()


def _kept(header: Header) -> Iterable[Any]:
    return (card for card in header.cards if card.keyword not in _STRUCTURE and card.keyword)


def _primary(image: SkyImage, product_id: str) -> Header:
    header = Header()
    header["SIMPLE"], header["BITPIX"], header["NAXIS"], header["EXTEND"] = True, 8, 0, True
    header.extend(_kept(image.primary), strip=False, update=False, unique=False)
    header["ORIGIN"] = ("jwstpipe", "software that made this file")
    header["JPVERS"] = (__version__, "version of jwstpipe")
    header["JPPRODID"] = (product_id, "product id")
    return header


def _science(image: SkyImage) -> Header:
    header = Header()
    header["XTENSION"], header["BITPIX"], header["NAXIS"] = "IMAGE", -32, 2
    header["NAXIS1"], header["NAXIS2"] = image.shape[1], image.shape[0]
    header["PCOUNT"], header["GCOUNT"] = 0, 1
    header["EXTNAME"], header["EXTVER"] = "SCI", 1
    header.extend(_kept(image.header), strip=False, update=False, unique=False)
    return header


def _plane_header(science: Header, plane: str, unit: str) -> Header:
    """Give the header of a plane: that of the science plane, with its own name, samples and unit."""
    header = science.copy()
    header["EXTNAME"] = plane.upper()
    dtype = np.dtype(plane_spec(plane).dtype)
    if dtype.kind == "u":
        bits = 8 * dtype.itemsize
        header["BITPIX"] = bits
        header.set("BSCALE", 1, after="GCOUNT")
        header.set("BZERO", 2 ** (bits - 1), after="BSCALE")
    elif dtype.itemsize == 8:
        header["BITPIX"] = -64
    if plane in ("sci", "err", CLEAN_MODEL) and unit:
        header.set("BUNIT", unit, "physical units of the array values", after="EXTVER")
    return header


def _cards(header: Header) -> bytes:
    return str(header.tostring(sep="", endcard=True, padding=False)).encode("ascii")
