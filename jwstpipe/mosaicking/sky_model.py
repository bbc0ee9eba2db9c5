"""`BackgroundModel`: what is subtracted from an input so that it agrees with its neighbours: a constant, or a plane."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_BACKGROUND", "SKIES", "BackgroundModel"]

SKIES = "3"
"""Version of how skies are matched; part of the ids of mosaics that match them."""


@dataclass(frozen=True)
class BackgroundModel:
    """The sky to subtract from one input: a level, and its slopes on the plane."""

    level: float = 0.0
    """In the unit of the resampled image, at `pivot`."""

    slope: tuple[float, float] = (0.0, 0.0)
    """Change for each plane pixel along x and along y."""

    pivot: tuple[float, float] = (0.0, 0.0)
    """Plane position (x, y) at which the level holds."""

    def as_array(self) -> NDArray[np.float64]:
        """Give level, slope x, slope y, pivot x, pivot y."""
        return np.array([self.level, *self.slope, *self.pivot])


NO_BACKGROUND = BackgroundModel()
"""Nothing to subtract."""
