"""What observations cover, as shapes on the tangent plane of a field."""

import math
from collections.abc import Sequence

import numpy as np
import shapely

from jwstpipe.discovery.recipes.rows import Row
from jwstpipe.sky.tangent_plane import Plane, region_shapes, whole_shapes

__all__ = ["footprints_of"]

FIELD_RADII = {"NIRCam": 1.1, "MIRI": 0.75, "NIRISS": 1.1, "NIRSpec": 1.6, "FGS": 1.1}
"""Radius of a circle as large as the field of view, arcminutes: for rows that tell no footprint."""


def footprints_of(rows: Sequence[Row], plane: Plane) -> list[shapely.Geometry]:
    """Give the area that each observation covers; a circle of the instrument's size where nothing is told."""
    shapes = list(region_shapes([row.region for row in rows], plane))
    for number, row in enumerate(rows):
        if shapes[number].is_empty and math.isfinite(row.ra) and math.isfinite(row.dec):
            (middle,) = plane.project(np.array([row.ra]), np.array([row.dec]))
            circle = shapely.Point(middle).buffer(FIELD_RADII[row.instrument], quad_segs=32)
            shapes[number] = whole_shapes([circle])[0]
    return shapes
