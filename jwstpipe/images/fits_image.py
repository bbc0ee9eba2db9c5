"""`FitsImage`: a FITS file as an image on the sky, read window by window where it lies."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import FitsError, UsageError
from jwstpipe.fits.choice import split_choice
from jwstpipe.fits.fits_file import FitsFile, open_fits_file
from jwstpipe.fits.hdus import Hdu, WindowReader
from jwstpipe.fits.plain.plain_header import plain_header
from jwstpipe.fits.sample_format import SampleFormat
from jwstpipe.fits.science_hdus import chosen_hdu, science_hdus, sides_of
from jwstpipe.images.face import ImageFace
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import wcs_cards_of
from jwstpipe.sky.wcs.header_repairs import repaired_cards
from jwstpipe.storage import is_remote

if TYPE_CHECKING:  # all three take long to load, and only who asks for a header or a place needs them
    from astropy.io.fits import Header

    from jwstpipe.sky.wcs.image_wcs import ImageWcs

__all__ = ["PLANES", "FitsImage", "check_window", "open_fits"]

PLANES = {
    "SCI": "sci",
    "ERR": "err",
    "DQ": "dq",
    "WHT": "wht",
    "AREA": "area",
    "VAR_POISSON": "var_poisson",
    "VAR_RNOISE": "var_rnoise",
    "VAR_FLAT": "var_flat",
    "WMAP": "wmap",
}
"""Plane name by EXTNAME."""


@dataclass(frozen=True, eq=False, repr=False)
class FitsImage(ImageFace):
    """A FITS file on disk or in an object store (see `SkyImage` for what it offers)."""

    address: str
    file: FitsFile
    plane_hdus: Mapping[str, Hdu]
    """HDU by plane name; ``sci`` is always there."""

    siblings: tuple[str, ...] = ()
    """Addresses of all science images of the file where it has several and none was chosen; else empty."""

    @property
    def reader(self) -> WindowReader:
        """The bytes of the file."""
        return self.file.reader

    @property
    def hdus(self) -> tuple[Hdu, ...]:
        """All HDUs of the file."""
        return self.file.hdus

    @property
    def notes(self) -> tuple[str, ...]:
        """What was mended or chosen when it was opened, one sentence each."""
        chosen: tuple[str, ...] = ()
        if self.siblings:
            others = ", ".join(self.siblings[1:4]) + (" ..." if len(self.siblings) > 4 else "")
            chosen = (f"has {len(self.siblings)} science images; the first one is used here, others are {others}",)
        dq = self.plane_hdus.get("dq")
        if dq is not None and dq.bitpix == 64:
            chosen = (*chosen, "its DQ plane has 64 bits: flags beyond the 32nd are not read")
        by_header = not any(hdu.name == "ASDF" for hdu in self.hdus)  # a gwcs is not evaluated only to tell
        return (*chosen, *(repaired_cards(wcs_cards_of(self.header_text("sci"))).notes if by_header else ()))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.plane_hdus["sci"].shape[-2:]
        return rows, columns

    @property
    def slices(self) -> int:
        """Slices of a cube; 1 for an image."""
        return max(self.plane_slices("sci"), 1)

    @property
    def name(self) -> str:
        """Name of the file."""
        file, choice = split_choice(self.address)
        return PurePosixPath(file).name + (self.address[len(file) :] if choice else "")

    @property
    def planes(self) -> tuple[str, ...]:
        """Names of the planes that have the shape of the science plane."""
        return tuple(self.plane_hdus)

    @property
    def levels(self) -> int:
        """1: a FITS file has full resolution only."""
        return 1

    @property
    def primary(self) -> "Header":
        """Primary header."""
        return self.hdus[0].header

    @property
    def header(self) -> "Header":
        """Header of the science plane."""
        return self.plane_hdus["sci"].header

    def header_text(self, name: str) -> str:
        """Give a header, ``primary`` or ``sci``, as it stands in the file."""
        hdu = self.hdus[0] if name == "primary" else self.plane_hdus[name]
        return hdu.header_bytes.decode("latin-1")

    @cached_property
    def image_wcs(self) -> "ImageWcs":
        """Where it lies on the sky: the gwcs of the file where it has one that can be read, else its header."""
        from jwstpipe.fits.distortion_tables import distortion_tables  # noqa: PLC0415 - see above
        from jwstpipe.fits.gwcs_sampling import image_wcs  # noqa: PLC0415
        from jwstpipe.sky.wcs.image_wcs import ImageWcs  # noqa: PLC0415

        cards, asdf = wcs_cards_of(self.header_text("sci")), self.asdf
        if asdf is None:
            return ImageWcs(cards, tables=distortion_tables(self.file, cards))
        content = bytes(self.reader.read(asdf.data_offset, asdf.data_size))
        return image_wcs(cards, content, self.shape, name=self.address)

    @property
    def asdf(self) -> Hdu | None:
        """The extension that holds the gwcs of a JWST file; None for all others."""
        return next((hdu for hdu in self.hdus if hdu.name == "ASDF" and hdu.kind == "BINTABLE"), None)

    @property
    def provenance(self) -> dict[str, Any]:
        """Product id where jwstpipe wrote the file."""
        product = self.hdus[0].words.get("JPPRODID")
        return {"product_id": product} if product else {}

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window of one plane (see `SkyImage.read`)."""
        if level:
            raise FitsError(f"{self.address}: a FITS file has no level {level}; convert it first")
        if plane not in self.plane_hdus:
            raise FitsError(f"{self.address}: has no plane {plane}; its planes are {', '.join(self.planes)}")
        window = box or Box.of_shape(self.shape)
        values = self.sample_format(plane).decode(self.read_raw(plane, window, index=index))
        if plane == "sci":
            covered = self.coverage(window, index=index)
            if covered is not None:
                values[~covered] = np.nan
        return values

    def sample_format(self, plane: str) -> SampleFormat:
        """Tell how the samples of a plane are stored."""
        return self._formats[plane]

    def plane_slices(self, plane: str) -> int:
        """Count the slices of a plane; 0 for one without a third axis, which goes with every slice."""
        sides = sides_of(self.plane_hdus[plane])
        return sides[0] if len(sides) == 3 else 0

    def read_raw(self, plane: str, box: Box, *, index: int = 0) -> NDArray[Any]:
        """Read a window as it stands in the file: big-endian, not scaled; one byte range."""
        check_window(self, plane, box, index)
        hdu, (rows, columns) = self.plane_hdus[plane], self.shape
        width = self._formats[plane].stored.itemsize
        first_row = box.y0 + (index * rows if self.plane_slices(plane) else 0)
        content = self.reader.read_rows(
            hdu.data_offset + first_row * columns * width,
            columns * width,
            box.y1 - box.y0,
            box.x0 * width,
            (box.x1 - box.x0) * width,
        )
        return content.reshape(-1).view(self._formats[plane].stored).reshape(box.shape)

    def read_block(self, plane: str, first: int, last: int, box: Box) -> NDArray[Any]:
        """Read a window of slices `first` to `last` (not included) of a plane, (slice, y, x)."""
        if (plane == "sci" and self._covers) or not self.plane_slices(plane):
            return super().read_block(plane, first, last, box)
        return self._formats[plane].decode(self.raw_block(plane, first, last, box))

    def raw_block(self, plane: str, first: int, last: int, box: Box) -> NDArray[Any]:
        """Read the same as it stands in the file: one byte range for whole slices, else one for each of them."""
        check_window(self, plane, box, first)
        check_window(self, plane, box, last - 1)
        if box != self.window:
            return np.stack([self.read_raw(plane, box, index=index) for index in range(first, last)])
        stored = self._formats[plane].stored
        size = box.shape[0] * box.shape[1] * stored.itemsize
        content = self.reader.read(self.plane_hdus[plane].data_offset + first * size, (last - first) * size)
        return np.frombuffer(content, stored).reshape(last - first, *box.shape)

    @property
    def _covers(self) -> bool:
        """Something beside the science plane tells which of its pixels have data."""
        return "wht" in self.plane_hdus or self._context is not None

    def coverage(self, box: Box, *, index: int = 0) -> NDArray[np.bool_] | None:
        """Tell which pixels have data by WHT, or by CON where there is no WHT; None when neither says.

        Files of older pipeline versions hold zeros, not NaN, where nothing was observed.
        """
        if "wht" in self.plane_hdus:
            weight = self._formats["wht"].decode(self.read_raw("wht", box, index=index))
            return np.asarray(weight > 0)
        context = self._context
        if context is None:
            return None
        row_bytes, rows = self.shape[1] * 4, box.y1 - box.y0
        covered = np.zeros(box.shape, dtype=bool)
        for word in range(context.shape[0] if len(context.shape) == 3 else 1):
            start = context.data_offset + (word * self.shape[0] + box.y0) * row_bytes
            content = self.reader.read_rows(start, row_bytes, rows, box.x0 * 4, (box.x1 - box.x0) * 4)
            covered |= content.reshape(-1).view(">i4").reshape(box.shape) != 0
        return covered

    @cached_property
    def _formats(self) -> dict[str, SampleFormat]:
        return {
            plane: SampleFormat.of(
                plain_header(hdu.header_bytes.decode("latin-1")),
                integer=plane == "dq",
                name=f"{self.address}: {hdu.label}",
            )
            for plane, hdu in self.plane_hdus.items()
        }

    @cached_property
    def _context(self) -> Hdu | None:
        for hdu in self.hdus:
            if hdu.name == "CON" and hdu.bitpix == 32 and hdu.shape[-2:] == self.shape and len(hdu.shape) in (2, 3):
                return hdu
        return None


