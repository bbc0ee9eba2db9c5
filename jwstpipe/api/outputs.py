"""What all verbs do with paths: one or many inputs, outputs of a known form that are not replaced."""

from collections.abc import Sequence
from pathlib import Path

from jwstpipe.errors import ConflictError, UsageError
from jwstpipe.storage import is_remote

__all__ = ["IMAGE_FORMS", "Paths", "check_output", "listed"]

IMAGE_FORMS = (".zarr", ".fits")
"""Forms that an image is written in: a store, or a FITS file."""

Paths = str | Path | Sequence[str | Path]


def listed(images: Paths) -> list[str]:
    """Give addresses as a list; a single path is a single path."""
    return [str(images)] if isinstance(images, str | Path) else [str(image) for image in images]


def check_output(out: str | Path, endings: Sequence[str], *, what: str, overwrite: bool | None = None) -> str:
    """Refuse an output whose name says no form that can be written, or that stands already.

    Parameters
    ----------
    out
        Address, local or ``s3://``.
    endings
        Forms, as ``.zarr``; lower case.
    what
        What is written, for the message.
    overwrite
        Whether it may be replaced; None = who writes it looks for itself.

    Returns
    -------
    str
        The ending.

    Raises
    ------
    UsageError
        Another ending.
    ConflictError
        It stands already.
    """
    word = str(out).rstrip("/").lower()
    ending = next((one for one in endings if word.endswith(one)), None)
    if ending is None:
        raise UsageError(f"{out}: {what} is written as {' or '.join(endings)}; end its name so")
    if overwrite is False and not is_remote(out) and Path(out).exists():
        raise ConflictError(f"{out}: stands there already; choose another name or use --overwrite")
    return ending
