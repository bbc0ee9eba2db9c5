"""Texts, arrows, circles, boxes and polygons at positions on the sky, from a small TOML file.

[[text]]
at = ["05:35:17.3", "-05:23:28"]     # sexagesimal hours and degrees, or degrees as numbers; ICRS
text = "Trapezium"
colour = "yellow"

[[arrow]]
at = [83.8221, -5.3911]              # its tip
from = [83.8300, -5.3850]            # its tail; left out: from the upper left
text = "proplyd"                     # beside the tail

[[circle]]
at = [83.8221, -5.3911]
radius = 5.0                         # arcseconds

[[box]]
at = [83.8221, -5.3911]
width = 10.0                         # arcseconds, towards east
height = 4.0                         # arcseconds, towards north
angle = 30.0                         # degrees from north through east

[[polygon]]
at = [83.8221, -5.3911]              # where its text stands
corners = [[83.82, -5.39], [83.83, -5.39], [83.83, -5.38]]
"""

import re
import tomllib
from math import hypot
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from jwstpipe.display.colour.names import parse_colour
from jwstpipe.errors import DataError, NotFoundError
from jwstpipe.render.overlay.marks import Line, Mark, Text
from jwstpipe.render.overlay.projection import PictureSky, turned_by
from jwstpipe.storage.bounded import read_document

__all__ = ["Annotations", "annotation_marks", "read_annotations"]

_AROUND = np.linspace(0.0, 360.0, 73)
_ALONG_A_SIDE = 9


def _degrees(position: object) -> object:
    """Read a pair of degrees, or of sexagesimal hours and degrees."""
    if not isinstance(position, list | tuple) or len(position) != 2:
        raise ValueError("a position is a pair of right ascension and declination")
    return tuple(_angle(part, per_unit=15.0 if axis == 0 else 1.0) for axis, part in enumerate(position))


def _angle(part: object, *, per_unit: float) -> float:
    if isinstance(part, int | float) and not isinstance(part, bool):
        return float(part)
    numbers = re.fullmatch(r"([+-]?)(\d+)[:hd°\s]+(\d+)[:m'\s]+(\d+(?:\.\d*)?)[s\"]?", str(part).strip())
    if numbers is None:
        raise ValueError(f"not an angle: {part!r}; give degrees, or 05:35:17.3 and -05:23:28")
    sign, first, minutes, seconds = numbers.groups()
    return (-1.0 if sign == "-" else 1.0) * per_unit * (int(first) + int(minutes) / 60.0 + float(seconds) / 3600.0)


Position = Annotated[tuple[float, float], BeforeValidator(_degrees)]


