"""Tile-compressed images (fpack): unpacked to a plain FITS file by a child process with bounded memory and time.

Decompression runs C code over bytes that anybody may have written. In a child it may fail in any way: the worker that
asked for it only learns that the file is damaged. The child is this file run as a script; it needs astropy alone.
"""

import resource
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PIECE = 8 << 20
"""Bytes of samples unpacked at once."""

MEMORY = 4 << 30
"""Address space of the child, bytes."""

SECONDS = 60
"""Time that any file is given."""

BYTES_PER_SECOND = 2 << 20
"""Slowest speed of unpacking that is waited for."""


def unpack_tiles(descriptor: int, target: BinaryIO, unpacked_size: int) -> str:
    """Unpack all compressed images of an open FITS file.

    Parameters
    ----------
    descriptor
        The file, open for reading.
    target
        Where the plain FITS file goes.
    unpacked_size
        Bytes that it will have at most, for the time-out.

    Returns
    -------
    str
        What went wrong; empty when nothing did.
    """
    command = [sys.executable, __file__, str(descriptor), str(target.fileno()), str(unpacked_size)]
    patience = SECONDS + unpacked_size // BYTES_PER_SECOND
    with tempfile.TemporaryFile() as said:
        try:
            code = subprocess.run(
                command, pass_fds=(descriptor, target.fileno()), stderr=said, stdin=subprocess.DEVNULL,
                timeout=patience, check=False,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"unpacking takes longer than {patience} s"
        said.seek(0)
        lines = said.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
    if not code:
        return ""
    return lines[-1].strip()[:300] if lines and code > 0 else f"unpacking died of signal {-code}"


def _pieces(path: str, most: int) -> Iterator[bytes]:
    """Give the plain FITS file piece by piece."""
    import numpy as np  # noqa: PLC0415 - the child's own work
    from astropy.io import fits  # noqa: PLC0415

    done = 0
    with (
        fits.open(path, memmap=False, do_not_scale_image_data=True) as opened,
        Path(path).open("rb") as raw,
    ):
        for hdu in opened:
            if not isinstance(hdu, fits.CompImageHDU):
                where = hdu.fileinfo()
                raw.seek(where["hdrLoc"])
                left = where["datLoc"] + where["datSpan"] - where["hdrLoc"]
                while left and (piece := raw.read(min(PIECE, left))):
                    left -= len(piece)
                    yield piece
                continue
            yield hdu.header.tostring().encode("latin-1")
            shape, dtype = hdu.shape, np.dtype(fits.hdu.image.BITPIX2DTYPE[hdu.header["BITPIX"]]).newbyteorder(">")
            size = int(np.prod(shape, dtype=object)) * dtype.itemsize
            done += size
            if done > most:
                raise ValueError(f"it unpacks to more than {most:,} bytes")
            rows = max(PIECE // max(int(np.prod(shape[1:], dtype=object)) * dtype.itemsize, 1), 1)
            for row in range(0, shape[0], rows):
                yield np.ascontiguousarray(hdu.section[row : row + rows]).astype(dtype).tobytes()
            yield b"\0" * (-size % 2880)


def _main(source: int, target: int, most: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    with open(target, "wb", closefd=False) as stream:
        stream.writelines(_pieces(f"/dev/fd/{source}", most))


if __name__ == "__main__":
    _main(*(int(word) for word in sys.argv[1:4]))
