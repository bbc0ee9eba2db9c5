"""How channels mix to neutral light."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jwstpipe.display.colour.names import Colour
from jwstpipe.errors import UsageError
from jwstpipe.numerics.least_squares import least_squares_above

__all__ = ["mixing_matrix"]

Floats = NDArray[np.float64]

_LEAST_GAIN = 0.1
"""No channel is dimmed below this to make the sum of the channels white."""


def mixing_matrix(colours: Sequence[Colour], weights: Sequence[float]) -> Floats:
    """Make the matrix from channels to linear light.

    Channels that are equally bright, with equal weights, make white or neutral grey, wherever their colours can:

    1. each channel gets a gain, the nearest to 1 with which their sum is white; so each keeps its hue;
    2. failing that, where red, green and blue all receive a fair share, these three are balanced instead (a pair such
       as #0080ff and #ff8000 is then neutral, at the price of hue);
    3. else the colours stay as they were asked for (red and orange cannot make white).

    Weights then act, and the whole is scaled so that the brightest of the three sums is 1: nothing is clipped that the
    channels did not clip themselves.

    Returns
    -------
    ndarray
        (3, channels), float64.

    Raises
    ------
    UsageError
        Nothing would be seen: all weights 0, or a black channel.
    """
    parts = np.stack([colour.linear for colour in colours], axis=1)
    if not parts.any(axis=0).all():
        raise UsageError("a channel coloured black shows nothing; give it another colour or leave it out")
    if not any(weight > 0 for weight in weights):
        raise UsageError("all channels have weight 0, so the picture would be empty; raise one")
    mix = parts * _neutral_gains(parts)
    sums = mix.sum(axis=1)
    if sums.min() > 0.25 * sums.max():
        mix = mix / sums[:, None]
    mix = mix * np.asarray(weights, np.float64)
    return np.asarray(mix / mix.sum(axis=1).max())


def _neutral_gains(parts: Floats) -> Floats:
    """Find gains nearest to 1 that make the sum of the channels white; all 1 where none do."""
    count = parts.shape[1]
    strict = 1e4  # weight of neutrality against nearness to 1
    system = np.zeros((3 + count, count + 1))
    system[:3, :count] = strict * parts
    system[:3, count] = -strict  # the last unknown is the white level itself
    system[3:, :count] = np.eye(count)
    goal = np.concatenate([np.zeros(3), np.ones(count)])
    lower = np.append(np.full(count, _LEAST_GAIN), 1e-3)
    solved = np.linalg.lstsq(system, goal, rcond=-1)[0]
    limited = bool((solved < lower).any())
    if limited:
        solved = least_squares_above(system, goal, lower)
    sums = parts @ solved[:count]
    if np.ptp(sums) > 1e-3 * sums.max():
        return np.ones(count)
    if limited:
        import scipy  # noqa: PLC0415 - slow to load; pictures had its last digits, which lie up to 3e-9 beside

        solved = scipy.optimize.lsq_linear(system, goal, bounds=(lower, np.inf), tol=1e-13).x
    return np.asarray(solved[:count])
