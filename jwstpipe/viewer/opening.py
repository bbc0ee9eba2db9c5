"""What a view begins with: images, and where to look."""

from collections.abc import Sequence

from pydantic import ValidationError

from jwstpipe.analysis.pixels.at import parse_place
from jwstpipe.errors import UsageError
from jwstpipe.viewer.state import ViewState

__all__ = ["opening_view"]


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
