"""Which sources are points: wider than the stars of the same image, or not, as far as noise lets one tell."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["star_locus"]

Floats = NDArray[np.float64]

BRIGHT = 50.0
"""Peak, in standard deviations, of sources that stars are looked for among."""

FEWEST = 8

FLOOR = 0.01
"""Scatter of the concentration of real stars that is allowed for at least: they fall differently on pixels."""


def star_locus(ratio: Floats, error: Floats, snr: Floats, flags: Floats) -> tuple[dict[str, Any], Floats]:
    """Find the concentration of stars, and how many standard deviations each source is wider.

    Parameters
    ----------
    ratio, error
        Concentration of each source, and its standard error; NaN = not measured.
    snr
        Smoothed peak in standard deviations.
    flags
        Bits; stars are looked for among sources that have none.

    Returns
    -------
    dict
        ``concentration`` and ``scatter`` of stars, and ``number`` of the sources they were taken from. With fewer than
        `FEWEST` bright sources that agree they are those of a Gaussian of the width that was asked for, and the number
        is 0.
    ndarray
        (n,).

    Notes
    -----
    Nothing is more concentrated than a star, and stars agree: of bright sources the shortest interval that holds half
    of the upper three quarters is theirs (the half-sample mode, Robertson and Cryer 1974, one step of it).
    """
    good = np.isfinite(ratio) & (flags == 0) & (snr > BRIGHT)
    bright = np.sort(ratio[good])
    bright = bright[len(bright) // 4 :]
    place, scatter, number = 1.0, FLOOR, 0
    if len(bright) >= FEWEST:
        half = (len(bright) + 1) // 2
        widths = bright[half - 1 :] - bright[: len(bright) - half + 1]
        k = int(np.argmin(widths))
        middle = float(np.median(bright[k : k + half]))
        near = bright[np.abs(bright - middle) < 5.0 * max(float(widths[k]), FLOOR)]
        place = float(np.median(near))
        scatter = max(FLOOR, MAD_TO_SIGMA * float(np.median(np.abs(near - place))))
        number = len(near)
    with np.errstate(invalid="ignore"):
        wider = (place - ratio) / np.hypot(error, scatter)
    return {"concentration": place, "scatter": scatter, "number": number}, wider
