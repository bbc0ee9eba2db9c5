"""The FITS file of a mosaic: what stands where in it is known before there is a sample."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jwstpipe.fits.hdus import BLOCK
from jwstpipe.fits.headers import parse_header
from jwstpipe.fits.provenance_hdu import provenance_hdu
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

if TYPE_CHECKING:  # it takes long to load
    from astropy.io.fits import Header

__all__ = ["MosaicTold", "PlanePart", "mosaic_parts"]

_PLANES = ("sci", "err", "wht", "n", "dq")

_BITPIX = {"f4": -32, "f8": -64, "u2": 16, "u4": 32}

_OF_TILES = ("tiles", "receipt")
"""What the provenance of a store tells of its tiles; a FITS file has none."""


@dataclass(frozen=True, eq=False)
class MosaicTold:
    """What is told of a mosaic beside its samples."""

    primary: bytes
    """Cards of the primary header."""

    science: bytes
    """Cards of the header of the science plane."""

    planes: Mapping[str, np.dtype[Any]]
    unit: str
    grid: SkyGrid
    window: Box
    """Part of the plane of the sky that the samples cover."""

    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class PlanePart:
    """The samples of a plane."""

    plane: str
    dtype: np.dtype[Any]

    @property
    def offset(self) -> int:
        """BZERO of unsigned integers, which FITS knows only so; 0 for floats."""
        return int(2 ** (8 * self.dtype.itemsize - 1)) if self.dtype.kind == "u" else 0


def mosaic_parts(told: MosaicTold) -> Iterator[bytes | PlanePart]:
    """Give the parts of the file in their order: bytes as they are, and samples."""
    primary = parse_header(told.primary).copy()
    primary["EXTEND"] = True
    yield _padded(primary)
    science = parse_header(told.science)
    for plane in _PLANES:
        if plane in told.planes:
            part = PlanePart(plane, told.planes[plane])
            yield _padded(_extension_header(told, science, part))
            yield part
            yield b"\0" * (-told.window.area * part.dtype.itemsize % BLOCK)
    carried = {key: value for key, value in told.provenance.items() if key not in _OF_TILES}
    yield provenance_hdu({**carried, "kind": "mosaic"})


def _extension_header(told: MosaicTold, science: "Header", part: PlanePart) -> "Header":
    from astropy.io.fits import Header  # noqa: PLC0415 - slow to load

    header = Header()
    header["XTENSION"] = ("IMAGE", "Image extension")
    header["BITPIX"] = _BITPIX[part.dtype.str[1:]]
    header["NAXIS"] = 2
    header["NAXIS1"], header["NAXIS2"] = told.window.shape[1], told.window.shape[0]
    header["PCOUNT"], header["GCOUNT"] = 0, 1
    header["EXTNAME"], header["EXTVER"] = part.plane.upper(), 1
    if part.dtype.kind == "u":
        header["BSCALE"], header["BZERO"] = 1, part.offset
    header.update(told.grid.header(told.window))
    if part.plane in ("sci", "err"):  # what their samples mean: unit, zero point, area of a pixel
        if told.unit:
            header["BUNIT"] = told.unit
        header.extend(card for card in science.cards if card.keyword not in header)
    return header


def _padded(header: "Header") -> bytes:
    return str(header.tostring()).encode("ascii")
