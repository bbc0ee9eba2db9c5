"""Footprints as shapes on the tangent plane of a field, in arcminutes: areas and overlaps are true there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

from jwstpipe.discovery.recipes.rows import Row
from jwstpipe.sky.frames import unit_vectors
from jwstpipe.sky.regions import shapes_of

__all__ = ["Plane", "footprint_of"]

Floats = NDArray[np.float64]

_ARCMIN = 60.0 * 180.0 / math.pi

FIELD_RADII = {"NIRCam": 1.1, "MIRI": 0.75, "NIRISS": 1.1, "NIRSpec": 1.6, "FGS": 1.1}
"""Radius of a circle as large as the field of view, arcminutes: for rows that tell no footprint."""

FEW_CORNERS = 12
"""Outlines with no more corners are taken as they are."""

_TOLERANCE = 1e-3
"""Corners of outlines that move an edge by less, arcminutes, are left out."""


@dataclass(frozen=True)
class Plane:
    """A tangent plane: x to the east, y to the north, arcminutes."""

    ra: float
    dec: float
    """Where it touches the sky, degrees ICRS."""

    @classmethod
    def around(cls, ra: Sequence[float], dec: Sequence[float]) -> Self:
        """Give the plane that touches the sky in the middle of positions, degrees."""
        middle = unit_vectors(np.asarray(ra, np.float64), np.asarray(dec, np.float64)).mean(axis=0)
        lon, lat = math.atan2(middle[1], middle[0]), math.atan2(middle[2], math.hypot(middle[0], middle[1]))
        return cls(round(math.degrees(lon) % 360.0, 9) % 360.0, round(math.degrees(lat), 9))

    @cached_property
    def axes(self) -> Floats:
        """Unit vectors of east, north and up, (3, 3)."""
        lon, lat = math.radians(self.ra), math.radians(self.dec)
        return np.array([
            [-math.sin(lon), math.cos(lon), 0.0],
            [-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat)],
            [math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)],
        ])  # fmt: skip

    def project(self, ra: Floats, dec: Floats) -> Floats:
        """Project positions, degrees, to (n, 2) arcminutes; NaN for what lies on the other half of the sky."""
        east, north, up = self.axes @ unit_vectors(ra, dec).T
        height = np.where(up > 1e-3, up, np.nan)
        found: Floats = np.stack([east / height, north / height], axis=-1) * _ARCMIN
        return found

    def position(self, x: float, y: float) -> tuple[float, float]:
        """Give the position of a point of the plane, degrees."""
        east, north, up = self.axes
        place = up + (east * x + north * y) / _ARCMIN
        return (
            math.degrees(math.atan2(place[1], place[0])) % 360.0,
            math.degrees(math.atan2(place[2], math.hypot(place[0], place[1]))),
        )


def footprint_of(row: Row, plane: Plane) -> shapely.Geometry:
    """Give the area that an observation covers, on a plane; a circle of the instrument's size where nothing is told."""
    shapes = []
    for kind, values in shapes_of(row.region):
        if kind == "CIRCLE":
            (middle,) = plane.project(np.array([values[0]]), np.array([values[1]]))
            made = shapely.Point(middle).buffer(values[2] * 60.0, quad_segs=32)
        else:
            corners = np.array(values[: len(values) // 2 * 2]).reshape(-1, 2)
            made = shapely.Polygon(plane.project(corners[:, 0], corners[:, 1]))
        shapes.append(_valid(made))
    shapes = [shape for shape in shapes if not shape.is_empty]
    if shapes:
        return shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)
    if not (math.isfinite(row.ra) and math.isfinite(row.dec)):
        return shapely.Polygon()
    (middle,) = plane.project(np.array([row.ra]), np.array([row.dec]))
    return _valid(shapely.Point(middle).buffer(FIELD_RADII[row.instrument], quad_segs=32))


def _valid(shape: shapely.Geometry) -> shapely.Geometry:
    """Mend outlines that touch or cross themselves; what has no area, or lies beyond the plane, is empty."""
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return shapely.Polygon()
    if shape.is_valid and shape.geom_type == "Polygon" and len(shape.exterior.coords) <= FEW_CORNERS:
        return shape
    whole = shape if shape.is_valid else shapely.make_valid(shape)
    thin = shapely.simplify(whole, _TOLERANCE)
    parts = [part for part in shapely.get_parts([thin]) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shapely.Polygon()
