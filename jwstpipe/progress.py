"""How work tells of itself: a stream of small `Progress` values to whoever listens.

The library only calls a `Reporter`; what it shows (bars on a terminal, artifacts on a run page, nothing) is decided by
the caller. A reporter may be called from several threads.
"""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Progress", "Reporter", "silent"]


@dataclass(frozen=True)
class Progress:
    """State of one stage of the work."""

    stage: str
    """What is being done, as ``tiles f200w``."""

    done: int
    """Units done so far; never falls within a stage."""

    total: int
    """Units in all; 0 = not known yet."""

    unit: str = "items"
    """What is counted: files, tiles, bytes."""

    item: str = ""
    """The part of the stage that this is about, as the name of a file; empty = the whole stage."""

    rate: float | None = None
    """Units per second over the last seconds, where it is measured."""

    left_s: float | None = None
    """Seconds that the rest will take at this rate; None = not known."""


Reporter = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Report to nobody."""
    del progress
