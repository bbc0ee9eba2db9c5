"""The FITS file of a mosaic: what stands where in it is known before there is a sample."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jwstpipe.fits.hdus import BLOCK
from jwstpipe.fits.headers import CARD
from jwstpipe.fits.plain.written_header import CardSaid, written_header
from jwstpipe.fits.provenance_hdu import provenance_hdu
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid

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
    yield _padded(told.primary)
    for plane in _PLANES:
        if plane in told.planes:
            part = PlanePart(plane, told.planes[plane])
            yield _padded(_extension_header(told, part))
            yield part
            yield b"\0" * (-told.window.area * part.dtype.itemsize % BLOCK)
    carried = {key: value for key, value in told.provenance.items() if key not in _OF_TILES}
    yield provenance_hdu({**carried, "kind": "mosaic"})


def _extension_header(told: MosaicTold, part: PlanePart) -> bytes:
    rows, columns = told.window.shape
    said: dict[str, CardSaid] = {
        "XTENSION": ("IMAGE", "Image extension"), "BITPIX": (_BITPIX[part.dtype.str[1:]], ""), "NAXIS": (2, ""),
        "NAXIS1": (columns, ""), "NAXIS2": (rows, ""), "PCOUNT": (0, ""), "GCOUNT": (1, ""),
        "EXTNAME": (part.plane.upper(), ""), "EXTVER": (1, ""),
    }  # fmt: skip
    if part.dtype.kind == "u":
        said |= {"BSCALE": (1, ""), "BZERO": (part.offset, "")}
    said |= told.grid.keywords(told.window)
    if part.plane not in ("sci", "err"):
        return written_header(said)
    if told.unit:  # what their samples mean: unit, zero point, area of a pixel
        said["BUNIT"] = (told.unit, "")
    return written_header(said)[:-CARD] + _other_cards(told.science, said)


def _other_cards(header: bytes, said: Mapping[str, object]) -> bytes:
    """Give the cards of a header, with END, whose keyword is not said yet, each with those on which it goes on."""
    found, left_out = bytearray(), False
    for start in range(0, len(header), CARD):
        card = header[start : start + CARD]
        keyword = card[:8].rstrip().decode("ascii")
        left_out = left_out if keyword == "CONTINUE" else keyword in said
        if not left_out:
            found += card
    return bytes(found)


def _padded(header: bytes) -> bytes:
    return header.ljust(-(-len(header) // BLOCK) * BLOCK)
