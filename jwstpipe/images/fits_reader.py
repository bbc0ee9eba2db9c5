"""`FitsImage`: a FITS file as an image on the sky, read window by window where it lies."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from jwstpipe.errors import FitsError
from jwstpipe.images.byte_readers import MappedReader, open_bytes
from jwstpipe.images.fits_structure import ByteReader, Hdu, header_of, scan_fits
from jwstpipe.images.gwcs_sampling import image_wcs
from jwstpipe.images.samples import SampleFormat
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import wcs_cards_of
from jwstpipe.sky.image_wcs import ImageWcs

__all__ = ["PLANES", "FitsImage", "open_fits"]

PLANES = {
    "SCI": "sci",
    "ERR": "err",
    "DQ": "dq",
    "WHT": "wht",
    "AREA": "area",
    "VAR_POISSON": "var_poisson",
    "VAR_RNOISE": "var_rnoise",
    "VAR_FLAT": "var_flat",
}
"""Plane name by EXTNAME."""


@dataclass(frozen=True, eq=False)
class FitsImage:
    """A FITS file on disk or in an object store (see `SkyImage` for what it offers)."""

    address: str
    reader: ByteReader
    hdus: tuple[Hdu, ...]
    plane_hdus: Mapping[str, Hdu]
    """HDU by plane name; ``sci`` is always there."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.plane_hdus["sci"].shape[-2:]
        return rows, columns

    @property
    def name(self) -> str:
        """Name of the file."""
        return PurePosixPath(self.address).name

    @property
    def window(self) -> Box:
        """Pixels that can hold data: all."""
        return Box.of_shape(self.shape)

    @property
    def planes(self) -> tuple[str, ...]:
        """Names of the planes that have the shape of the science plane."""
        return tuple(self.plane_hdus)

    @property
    def levels(self) -> int:
        """1: a FITS file has full resolution only."""
        return 1

    @cached_property
    def primary(self) -> Header:
        """Primary header."""
        return header_of(self.reader, self.hdus[0])

    @cached_property
    def header(self) -> Header:
        """Header of the science plane."""
        return header_of(self.reader, self.plane_hdus["sci"])

    def header_text(self, name: str) -> str:
        """Give a header, ``primary`` or ``sci``, as it stands in the file."""
        hdu = self.hdus[0] if name == "primary" else self.plane_hdus[name]
        return bytes(self.reader.read(hdu.header_offset, hdu.header_size)).decode("latin-1")

    @cached_property
    def wcs(self) -> ImageWcs:
        """Where it lies on the sky: the gwcs of the file where it has one that can be read, else its header."""
        cards = wcs_cards_of(self.header_text("sci"))
        asdf = next((hdu for hdu in self.hdus if hdu.name == "ASDF" and hdu.kind == "BINTABLE"), None)
        if asdf is None:
            return ImageWcs(cards)
        content = bytes(self.reader.read(asdf.data_offset, asdf.data_size))
        return image_wcs(cards, content, self.shape, name=self.address)

    @property
    def provenance(self) -> dict[str, Any]:
        """Product id where jwstpipe wrote the file."""
        product = self.primary.get("JPPRODID")
        return {"product_id": product} if product else {}

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0) -> NDArray[Any]:
        """Read a window of one plane (see `SkyImage.read`)."""
        if level:
            raise FitsError(f"{self.address}: a FITS file has no level {level}; convert it first")
        window = box or Box.of_shape(self.shape)
        values = self.sample_format(plane).decode(self.read_raw(plane, window))
        if plane == "sci":
            covered = self.coverage(window)
            if covered is not None:
                values[~covered] = np.nan
        self.release()
        return values

    def release(self) -> None:
        """Give back the memory of what was read of a local file; views of it stay valid."""
        if isinstance(self.reader, MappedReader):
            self.reader.release()

    def sample_format(self, plane: str) -> SampleFormat:
        """Tell how the samples of a plane are stored."""
        return self._formats[plane]

    def read_raw(self, plane: str, box: Box) -> NDArray[Any]:
        """Read a window as it stands in the file: big-endian, not scaled; one byte range."""
        hdu, columns = self.plane_hdus[plane], self.shape[1]
        stored = np.dtype(self._formats[plane].stored)
        row_bytes = columns * stored.itemsize
        content = self.reader.read(hdu.data_offset + box.y0 * row_bytes, (box.y1 - box.y0) * row_bytes)
        rows = np.frombuffer(content, dtype=stored).reshape(box.y1 - box.y0, columns)
        return rows[:, box.x0 : box.x1]

    def coverage(self, box: Box) -> NDArray[np.bool_] | None:
        """Tell which pixels have data by WHT, or by CON where there is no WHT; None when neither says.

        Files of older pipeline versions hold zeros, not NaN, where nothing was observed.
        """
        if "wht" in self.plane_hdus:
            weight = self._formats["wht"].decode(self.read_raw("wht", box))
            return np.asarray(weight > 0)
        context = self._context
        if context is None:
            return None
        row_bytes = self.shape[1] * 4
        covered = np.zeros(box.shape, dtype=bool)
        for index in range(context.shape[0]):
            start = context.data_offset + (index * self.shape[0] + box.y0) * row_bytes
            content = self.reader.read(start, (box.y1 - box.y0) * row_bytes)
            covered |= np.frombuffer(content, dtype=">i4").reshape(-1, self.shape[1])[:, box.x0 : box.x1] != 0
        return covered

    @cached_property
    def _formats(self) -> dict[str, SampleFormat]:
        return {
            plane: SampleFormat.of(header_of(self.reader, hdu), integer=plane == "dq")
            for plane, hdu in self.plane_hdus.items()
        }

    @cached_property
    def _context(self) -> Hdu | None:
        for hdu in self.hdus:
            if hdu.name == "CON" and hdu.bitpix == 32 and len(hdu.shape) == 3 and hdu.shape[1:] == self.shape:
                return hdu
        return None


