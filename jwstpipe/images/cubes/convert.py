"""A spectral cube in FITS becomes a store of blocks: every card and every sample kept, in bounded memory."""

import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import ConflictError, DataError
from jwstpipe.fits.readers.digesting_reader import DigestingReader
from jwstpipe.identity import derived_product_id, provenance_document
from jwstpipe.images.convert import ConvertReceipt
from jwstpipe.images.cubes.axis import is_spectral_cube, spectral_axis_of
from jwstpipe.images.fits_image import FitsImage, open_fits
from jwstpipe.images.zarr.blocks.cube_store import WAVELENGTH, cube_attributes
from jwstpipe.images.zarr.blocks.geometry import shards_of
from jwstpipe.images.zarr.layout import STORED, plane_spec
from jwstpipe.images.zarr.plane_writer import write_hdus
from jwstpipe.images.zarr.publish import existing_product, new_image
from jwstpipe.images.zarr.stored_wcs import write_place
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["CUBE_ALGORITHM", "convert_cube", "cube_id"]

log = logging.getLogger(__name__)

CUBE_ALGORITHM = "1.3"
"""Version of what the conversion does to samples and cards; part of the id of what it makes."""


def cube_id(parent: str) -> str:
    """Tell the product id that the conversion of a cube will give."""
    return derived_product_id("convert-cube", CUBE_ALGORITHM, {}, [parent])


def convert_cube(
    source: str | Path,
    target: str | Path,
    *,
    parent: str | None = None,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    report: Reporter = silent,
) -> ConvertReceipt:
    """Convert a spectral cube to a store that serves slices and spectra.

    Parameters
    ----------
    source
        FITS file, local or ``s3://``; every HDU is kept, so that `export` gives back the whole file.
    target
        Store to make, local or ``s3://``.
    parent
        Product id of the source, where the catalogue knows it; default: the digest of its bytes.
    overwrite
        Replace another image that stands at `target`.
    s3
        Endpoint of ``s3://`` addresses.
    report
        Told of each shard.

    Raises
    ------
    DataError
        The file is damaged, holds no spectral cube, or its wavelengths have a fault.
    ConflictError
        Something else stands at `target`.
    StorageError
        `target` cannot be written.
    """
    started = time.perf_counter()
    image = open_fits(source, s3=s3)
    if not is_spectral_cube(image):
        raise DataError(f"{source}: no spectral cube (its slices have no wavelengths); convert it as an image")
    passing = DigestingReader(image.reader)
    image = replace(image, file=replace(image.file, reader=passing))
    axis = spectral_axis_of(image)
    for note in axis.notes:
        log.warning("%s: %s", image.address, note)
    planes = tuple(plane for plane in image.planes if image.plane_slices(plane) == image.slices)
    parents = [parent] if parent else []
    found = existing_product(target, s3=s3)
    if found is not None and not overwrite:
        identity = cube_id(*(parents or [f"sha256-{passing.sha256()}"]))
        if found.provenance.get("product_id") != identity:
            raise ConflictError(f"{target}: another image stands here; choose another name or use --overwrite")
        return _receipt(target, identity, image, planes, passing, started, reused=True)
    with new_image(target, s3=s3, stands=found is not None) as writer:
        fits = write_hdus(writer, image, planes, keep_all=True, report=report, write_plane=_write_plane)
        attributes = {"long_name": "wavelength", "units": "um", "ctype": axis.kind}
        writer.write_values(WAVELENGTH, np.ascontiguousarray(axis.microns, "f8"), WAVELENGTH, attributes)
        write_place(writer, image.image_wcs, image.shape, 1)
        digest = passing.sha256()
        identity = cube_id(*(parents or [f"sha256-{digest}"]))
        packed = {} if image.reader.in_place else {"packed": True}
        writer.finish(
            cube_attributes(
                name=image.name,
                shape=(image.slices, *image.shape),
                planes=planes,
                unit=str(image.header.get("BUNIT", "")),
                axis=axis,
                product_id=identity,
                provenance=_provenance(identity, parent or f"sha256-{digest}", image, digest),
                fits=fits | {"sha256": digest, "size": image.reader.size} | packed,
            )
        )
    return _receipt(target, identity, image, planes, passing, started, reused=False)


def _write_plane(writer: ImageWriter, image: FitsImage, plane: str, *, report: Reporter) -> None:
    """Write a plane shard by shard; beside it the samples of the file where floats cannot carry them."""
    form, shape = image.sample_format(plane), (image.slices, *image.shape)
    writer.create_blocks(
        plane, shape, plane_spec(plane, dtype=str(form.decoded), unit=str(image.header.get("BUNIT", "")))
    )
    beside = "" if form.exact else plane + STORED
    if beside:
        writer.create_blocks(beside, shape, plane_spec(beside, dtype=str(form.stored)))
    cells = list(shards_of(shape))
    for done, (place, (z, y, x)) in enumerate(cells, 1):
        raw = image.raw_block(plane, *z, Box(y[0], x[0], y[1], x[1]))
        writer.write_blocks(plane, place, form.decode(raw))
        if beside:
            writer.write_blocks(beside, place, _bits(raw))
        report(Progress(f"convert {plane}", done, len(cells), "shards"))


def _bits(raw: NDArray[Any]) -> NDArray[Any]:
    return raw.astype(raw.dtype.newbyteorder("=")).view(f"u{raw.dtype.itemsize}")


def _provenance(identity: str, parent: str, image: FitsImage, digest: str) -> dict[str, Any]:
    return provenance_document(
        identity,
        kind="cube",
        operation="convert-cube",
        algorithm_version=CUBE_ALGORITHM,
        parameters={},
        inputs=[{"product_id": parent, "file_name": image.name, "digest": digest}],
    )


def _receipt(
    target: str | Path, identity: str, image: FitsImage, planes: tuple[str, ...], reader: DigestingReader,
    started: float, *, reused: bool,
) -> ConvertReceipt:  # fmt: skip
    return ConvertReceipt(
        address=str(target), product_id=identity, shape=image.shape, planes=planes, levels=1, omitted=(),
        source_sha256=reader.sha256(), seconds=round(time.perf_counter() - started, 3), reused=reused,
    )  # fmt: skip
