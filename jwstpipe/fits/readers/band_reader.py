"""Row bands of a remote file: fetched once, in order, and kept on the local disk only as long as they are cut up."""

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from jwstpipe.fits.hdus import WindowReader
from jwstpipe.fits.readers.byte_readers import temporary_file
from jwstpipe.fits.readers.local_reader import LocalReader

__all__ = ["BandReader"]

PIECE = 16 << 20
"""Bytes fetched at once, and the most of a band that is held in memory."""

MOST_BANDS = 4
"""Bands kept: one of the science plane, and the planes beside it that tell where it has data."""


class BandReader:
    """A remote file for a conversion, which cuts every band of a wide plane into shards.

    S3 has no two-dimensional ranges: each shard of a band would move all its rows again. So the band comes whole, to an
    unnamed temporary file that goes with its last use; the whole file never lies here. Planes no wider than a shard
    need none.
    """

    def __init__(self, reader: WindowReader, name: str) -> None:
        self._reader = reader
        self._name = name
        self._bands: OrderedDict[tuple[int, int], LocalReader] = OrderedDict()

    @property
    def in_place(self) -> bool:
        """It reads the file itself, not something unpacked from it."""
        return self._reader.in_place

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._reader.size

    def read(self, offset: int, length: int) -> bytes:
        """Read bytes; fewer at the end of the file."""
        return self._reader.read(offset, length)

    def read_rows(self, offset: int, row_bytes: int, rows: int, first: int, width: int) -> NDArray[np.uint8]:
        """Read bytes `first` to `first + width` of each of many rows, shape (rows, width).

        Raises
        ------
        StorageError
            The folder for temporary files has no space left for the band.
        """
        if width == row_bytes:
            return self._reader.read_rows(offset, row_bytes, rows, first, width)
        return self._band(offset, rows * row_bytes).read_rows(0, row_bytes, rows, first, width)

    def _band(self, offset: int, length: int) -> LocalReader:
        place = (offset, length)
        band = self._bands.pop(place, None) or self._fetched(offset, length)
        self._bands[place] = band
        while len(self._bands) > MOST_BANDS:
            self._bands.popitem(last=False)
        return band

    def _fetched(self, offset: int, length: int) -> LocalReader:
        with temporary_file(self._name) as target:
            for start in range(0, length, PIECE):
                target.write(self._reader.read(offset + start, min(PIECE, length - start)))
            target.flush()
            return LocalReader(target, self._name)
