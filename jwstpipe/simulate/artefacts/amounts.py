"""`Artefacts`: which artefacts a simulated programme has, and how strong they are."""

from dataclasses import dataclass, fields

from jwstpipe.errors import UsageError

__all__ = ["Artefacts"]

MOST_EVENTS = 1_000.0
MOST_SIGMAS = 1_000.0


@dataclass(frozen=True)
class Artefacts:
    """Amounts of artefacts; 0 = none of it.

    Strengths are in units of the noise of a pixel of faint sky (read noise and photons of the sky), so that one choice
    means the same in every filter. Every kind draws from a generator of its own: to switch one on leaves the others,
    the sky and its noise as they were.
    """

    row_noise: float = 0.0
    """Rms of 1/f stripes that all amplifiers share, along the fast axis."""

    amplifier_noise: float = 0.0
    """Rms of 1/f stripes of each amplifier of its own."""

    odd_even: float = 0.0
    """Rms of the offsets of the odd and the even columns of each amplifier."""

    pedestal: float = 0.0
    """Rms of the offsets of amplifiers."""

    column_noise: float = 0.0
    """Rms of stripes across those of the rows; MIRI has both."""

    tree_rings: float = 0.0
    """Height of rings that stay on the detector; MIRI only."""

    wisps: float = 0.0
    """Brightness of the brightest wisp at its usual strength; NRCA3, NRCA4, NRCB3 and NRCB4 only."""

    claws: float = 0.0
    """Brightness of claws, which stay on the detectors of NIRCam during a visit."""

    snowballs: float = 0.0
    """Mean number in an exposure."""

    showers: float = 0.0
    """Mean number in an exposure."""

    flagged_showers: float = 0.0
    """Share of showers whose brighter half jumps, and is flagged."""

    unflagged: float = 0.0
    """Share of snowballs that nothing flags; nothing ever flags the halo of a snowball."""

    persistence: float = 0.0
    """Brightness where the exposure before was saturated."""

    hot_pixels: float = 0.0
    """Share of pixels that shine by themselves, and that nothing flags."""

    dead_pixels: float = 0.0
    """Share of pixels that see little light, and that nothing flags."""

    amplifiers: int = 4
    """Outputs side by side; their width follows the detector, 512 columns of 2048."""

    seed: int = 0
    """Of all that is drawn here."""

    def __post_init__(self) -> None:
        if not 1 <= self.amplifiers <= 32:
            raise UsageError(f"a detector has 1 to 32 amplifiers, not {self.amplifiers}")
        for name, most in _most().items():
            if not 0.0 <= getattr(self, name) <= most:
                raise UsageError(f"{name} goes from 0 to {most:g}, not {getattr(self, name)}")


def _most() -> dict[str, float]:
    """Give the largest amount of each kind."""
    shares = dict.fromkeys(("unflagged", "flagged_showers", "hot_pixels", "dead_pixels"), 1.0)
    events = dict.fromkeys(("snowballs", "showers"), MOST_EVENTS)
    rest = {one.name: MOST_SIGMAS for one in fields(Artefacts) if one.name not in ("amplifiers", "seed")}
    return {**rest, **shares, **events}
