"""Light that takes a wrong way: wisps and claws.

Wisps keep their shape and place on NRCA3, NRCA4, NRCB3 and NRCB4, and change in strength from exposure to exposure
(Robotham et al. 2023, PASP 135, 085003; Wu et al. 2026, arXiv:2601.15958). Claws come from a bright star far outside
the field; they stay on the detector as long as the telescope points to about the same place (JDox, "NIRCam Scattered
Light Artifacts").
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["WISPY", "claws", "wisp_strength", "wisps"]

Float32Image = NDArray[np.float32]

WISPY = ("NRCA3", "NRCA4", "NRCB3", "NRCB4")
"""Detectors that show wisps."""

FILAMENTS = 5
STREAKS = 7


def wisps(shape: tuple[int, int], detector: str) -> Float32Image:
    """Draw the wisps of a detector: curved filaments, the brightest pixel 1; the same whatever the programme."""
    rng = np.random.default_rng([0x5715, *detector.encode()])
    y, x = np.meshgrid(*(np.linspace(0.0, 1.0, n) for n in shape), indexing="ij")
    drawn = np.zeros(shape)
    for _ in range(FILAMENTS):
        middle = rng.uniform((0.3, 0.35), (0.75, 0.7))
        angle, bend = rng.uniform(-0.6, 0.9), rng.uniform(-1.5, 1.5)
        along = (x - middle[1]) * np.cos(angle) + (y - middle[0]) * np.sin(angle)
        across = (y - middle[0]) * np.cos(angle) - (x - middle[1]) * np.sin(angle) - bend * along**2
        width, reach = rng.uniform(0.02, 0.05), rng.uniform(0.1, 0.22)
        drawn += rng.uniform(0.5, 1.0) * np.exp(-0.5 * (across / width) ** 2 - 0.5 * (along / reach) ** 2)
    return np.asarray(drawn / drawn.max(), np.float32)


def wisp_strength(rng: np.random.Generator) -> float:
    """Draw how strong the wisps of an exposure are, relative to the usual."""
    return float(rng.uniform(0.4, 1.6))


def claws(shape: tuple[int, int], rng: np.random.Generator) -> Float32Image:
    """Draw claws: a fan of short parallel streaks, the brightest pixel 1."""
    y, x = np.meshgrid(*(np.linspace(0.0, 1.0, n) for n in shape), indexing="ij")
    middle, angle = rng.uniform(0.3, 0.7, 2), rng.uniform(0.0, np.pi)
    drawn = np.zeros(shape)
    for number in range(STREAKS):
        turned = angle + 0.05 * (number - STREAKS // 2)
        offset = 0.035 * (number - STREAKS // 2)
        along = (x - middle[1]) * np.cos(turned) + (y - middle[0]) * np.sin(turned)
        across = (y - middle[0]) * np.cos(turned) - (x - middle[1]) * np.sin(turned) - offset
        drawn += rng.uniform(0.4, 1.0) * np.exp(-0.5 * (across / 0.008) ** 2 - 0.5 * (along / 0.09) ** 2)
    return np.asarray(drawn / drawn.max(), np.float32)
