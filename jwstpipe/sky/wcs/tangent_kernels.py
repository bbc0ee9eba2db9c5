"""The formulas of the tangent plane, compiled for many positions."""

from typing import Any

from numba import njit
from numba.extending import register_jitable

from jwstpipe.sky.wcs import tangent_formulas as formulas

__all__ = ["distort", "from_sky", "to_sky"]

for part in (formulas.sine_cosine, formulas.direction, formulas.turned, formulas.added):
    register_jitable(part)

compiled: Any = njit(nogil=True, cache=True)
to_sky = compiled(formulas.to_sky)
from_sky = compiled(formulas.from_sky)
distort = compiled(formulas.distort)