def open_fits(address: str | Path, *, s3: S3Settings | None = None) -> FitsImage:
    """Open a FITS image for windowed reading.

    Parameters
    ----------
    address
        Local path or ``s3://`` URL; gzip and bzip2 streams are unpacked, whatever the name.
    s3
        Endpoint of an ``s3://`` address.

    Raises
    ------
    NotFoundError
        No such file.
    FitsError
        Not FITS, truncated, or without an image; the message says which.
    """
    name = str(address)
    reader = open_bytes(address, s3=s3)
    hdus = scan_fits(reader, name=name)
    science = _science_hdu(hdus, name)
    planes = {"sci": science}
    if science.name == "SCI":
        for hdu in hdus:
            plane = PLANES.get(hdu.name)
            if plane and plane not in planes and hdu.version == science.version and _sides(hdu) == _sides(science):
                planes[plane] = hdu
    return FitsImage(name, reader, hdus, planes)


def _science_hdu(hdus: tuple[Hdu, ...], name: str) -> Hdu:
    images = [hdu for hdu in hdus if hdu.kind in ("PRIMARY", "IMAGE") and len(hdu.shape) >= 2]
    named = [hdu for hdu in images if hdu.name == "SCI"]
    for hdu in named or images:
        if len(_sides(hdu)) == 2 and min(hdu.shape) > 0:
            return hdu
    if images:
        raise FitsError(
            f"{name}: its data are a cube of shape {images[0].shape}, not an image; cut out one slice first"
        )
    tables = [hdu.label for hdu in hdus if "TABLE" in hdu.kind]
    if tables:
        raise FitsError(
            f"{name}: holds only tables ({', '.join(tables)}), as spectra and catalogues do; no image to read"
        )
    raise FitsError(f"{name}: holds headers only, no image")


def _sides(hdu: Hdu) -> tuple[int, ...]:
    """Drop leading axes of length one."""
    shape = hdu.shape
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    return shape
