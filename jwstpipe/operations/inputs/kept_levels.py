"""`KeptLevels`: coarse levels of images, kept for the next look; `KeptImage`: an image that is read from them.

Images that are laid on one plane have their cores filled from one another, so a level of all of them is kept at once.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jwstpipe.images.levels import level_shape, read_level
from jwstpipe.sky.box import Box
from jwstpipe.storage.kept_arrays import KeptArrays

__all__ = ["MOST_PIXELS", "KeptImage", "KeptLevels", "OnlySamples", "Searched", "Told"]

MOST_PIXELS = 1 << 23
"""Larger levels are read anew."""

Searched = tuple[int, int, int, int]
"""A part of an image that is searched for lost cores: number, level, and where it begins (y, x)."""


class Told(Protocol):
    """What is known of a level besides its samples: where lost cores were filled."""

    @property
    def repaired(self) -> dict[Searched, int]:
        """Pixels that were filled, by the part that was searched."""
        ...

    def filled_for(self, level: int) -> Sequence[tuple[Searched, int]]:
        """Give the parts that belong to a level."""
        ...


class OnlySamples:
    """Of an image as it is nothing else is known."""

    def __init__(self) -> None:
        self.repaired: dict[Searched, int] = {}

    def filled_for(self, level: int) -> Sequence[tuple[Searched, int]]:
        """Give none."""
        del level
        return ()


@dataclass(frozen=True, eq=False)
class KeptLevels:
    """Levels of the science planes of images of one shape, all of a level at once."""

    images: tuple[Any, ...]
    content: str
    kept: KeptArrays
    key: Callable[..., dict[str, Any]]
    told: Told
    _found: dict[int, list[NDArray[np.float32]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def level(self, number: int, level: int) -> NDArray[np.float32]:
        """Give a whole level of an image; it is not to be written to."""
        with self._lock:
            if level not in self._found:
                self._found[level] = self._taken(level)
            return self._found[level][number]

    def _taken(self, level: int) -> list[NDArray[np.float32]]:
        key = self.key(level=level)
        entry = self.kept.get(key)
        if entry is not None:
            self.told.repaired.update({tuple(part): count for part, count in entry.facts["filled"]})
            return list(entry.arrays)
        made = [read_level(image, level=level) for image in self.images]
        self.kept.put(key, facts={"filled": self.told.filled_for(level)}, arrays=made)
        return made


@dataclass(frozen=True, eq=False)
class KeptImage:
    """An image whose coarse levels of the science plane are kept; all else is the image's own."""

    image: Any
    content: str
    kept: KeptLevels
    number: int = 0
    """Which of the images of the kept levels it is."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.image, name)

    def __getitem__(self, place: Any) -> Any:
        return self.image[place]

    @property
    def levels(self) -> int:
        """As many as anybody asks for."""
        return 64

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window of one plane."""
        if plane != "sci" or level == 0 or index or self.image.slices > 1:
            return np.asarray(self.image.read(plane, box, level=level, index=index))
        rows, columns = level_shape(self.image.shape, level)
        if rows * columns > MOST_PIXELS:
            return read_level(self.image, box, level=level)
        whole = self.kept.level(self.number, level)
        return whole if box is None else whole[box.slices]
