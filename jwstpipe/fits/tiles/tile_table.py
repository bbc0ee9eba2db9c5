"""The binary table of a tile-compressed image (FITS 4.0, section 10): what it says of its tiles, checked."""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import FitsError
from jwstpipe.fits.hdus import ByteReader, Hdu
from jwstpipe.fits.tiles.steps import DITHERS, NO_BLANK, RANDOMS

__all__ = ["TileTable", "UnknownFormError", "read_tile_table"]

ALGORITHMS = {"RICE_1": "RICE", "RICE_ONE": "RICE", "GZIP_1": "GZIP_1", "GZIP_2": "GZIP_2"}
COLUMNS = {
    "COMPRESSED_DATA": "PQ", "GZIP_COMPRESSED_DATA": "PQ", "UNCOMPRESSED_DATA": "PQ", "ZSCALE": "D", "ZZERO": "D",
    "ZBLANK": "J",
}  # fmt: skip
"""What is known of columns, and of what types."""

MOST_GROWN = 4
"""A tile that was packed is never longer than so many times its samples ..."""

MOST_HEAD = 1024
"""... and so many bytes."""

_TYPES = {"P": (">i4", 2), "Q": (">i8", 2), "D": (">f8", 1), "J": (">i4", 1)}
_FORM = re.compile(r"1?(?:([PQ])[BIJED](?:\(\d*\))?|([DJ]))")


class UnknownFormError(Exception):
    """An image of a form that is not unpacked here; others may know it."""


