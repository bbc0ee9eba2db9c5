"""Where texts stand: wholly inside the picture, and none upon another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jwstpipe.render.overlay.marks import Mark, Text, text_box

__all__ = ["laid_out"]

LEAST_SIZE = 8
"""Height of the smallest letters, pixels; a text that does not fit with them is cut off at its end, with a sign."""

_FAR = 14
"""Heights of a text that it may be moved by."""

_CUT = "…"


@dataclass(frozen=True)
class _Place:
    """What a text covers, pixels of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def of(cls, text: Text) -> "_Place":
        return cls(*text_box(text))

    def touches(self, other: "_Place") -> bool:
        """Tell whether there is no pixel between two."""
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.top <= other.bottom
            and other.top <= self.bottom
        )


def laid_out(groups: Sequence[Sequence[Mark]], shape: tuple[int, int]) -> list[list[Mark]]:
    """Move texts into the picture and off each other.

    Parameters
    ----------
    groups
        Marks by what they belong to; texts of earlier groups keep their places.
    shape
        Rows and columns of the picture.

    Returns
    -------
    list of list
        The same groups. A text that finds no place is left out: of a grid so dense that its numbers would touch.
    """
    taken: list[_Place] = []
    found: list[list[Mark]] = []
    for group in groups:
        kept: list[Mark] = []
        for mark in group:
            placed = _placed(mark, taken, shape) if isinstance(mark, Text) else mark
            if placed is not None:
                kept.append(placed)
        found.append(kept)
    return found


def _placed(text: Text, taken: list[_Place], shape: tuple[int, int]) -> Text | None:
    fitting = _fitting(text, shape)
    if fitting is None:
        return None
    for dx, dy in _moves(fitting):
        moved = _inside(replace(fitting, x=fitting.x + dx, y=fitting.y + dy), shape)
        place = _Place.of(moved)
        if not any(place.touches(other) for other in taken):
            taken.append(place)
            return moved
    return None


def _fitting(text: Text, shape: tuple[int, int]) -> Text | None:
    """Make a text small enough for the picture: its letters first, then the text itself."""
    while not _fits(text, shape) and text.size > LEAST_SIZE:
        text = replace(text, size=max(LEAST_SIZE, int(0.9 * text.size)))
    words = text.text
    while not _fits(text, shape) and len(words) > 1:
        words = words[:-1]
        text = replace(text, text=words.rstrip() + _CUT)
    return text if _fits(text, shape) else None


def _fits(text: Text, shape: tuple[int, int]) -> bool:
    place = _Place.of(text)
    return place.right - place.left <= shape[1] and place.bottom - place.top <= shape[0]


def _inside(text: Text, shape: tuple[int, int]) -> Text:
    place = _Place.of(text)
    dx = max(-place.left, 0.0) - max(place.right - shape[1], 0.0)
    dy = max(-place.top, 0.0) - max(place.bottom - shape[0], 0.0)
    return replace(text, x=text.x + dx, y=text.y + dy) if dx or dy else text


def _moves(text: Text) -> Iterator[tuple[float, float]]:
    """Name the ways to move a text, the nearest first: below and above, then to the sides."""
    yield 0.0, 0.0
    place = _Place.of(text)
    down, across = place.bottom - place.top + 1.0, place.right - place.left + 1.0
    for step in range(1, _FAR + 1):
        yield from ((0.0, step * down / 2), (0.0, -step * down / 2))
        if step % 4 == 0:
            for side in (-step / 4, step / 4):
                yield from ((side * across, 0.0), (side * across, down), (side * across, -down))
