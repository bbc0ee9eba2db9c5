"""Where the extension modules of packages stand, found without loading the packages."""

from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path

__all__ = ["extension_path"]


def extension_path(name: str) -> Path | None:
    """Give the file of an extension module, as ``numba.core.runtime._nrt_python``; None = it is not where it was."""
    first, *inner = name.split(".")
    package = find_spec(first)
    if package is None or package.origin is None:
        return None
    place = Path(package.origin).parent.joinpath(*inner)
    return next((Path(f"{place}{end}") for end in EXTENSION_SUFFIXES if Path(f"{place}{end}").exists()), None)
