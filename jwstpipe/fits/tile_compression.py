"""Tile-compressed images (fpack): unpacked to a plain FITS file by child processes with bounded memory and time.

Decompression runs C code over bytes that anybody may have written. In a child it may fail in any way: the worker that
asked for it only learns that the file is damaged. The child is this file run as a script; it needs astropy alone. Where
there is much to unpack it divides itself once astropy is loaded, and each part fills its own pieces of the file.
"""

import os
import resource
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

PIECE = 4 << 20
"""Bytes of samples unpacked at once."""

WORTH_A_PART = 16 << 20
"""Bytes of samples for which a child divides itself once more."""

MOST_PARTS = 8

MEMORY = 4 << 30
"""Address space of each child, bytes."""

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
    patience = SECONDS + unpacked_size // BYTES_PER_SECOND
    parts = max(1, min(os.cpu_count() or 1, MOST_PARTS, unpacked_size // WORTH_A_PART))
    numbers = (descriptor, target.fileno(), unpacked_size, parts, patience)
    command = [sys.executable, __file__, *map(str, numbers)]
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


def _pieces(path: str, most: int) -> Iterator[tuple[int, Callable[[], bytes]]]:
    """Give the plain FITS file piece by piece: where each begins, and what makes it."""
    import numpy as np  # noqa: PLC0415 - the child's own work
    from astropy.io import fits  # noqa: PLC0415

    done = place = 0
    with (
        fits.open(path, memmap=False, do_not_scale_image_data=True) as opened,
        Path(path).open("rb") as raw,
    ):
        for hdu in opened:
            if not isinstance(hdu, fits.CompImageHDU):
                where = hdu.fileinfo()
                start, end = where["hdrLoc"], where["datLoc"] + where["datSpan"]
                for first in range(start, end, PIECE):
                    yield place + first - start, partial(_read, raw, first, min(PIECE, end - first))
                place += end - start
                continue
            cards = hdu.header.tostring().encode("latin-1")
            yield place, partial(bytes, cards)
            place += len(cards)
            shape, dtype = hdu.shape, np.dtype(fits.hdu.image.BITPIX2DTYPE[hdu.header["BITPIX"]]).newbyteorder(">")
            row = int(np.prod(shape[1:], dtype=object)) * dtype.itemsize
            size = row * shape[0]
            done += size
            if done > most:
                raise ValueError(f"it unpacks to more than {most:,} bytes")
            rows = max(PIECE // max(row, 1), 1)
            for first in range(0, shape[0], rows):
                yield place + first * row, partial(_unpacked, hdu, slice(first, first + rows), dtype)
            place += size
            yield place, partial(bytes, -size % 2880)
            place += -size % 2880


def _read(raw: BinaryIO, offset: int, length: int) -> bytes:
    raw.seek(offset)
    return raw.read(length)


def _unpacked(hdu: Any, rows: slice, dtype: Any) -> bytes:
    import numpy as np  # noqa: PLC0415 - as above

    return np.ascontiguousarray(hdu.section[rows]).astype(dtype).tobytes()


def _unpack_part(source: int, target: int, most: int, *, part: int, parts: int) -> None:
    """Fill every so many pieces of the plain file."""
    for number, (place, make) in enumerate(_pieces(f"/dev/fd/{source}", most)):
        if number % parts == part:
            content, done = memoryview(make()), 0
            while done < len(content):
                done += os.pwrite(target, content[done:], place + done)


def _main(source: int, target: int, most: int, parts: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))  # also where the parent is killed and cannot wait
    warnings.simplefilter("ignore")
    import astropy.io.fits  # noqa: F401, PLC0415 - once for all parts

    others = []
    for part in range(1, parts):
        child = os.fork()
        if not child:
            _unpack_part(source, target, most, part=part, parts=parts)
            os._exit(0)  # an error ends the part as it would end the whole
        others.append(child)
    try:
        _unpack_part(source, target, most, part=0, parts=parts)
    finally:
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in others]
    for code in codes:
        if code < 0:
            os.kill(os.getpid(), -code)
        elif code:
            sys.exit(code)


if __name__ == "__main__":
    _main(*(int(word) for word in sys.argv[1:6]))
