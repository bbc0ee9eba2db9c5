"""What was taken away, so that the sample that was there comes back to the last bit."""

import numpy as np
from numpy.typing import NDArray

from jwstpipe.numerics.compiled.kernel import compiled

__all__ = ["taken_apart"]

Float32Image = NDArray[np.float32]
Floats = NDArray[np.float64]


def taken_apart(original: Float32Image, model: Float32Image) -> tuple[Float32Image, Floats]:
    """Subtract a model from samples.

    Parameters
    ----------
    original
        float32, (y, x).
    model
        float32, (y, x); where it is NaN nothing is taken.

    Returns
    -------
    left, amount
        float32 and float64, (y, x): ``float32(left + amount)`` is `original`, bit for bit; NaN where it has no data.
        A sample that is all but zero beside the model, by nine orders of magnitude, stays as it is for that.
    """
    left, amount = np.empty_like(original), np.empty(original.shape)
    _split(original.reshape(-1), model.reshape(-1), left.reshape(-1), amount.reshape(-1))
    return left, amount


@compiled(error_model="numpy")
def _split(original: Float32Image, model: Float32Image, left: Float32Image, amount: Floats) -> None:
    for k in range(original.size):
        value, part = original[k], model[k]
        if not np.isfinite(part) or not np.isfinite(value):
            left[k] = value
            amount[k] = 0.0 if np.isfinite(value) else np.nan
            continue
        left[k] = value - part
        amount[k] = np.float64(value) - np.float64(left[k])
        if np.float32(np.float64(left[k]) + amount[k]) != value:  # all but zero beside the model: it stays
            left[k] = value
            amount[k] = 0.0
