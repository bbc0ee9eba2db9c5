"""Plans of mosaics for the page that asks for them: one for each filter on one grid, as the job makes them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from jwstpipe.errors import UsageError
from jwstpipe.mosaicking.footprints import footprints
from jwstpipe.mosaicking.placement import common_frame, look_at
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import Settings
from jwstpipe.viewer.server.page_facts import asked

__all__ = ["mosaic_plan"]

MOST_MOSAIC_INPUTS = 500

_SUMMED = ("inputs", "tiles", "bytes", "samples", "estimated_seconds")
"""Of several filters together; memory is that of the largest, the rest is the same for all."""


def mosaic_plan(addresses: Sequence[str], wishes: Any, settings: Settings) -> dict[str, Any]:
    """Plan mosaics, and read no pixels: outlines, groups that do not touch, size, memory, time.

    Raises
    ------
    UsageError
        Too many images or none, or a wish that is none.
    DataError
        Images that cannot be laid together.
    """
    if not 1 <= len(addresses) <= MOST_MOSAIC_INPUTS:
        raise UsageError(f"a plan of this page has 1 to {MOST_MOSAIC_INPUTS} images, not {len(addresses)}")
    plans = _plans(addresses, asked(MosaicOptions, wishes), settings)
    outlines = [one["outline"] for plan in plans.values() for one in footprints(plan)["images"]]
    summaries = [plan.summary() for plan in plans.values()]
    return {
        **summaries[0],
        **{name: sum(one[name] for one in summaries) for name in _SUMMED},
        "estimated_memory_bytes": max(one["estimated_memory_bytes"] for one in summaries),
        "notes": list(dict.fromkeys(note for one in summaries for note in one["notes"])),
        "filters": {band: len(plan.sources) for band, plan in plans.items()},
        "outlines": outlines,
        "groups": _groups(outlines),
    }


def _plans(addresses: Sequence[str], options: MosaicOptions, settings: Settings) -> dict[str, MosaicPlan]:
    """Plan the mosaic of each filter; one for all where they are to be mixed."""
    bands: dict[str, list[str]] = defaultdict(list)
    for found in look_at(list(addresses), options=options, s3=settings.s3).inspections:
        bands[found.band].append(found.source.address)
    if len(bands) == 1 or options.mix:
        return {" + ".join(sorted(bands)): plan_mosaic(list(addresses), options=options, s3=settings.s3)}
    grid = common_frame(list(addresses), scale_arcsec=options.scale_arcsec, s3=settings.s3)
    return {
        band: plan_mosaic(inputs, options=options, grid=grid, s3=settings.s3) for band, inputs in sorted(bands.items())
    }


def _groups(outlines: Sequence[Sequence[Sequence[float]]]) -> int:
    """Count the groups of outlines that hang together, by the boxes around them on a local plane."""
    boxes = []
    first = np.array(outlines[0])[0, 0]
    for outline in outlines:
        points = np.array(outline)
        turn = (points[:, 0] - first + 180.0) % 360.0 - 180.0
        x = turn * np.cos(np.radians(points[:, 1].mean()))
        boxes.append((x.min(), points[:, 1].min(), x.max(), points[:, 1].max()))
    group = list(range(len(boxes)))
    for i, a in enumerate(boxes):
        for j in range(i):
            b = boxes[j]
            if a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3] and group[i] != group[j]:
                old, new = group[i], group[j]
                group = [new if one == old else one for one in group]
    return len(set(group))
