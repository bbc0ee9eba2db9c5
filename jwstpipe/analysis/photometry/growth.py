"""The curve of growth of an image, from its bright stars that stand alone."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from jwstpipe.analysis.photometry.encircled import Curve
from jwstpipe.analysis.photometry.tiles import Circles

__all__ = ["MEASURED_TO", "growth_curve"]

Floats = NDArray[np.float64]
MeasureCircles = Callable[[NDArray[np.int64], tuple[float, ...], tuple[float, float]], Circles]
"""Takes numbers of sources, radii and a ring (pixels); gives what `measure_circles` does, in the order of sources."""

MEASURED_TO = 15.0
"""Radius that holds all that is measured of a star, pixels; what lies beyond comes from a public curve, if any."""

RING = (17.0, 23.0)
FIRST_LOOK = 3.0
FEWEST, MOST = 5, 200
BRIGHT = 50.0
"""Least signal over noise in the first look."""

COMPACT = 0.9
"""Share of the concentration of the most compact sources that a star has."""


def growth_curve(
    x: Floats, y: Floats, measure: MeasureCircles, *, scale_arcsec: float, public: Curve | None
) -> tuple[Curve | None, int]:
    """Measure a curve of growth.

    Parameters
    ----------
    x, y
        (n,), positions of all sources, pixels.
    measure
        Measures circles of some of them.
    scale_arcsec
        Side of a pixel.
    public
        Curve that tells which part of the light lies within `MEASURED_TO`; None = all.

    Returns
    -------
    Curve or None, int
        None where there are too few stars; and how many there are.
    """
    placed = np.flatnonzero(np.isfinite(x + y))
    places = np.column_stack([x, y])[placed]
    apart = cKDTree(places).query(places, k=2)[0][:, 1] if len(places) > 1 else np.full(len(places), np.inf)
    alone = placed[apart > RING[1]]
    if len(alone) < FEWEST:
        return None, 0
    look = measure(alone, (FIRST_LOOK,), RING)
    flux = look.sums[:, 0] - look.skies[:, 0] * look.areas[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        signal = flux / (look.skies[:, 1] * np.sqrt(look.areas[:, 0]))
    good = (signal > BRIGHT) & (look.lights[:, 0] == 1.0) & ~look.saturated
    chosen = alone[good][np.argsort(-flux[good], kind="stable")][:MOST]
    if len(chosen) < FEWEST:
        return None, len(chosen)
    chosen.sort()
    radii = np.unique(np.concatenate([np.geomspace(0.5, MEASURED_TO, 28), [FIRST_LOOK]]))
    grown = measure(chosen, tuple(radii.tolist()), RING)
    curves = grown.sums - grown.skies[:, :1] * grown.areas
    whole = (grown.lights == 1.0).all(axis=1) & (curves[:, -1] > 0.0)
    curves = curves[whole] / curves[whole][:, -1:]
    if len(curves) < FEWEST:
        return None, len(curves)
    inner = curves[:, int(np.argmin(np.abs(radii - FIRST_LOOK)))]
    stars = curves[inner > COMPACT * np.percentile(inner, 80.0)]
    if len(stars) < FEWEST:
        return None, len(stars)
    middle = np.maximum.accumulate(np.clip(np.median(stars, axis=0), 1e-6, 1.0))
    reach = MEASURED_TO * scale_arcsec
    held = public.at(reach) if public is not None else float("nan")
    share = f"{held:.3f} of it by the {public.source}" if public is not None and np.isfinite(held) else "taken for all"
    source = f"measured on {len(stars)} stars; the light within {reach:.3g} arcsec is {share}"
    return Curve(radii * scale_arcsec, middle * (held if np.isfinite(held) else 1.0), source), len(stars)
