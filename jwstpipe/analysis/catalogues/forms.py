"""The forms of catalogues, known by the end of a name; without what reads and writes them."""

from pathlib import Path

from jwstpipe.errors import ConflictError, UsageError
from jwstpipe.storage.bounded_tables import TABLE_FORMS

__all__ = ["FORMS", "check_target"]

FORMS = TABLE_FORMS
"""What the end of a name means."""


def check_target(out: str | Path, *, overwrite: bool) -> None:
    """Refuse a place that a catalogue cannot be written to.

    Raises
    ------
    UsageError
        An end that is none of `FORMS`; an address that is no local file.
    ConflictError
        Something stands there.
    """
    if "://" in str(out):
        raise UsageError(
            f"{out}: a catalogue is written to a local file; products of a store on S3 are made by `batch` and flows"
        )
    path = Path(out)
    if path.suffix.lower() not in FORMS:
        raise UsageError(f"{out}: a catalogue is written as {', '.join(FORMS)}; choose one by the end of the name")
    if path.exists() and not overwrite:
        raise ConflictError(f"{out}: exists; choose another name, or use --overwrite")
