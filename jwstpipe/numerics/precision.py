"""Whether samples in double precision keep their differences in single precision, in which images are measured.

Single precision tells 1e8 from 1e8 + 8, and nothing between. Where the noise of an image is not far above that, a
constant has to be taken from the samples first.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.robust import MAD_TO_SIGMA

__all__ = ["offset_for_single"]

_FINE = 1e-3
"""Steps of single precision may have so much of the spread of samples: finer than anyone measures."""


def offset_for_single(samples: NDArray[Any]) -> float:
    """Give what to take from samples, so that single precision holds what is left; 0 where it holds them as they are.

    Parameters
    ----------
    samples
        float64; NaN and infinities are left out.

    Returns
    -------
    float
        Their median, where steps of single precision there are not far below their spread.
    """
    known = samples[np.isfinite(samples)]
    if not known.size:
        return 0.0
    middle = float(np.median(known))
    spread = MAD_TO_SIGMA * float(np.median(np.abs(known - middle))) or float(np.ptp(known))
    step = float(np.spacing(np.float32(min(abs(middle), float(np.finfo(np.float32).max)))))
    return middle if spread and step > _FINE * spread else 0.0
