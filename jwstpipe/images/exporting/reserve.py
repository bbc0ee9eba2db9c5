"""Room on the disk for a file that is filled out of order, taken before its first sample is there."""

import ctypes
import errno
import os
from functools import cache
from typing import Any

__all__ = ["reserve"]

_NOT_HERE = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
"""The file system, or the kernel, knows no such call."""


def reserve(descriptor: int, size: int) -> None:
    """Give a new file its size, and its blocks in a row where the file system can do that at once.

    A file whose rows come in pieces is then not laid out piece by piece, which takes longer than a fourth of the
    processor time of writing it, and a full disk is met before anything is computed. `os.posix_fallocate` would write
    into every block where there is no such call.

    Raises
    ------
    OSError
        The disk has no room for it, or the file cannot be written.
    """
    allocate = _fallocate()
    while allocate is not None and size and allocate(descriptor, 0, 0, size):
        number = ctypes.get_errno()
        if number in _NOT_HERE:
            break
        if number != errno.EINTR:  # by a signal that Python has seen to, or will when this returns
            raise OSError(number, os.strerror(number))
    os.ftruncate(descriptor, size)


@cache
def _fallocate() -> Any:
    """Give ``int fallocate(int, int, off_t, off_t)``, where the C library has it and ``off_t`` 64 bits; else None."""
    function = getattr(ctypes.CDLL(None, use_errno=True), "fallocate", None)
    if function is None or ctypes.sizeof(ctypes.c_long) != ctypes.sizeof(ctypes.c_int64):
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    function.restype = ctypes.c_int
    return function
