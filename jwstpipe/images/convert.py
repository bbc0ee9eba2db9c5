"""FITS to Zarr: every card and every sample kept, by row bands, so that memory does not grow with the file."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import ConflictError, DataError, UsageError
from jwstpipe.execute import ThreadWorkers, Workers
from jwstpipe.identity import derived_product_id
from jwstpipe.images.fits_reader import PLANES, FitsImage, open_fits
from jwstpipe.images.fits_structure import ByteReader, Hdu
from jwstpipe.images.layout import LAYOUT, SHARD, plane_spec, root_attributes
from jwstpipe.images.publish import existing_product, new_image
from jwstpipe.images.pyramid import build_pyramid
from jwstpipe.images.store import ImageWriter
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["ALGORITHM", "ConvertJob", "ConvertReceipt", "Planes", "convert", "image_id", "run_convert"]

ALGORITHM = f"1.{LAYOUT}"
"""Version of what conversion does to the bytes; part of the id of what it makes."""

Planes = Literal["all", "science"] | tuple[str, ...]
"""Which HDUs are kept: every one, what mosaics need, or planes by name."""

SCIENCE = ("sci", "err", "dq", "wht", "area", "var_rnoise")
"""What mosaics need; the other HDUs are kept only by ``planes="all"``."""

DIGEST_PIECE = 8 << 20


@dataclass(frozen=True)
class ConvertReceipt:
    """What a conversion made."""

    address: str
    product_id: str
    shape: tuple[int, int]
    planes: tuple[str, ...]
    levels: int
    omitted: tuple[str, ...]
    """HDUs of the file that the image does not hold."""

    source_sha256: str
    """Digest of the unpacked FITS file."""

    seconds: float
    reused: bool
    """The same image already stood there and was left as it is."""


@dataclass(frozen=True)
class ConvertJob:
    """One conversion, for workers."""

    source: str
    target: str
    planes: Planes
    parent: str
    """Product id of the source."""

    s3: S3Settings


def run_convert(job: ConvertJob) -> ConvertReceipt:
    """Carry out one conversion."""
    return convert(job.source, job.target, planes=job.planes, parent=job.parent, s3=job.s3)


def image_id(parent: str, *, planes: Planes) -> str:
    """Tell the product id that a conversion will give, so that one that was done is found again."""
    return derived_product_id(
        "convert", ALGORITHM, {"planes": planes if isinstance(planes, str) else list(planes)}, [parent]
    )


def convert(
    source: str | Path,
    target: str | Path,
    *,
    planes: Planes = "all",
    parent: str | None = None,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> ConvertReceipt:
    """Convert a FITS image to an image store.

    Parameters
    ----------
    source
        FITS file, local or ``s3://``; gzip and bzip2 streams whatever the name.
    target
        Image store to make, local or ``s3://``.
    planes
        ``all`` keeps every HDU, so that `export` gives back the whole file; ``science`` keeps SCI, ERR, DQ, WHT, AREA
        and VAR_RNOISE and lists the rest; a tuple of plane names keeps those, and SCI.
    parent
        Product id of the source, where the catalogue knows it; default: the digest of its bytes.
    overwrite
        Replace another image that stands at `target`.
    s3
        Endpoint of ``s3://`` addresses.
    workers
        Where pyramid shards are computed; default: one thread.
    report
        Told of each band.

    Raises
    ------
    FitsError, TransformError
        The file is damaged, holds no image, or has no celestial WCS.
    ConflictError
        Something else stands at `target`.
    StorageError
        `target` cannot be written.
    """
    started = time.perf_counter()
    image = open_fits(source, s3=s3)
    wcs = image.wcs
    wcs.exact(name=image.address)
    digest = _digest(image.reader)
    identity = image_id(parent or f"sha256:{digest}", planes=planes)
    kept = _kept(image, planes)
    found = existing_product(target, s3=s3)
    if found is not None and not overwrite:
        if found.provenance.get("product_id") != identity:
            raise ConflictError(f"{target}: another image stands here; choose another name or use --overwrite")
        omitted = tuple(found.attributes["fits"]["omitted"])
        return ConvertReceipt(
            str(target),
            identity,
            image.shape,
            found.planes,
            found.levels,
            omitted,
            digest,
            _since(started),
            reused=True,
        )
    with new_image(target, s3=s3) as writer:
        fits = _write_planes(writer, image, kept, keep_all=planes == "all", report=report)
        if wcs.nodes is not None:
            writer.write_wcs(wcs.nodes)
        fits |= {"sha256": digest, "size": image.reader.size}
        dtype = str(image.sample_format("sci").decoded)
        levels = build_pyramid(
            writer,
            image.shape,
            weighted="wht" in kept,
            workers=workers or ThreadWorkers(1),
            s3=s3,
            dtype=dtype,
            report=report,
        )
        provenance = {
            "operation": "convert",
            "algorithm": ALGORITHM,
            "parameters": {"planes": planes},
            "inputs": [{"address": image.address, "product_id": parent, "sha256": digest}],
        }
        writer.finish(
            root_attributes(
                kind="image",
                name=Path(str(source)).name,
                shape=image.shape,
                planes=kept,
                unit=str(image.header.get("BUNIT", "")),
                levels=levels,
                product_id=identity,
                provenance=provenance,
                fits=fits,
                wcs=wcs,
            )
        )
    return ConvertReceipt(
        str(target),
        identity,
        image.shape,
        tuple(kept),
        levels,
        tuple(fits["omitted"]),
        digest,
        _since(started),
        reused=False,
    )


def _kept(image: FitsImage, planes: Planes) -> list[str]:
    if planes == "all":
        return list(image.planes)
    named = SCIENCE if planes == "science" else ("sci", *planes)
    unknown = [] if planes == "science" else [plane for plane in planes if plane not in PLANES.values()]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no plane; the names are {', '.join(PLANES.values())}")
    return [plane for plane in image.planes if plane in named]


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)


def _digest(reader: ByteReader) -> str:
    digest = hashlib.sha256()
    for offset in range(0, reader.size, DIGEST_PIECE):
        digest.update(reader.read(offset, DIGEST_PIECE))
    return digest.hexdigest()


def _write_planes(
    writer: ImageWriter, image: FitsImage, kept: Sequence[str], *, keep_all: bool, report: Reporter
) -> dict[str, Any]:
    """Write planes, headers and, if wanted, all other HDUs; tell how the FITS file is put together again."""
    unit = str(image.header.get("BUNIT", ""))
    for plane in kept:
        _write_plane(writer, image, plane, unit=unit, report=report)
    plane_of = {hdu.index: plane for plane, hdu in image.plane_hdus.items() if plane in kept}
    hdus: list[dict[str, Any]] = []
    omitted: list[str] = []
    for hdu in image.hdus:
        header = _header_name(hdu, plane_of)
        entry: dict[str, Any] = {"index": hdu.index, "name": hdu.name, "version": hdu.version, "header": header}
        if hdu.index in plane_of:
            entry["plane"] = plane_of[hdu.index]
        elif hdu.data_size and not keep_all:
            omitted.append(hdu.label)
            continue
        elif hdu.data_size:
            entry["data"] = f"hdu/{hdu.index}"
            writer.write_bytes(entry["data"], image.reader.read(hdu.data_offset, hdu.data_size))
        writer.write_header(header, _header_cards(image.reader, hdu))
        hdus.append(entry)
    if plane_of.get(0) is not None:  # the image stands in the primary HDU: readers still find its header as `primary`
        writer.write_header("primary", _header_cards(image.reader, image.hdus[0]))
    return {"hdus": hdus, "omitted": omitted}


def _header_name(hdu: Hdu, plane_of: dict[int, str]) -> str:
    if hdu.index in plane_of:
        return plane_of[hdu.index]
    return "primary" if hdu.index == 0 else f"hdu{hdu.index}"


def _header_cards(reader: ByteReader, hdu: Hdu) -> bytes:
    """Give the cards of a header up to and with END."""
    content = bytes(reader.read(hdu.header_offset, hdu.header_size))
    for end in range(hdu.header_size - 80, -1, -80):
        if content[end : end + 8] == b"END     ":
            return content[: end + 80]
    raise DataError(f"header of {hdu.label} lost its END")


def _write_plane(writer: ImageWriter, image: FitsImage, plane: str, *, unit: str, report: Reporter) -> None:
    form = image.sample_format(plane)
    writer.create_plane(plane, image.shape, plane_spec(plane, dtype=str(form.decoded), unit=unit))
    restore = _restorer(writer, image) if plane == "sci" else None
    bands = list(Box.of_shape(image.shape).bands(SHARD))
    for index, band in enumerate(bands):
        raw = image.read_raw(plane, band)
        if not form.survives(raw):
            raise DataError(f"{image.address}: {plane} holds scaled integers that {form.decoded} cannot carry exactly")
        values = form.decode(raw)
        if restore is not None:
            restore(band, values)
        writer.write(plane, band, values)
        report(Progress(f"convert {plane}", index + 1, len(bands), "bands"))


def _restorer(writer: ImageWriter, image: FitsImage) -> Callable[[Box, NDArray[Any]], None] | None:
    """Make what puts NaN where nothing was observed, and keeps what the file held there.

    The plane ``sci_restore`` holds ``bits(sample) xor bits(NaN)`` where a sample was replaced and 0 elsewhere, so that
    one exclusive or gives the file's sample back.
    """
    if image.coverage(Box(0, 0, 1, 1)) is None:
        return None
    created = False

    def restore(band: Box, values: NDArray[Any]) -> None:
        nonlocal created
        covered = image.coverage(band)
        assert covered is not None
        lost = ~covered & ~np.isnan(values)
        if not lost.any():
            return
        if values.dtype != np.float32:
            raise DataError(
                f"{image.address}: samples without coverage in a plane of {values.dtype}; only f4 is supported"
            )
        if not created:
            writer.create_plane("sci_restore", image.shape, plane_spec("sci_restore"))
            created = True
        nan = np.float32(np.nan).view("u4")
        keep = np.zeros(values.shape, dtype="u4")
        keep[lost] = values[lost].view("u4") ^ nan
        values[lost] = np.nan
        writer.write("sci_restore", band, keep)

    return restore
