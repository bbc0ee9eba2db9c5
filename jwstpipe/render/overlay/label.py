"""`Label`: a line of text in the corner of a picture."""

from dataclasses import dataclass

from jwstpipe.display.colour.names import Colour

__all__ = ["Label"]


@dataclass(frozen=True)
class Label:
    """A line in the upper left corner."""

    text: str
    colour: Colour
