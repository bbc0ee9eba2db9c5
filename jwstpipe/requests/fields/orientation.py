"""Which way a picture is turned."""

import math
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = ["Orientation"]

WORDS = ("north", "instrument")


def _orientation(value: Any) -> Any:
    """Write an angle, and the words, in one way."""
    if isinstance(value, str) and value.strip().lower() in WORDS:
        return value.strip().lower()
    try:
        angle = float(value)
    except (TypeError, ValueError):
        angle = math.nan
    if isinstance(value, bool) or not -360.0 <= angle <= 360.0:
        raise ValueError(f"{' or '.join(WORDS)}, or a position angle from -360 to 360 degrees, not {value!r}")
    return f"{angle:.10g}"


Orientation = Annotated[str, BeforeValidator(_orientation)]
"""North up, as the instrument lay (the border of the data along the picture's), or a position angle of up, degrees."""
