"""A store of references: a FITS file as a Zarr v3 hierarchy whose chunks are byte ranges of the file itself.

The store is one JSON document of the reference format of fsspec (version 1): keys are those of a Zarr store, values are
metadata documents or ``[address, offset, length]``. `fsspec.filesystem("reference", fo=...)` turns it into what
zarr-python and xarray open; nothing of jwstpipe is needed to read it. Samples are those of the file: big-endian, scaled
as CF attributes say, zeros where an old file has zeros.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jwstpipe.errors import ConflictError, FitsError, StoreError
from jwstpipe.fits.hdus import Hdu
from jwstpipe.fits.sample_format import SampleFormat
from jwstpipe.images.fits_image import FitsImage, open_fits
from jwstpipe.images.zarr.layout import LAYOUT, plane_spec
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote, put_bytes, writing_errors

__all__ = ["VirtualReceipt", "source_of_references", "write_references"]

CHUNK_BYTES = 2 << 20
"""Wanted size of a chunk: some rows of the full width, because those are one range of bytes."""


@dataclass(frozen=True)
class VirtualReceipt:
    """What a store of references holds."""

    address: str
    source: str
    shape: tuple[int, int]
    planes: tuple[str, ...]
    references: int
    """Chunks of the file that it points to."""


def write_references(
    source: str | Path, target: str | Path, *, overwrite: bool = False, s3: S3Settings | None = None
) -> VirtualReceipt:
    """Write a store of references to the planes of a FITS file.

    Parameters
    ----------
    source
        FITS file, local or ``s3://``, neither packed nor compressed.
    target
        JSON document to write.
    overwrite
        Replace a document that stands there.
    s3
        Endpoint of ``s3://`` addresses.

    Raises
    ------
    FitsError
        No image, or a packed file: its samples are no ranges of bytes.
    ConflictError
        Something stands at `target`.
    """
    image = open_fits(source, s3=s3)
    if not image.reader.in_place:
        raise FitsError(f"{source}: packed, so its samples are no ranges of its bytes; convert it, or unpack it first")
    if not overwrite and not is_remote(target) and Path(target).exists():
        raise ConflictError(f"{target}: already there; choose another name or use --overwrite")
    address = str(source) if is_remote(source) else str(Path(source).resolve())
    references: dict[str, Any] = {}
    members: dict[str, Any] = {}
    for plane, hdu in image.plane_hdus.items():
        document, chunks = _plane(image, plane, hdu)
        members[plane] = document
        references[f"0/{plane}/zarr.json"] = json.dumps(document)
        references |= {f"0/{plane}/c/{key}": [address, *place] for key, place in chunks.items()}
    count = len(references) - len(members)
    references["0/zarr.json"] = json.dumps(_group({}, members))
    root = {"jwstpipe": {"layout": LAYOUT, "kind": "virtual", "source": address, "size": image.reader.size}}
    everything = {"0": _group({}, {}), **{f"0/{plane}": value for plane, value in members.items()}}
    references["zarr.json"] = json.dumps(_group(root, everything))
    with writing_errors(target):
        put_bytes(str(target), json.dumps({"version": 1, "refs": references}).encode(), s3=s3)
    return VirtualReceipt(str(target), address, image.shape, image.planes, count)


def source_of_references(document: bytes, *, name: str) -> str:
    """Find the FITS file that a store of references points to.

    Raises
    ------
    StoreError
        Not a store of references that `write_references` made.
    """
    try:
        root = json.loads(json.loads(document)["refs"]["zarr.json"])["attributes"]["jwstpipe"]
        kind, source = root["kind"], str(root["source"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StoreError(f"{name}: JSON, but no store of references that jwstpipe wrote") from None
    if kind != "virtual":
        raise StoreError(f"{name}: no store of references")
    return source


def _plane(image: FitsImage, plane: str, hdu: Hdu) -> tuple[dict[str, Any], dict[str, tuple[int, int]]]:
    form, (rows, columns) = image.sample_format(plane), image.shape
    row_bytes = columns * form.stored.itemsize
    height = _chunk_rows(rows, row_bytes)
    slices = max(image.plane_slices(plane), 1)
    cube = image.plane_slices(plane) > 0
    chunks: dict[str, tuple[int, int]] = {}
    for index in range(slices):
        for number in range(rows // height):
            key = f"{index}/{number}/0" if cube else f"{number}/0"
            chunks[key] = hdu.data_offset + (index * rows + number * height) * row_bytes, height * row_bytes
    kind = form.stored.newbyteorder("=")
    document = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [slices, rows, columns] if cube else [rows, columns],
        "data_type": kind.name,
        "chunk_grid": {
            "name": "regular",
            "configuration": {"chunk_shape": [1, height, columns] if cube else [height, columns]},
        },
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": "NaN" if kind.kind == "f" else 0,
        "codecs": [{"name": "bytes", "configuration": {"endian": "big"}}] if kind.itemsize > 1 else [{"name": "bytes"}],
        "attributes": _attributes(image, plane, hdu, form),
        "dimension_names": ["slice", "y", "x"] if cube else ["y", "x"],
    }
    return document, chunks


def _chunk_rows(rows: int, row_bytes: int) -> int:
    """Choose a number of rows that divides the image, so that no chunk reaches beyond its data."""
    most = max(CHUNK_BYTES // max(row_bytes, 1), 1)
    return max(divisor for divisor in range(1, min(most, rows) + 1) if rows % divisor == 0)


def _attributes(image: FitsImage, plane: str, hdu: Hdu, form: SampleFormat) -> dict[str, Any]:
    attributes = dict(plane_spec(plane, unit=str(image.header.get("BUNIT", ""))).attributes)
    if form.bscale != 1.0:
        attributes["scale_factor"] = form.bscale
    if form.bzero != 0.0:
        attributes["add_offset"] = form.bzero
    if form.blank is not None:
        attributes["_FillValue"] = form.blank
    if plane == "sci":
        attributes["fits_header"] = hdu.header.tostring(sep="\n")
    return attributes


def _group(attributes: dict[str, Any], members: dict[str, Any]) -> dict[str, Any]:
    """Describe a group and, for readers that ask for it, all that stands in it."""
    return {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": attributes,
        "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": members},
    }
