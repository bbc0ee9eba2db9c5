"""What a view begins with: images, and where to look."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from jwstpipe.analysis.pixels.at import parse_place
from jwstpipe.errors import UsageError
from jwstpipe.storage import is_remote
from jwstpipe.viewer.server.library import Library
from jwstpipe.viewer.state import ViewState

__all__ = ["images_meant", "opening_view"]


def images_meant(word: str, library: Library) -> list[str]:
    """Give what a word of a command line means: an address or a product id itself, a target its newest mosaics."""
    if is_remote(word) or "/" in word or "[" in word or Path(word).exists() or not library.exists:
        return [word]
    return library.mosaics_of(word) or [word]


def opening_view(product_ids: Sequence[str], *, at: str | None = None, fov: float | None = None) -> ViewState:
    """Make the view that a page opens with.

    Parameters
    ----------
    product_ids
        Images.
    at
        ``RA,DEC`` of the middle, or ``X,Y`` in pixels; None = all is shown.
    fov
        Degrees across the shorter side.

    Raises
    ------
    UsageError
        A place that is none, or a field of view without one.
    """
    place = None if at is None else parse_place(at)
    if fov is not None and place is None:
        raise UsageError("--fov needs --at: the middle of the field of view")
    where = {} if place is None else {"at" if place.sky else "pixel": (place.first, place.second)}
    try:
        return ViewState.model_validate({"images": tuple(product_ids), "fov": fov, **where})
    except ValidationError as error:
        fault = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}") from None
