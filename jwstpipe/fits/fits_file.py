"""`FitsFile`: an open FITS file, its bytes and its HDUs. What reads FITS is given one, and looks at nothing twice."""

from dataclasses import dataclass
from pathlib import Path

from jwstpipe.errors import FitsError
from jwstpipe.fits.hdus import Hdu, WindowReader, scan_fits
from jwstpipe.fits.readers.byte_readers import (
    ALWAYS_UNPACKED,
    MOST_EXPANSION,
    MOST_UNPACKED,
    open_bytes,
    spooled,
    temporary_file,
)
from jwstpipe.fits.readers.local_reader import LocalReader
from jwstpipe.fits.readers.range_reader import RangeReader
from jwstpipe.fits.readers.read_ahead import ReadAhead
from jwstpipe.fits.readers.unpacked_files import content_key, unpacked_files
from jwstpipe.fits.tile_compression import unpack_tiles
from jwstpipe.fits.tiles.unpack import unpack_known_tiles
from jwstpipe.settings import S3Settings

__all__ = ["FitsFile", "open_fits_file"]


@dataclass(frozen=True, eq=False)
class FitsFile:
    """A FITS file that was walked through once, on disk or in an object store."""

    name: str
    """Address that it was opened by, for messages."""

    reader: WindowReader
    hdus: tuple[Hdu, ...]
    """All HDUs in the order of the file, each with its header."""

    def unpacked(self) -> "FitsFile":
        """Unpack tile-compressed images (fpack) to an unnamed temporary file; a file without any is given back.

        The same content is unpacked once, as long as there is room (see `UnpackedFiles`).

        Raises
        ------
        FitsError
            They unpack beyond the bounds of any packed file, or not at all.
        """
        if not any(hdu.unpacked_size for hdu in self.hdus):
            return self
        size = self.reader.size + sum(hdu.unpacked_size + hdu.header_size for hdu in self.hdus)
        limit = min(MOST_UNPACKED, max(self.reader.size * MOST_EXPANSION, ALWAYS_UNPACKED))
        if size > limit:
            raise FitsError(
                f"{self.name}: unpacks to {size:,} bytes from {self.reader.size:,}; refused above {limit:,}"
            )
        packed = spooled(self.reader, name=self.name)

        def unpack() -> LocalReader:
            with temporary_file(self.name) as target:
                digest = unpack_known_tiles(packed, self.hdus, target, name=self.name)
                if digest:
                    return LocalReader(target, self.name, sha256=digest)
                target.seek(0)
                target.truncate(0)
                fault = unpack_tiles(packed.descriptor, target, size)
                if fault:
                    raise FitsError(f"{self.name}: its compressed image cannot be unpacked: {fault}")
                return LocalReader(target, self.name)

        found: LocalReader = unpacked_files().get(f"tiles {content_key(packed.descriptor)}", unpack)
        reader = found.called(self.name)
        return FitsFile(self.name, reader, scan_fits(reader, name=self.name))


def open_fits_file(
    address: str | Path, *, s3: S3Settings | None = None, name: str = "", whole: bool = False
) -> FitsFile:
    """Open a FITS file and walk through its HDUs.

    Parameters
    ----------
    address
        Local path or ``s3://`` URL; gzip and bzip2 streams are unpacked to a temporary file, whatever the name.
    s3
        Endpoint of an ``s3://`` address.
    name
        What messages call it; default: its address.
    whole
        All of it will be read: a remote file comes in long requests from the start on.

    Raises
    ------
    NotFoundError
        No such file.
    FitsError
        Not FITS, or truncated; the message says which.
    """
    called = name or str(address)
    reader: WindowReader = open_bytes(address, s3=s3, name=called, whole=whole)
    if whole and isinstance(reader, RangeReader):
        reader = ReadAhead(reader)
    return FitsFile(called, reader, scan_fits(reader, name=called))
