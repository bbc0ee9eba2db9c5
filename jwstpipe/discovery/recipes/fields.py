"""From rows to fields: pointings that touch, and what each filter covers of them, how deep, and when."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from jwstpipe.discovery.recipes.footprints import footprints_of
from jwstpipe.discovery.recipes.rows import Dropped, Row
from jwstpipe.names.passband import Passband
from jwstpipe.sky.tangent_plane import Plane

__all__ = ["EPOCH_DAYS", "Band", "BandKey", "Field", "fields_of"]

GAP_ARCMIN = 1.0
"""Footprints that lie closer than this are one field."""

EPOCH_DAYS = 1.0
"""What moves has changed its place, and turned, after this long: other rows are another picture."""

_SAMPLES = 24
"""Points along each side of the lattice on which depth is counted."""

BandKey = tuple[str, str, bool]
"""Instrument, filter, and whether it is a coronagraph."""


@dataclass(frozen=True, eq=False)
class Band:
    """All observations of a field in one filter of one instrument."""

    instrument: str
    filter: str
    wavelength_um: float
    coronagraph: bool
    rows: tuple[Row, ...]
    """By id."""

    shapes: tuple[shapely.Geometry, ...]
    """Footprint of each, on the plane of the field."""

    union: shapely.Geometry
    """All that they cover."""

    @property
    def key(self) -> BandKey:
        """Tell it from others."""
        return self.instrument, self.filter, self.coronagraph

    @property
    def passband(self) -> Passband:
        """What it saw, as pictures ask for it."""
        return Passband("JWST", self.instrument, self.filter, self.wavelength_um)

    @cached_property
    def area(self) -> float:
        """Square arcminutes that it covers."""
        return float(self.union.area)

    @cached_property
    def depth(self) -> tuple[float, float, float]:
        """Exposure time where it covers, seconds: median, least, most; summed where footprints overlap."""
        x0, y0, x1, y1 = self.union.bounds
        axes = [low + (np.arange(_SAMPLES) + 0.5) / _SAMPLES * (high - low) for low, high in ((x0, x1), (y0, y1))]
        x, y = (axis.ravel() for axis in np.meshgrid(*axes))
        inside = shapely.contains_xy(self.union, x, y)
        if not inside.any():
            whole = sum(row.exposure_s for row in self.rows)
            return whole, whole, whole
        seconds: NDArray[np.float64] = np.zeros(int(inside.sum()))
        for row, shape in zip(self.rows, self.shapes, strict=True):
            seconds += row.exposure_s * shapely.contains_xy(shape, x[inside], y[inside])
        return float(np.median(seconds)), float(seconds.min()), float(seconds.max())

    @property
    def span(self) -> tuple[float, float]:
        """First and last observation, MJD; NaN where nothing is told."""
        times = [row.observed for row in self.rows if math.isfinite(row.observed)]
        return (min(times), max(times)) if times else (math.nan, math.nan)

    @property
    def released(self) -> float:
        """When its first observation became public, MJD; NaN where nothing is told."""
        return min((row.released for row in self.rows if math.isfinite(row.released)), default=math.nan)

    @cached_property
    def needs_mosaic(self) -> bool:
        """Whether several pointings make it up: inputs more than 10 arcseconds apart."""
        middles = np.array([shape.centroid.coords[0] for shape in self.shapes if not shape.is_empty])
        return len(middles) > 1 and float(np.ptp(middles, axis=0).max()) > 10.0 / 60.0


@dataclass(frozen=True, eq=False)
class Field:
    """Pointings that touch, of one epoch if the target moves."""

    plane: Plane
    bands: tuple[Band, ...]
    """By wavelength, then instrument."""

    whole: shapely.Geometry
    """All that any of them covers."""

    level: int
    """Level of the observations that all bands are of."""

    moving: bool
    outlying: tuple[Dropped, ...] = ()
    """What of this field is of another level."""

    @property
    def area(self) -> float:
        """Square arcminutes that any filter covers."""
        return float(self.whole.area)

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Middle of all that is covered, degrees."""
        middle = self.whole.centroid
        return self.plane.position(float(middle.x), float(middle.y))


def fields_of(rows: Iterable[Row]) -> tuple[Field, ...]:
    """Sort rows by field, and by filter within it.

    Parameters
    ----------
    rows
        Those of `sort_rows`, in any order. Of a target that moves each epoch is a field of its own, its footprints laid
        upon each other.

    Returns
    -------
    tuple of Field
        The largest first; equal ones by position.
    """
    held = sorted(rows, key=lambda row: row.obs_id)
    found = _still([row for row in held if not row.moving])
    for group in _epochs([row for row in held if row.moving]):
        plane = _plane_of(group)
        found.append(_field(group, plane, [_centred(shape) for shape in footprints_of(group, plane)], moving=True))
    whole = [field for field in found if field.bands]
    return tuple(sorted(whole, key=lambda field: (-round(field.area, 6), field.plane.ra, field.plane.dec)))


