"""The formulas of the tangent plane, compiled for many positions."""

from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.sky.wcs import tangent_formulas as formulas

__all__ = ["distort", "from_sky", "to_sky"]

to_sky = compiled()(formulas.to_sky)
from_sky = compiled()(formulas.from_sky)
distort = compiled()(formulas.distort)
