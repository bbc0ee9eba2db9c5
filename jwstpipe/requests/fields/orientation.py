"""Which way a picture is turned."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

__all__ = ["Orientation"]


def _orientation(value: Any) -> Any:
    """Read an angle that was written as a word; ``north`` and ``instrument`` pass."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value.strip().lower()


Angle = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)]

Orientation = Annotated[Literal["north", "instrument"] | Angle, BeforeValidator(_orientation)]
"""North up, as the instrument lay (the border of the data along the picture's), or a position angle of up, degrees."""