def _plane_of(rows: Sequence[Row]) -> Plane:
    placed = [row for row in rows if math.isfinite(row.ra) and math.isfinite(row.dec)]
    return Plane.around([row.ra for row in placed], [row.dec for row in placed]) if placed else Plane(0.0, 0.0)


def _still(rows: Sequence[Row]) -> list[Field]:
    """Group rows whose footprints touch, or nearly so: each group is a field.

    Thousands of footprints are united once only: by filter, and these to the whole, whose parts are the groups.
    """
    placed = [row for row in rows if math.isfinite(row.ra) and math.isfinite(row.dec)]
    if not placed:
        return []
    plane = _plane_of(placed)
    shapes = footprints_of(placed, plane)
    seen = np.array([number for number, shape in enumerate(shapes) if not shape.is_empty], np.int64)
    by_band: dict[tuple[BandKey, int], list[int]] = defaultdict(list)
    for number in seen:
        by_band[_key(placed[number]), placed[number].level].append(number)
    unions = {key: shapely.union_all([shapes[k] for k in members]) for key, members in by_band.items()}
    whole = shapely.union_all(list(unions.values()))
    wide = shapely.union_all(shapely.buffer(shapely.get_parts(whole), GAP_ARCMIN / 2.0, quad_segs=4))
    parts = shapely.get_parts(wide)
    if len(parts) == 1:
        known = unions if len({level for _, level in unions}) == 1 else {}
        return [_field(placed, plane, shapes, moving=False, unions=known, whole=whole if known else None)]
    inside = shapely.point_on_surface([shapes[number] for number in seen])
    groups: dict[int, list[int]] = defaultdict(list)
    for at, part in zip(*shapely.STRtree(parts).query(inside, predicate="intersects"), strict=True):
        groups[int(part)].append(int(seen[at]))
    return [
        _field([placed[k] for k in members], plane, [shapes[k] for k in members], moving=False)
        for members in groups.values()
    ]


def _key(row: Row) -> BandKey:
    return row.instrument, row.filter, row.coronagraph


def _epochs(rows: Sequence[Row]) -> list[list[Row]]:
    """Group the rows of moving targets by target and by the days of observation; undated ones are an epoch each."""
    found: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: (row.target.lower(), row.observed, row.obs_id)):
        last = found[-1][-1] if found else None
        near = last is not None and last.target.lower() == row.target.lower() and row.observed - last.observed
        if near is False or near is True or not near <= EPOCH_DAYS:
            found.append([])
        found[-1].append(row)
    return found


def _centred(shape: shapely.Geometry) -> shapely.Geometry:
    """Move a footprint to the middle of its plane: of what moves only size and turn can be compared."""
    if shape.is_empty:
        return shape
    middle = np.array(shape.centroid.coords[0])
    return shapely.transform(shape, lambda corners: corners - middle)


def _field(
    rows: Sequence[Row], plane: Plane, shapes: Sequence[shapely.Geometry], *, moving: bool,
    unions: Mapping[tuple[BandKey, int], shapely.Geometry] | None = None, whole: shapely.Geometry | None = None,
) -> Field:  # fmt: skip
    """Make a field of rows; unions that are known already need not be found again."""
    level = max(row.level for row in rows)
    groups: dict[BandKey, list[int]] = defaultdict(list)
    others: dict[BandKey, int] = defaultdict(int)
    for number, row in enumerate(rows):
        if shapes[number].is_empty:
            continue
        if row.level == level:
            groups[_key(row)].append(number)
        else:
            others[_key(row)] += 1
    bands = [
        Band(
            *key[:2], rows[members[0]].wavelength_um, key[2], tuple(rows[k] for k in members), own,
            (unions or {}).get((key, level)) or shapely.union_all(list(own)),
        )
        for key, members in groups.items()
        for own in [tuple(shapes[k] for k in members)]
    ]  # fmt: skip
    lone = sorted(
        f"{instrument} {name}" for instrument, name, plain in others if (instrument, name, plain) not in groups
    )
    missed = sum(count for key, count in others.items() if key not in groups)
    note = (Dropped(f"of {', '.join(lone)}, single exposures only (ask for level 2)", missed),) if lone else ()
    ordered = sorted(bands, key=lambda band: (band.wavelength_um, band.instrument, band.coronagraph))
    return Field(
        plane, tuple(ordered), shapely.union_all([band.union for band in bands]) if whole is None else whole, level,
        moving, note,
    )  # fmt: skip