class _Mark(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    at: Position = Field(description="right ascension and declination, ICRS")
    colour: str = "white"
    text: str = ""
    size: float = Field(1.0, gt=0.1, le=20, description="height of the text, times that of labels")

    @field_validator("at")
    @classmethod
    def _on_the_sphere(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not (-360.0 <= value[0] <= 360.0 and -90.0 <= value[1] <= 90.0):
            raise ValueError("a declination lies between -90 and 90 degrees, a right ascension between 0 and 360")
        return value

    @field_validator("colour")
    @classmethod
    def _known(cls, value: str) -> str:
        parse_colour(value)
        return value


class TextMark(_Mark):
    """A text with its middle at a position."""

    text: str = Field(min_length=1)


class ArrowMark(_Mark):
    """An arrow to a position."""

    tail: Position | None = Field(None, alias="from", description="where it comes from; none = the upper left")


class CircleMark(_Mark):
    """A circle on the sky."""

    radius: float = Field(gt=0, le=90 * 3600, description="arcseconds")


class BoxMark(_Mark):
    """A box on the sky."""

    width: float = Field(gt=0, le=90 * 3600, description="arcseconds towards east")
    height: float = Field(gt=0, le=90 * 3600, description="arcseconds towards north")
    angle: float = Field(0.0, description="degrees from north through east")


class PolygonMark(_Mark):
    """A closed line through positions."""

    corners: tuple[Position, ...] = Field(min_length=3, max_length=1000)

    @field_validator("corners")
    @classmethod
    def _all_on_the_sphere(cls, value: tuple[Position, ...]) -> tuple[Position, ...]:
        return tuple(cls._on_the_sphere(corner) for corner in value)


class Annotations(BaseModel):
    """All marks of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: tuple[TextMark, ...] = ()
    arrow: tuple[ArrowMark, ...] = ()
    circle: tuple[CircleMark, ...] = ()
    box: tuple[BoxMark, ...] = ()
    polygon: tuple[PolygonMark, ...] = ()


def read_annotations(path: str) -> Annotations:
    """Read a file of annotations, or the text of one (which has more than one line, a path has not).

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        Not TOML, or a mark that lacks something or has a value that is wrong; the message names it.
    """
    inline, content = "\n" in path, path
    if not inline and not Path(path).is_file():
        raise NotFoundError(f"{path}: no such file of annotations; check the path")
    try:
        if not inline:
            content = read_document(path).decode("utf-8")
        path = "the annotations in the request" if inline else path
        return Annotations.model_validate(tomllib.loads(content))
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        raise DataError(f"{path}: {key}: {message}; marks are [[text]], [[arrow]], [[circle]] and [[box]]") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not a TOML file: {error}") from None


def annotation_marks(annotations: Annotations, sky: PictureSky, *, size: int) -> list[Mark]:
    """Lay out annotations on a picture; those whose position it does not show are left out.

    Parameters
    ----------
    annotations
        Of a file.
    sky
        Of the picture.
    size
        Height of labels, pixels.
    """
    marks: list[Mark] = []
    for text in annotations.text:
        for x, y in _seen(sky, text.at):
            marks.append(_text(text, x, y, size, "mm"))
    for arrow in annotations.arrow:
        for x, y in _seen(sky, arrow.at):
            marks += _arrow(arrow, sky, x, y, size)
    for circle in annotations.circle:
        ring = turned_by(*circle.at, _AROUND, np.full(_AROUND.size, circle.radius / 3600.0))
        marks += _outline(circle, sky, *ring, size)
    for box in annotations.box:
        marks += _outline(box, sky, *_box_on_sky(box), size)
    for polygon in annotations.polygon:
        ra, dec = np.array([*polygon.corners, polygon.corners[0]]).T
        marks += _outline(polygon, sky, ra, dec, size)
    return marks


def _seen(sky: PictureSky, at: tuple[float, float]) -> list[tuple[float, float]]:
    x, y = sky.at(np.array([at[0]]), np.array([at[1]]))
    return [(float(x[0]), float(y[0]))] if sky.inside(x, y)[0] else []


def _text(mark: _Mark, x: float, y: float, size: int, anchor: str) -> Text:
    return Text(x, y, mark.text, max(8, round(size * mark.size)), anchor, parse_colour(mark.colour))


def _arrow(mark: ArrowMark, sky: PictureSky, x: float, y: float, size: int) -> list[Mark]:
    tail = x - 4.0 * size, y - 4.0 * size
    if mark.tail is not None:
        far_x, far_y = sky.at(np.array([mark.tail[0]]), np.array([mark.tail[1]]))
        if np.isfinite(far_x[0]):
            tail = float(far_x[0]), float(far_y[0])
    dx, dy = x - tail[0], y - tail[1]
    length = hypot(dx, dy) or 1.0
    dx, dy = dx / length, dy / length
    colour, width = parse_colour(mark.colour), max(2, size // 8)
    marks: list[Mark] = [Line((tail, (x, y)), width, colour)]
    for side in (-1, 1):
        back = x - size * (0.6 * dx - 0.35 * side * dy), y - size * (0.6 * dy + 0.35 * side * dx)
        marks.append(Line(((x, y), back), width, colour))
    if mark.text:
        marks.append(_text(mark, tail[0] - 0.8 * size * dx, tail[1] - 0.8 * size * dy, size, "mm"))
    return marks


def _outline(mark: _Mark, sky: PictureSky, ra: np.ndarray, dec: np.ndarray, size: int) -> list[Mark]:
    """Draw a closed line on the sky, and its text above it; nothing where the picture shows none of it."""
    x, y = sky.at(ra, dec)
    if not np.isfinite(x).all() or x.max() < 0 or x.min() >= sky.shape[1] or y.max() < 0 or y.min() >= sky.shape[0]:
        return []
    points = tuple((float(a), float(b)) for a, b in zip(x, y, strict=True))
    marks: list[Mark] = [Line(points, max(1, size // 10), parse_colour(mark.colour))]
    if mark.text:
        marks.append(_text(mark, float(x.min() + x.max()) / 2.0, float(y.min()) - 0.3 * size, size, "mb"))
    return marks


def _box_on_sky(box: BoxMark) -> tuple[np.ndarray, np.ndarray]:
    """Walk around a box, several points a side."""
    steps = np.linspace(-0.5, 0.5, _ALONG_A_SIDE)
    edge = np.full(_ALONG_A_SIDE, 0.5)
    east = np.concatenate([steps, edge, -steps, -edge]) * box.width
    north = np.concatenate([edge, -steps, -edge, steps]) * box.height
    return turned_by(*box.at, np.degrees(np.arctan2(east, north)) + box.angle, np.hypot(east, north) / 3600.0)
