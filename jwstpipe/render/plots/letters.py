"""The letters of plots: DejaVu Sans; it has Greek, the sign of micro and a true minus, where Pillow's own has boxes."""

from functools import cache
from importlib import resources
from typing import Any

from PIL import ImageFont

__all__ = ["letters"]


@cache
def letters(size: int) -> Any:
    """Give the letters of a size, pixels."""
    content = resources.files("jwstpipe.render.plots").joinpath("fonts", "DejaVuSans.ttf")
    with resources.as_file(content) as path:
        return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
