"""A known value of the sky: matched skies moved as a whole until what is left of the sky has it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import UsageError
from jwstpipe.mosaicking.background.cells import CELL, reduced
from jwstpipe.mosaicking.background.solve import Skies
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.settings import S3Settings

__all__ = ["anchor_value", "at_value"]

CLIP, ROUNDS = 3.0, 10

UNEVEN = 3.0
"""A sky whose cells differ so many times more than neighbours do is none: a nebula fills the field."""


def anchor_value(anchor: str | None) -> float | None:
    """Give the value that an anchor names; None where it is an image, or there is none.

    Raises
    ------
    UsageError
        A number that is no level.
    """
    try:
        value = None if anchor is None else float(anchor)
    except ValueError:
        return None
    if value is not None and not np.isfinite(value):
        raise UsageError(f"--anchor {anchor}: no level of a sky; give a number, or the name of an image")
    return value


def at_value(plan: MosaicPlan, skies: Skies, gauges: list[str], value: float, s3: S3Settings) -> tuple[Skies, str]:
    """Move each group of images so that what is left of its sky has a value: the clipped median of its cells.

    Returns
    -------
    Skies, str
        And what speaks against it, for people: there may be no sky in the field.
    """
    left: dict[int, list[NDArray[np.float64]]] = {}
    steps: dict[int, list[NDArray[np.float64]]] = {}
    for number, source in enumerate(plan.sources):
        image = reduced(source, plan.grid, plan.options.reject_dq, s3, is_flux=plan.is_flux)
        cells, values = image.box, image.means
        model = skies.values[number]
        steps.setdefault(skies.components[number], []).append(np.diff(values, axis=1).ravel())
        rows, columns = np.nonzero(np.isfinite(values))
        x, y = (columns + cells.x0 + 0.5) * CELL - 0.5, (rows + cells.y0 + 0.5) * CELL - 0.5
        sky = model.level + model.slope[0] * (x - model.pivot[0]) + model.slope[1] * (y - model.pivot[1])
        left.setdefault(skies.components[number], []).append(np.asarray(values[rows, columns] - sky, np.float64))
    levels = {component: _sky_level(parts)[0] for component, parts in left.items()}
    moved = []
    for own, component in zip(skies.values, skies.components, strict=True):
        level = levels[component]
        if level is None or gauges[component] == "known":
            moved.append(own)
        else:
            moved.append(replace(own, level=own.level + level - value))
    for component, level in levels.items():
        if gauges[component] != "known" and level is not None:
            gauges[component] = "value"
    note = ""
    for component, parts in left.items():
        spread, near = _sky_level(parts)[1], _sky_level(steps[component])[1] / np.sqrt(2.0)
        if gauges[component] == "value" and spread > UNEVEN * near:
            note = (
                f"what shall be {value:g} varies by {spread:.3g} over the field, and by {near:.2g} between neighbours:"
                " a nebula, and not the sky; say where the sky is with --sky-region"
            )
    return replace(skies, values=tuple(moved)), note


def _sky_level(parts: Sequence[NDArray[np.float64]]) -> tuple[float | None, float]:
    """Give the median of cells once those that stand out are left out, and the standard deviation of these."""
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    if not values.size:
        return None, 0.0
    for _ in range(ROUNDS):
        middle = float(np.median(values))
        kept = np.abs(values - middle) <= CLIP * MAD_TO_SIGMA * float(np.median(np.abs(values - middle)))
        if kept.all() or not kept.any():
            break
        values = values[kept]
    middle = float(np.median(values))
    return middle, MAD_TO_SIGMA * float(np.median(np.abs(values - middle)))
