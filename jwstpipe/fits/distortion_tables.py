"""Tables that the WCS of a header refers to, as bytes that travel with its cards.

HST's cameras keep a part of their distortion as look-up tables in extensions of their own (WCSDVARR, and D2IMARR for
the columns of the detector); -TAB axes name a binary table. `CelestialWcs` gives the bytes to astropy.wcs, which
evaluates them.
"""

from jwstpipe.errors import FitsError
from jwstpipe.fits.fits_file import FitsFile
from jwstpipe.fits.hdus import BLOCK
from jwstpipe.sky.celestial import tables_of

__all__ = ["distortion_tables"]

MOST_TABLES = 64 << 20
"""Largest tables of a WCS, bytes; those of HST have a few thousand."""

_PRIMARY = (
    "SIMPLE  =                    T".ljust(80)
    + "BITPIX  =                    8".ljust(80)
    + "NAXIS   =                    0".ljust(80)
    + "EXTEND  =                    T".ljust(80)
    + "END"
)


def distortion_tables(file: FitsFile, cards: str) -> bytes:
    """Collect the extensions that WCS cards refer to as a FITS file of their own; empty where there are none.

    Raises
    ------
    FitsError
        Tables out of all proportion.
    """
    wanted = tables_of(cards)
    found = [hdu for hdu in file.hdus[1:] if hdu.name in wanted]
    if not found:
        return b""
    size = sum(hdu.header_size + hdu.data_size for hdu in found)
    if size > MOST_TABLES:
        raise FitsError(f"{file.name}: the tables of its WCS have {size:,} bytes; refused above {MOST_TABLES:,}")
    pieces = [_PRIMARY.ljust(BLOCK).encode("ascii")]
    for hdu in found:
        pieces.append(hdu.header_bytes)
        content = bytes(file.reader.read(hdu.data_offset, hdu.data_size))
        pieces.append(content + bytes(-len(content) % BLOCK))
    return b"".join(pieces)
