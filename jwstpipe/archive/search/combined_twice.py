"""Which combined images hold exposures that others hold already.

The pipeline combines each observation (``o001``) and, of several, a mosaic once more (``c1001``, ``a3001``): the same
pixels. Who takes both counts them twice, and believes in noise that is too low.
"""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from jwstpipe.archive.product import Product
from jwstpipe.names import canonical_instrument, effective_filter
from jwstpipe.sky.regions import shapes_of
from jwstpipe.sky.tangent_plane import Plane, region_shapes

__all__ = ["Combined", "combined_twice", "counted_once"]

MOST_COVERED = 0.95
"""Share of an image that others must cover to hold all of it: rims differ by the corners that MAST rounds."""

_SLACK_DAYS = 0.01
"""Times of products are rounded."""

_NAME = re.compile(r"jw\d{5}-([oca])\d+_([a-z]\d+)_")
_ORDER = "oca"


@dataclass(frozen=True)
class Combined:
    """What decides whether two combined images may hold the same exposures."""

    obs_id: str
    group: Hashable
    """Programme, instrument, filter and whatever else they must share."""

    region: str = ""
    """Footprint, STC-S; empty = not told."""

    began: float = float("nan")
    ended: float = float("nan")
    """First and last moment of its exposures, MJD; NaN = not told."""


def combined_twice(images: Sequence[Combined]) -> frozenset[int]:
    """Choose what to leave out, so that nothing is lost and nothing is counted twice.

    An image of one observation is part of a mosaic of the pipeline when it lies within it, in space and in time,
    whatever targets their names number. Where its parts cover a mosaic they stay and it goes; where some of them are
    not among the images, the mosaic stays and its parts go. Without footprints, images of one target number count as
    parts.

    Returns
    -------
    frozenset of int
        Places in `images`; the rest is wanted.
    """
    groups: dict[Hashable, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, one in enumerate(images):
        if found := _NAME.match(one.obs_id.lower()):
            groups[one.group][found[1]].append(number)
    out: set[int] = set()
    for group in groups.values():
        for rank, letter in enumerate(_ORDER[1:], start=1):
            for number in sorted(group[letter], key=lambda k: images[k].obs_id):
                lower = [k for other in _ORDER[:rank] for k in group[other] if k not in out]
                if lower:
                    out |= _same(number, lower, images)
    return frozenset(out)


def counted_once(products: Iterable[Product]) -> tuple[tuple[Product, ...], tuple[Product, ...]]:
    """Split files into those that are wanted, and combined images of which others hold all exposures."""
    held = list(products)
    out = combined_twice(
        [
            Combined(
                one.obs_id, _group(one), str(one.mast.get("s_region", "")), _time(one, "t_min"), _time(one, "t_max")
            )
            for one in held
        ]
    )
    return (
        tuple(one for number, one in enumerate(held) if number not in out),
        tuple(one for number, one in enumerate(held) if number in out),
    )


def _group(one: Product) -> Hashable:
    name = effective_filter(one.filters)
    return one.obs_id[:7].lower(), canonical_instrument(one.instrument), name, one.level, one.suffix, one.product_type


def _time(one: Product, column: str) -> float:
    value: Any = one.mast.get(column)
    return float(value) if isinstance(value, int | float) else float("nan")


def _same(number: int, lower: Sequence[int], images: Sequence[Combined]) -> set[int]:
    """Tell what goes of a mosaic of the pipeline and the images that may be parts of it."""
    mosaic = images[number]
    timely = [k for k in lower if _within_time(images[k], mosaic)]
    if outlines := shapes_of(mosaic.region):
        plane = Plane(*outlines[0][1][:2])  # touches the sky at its first corner, or in the middle of its circle
        shapes = region_shapes([mosaic.region, *(images[k].region for k in timely)], plane)
        whole, told = shapes[0], [(k, shape) for k, shape in zip(timely, shapes[1:], strict=True) if not shape.is_empty]
        if whole.area > 0.0 and told:
            parts = {k: shape for k, shape in told if _share(shape, whole) >= MOST_COVERED}
            if not parts:
                return set()
            return {number} if _share(whole, shapely.union_all(list(parts.values()))) >= MOST_COVERED else set(parts)
    target = _target(mosaic.obs_id)
    return {number} if any(_target(images[k].obs_id) == target for k in timely) else set()


def _share(shape: shapely.Geometry, by: shapely.Geometry) -> float:
    """Give the share of a shape that another covers."""
    return float(shapely.intersection(shape, by).area / shape.area) if shape.area > 0.0 else 0.0


def _within_time(part: Combined, mosaic: Combined) -> bool:
    """Tell whether one may be a part of another by when it was observed; what tells no time may."""
    early = part.began < mosaic.began - _SLACK_DAYS
    late = part.ended > mosaic.ended + _SLACK_DAYS
    return not (early or late)


def _target(obs_id: str) -> str:
    found = _NAME.match(obs_id.lower())
    return found[2] if found else ""
