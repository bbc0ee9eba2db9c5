"""Large events: snowballs, with saturated cores and halos that nothing flags, and showers.

A snowball is round: a core that saturates, a disc in which every pixel jumps, and a halo that lies below the threshold
of the jump step. A shower is a faint, wide patch without a core (pipeline documentation, "Large Events (Snowballs and
Showers)"; Regan 2023, JWST-STScI-008545).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.detector.flags import DQ

__all__ = ["Event", "draw_events", "event_flags", "event_light"]

Flags = NDArray[np.uint32]
Float32Image = NDArray[np.float32]

HALO = 2.2
"""Radius to which the light of a snowball reaches, relative to that of its disc."""

CORE_LIGHT, HALO_LIGHT = 60.0, 4.0
SHOWER_LIGHT = 2.0
"""Excess in the core, at the edge of the disc, and in the middle of a shower, in units of the noise of a pixel."""


@dataclass(frozen=True)
class Event:
    """One snowball or shower."""

    y: float
    x: float
    disc: float
    """Radius of what jumps, pixels; of a shower, its width."""

    core: float
    """Radius of what saturates, pixels; 0 for a shower."""

    flagged: bool
    long: float = 1.0
    """Length over width; 1 for a snowball."""

    angle: float = 0.0


def draw_events(shape: tuple[int, int], amounts: Artefacts, rng: np.random.Generator) -> tuple[Event, ...]:
    """Draw the events of an exposure."""
    found = []
    rows, columns = shape
    for _ in range(rng.poisson(amounts.snowballs)):
        disc = rng.uniform(5.0, 12.0)
        place = rng.uniform(0.04, 0.96, 2) * (rows, columns)
        core, flagged = disc * rng.uniform(0.3, 0.55), bool(rng.random() >= amounts.unflagged)
        found.append(Event(float(place[0]), float(place[1]), disc, core, flagged))
    for _ in range(rng.poisson(amounts.showers)):
        place = rng.uniform(0.1, 0.9, 2) * (rows, columns)
        width, length, angle = rng.uniform(8.0, 14.0), rng.uniform(1.2, 2.5), rng.uniform(0.0, np.pi)
        flagged = amounts.flagged_showers > 0 and bool(rng.random() < amounts.flagged_showers)
        found.append(Event(float(place[0]), float(place[1]), width, 0.0, flagged, length, angle))
    return tuple(found)


def _radius(event: Event, shape: tuple[int, int]) -> NDArray[np.float64]:
    y, x = np.ogrid[: shape[0], : shape[1]]
    dy, dx = y - event.y, x - event.x
    along = dx * np.cos(event.angle) + dy * np.sin(event.angle)
    across = dy * np.cos(event.angle) - dx * np.sin(event.angle)
    return np.asarray(np.hypot(along / event.long, across))


def event_light(event: Event, shape: tuple[int, int]) -> Float32Image:
    """Give the light of an event: float32, (y, x), in units of the noise of a pixel."""
    radius = _radius(event, shape)
    if not event.core:
        return np.asarray(SHOWER_LIGHT * np.exp(-0.5 * (radius / event.disc) ** 2), np.float32)
    fall = np.log(CORE_LIGHT / HALO_LIGHT) / (event.disc - event.core)
    inside = CORE_LIGHT * np.exp(-fall * np.maximum(radius - event.core, 0.0))
    share = np.clip((HALO - radius / event.disc) / (HALO - 1.0), 0.0, 1.0)
    return np.where(radius <= event.disc, inside, HALO_LIGHT * share**2).astype(np.float32)


def event_flags(event: Event, shape: tuple[int, int]) -> Flags:
    """Give what the jump and the saturation steps flag of an event."""
    radius = _radius(event, shape)
    flags = np.zeros(shape, np.uint32)
    if event.flagged:
        flags[radius <= event.disc] |= np.uint32(int(DQ.JUMP_DET))
        flags[(radius <= event.core) & (event.core > 0)] |= np.uint32(int(DQ.SATURATED))
    return flags
