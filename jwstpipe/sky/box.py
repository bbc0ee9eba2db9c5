"""`Box`: an integer window on a pixel plane, rows first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

__all__ = ["Box"]


@dataclass(frozen=True, order=True)
class Box:
    """Half-open window ``[y0, y1) x [x0, x1)``; corners may be negative, sides may not."""

    y0: int
    """First row."""

    x0: int
    """First column."""

    y1: int
    """Row behind the last one."""

    x1: int
    """Column behind the last one."""

    def __post_init__(self) -> None:
        if self.y1 < self.y0 or self.x1 < self.x0:
            raise ValueError(f"a Box ends before it starts: {self}")

    @classmethod
    def of_shape(cls, shape: tuple[int, int], origin: tuple[int, int] = (0, 0)) -> Self:
        """Make the box of an array of this shape, its first pixel at `origin` (y, x)."""
        y0, x0 = origin
        return cls(y0, x0, y0 + shape[0], x0 + shape[1])

    @classmethod
    def around(cls, boxes: Iterable["Box"]) -> Self:
        """Make the smallest box that holds all of `boxes` (at least one)."""
        held = list(boxes)
        return cls(
            min(box.y0 for box in held),
            min(box.x0 for box in held),
            max(box.y1 for box in held),
            max(box.x1 for box in held),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.y1 - self.y0, self.x1 - self.x0

    @property
    def area(self) -> int:
        """Number of pixels."""
        return (self.y1 - self.y0) * (self.x1 - self.x0)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of this window in an array whose first pixel is (0, 0)."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def intersection(self, other: "Box") -> "Box | None":
        """Give the common part, or None when there is none."""
        y0, x0 = max(self.y0, other.y0), max(self.x0, other.x0)
        y1, x1 = min(self.y1, other.y1), min(self.x1, other.x1)
        return Box(y0, x0, y1, x1) if y0 < y1 and x0 < x1 else None

    def contains(self, other: "Box") -> bool:
        """Tell whether `other` lies wholly inside."""
        return self.y0 <= other.y0 and self.x0 <= other.x0 and other.y1 <= self.y1 and other.x1 <= self.x1

    def dilated(self, margin: int) -> "Box":
        """Grow by `margin` pixels on each side."""
        return Box(self.y0 - margin, self.x0 - margin, self.y1 + margin, self.x1 + margin)

    def shifted(self, dy: int, dx: int) -> "Box":
        """Move by whole pixels."""
        return Box(self.y0 + dy, self.x0 + dx, self.y1 + dy, self.x1 + dx)

    def relative_to(self, outer: "Box") -> "Box":
        """Give the same window counted from the first pixel of `outer`."""
        return self.shifted(-outer.y0, -outer.x0)

    def snapped(self, step: int, corner: tuple[int, int] = (0, 0)) -> "Box":
        """Grow to multiples of `step`, counted from `corner` (y, x)."""
        dy, dx = corner
        inner = self.shifted(-dy, -dx)
        return Box(
            inner.y0 // step * step + dy,
            inner.x0 // step * step + dx,
            -(-inner.y1 // step) * step + dy,
            -(-inner.x1 // step) * step + dx,
        )

    def bands(self, rows: int) -> Iterator["Box"]:
        """Cut into bands of at most `rows` rows, top of the array first."""
        for y0 in range(self.y0, self.y1, rows):
            yield Box(y0, self.x0, min(y0 + rows, self.y1), self.x1)

    def cells(self, step: int, corner: tuple[int, int] = (0, 0)) -> Iterator["Box"]:
        """Cut along the multiples of `step` on both axes, counted from `corner` (y, x), row by row."""
        outer = self.snapped(step, corner)
        for y0 in range(outer.y0, self.y1, step):
            for x0 in range(outer.x0, self.x1, step):
                cell = self.intersection(Box(y0, x0, y0 + step, x0 + step))
                if cell is not None:
                    yield cell