def check_window(image: Any, plane: str, box: Box, index: int) -> None:
    """Refuse a window or a slice outside an image.

    Raises
    ------
    UsageError
        With what the image has.
    """
    if not Box.of_shape(image.shape).contains(box):
        raise UsageError(
            f"{image.address}: the window {box} is not inside its {image.shape[0]} x {image.shape[1]} pixels"
        )
    if not 0 <= index < max(image.slices, 1):
        raise UsageError(f"{image.address}: has no slice {index} of {plane}; it has {image.slices}, counted from 0")


def open_fits(address: str | Path, *, s3: S3Settings | None = None, whole: bool = False) -> FitsImage:
    """Open a FITS image for windowed reading.

    Parameters
    ----------
    address
        Local path or ``s3://`` URL; gzip and bzip2 streams and tile-compressed images (fpack) are unpacked to a
        temporary file, whatever the name. ``FILE[SCI,2]``, ``FILE[2]`` or ``FILE[NAME]`` chooses one of several images.
    s3
        Endpoint of an ``s3://`` address.
    whole
        All of it will be read (see `open_fits_file`).

    Raises
    ------
    NotFoundError
        No such file.
    FitsError
        Not FITS, truncated, or without an image; the message says which.
    """
    name = str(address)
    file, choice = (name, None) if not is_remote(name) and Path(name).exists() else split_choice(name)
    opened = open_fits_file(file, s3=s3, name=name, whole=whole).unpacked()
    hdus = opened.hdus
    found = [chosen_hdu(hdus, choice, file)] if choice else science_hdus(hdus, name)
    science = found[0]
    planes = {"sci": science}
    if science.name == "SCI":
        for hdu in hdus:
            plane = PLANES.get(hdu.name)
            if plane and plane not in planes and hdu.version == science.version and _goes_with(hdu, science):
                planes[plane] = hdu
    siblings = tuple(f"{file}[{_choice(hdu)}]" for hdu in found) if len(found) > 1 else ()
    return FitsImage(name, opened, planes, siblings)


def _choice(hdu: Hdu) -> str:
    return f"{hdu.name},{hdu.version}" if hdu.name == "SCI" else str(hdu.index)


def _goes_with(hdu: Hdu, science: Hdu) -> bool:
    """Tell whether a plane has the science plane's pixels: slice by slice, or one plane for all slices."""
    return (
        hdu.whole and hdu.kind in ("PRIMARY", "IMAGE") and sides_of(hdu) in (sides_of(science), sides_of(science)[-2:])
    )
