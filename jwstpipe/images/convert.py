"""FITS to Zarr: every card and every sample kept, by row bands, so that memory does not grow with the file."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from jwstpipe.errors import ConflictError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.fits.readers.band_reader import BandReader
from jwstpipe.fits.readers.digesting_reader import DigestingReader
from jwstpipe.fits.readers.read_ahead import ReadAhead
from jwstpipe.identity import derived_product_id, provenance_document
from jwstpipe.images.fits_image import PLANES, FitsImage, open_fits
from jwstpipe.images.zarr.layout import root_attributes
from jwstpipe.images.zarr.plane_writer import write_hdus
from jwstpipe.images.zarr.publish import existing_product, new_image
from jwstpipe.images.zarr.pyramid import build_pyramid
from jwstpipe.images.zarr.stored_wcs import write_place
from jwstpipe.notebook import Shown
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import S3Settings

__all__ = ["ALGORITHM", "ConvertReceipt", "Planes", "convert", "image_id"]

log = logging.getLogger(__name__)

ALGORITHM = "2.2"
"""Version of what conversion does to samples and cards; part of the id of what it makes."""

Planes = Literal["all", "science"] | tuple[str, ...]
"""Which HDUs are kept: every one, what mosaics need, or planes by name."""

SCIENCE = ("sci", "err", "dq", "wht", "area", "var_rnoise")
"""What mosaics need; the other HDUs are kept only by ``planes="all"``."""


@dataclass(frozen=True, repr=False)
class ConvertReceipt(Shown):
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

    def facts(self) -> dict[str, object]:
        """Give what a person wants to know first."""
        return {
            "address": self.address,
            "size": f"{self.shape[1]} x {self.shape[0]} px",
            "planes": self.planes,
            "left out": self.omitted,
            "product": self.product_id,
            "took": "nothing, it stood there" if self.reused else f"{self.seconds:.1f} s",
        }


def image_id(parent: str, *, planes: Planes) -> str:
    """Tell the product id that a conversion will give, so that one that was done is found again."""
    return derived_product_id("convert", ALGORITHM, _parameters(planes), [parent])


def _parameters(planes: Planes) -> dict[str, Any]:
    return {"planes": planes if isinstance(planes, str) else list(planes)}


def _content_parent(digest: str) -> str:
    """Name a source that no catalogue knows by its content."""
    return f"sha256-{digest}"


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
    opened: FitsImage | None = None,
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
    opened
        The file, where it has been opened already (``open_fits`` with ``whole=True``).

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
    image = opened or open_fits(source, s3=s3, whole=True)
    for note in image.notes:
        log.warning("%s: %s", image.address, note)
    passing = DigestingReader(image.reader)
    reader = BandReader(passing, image.address) if isinstance(image.reader, ReadAhead) else passing
    image = replace(image, file=replace(image.file, reader=reader))
    image.image_wcs.exact(name=image.address)
    kept = _kept(image, planes)
    made = _Made(str(target), image.shape, planes, parent, passing)
    found = existing_product(target, s3=s3)
    if found is not None and not overwrite:
        if found.provenance.get("product_id") != made.identity:
            raise ConflictError(f"{target}: another image stands here; choose another name or use --overwrite")
        return made.receipt(found.planes, found.levels, found.attributes["fits"]["omitted"], started, reused=True)
    return _write(
        target, image, kept, made,
        stands=found is not None, started=started, s3=s3, workers=workers or ThreadWorkers(1), report=report,
    )  # fmt: skip


def _write(
    target: str | Path,
    image: FitsImage,
    kept: list[str],
    made: "_Made",
    *,
    stands: bool,
    started: float,
    s3: S3Settings | None,
    workers: Workers,
    report: Reporter,
) -> ConvertReceipt:
    """Write planes, WCS, pyramid and attributes; the image stands at `target` when all are there."""
    slices = image.plane_slices("sci")
    with new_image(target, s3=s3, stands=stands) as writer:
        fits = write_hdus(writer, image, kept, keep_all=made.planes == "all", report=report)
        packed = {} if image.reader.in_place else {"packed": True}
        levels = build_pyramid(
            writer,
            image.shape,
            weighted="wht" in kept and image.plane_slices("wht") == slices,
            workers=workers,
            s3=s3,
            dtype=str(image.sample_format("sci").decoded),
            slices=slices,
            report=report,
        )
        write_place(writer, image.image_wcs, image.shape, levels)
        attributes = root_attributes(
            kind="image",
            name=image.name,
            shape=image.shape,
            planes=kept,
            unit=str(image.header.get("BUNIT", "")),
            levels=levels,
            product_id=made.identity,
            provenance=made.provenance(image.address),
            fits=fits | {"sha256": made.digest, "size": image.reader.size} | packed,
            wcs=image.image_wcs,
            slices=slices,
        )
        writer.finish(attributes)
    return made.receipt(tuple(kept), levels, fits["omitted"], started, reused=False)


@dataclass(frozen=True, eq=False)
class _Made:
    """The identity of what is made, known once all bytes of the source have passed."""

    address: str
    shape: tuple[int, int]
    planes: Planes
    parent: str | None
    reader: DigestingReader

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the unpacked source."""
        return self.reader.sha256()

    @cached_property
    def identity(self) -> str:
        """Product id."""
        return image_id(self.parent or _content_parent(self.digest), planes=self.planes)

    def provenance(self, source: str) -> dict[str, Any]:
        """Say what was done to what."""
        return provenance_document(
            self.identity,
            kind="image",
            operation="convert",
            algorithm_version=ALGORITHM,
            parameters=_parameters(self.planes),
            inputs=[
                {
                    "product_id": self.parent or _content_parent(self.digest),
                    "file_name": source.rstrip("/").rpartition("/")[2],
                    "digest": self.digest,
                }
            ],
        )

    def receipt(
        self, planes: tuple[str, ...], levels: int, omitted: Sequence[str], started: float, *, reused: bool
    ) -> ConvertReceipt:
        """Tell what stands there now."""
        return ConvertReceipt(
            address=self.address,
            product_id=self.identity,
            shape=self.shape,
            planes=planes,
            levels=levels,
            omitted=tuple(omitted),
            source_sha256=self.digest,
            seconds=round(time.perf_counter() - started, 3),
            reused=reused,
        )


def _kept(image: FitsImage, planes: Planes) -> list[str]:
    if planes == "all":
        return list(image.planes)
    named = SCIENCE if planes == "science" else ("sci", *planes)
    unknown = [] if planes == "science" else [plane for plane in planes if plane not in PLANES.values()]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no plane; the names are {', '.join(PLANES.values())}")
    return [plane for plane in image.planes if plane in named]
