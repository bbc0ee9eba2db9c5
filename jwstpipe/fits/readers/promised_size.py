"""How many bytes a FITS file will have, known from its headers while it is still being unpacked."""

from jwstpipe.errors import FitsError
from jwstpipe.fits.hdus import BLOCK, MOST_HDUS, MOST_HEADER_BLOCKS, check_magic, hdu_of_header

__all__ = ["TAIL", "PromisedSize"]

TAIL = 16 << 20
"""Bytes that may follow the last HDU: padding of tapes, special records."""


class PromisedSize:
    """Follows a FITS file that comes piece by piece, from header to header.

    A packed stream of a few kilobytes may unpack to gigabytes. A FITS file cannot do that unseen: each header says how
    many bytes of data follow it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen = 0
        self._header = bytearray()
        self._hdus = 0
        self.bytes = 0
        """Bytes up to the end of the last HDU whose header has come."""

        self.closed = False
        """What has come behind that is no header: the file ends within `TAIL` bytes."""

    def take(self, piece: bytes) -> None:
        """Take the next bytes of the file.

        Raises
        ------
        FitsError
            Not FITS, a header that makes no sense, or more bytes than all headers promise.
        """
        rest = memoryview(piece)
        while rest and not self.closed:
            if self._seen < self.bytes:  # data
                step = min(len(rest), self.bytes - self._seen)
            else:
                step = min(len(rest), BLOCK - len(self._header) % BLOCK)
                self._header += rest[:step]
            self._seen, rest = self._seen + step, rest[step:]
            if self._header and len(self._header) % BLOCK == 0:
                self._take_block()
        self._seen += len(rest)
        if self.closed and self._seen > self.bytes + TAIL:
            raise FitsError(
                f"{self._name}: unpacks to more than the {self.bytes:,} bytes that its headers promise; not a FITS file"
            )

    def _take_block(self) -> None:
        block = bytes(self._header[-BLOCK:])
        if len(self._header) == BLOCK:
            if not self._hdus:
                check_magic(block, self._name)
            elif not block.startswith(b"XTENSION"):
                self.closed = True
                return
        if not any(block[start : start + 8] == b"END     " for start in range(0, BLOCK, 80)):
            if len(self._header) > MOST_HEADER_BLOCKS * BLOCK:
                raise FitsError(f"{self._name}: the header of HDU {self._hdus} has no END; not a FITS file")
            self.bytes = self._seen
            return
        self.bytes = self._seen + hdu_of_header(bytes(self._header), self._hdus, self._name).padded_size
        self._hdus += 1
        self._header.clear()
        self.closed = self._hdus > MOST_HDUS
