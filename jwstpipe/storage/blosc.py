"""Blosc's two functions, called past the package that brings them.

`numcodecs` loads a dozen codecs with this one, and looks through all that is installed for more: a tenth of a second of
every short command. The library itself stands in an extension module, which need not be imported to be called; where
it shows no functions (on Windows), the package is loaded. The bytes are the same.
"""

import ctypes
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.extensions import extension_path

__all__ = ["blosc_packed", "blosc_unpacked"]

Bytes = NDArray[np.uint8]

_OVERHEAD = 16
"""Bytes that a buffer may be longer than what was packed."""

_SIZE, _INT, _POINTER, _TEXT = ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p


def blosc_packed(values: NDArray[Any], *, cname: str, clevel: int, shuffle: int) -> bytes:
    """Pack a contiguous array with one thread: with several, blocks would stand in the order in which they are ready.

    Parameters
    ----------
    values
        What to pack; the size of its items guides the shuffle.
    cname, clevel, shuffle
        Codec, level, and number of the shuffle.
    """
    library = _library()
    if library is None:
        return bytes(_package().Blosc(cname=cname, clevel=clevel, shuffle=shuffle).encode(values))
    room = np.empty(values.nbytes + _OVERHEAD, np.uint8)
    size = library.blosc_compress_ctx(
        clevel, shuffle, values.itemsize, values.nbytes, values.ctypes.data, room.ctypes.data, room.nbytes,
        cname.encode(), 0, 1,
    )  # fmt: skip
    if size <= 0:
        raise RuntimeError(f"Blosc cannot pack {values.nbytes} bytes with {cname} ({size})")
    return room[:size].tobytes()


def blosc_unpacked(content: bytes, room: NDArray[Any] | None) -> Bytes:
    """Unpack a buffer, into `room` or to read-only bytes.

    Parameters
    ----------
    content
        The buffer, and nothing behind it.
    room
        Contiguous memory of just as many bytes as it unpacks to; None = new memory.

    Raises
    ------
    ValueError, RuntimeError
        It is no whole buffer of Blosc's, or damaged.
    """
    library = _library()
    if library is None:
        return np.frombuffer(_package().Blosc().decode(content, room), np.uint8)
    size = ctypes.c_size_t()
    if library.blosc_cbuffer_validate(content, len(content), ctypes.byref(size)) != 0:
        raise ValueError("no whole buffer of Blosc's")
    target = np.empty(size.value, np.uint8) if room is None else room.reshape(-1).view(np.uint8)
    if target.nbytes != size.value:
        raise ValueError(f"it unpacks to {size.value} bytes, not to {target.nbytes}")
    if size.value and library.blosc_decompress_ctx(content, target.ctypes.data, size.value, 1) != size.value:
        raise RuntimeError("its blocks are damaged")
    target.flags.writeable = room is not None
    return target


@cache
def _library() -> Any:
    """Link the library; None = its functions cannot be seen."""
    path = extension_path("numcodecs.blosc")
    try:
        library = ctypes.CDLL(str(path))
        pack, unpack, check = library.blosc_compress_ctx, library.blosc_decompress_ctx, library.blosc_cbuffer_validate
    except (OSError, AttributeError):
        return None
    pack.argtypes = [_INT, _INT, _SIZE, _SIZE, _POINTER, _POINTER, _SIZE, _TEXT, _SIZE, _INT]
    unpack.argtypes = [_TEXT, _POINTER, _SIZE, _INT]
    check.argtypes = [_TEXT, _SIZE, _POINTER]
    return library


@cache
def _package() -> Any:
    from numcodecs import blosc  # noqa: PLC0415 - see above

    blosc.use_threads = False
    return blosc
