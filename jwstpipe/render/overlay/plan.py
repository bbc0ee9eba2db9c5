"""Which marks a picture gets."""

from collections.abc import Sequence
from math import hypot

import numpy as np

from jwstpipe.display.colour.names import WHITE, Colour
from jwstpipe.errors import DataError, UsageError
from jwstpipe.render.geometry.placement import SkyPlacement
from jwstpipe.render.overlay.grid import grid_marks
from jwstpipe.render.overlay.label import Label
from jwstpipe.render.overlay.layout import laid_out
from jwstpipe.render.overlay.marks import Circle, Line, Mark, Text
from jwstpipe.render.overlay.projection import PictureSky
from jwstpipe.requests import CompositeRequest
from jwstpipe.storage.position_tables import read_positions

__all__ = ["SCALE_STEPS", "overlay_marks"]

SCALE_STEPS = (
    *(n / 3600.0 for n in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30)),
    *(n / 60.0 for n in (1, 2, 5, 10, 20, 30)),
    *(1.0, 2.0, 5.0, 10.0),
)
"""Lengths of scale bars, degrees."""

_LEAST_BAR = 20


def overlay_marks(
    options: CompositeRequest,
    placement: SkyPlacement | None,
    shape: tuple[int, int],
    *,
    labels: Sequence[Label],
) -> list[Mark]:
    """Lay out the marks of a picture.

    Parameters
    ----------
    options
        Kinds of marks, a table of sources, a file of annotations.
    placement
        Where the picture lies on the sky.
    shape
        Its rows and columns.
    labels
        For ``labels``.

    Raises
    ------
    DataError
        Marks of the sky on a picture that no WCS places there.
    UsageError
        ``sources`` without a table.
    """
    overlays, size = options.overlays, max(12, min(shape) // 45)
    on_sky = [kind for kind in overlays if kind != "labels"] + (["annotations"] if options.annotations else [])
    if on_sky and placement is None:
        raise DataError(f"the images have no WCS, so {on_sky[0]} cannot be drawn; leave it out")
    groups = _marks_on_sky(options, PictureSky(placement, shape), size) if placement is not None and on_sky else []
    if "labels" in overlays:
        lines = enumerate(labels)
        groups.append([_label(label, size + row * 1.4 * size, size) for row, label in lines])
    if options.rules > 1:
        groups = laid_out(groups[::-1], shape)[::-1]  # what is drawn last keeps its place
    return [mark for group in groups for mark in group]


def _label(label: Label, y: float, size: int) -> Text:
    return Text(size, y, label.text, size, colour=_readable(label.colour))


def _marks_on_sky(options: CompositeRequest, sky: PictureSky, size: int) -> list[list[Mark]]:
    """Lay out what lies on the sky: a group for each kind, in the order in which they are drawn."""
    overlays, placement, shape = options.overlays, sky.placement, sky.shape
    groups: list[list[Mark]] = []
    if "grid" in overlays:
        groups.append(grid_marks(sky.wcs, shape, hours=placement.frame != "GAL", size=size))
    if "sources" in overlays:
        if options.sources is None:
            raise UsageError("sources need a table of positions; give one with --sources FILE")
        groups.append(_source_marks(sky, options.sources, size=size))
    if options.annotations:
        from jwstpipe.render.overlay.annotations import (  # noqa: PLC0415 - slow to load, and few pictures have some
            annotation_marks,
            read_annotations,
        )

        groups.append(annotation_marks(read_annotations(options.annotations), sky, size=size))
    if "scalebar" in overlays:
        groups.append(_scale_bar(placement, shape, size))
    if "compass" in overlays:
        groups.append(_compass(placement, shape, size))
    return groups


def _source_marks(sky: PictureSky, path: str, *, size: int) -> list[Mark]:
    x, y = sky.at(*read_positions(path, what="table of sources"))
    inside = sky.inside(x, y)
    green = Colour(0.4, 1.0, 0.4)
    return [
        Circle(float(a), float(b), size * 0.6, max(1, size // 12), green)
        for a, b in zip(x[inside], y[inside], strict=True)
    ]


def _scale_bar(placement: SkyPlacement, shape: tuple[int, int], size: int) -> list[Mark]:
    """Draw the longest bar that fits, in the lower left corner."""
    (a, b), (c, d) = placement.cd
    pixel = abs(a * d - b * c) ** 0.5
    most = max(150.0, 0.15 * shape[1])
    fitting = [step for step in SCALE_STEPS if _LEAST_BAR <= step / pixel <= most]
    if not fitting:
        return []
    length = fitting[-1] / pixel
    x, y = 1.5 * size, shape[0] - 2.0 * size
    width = max(2, size // 6)
    return [
        Line(((x, y), (x + length, y)), width),
        Line(((x, y - size / 3), (x, y + size / 3)), width),
        Line(((x + length, y - size / 3), (x + length, y + size / 3)), width),
        Text(x + length / 2, y - size / 2, _angle(fitting[-1]), size, "mb"),
    ]


def _readable(colour: Colour) -> Colour:
    """Lighten a colour: pure blue cannot be read on black."""
    return Colour(*(0.35 + 0.65 * part for part in (colour.red, colour.green, colour.blue)))


def _angle(degrees: float) -> str:
    if degrees < 1 / 60 - 1e-9:
        return f'{degrees * 3600:g}"'
    return f"{degrees * 60:g}'" if degrees < 1 - 1e-9 else f"{degrees:g}°"


def _compass(placement: SkyPlacement, shape: tuple[int, int], size: int) -> list[Mark]:
    """Draw arrows to north and east (of galactic axes: b and l), as the matrix has them, in the lower right corner."""
    inverse = np.linalg.inv(np.array(placement.cd))
    arm = 3.0 * size
    centre = shape[1] - 5.5 * size, shape[0] - 5.5 * size
    marks: list[Mark] = []
    north, east = ("b", "l") if placement.frame == "GAL" else ("N", "E")
    for name, direction in ((north, inverse[:, 1]), (east, inverse[:, 0])):
        dx, dy = float(direction[0]), -float(direction[1])
        norm = hypot(dx, dy)
        dx, dy = dx / norm, dy / norm
        tip = centre[0] + arm * dx, centre[1] + arm * dy
        width = max(2, size // 6)
        marks.append(Line((centre, tip), width))
        for side in (-1, 1):
            back = tip[0] - size * (0.6 * dx - 0.35 * side * dy), tip[1] - size * (0.6 * dy + 0.35 * side * dx)
            marks.append(Line((tip, back), width))
        marks.append(Text(tip[0] + 0.9 * size * dx, tip[1] + 0.9 * size * dy, name, size, "mm", WHITE))
    return marks
