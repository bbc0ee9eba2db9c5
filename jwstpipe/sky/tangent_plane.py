"""Footprints as shapes on a tangent plane, in arcminutes: areas are true there, at RA 0 and the poles too."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

from jwstpipe.sky.frames import unit_vectors
from jwstpipe.sky.regions import shapes_of

__all__ = ["Plane", "region_shapes", "whole_shapes"]

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

_ARCMIN = 60.0 * 180.0 / math.pi

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


def region_shapes(regions: Sequence[str], plane: Plane) -> Shapes:
    """Draw footprints on a plane, all corners at once.

    Parameters
    ----------
    regions
        STC-S as MAST writes it, of any number of polygons and circles each.
    plane
        Where they are drawn.

    Returns
    -------
    numpy.ndarray
        A valid shape each, arcminutes; empty where a text holds no shape that can be read, or one beyond the plane.
    """
    told = [shapes_of(region) for region in regions]
    outlines = [
        (number, values[: len(values) // 2 * 2])
        for number, shapes in enumerate(told)
        for kind, values in shapes
        if kind == "POLYGON"
    ]
    parts: list[list[shapely.Geometry]] = [[] for _ in told]
    for (number, _), shape in zip(outlines, _polygons([values for _, values in outlines], plane), strict=True):
        parts[number].append(shape)
    for number, shapes in enumerate(told):
        for kind, values in shapes:
            if kind == "CIRCLE":
                (middle,) = plane.project(np.array([values[0]]), np.array([values[1]]))
                parts[number].append(whole_shapes([shapely.Point(middle).buffer(values[2] * 60.0, quad_segs=32)])[0])
    drawn = np.empty(len(told), object)
    for number, own in enumerate(parts):
        seen = [shape for shape in own if not shape.is_empty] if len(own) > 1 else own
        drawn[number] = seen[0] if len(seen) == 1 else shapely.union_all(seen) if seen else shapely.Polygon()
    return drawn


def whole_shapes(shapes: Sequence[shapely.Geometry]) -> Shapes:
    """Mend outlines that touch or cross themselves; what has no area, or lies beyond the plane, is empty."""
    mended = np.array([*shapes, None], object)[:-1]  # None: numpy would take shapes for sequences
    bounds = shapely.bounds(mended)
    beyond = ~np.isfinite(bounds).all(axis=1) | ~_all_finite(mended)
    plain = (shapely.get_type_id(mended) == shapely.GeometryType.POLYGON) & (
        shapely.get_num_coordinates(mended) <= FEW_CORNERS
    )
    for number in np.flatnonzero(beyond):
        mended[number] = shapely.Polygon()
    for number in np.flatnonzero(~beyond & ~(plain & shapely.is_valid(mended))):
        mended[number] = _mended(mended[number])
    return mended


def _polygons(outlines: Sequence[Sequence[float]], plane: Plane) -> Shapes:
    if not outlines:
        return np.empty(0, object)
    corners = np.array([value for values in outlines for value in values], np.float64).reshape(-1, 2)
    owners = np.repeat(np.arange(len(outlines)), [len(values) // 2 for values in outlines])
    rings = shapely.linearrings(plane.project(corners[:, 0], corners[:, 1]), indices=owners)
    return whole_shapes(shapely.polygons(rings))


def _all_finite(shapes: Shapes) -> NDArray[np.bool_]:
    corners, owners = shapely.get_coordinates(shapes, return_index=True)
    finite = np.ones(len(shapes), bool)
    finite[owners[~np.isfinite(corners).all(axis=1)]] = False
    return finite


def _mended(shape: shapely.Geometry) -> shapely.Geometry:
    whole = shape if shape.is_valid else shapely.make_valid(shape)
    thin = shapely.simplify(whole, _TOLERANCE)
    parts = [part for part in shapely.get_parts([thin]) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else shapely.Polygon()
