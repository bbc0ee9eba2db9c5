"""Is there anything at an address? Asked before an image is opened, and before what opens images is loaded."""

from pathlib import Path

from jwstpipe.errors import NotFoundError
from jwstpipe.fits.choice import split_choice
from jwstpipe.storage.address import is_remote

__all__ = ["require_present"]


def require_present(address: str | Path) -> None:
    """Refuse a local path where nothing stands; what is remote is met when it is opened.

    Raises
    ------
    NotFoundError
        With the path, or with the file of ``FILE[SCI,2]``.
    """
    if is_remote(address) or Path(address).exists():
        return
    file, _ = split_choice(str(address))
    if not Path(file).exists():
        raise NotFoundError(f"{file}: no such file or image; check the path")