@dataclass(frozen=True, eq=False)
class TileTable:
    """A tile-compressed image; arrays have an entry a tile, in the order of the tiles, the last axis fastest."""

    hdu: Hdu
    name: str
    """The file, for messages."""

    algorithm: str
    bitpix: int
    shape: tuple[int, ...]
    tile: tuple[int, ...]
    """Shape of a tile that is whole."""

    width: int
    """BYTEPIX of Rice's code."""

    block: int
    dither: int
    seed: int
    quantized: bool
    heap: int
    """Where in the file the heap begins."""

    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    """Where in the heap each tile stands, bytes."""

    spare: NDArray[np.bool_]
    """It is in GZIP_COMPRESSED_DATA: real samples, as they are."""

    scales: NDArray[np.float64]
    zeros: NDArray[np.float64]
    blanks: NDArray[np.int64]
    counts: NDArray[np.int64]
    """Samples."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the samples of the image, native byte order."""
        size = abs(self.bitpix) // 8
        return np.dtype("u1" if self.bitpix == 8 else f"{'i' if self.bitpix > 0 else 'f'}{size}")

    @property
    def grid(self) -> tuple[int, ...]:
        """Tiles along each axis."""
        return tuple(-(-side // step) for side, step in zip(self.shape, self.tile, strict=True))

    @property
    def in_rows(self) -> bool:
        """Samples of tiles one after the other are the samples of the image."""
        wide = [axis for axis, step in enumerate(self.tile) if step > 1]
        return not wide or all(count == 1 for count in self.grid[wide[0] + 1 :])

    def label(self, tile: int) -> str:
        """Name a tile, for messages."""
        return f"{self.name}: its compressed image cannot be unpacked: tile {tile + 1:,} of {self.hdu.label}"


def read_tile_table(reader: ByteReader, hdu: Hdu, *, name: str) -> TileTable:
    """Read what the header and the rows of a table say.

    Parameters
    ----------
    reader
        The file.
    hdu
        The table.
    name
        The file, for messages.

    Raises
    ------
    UnknownFormError
        Something in it is of a form that is not unpacked here.
    FitsError
        A tile that is not inside the file, or too long to be one; the message names it.
    """
    words = hdu.words
    shape = tuple(_sides(words, "ZNAXIS"))
    tile = tuple(min(step, side) for step, side in zip(_sides(words, "ZTILE"), shape, strict=True))
    algorithm, bitpix = ALGORITHMS.get(words.get("ZCMPTYPE", "").strip()), _number(words, "ZBITPIX")
    dither = DITHERS.get(words.get("ZQUANTIZ", "NO_DITHER").strip())
    if hdu.kind != "BINTABLE" or len(hdu.shape) != 2 or algorithm is None or dither is None or min(tile) < 1:
        raise UnknownFormError
    if math.prod(-(-side // step) for side, step in zip(shape, tile, strict=True)) > hdu.shape[0]:
        raise UnknownFormError
    counts = _counts(shape, tile)
    rows = _rows(reader, hdu, words)[: counts.size]
    names = rows.dtype.names or ()
    quantized = "ZSCALE" in names
    if (
        quantized != ("ZZERO" in names)
        or (quantized and bitpix > 0)
        or (bitpix < 0 and algorithm == "RICE" and not quantized)
    ):
        raise UnknownFormError
    blanks = _blanks(words, rows, bitpix, quantized=quantized)
    settings = _settings(words)
    width, block = settings.get("BYTEPIX", 4), settings.get("BLOCKSIZE", 32)
    seed = _number(words, "ZDITHER0", 1)
    if width not in (1, 2, 4) or not 1 <= block <= 1 << 16 or not 1 <= seed <= RANDOMS:
        raise UnknownFormError
    places, spare = _places(rows)
    found = TileTable(
        hdu=hdu, name=name, algorithm=algorithm, bitpix=bitpix, shape=shape,
        tile=tile, width=width, block=block, dither=dither, seed=seed, quantized=quantized,
        heap=hdu.data_offset + _number(words, "THEAP", math.prod(hdu.shape)),
        starts=places[:, 1], lengths=places[:, 0], spare=spare,
        scales=rows["ZSCALE"].astype("f8") if quantized else np.ones(counts.size),
        zeros=rows["ZZERO"].astype("f8") if quantized else np.zeros(counts.size), blanks=blanks, counts=counts,
    )  # fmt: skip
    _check_places(found, hdu.data_offset + hdu.data_size)
    return found


def _check_places(table: TileTable, end: int) -> None:
    """Refuse a tile that is not inside the heap, or longer than any that was packed."""
    item = max(table.dtype.itemsize, table.width)
    inside = (table.starts >= 0) & (table.lengths > 0) & (table.starts <= end - table.heap - table.lengths)
    good = (
        inside & (table.lengths <= MOST_GROWN * item * table.counts + MOST_HEAD) & (table.heap >= table.hdu.data_offset)
    )
    if not good.all():
        tile = int(np.argmin(good))
        raise FitsError(
            f"{table.label(tile)} is damaged: its {table.lengths[tile]:,} bytes at {table.starts[tile]:,} of the heap"
            f" cannot hold its {table.counts[tile]:,} samples; fetch the file again"
        )


def _rows(reader: ByteReader, hdu: Hdu, words: dict[str, str]) -> NDArray[Any]:
    """Read the rows of the table, the columns that are known."""
    fields: list[tuple[str, str, tuple[int, ...]]] = []
    for number in range(1, _number(words, "TFIELDS") + 1):
        name, form = words.get(f"TTYPE{number}", "").strip(), _FORM.fullmatch(words.get(f"TFORM{number}", "").strip())
        letter = (form[1] or form[2]) if form else ""
        if not letter or letter not in COLUMNS.get(name, "") or name in (one for one, *_ in fields):
            raise UnknownFormError
        if name.endswith("COMPRESSED_DATA") and name != "UNCOMPRESSED_DATA" and "B" not in words[f"TFORM{number}"]:
            raise UnknownFormError
        if f"TSCAL{number}" in words or f"TZERO{number}" in words:
            raise UnknownFormError
        kind, count = _TYPES[letter]
        fields.append((name, kind, (count,) if count > 1 else ()))
    dtype = np.dtype(fields)
    if "COMPRESSED_DATA" not in (dtype.names or ()) or dtype.itemsize != hdu.shape[1]:
        raise UnknownFormError
    return np.frombuffer(reader.read(hdu.data_offset, math.prod(hdu.shape)), dtype)


def _places(rows: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give length and start of each tile, and which of them are real samples packed by gzip."""
    places = rows["COMPRESSED_DATA"].astype(np.int64)
    spare = places[:, 0] == 0
    if spare.any():
        if "GZIP_COMPRESSED_DATA" not in (rows.dtype.names or ()):
            raise UnknownFormError
        places[spare] = rows["GZIP_COMPRESSED_DATA"].astype(np.int64)[spare]
    return places, spare


def _blanks(words: dict[str, str], rows: NDArray[Any], bitpix: int, *, quantized: bool) -> NDArray[np.int64]:
    """Give the step of each tile that stands for no data."""
    if "ZBLANK" in (rows.dtype.names or ()):
        if not quantized:
            raise UnknownFormError
        return rows["ZBLANK"].astype(np.int64)
    key = "ZBLANK" if "ZBLANK" in words else "BLANK"
    blank = _number(words, key, NO_BLANK)
    low, high = (0, 255) if bitpix == 8 else (-(1 << (abs(bitpix) - 1)), (1 << (abs(bitpix) - 1)) - 1)
    if key in words and (not quantized if bitpix < 0 else not low <= blank <= high):
        raise UnknownFormError
    return np.full(rows.size, blank, np.int64)


def _counts(shape: tuple[int, ...], tile: tuple[int, ...]) -> NDArray[np.int64]:
    counts = np.ones(1, np.int64)
    for side, step in zip(shape, tile, strict=True):
        sides = np.full(-(-side // step), step, np.int64)
        sides[-1:] = side - step * (sides.size - 1)
        counts = np.multiply.outer(counts, sides).reshape(-1)
    return counts


def _settings(words: dict[str, str]) -> dict[str, int]:
    """Give the parameters of the algorithm; the first of a name counts."""
    found: dict[str, int] = {}
    number = 1
    while f"ZNAME{number}" in words and number < 1000:
        found.setdefault(words[f"ZNAME{number}"].strip().upper(), number)
        number += 1
    return {name: _number(words, f"ZVAL{at}") for name, at in found.items() if name in ("BYTEPIX", "BLOCKSIZE")}


def _sides(words: dict[str, str], key: str) -> list[int]:
    return [_number(words, f"{key}{axis}") for axis in range(_number(words, "ZNAXIS"), 0, -1)]


def _number(words: dict[str, str], key: str, default: int | None = None) -> int:
    raw = words.get(key)
    if raw is None and default is not None:
        return default
    try:
        return int(raw or "")
    except ValueError:
        raise UnknownFormError from None
