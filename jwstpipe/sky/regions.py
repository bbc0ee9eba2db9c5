"""How far observations lie from a position: distance to the footprint, true on the sphere.

An observation is in a cone when its footprint touches it, however far away its centre is. All is done with unit
vectors and bearings, so that nothing special happens at RA 0 or at the poles.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jwstpipe.sky.frames import unit_vectors

__all__ = ["distance_to_region_deg", "regions_within", "separation_deg", "shapes_of"]

Floats = NDArray[np.float64]


def separation_deg(ra: float, dec: float, ra2: ArrayLike, dec2: ArrayLike) -> Floats:
    """Give the great-circle separation of one position from others, degrees; of the shape of the others."""
    return _angle_deg(unit_vectors(np.array(ra), np.array(dec)), unit_vectors(np.asarray(ra2), np.asarray(dec2)))


def distance_to_region_deg(ra: float, dec: float, s_region: str) -> float | None:
    """Give the distance from a position to a footprint, degrees; 0 inside.

    Parameters
    ----------
    ra, dec
        Position, degrees.
    s_region
        STC-S as MAST writes it: ``POLYGON [frame] ra dec ra dec ...`` and ``CIRCLE [frame] ra dec radius``, one or
        several; sides are great circles, at most half the sky inside.

    Returns
    -------
    float or None
        None when the text holds no shape that can be read.
    """
    shapes = shapes_of(s_region)
    return _distance(ra, dec, shapes) if shapes else None


def _distance(ra: float, dec: float, shapes: Iterable[tuple[str, list[float]]]) -> float:
    return min(_to_circle(ra, dec, v) if kind == "CIRCLE" else _to_polygon(ra, dec, v) for kind, v in shapes)


def regions_within(ra: float, dec: float, radius: float, regions: Sequence[str]) -> list[bool | None]:
    """Tell which footprints touch a cone; None for a text without a shape that can be read.

    A footprint with a corner in the cone needs no further look, and most that touch it have one: so all corners are
    measured at once, and only the other footprints one by one.
    """
    shapes = [shapes_of(region) for region in regions]
    corners = [
        (index, values[at], values[at + 1])
        for index, found in enumerate(shapes)
        for kind, values in found
        if kind == "POLYGON"
        for at in range(0, len(values) // 2 * 2, 2)
    ]
    inside: set[int] = set()
    if corners:
        owners, ras, decs = (np.array(column) for column in zip(*corners, strict=True))
        distances = _angle_deg(unit_vectors(np.array(ra), np.array(dec)), unit_vectors(ras, decs))
        inside = set(owners[distances <= radius].tolist())
    return [
        None if not found else index in inside or _distance(ra, dec, found) <= radius
        for index, found in enumerate(shapes)
    ]


def shapes_of(s_region: str) -> list[tuple[str, list[float]]]:
    """Read a footprint: its shapes, ``POLYGON`` or ``CIRCLE``, each with its numbers, degrees; the rest is left out."""
    shapes: list[tuple[str, list[float]]] = []
    for word in s_region.replace(",", " ").upper().split():
        if word in ("POLYGON", "CIRCLE"):
            shapes.append((word, []))
        elif shapes:
            try:
                shapes[-1][1].append(float(word))
            except ValueError:
                continue  # the name of a frame: ICRS, J2000, GSC1
    return [
        (kind, values)
        for kind, values in shapes
        if all(map(math.isfinite, values)) and (len(values) == 3 if kind == "CIRCLE" else len(values) >= 6)
    ]


def _to_circle(ra: float, dec: float, values: list[float]) -> float:
    return max(float(separation_deg(ra, dec, values[0], values[1])) - values[2], 0.0)


def _to_polygon(ra: float, dec: float, values: list[float]) -> float:
    corners = np.array(values[: len(values) // 2 * 2], dtype=np.float64).reshape(-1, 2)
    vertices = unit_vectors(corners[:, 0], corners[:, 1])
    point = unit_vectors(np.array(ra), np.array(dec))
    if abs(_turns(point, vertices, ra)) > 0.5 and (vertices @ point).sum() > 0.0:
        return 0.0
    return float(_to_arcs_deg(point, vertices, np.roll(vertices, -1, axis=0)).min())


def _turns(point: Floats, vertices: Floats, ra: float) -> float:
    """Count how often the outline goes round the point, by the bearings of its corners."""
    a = math.radians(ra)
    east = np.array([-math.sin(a), math.cos(a), 0.0])
    north = np.cross(point, east)
    bearing = np.arctan2(vertices @ east, vertices @ north)
    step = np.roll(bearing, -1) - bearing
    return float(((step + np.pi) % (2.0 * np.pi) - np.pi).sum() / (2.0 * np.pi))


def _to_arcs_deg(point: Floats, start: Floats, end: Floats) -> Floats:
    """Give the distance from a point to arcs of great circles, degrees."""
    to_ends = np.minimum(_angle_deg(point, start), _angle_deg(point, end))
    pole = np.cross(start, end)
    length = np.linalg.norm(pole, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        height = np.degrees(np.arcsin(np.clip(np.abs(pole @ point) / length, 0.0, 1.0)))
    beside = ((np.cross(pole, start) @ point) >= 0.0) & ((np.cross(end, pole) @ point) >= 0.0) & (length > 0.0)
    return np.where(beside, height, to_ends)


def _angle_deg(a: Floats, b: Floats) -> Floats:
    """Give the angle between unit vectors; precise for small and large ones."""
    cross = np.linalg.norm(np.cross(a, b), axis=-1)
    angle: Floats = np.degrees(np.arctan2(cross, (a * b).sum(axis=-1)))
    return angle
