"""How a detector is read: along which axis its noise becomes stripes, and how many outputs share the work."""

from dataclasses import dataclass
from typing import Literal

from astropy.io.fits import Header

from jwstpipe.errors import UsageError
from jwstpipe.images.image import SkyImage

__all__ = ["Axis", "Readout", "readout_of"]

Axis = Literal["rows", "columns"]

FULL_SIDE, OUTPUTS = 2048, 4
"""Side of a near-infrared detector, and the outputs that read all of it: bands of 512 pixels."""

MOST_OUTPUTS = 32
FAST_ALONG_Y = ("NIRISS", "NIRSPEC", "FGS")
"""Instruments whose images are turned so that the fast axis is that of the columns, where FASTAXIS does not tell."""


@dataclass(frozen=True)
class Readout:
    """The stripes that a detector can have."""

    stripes: tuple[Axis, ...]
    """Axes along which they run, in the order in which they are taken away."""

    amplifiers: int
    """Bands that are read at the same time, side by side along the stripes."""

    odd_even: bool
    """Neighbours along the fast axis go through different electronics."""

    instrument: str
    detector: str


def readout_of(image: SkyImage, *, amplifiers: int | None = None) -> Readout:
    """Tell how the detector of an exposure was read.

    NIRCam, NIRISS and NIRSpec are read by four outputs in bands of 512 pixels; subarrays by one, unless NOUTPUTS says
    otherwise. 1/f noise makes horizontal stripes on NIRCam and vertical ones on NIRISS and NIRSpec; MIRI has fainter
    ones of another origin along its columns, and some along its rows (pipeline documentation, ``clean_flicker_noise``).

    Parameters
    ----------
    image
        The exposure; its headers are read.
    amplifiers
        Number of bands, where the header does not tell or is wrong.

    Raises
    ------
    UsageError
        A number of bands that cannot be.
    """
    cards = image.primary
    instrument = str(cards.get("INSTRUME", "")).strip().upper()
    detector = str(cards.get("DETECTOR", "")).strip().upper()
    fast = _whole(cards, "FASTAXIS") or (2 if instrument in FAST_ALONG_Y else 1)
    along: Axis = "rows" if abs(fast) == 1 else "columns"
    across: Axis = "columns" if along == "rows" else "rows"
    if instrument == "MIRI":  # its four outputs read every fourth column: no bands
        return Readout((along, across), amplifiers or 1, False, instrument, detector)
    side = image.shape[1] if along == "rows" else image.shape[0]
    told = _whole(cards, "NOUTPUTS") or (OUTPUTS if side == FULL_SIDE else 1)
    count = amplifiers or told
    if not 1 <= count <= min(MOST_OUTPUTS, max(side // 8, 1)):
        raise UsageError(f"{image.address}: {count} amplifiers on {side} pixels cannot be; give --amplifiers")
    return Readout((along,), count, True, instrument, detector)


def _whole(cards: Header, key: str) -> int:
    value = cards.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
