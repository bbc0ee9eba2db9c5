"""The table of input headers that combined products carry: one row for each exposure that went in."""

from astropy.io.fits import BinTableHDU

from jwstpipe.errors import FitsError
from jwstpipe.fits.fits_file import open_fits_file
from jwstpipe.settings import S3Settings

__all__ = ["table_inputs"]

_ABSENT = frozenset({"", "N/A", "UNDEFINED", "UNKNOWN"})


def table_inputs(address: str, *, s3: S3Settings | None = None) -> tuple[str, ...]:
    """Read the file names of the inputs from the extension ``HDRTAB`` of a FITS file.

    Parameters
    ----------
    address
        Local path or ``s3://`` URL; only headers and that table are read.
    s3
        Endpoint of an ``s3://`` address.

    Returns
    -------
    tuple of str
        Without folders, each once, in the order of the rows; empty where the file has no such table.

    Raises
    ------
    FitsError, NotFoundError, StorageError
        The file, or its table, cannot be read.
    """
    file = open_fits_file(address, s3=s3)
    for hdu in file.hdus:
        if hdu.name != "HDRTAB" or hdu.kind != "BINTABLE":
            continue
        try:
            table = BinTableHDU.fromstring(
                hdu.header_bytes + bytes(file.reader.read(hdu.data_offset, hdu.end - hdu.data_offset))
            )
            file_names = table.data["FILENAME"] if "FILENAME" in table.columns.names else ()
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise FitsError(f"{address}: its table of input headers cannot be read: {error}") from None
        names = (str(name).strip().replace("\\", "/").rpartition("/")[2] for name in file_names)
        return tuple(dict.fromkeys(name for name in names if name.upper() not in _ABSENT))
    return ()
