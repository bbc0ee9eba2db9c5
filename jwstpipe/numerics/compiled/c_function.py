"""`CFunction`: a function of the C library that a kernel calls."""

from dataclasses import dataclass

__all__ = ["CFunction"]


@dataclass(frozen=True)
class CFunction:
    """Name and types, as numba calls them; only compiled code can call it.

    pread = CFunction("pread", "int64", ("int32", "uintp", "uintp", "int64"))
    """

    name: str
    returned: str
    arguments: tuple[str, ...]
