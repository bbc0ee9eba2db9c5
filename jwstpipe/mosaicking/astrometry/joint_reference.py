"""One reference for all filters of a field: the stars of all exposures, once all of them are aligned with each other.

Exposures of all filters are solved together; the mean corrected positions of the stars that at least two of them have
are what the mosaic of each filter is aligned to. They stand in its options as those of any reference, so that it is
made again without the exposures of the other filters.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from jwstpipe.execution.workers import Workers
from jwstpipe.mosaicking.astrometry.align import FEWEST, corrected_places
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import MosaicOptions
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import lonlat
from jwstpipe.sky.grid import SkyGrid

__all__ = ["joint_reference"]

Floats = NDArray[np.float64]

SAME_PX = 1.0
"""Corrected positions of one star lie this close, pixels of the plane."""


def joint_reference(
    images: Sequence[str | Path],
    *,
    options: MosaicOptions,
    grid: tuple[SkyGrid, Box | None],
    s3: S3Settings | None = None,
    workers: Workers,
    report: Reporter = silent,
) -> str | None:
    """Align the exposures of all filters with each other, and give the stars as positions to align to.

    Parameters
    ----------
    images
        Exposures of all filters.
    options
        How they are aligned; what measures different things is not averaged, and may be mixed.
    grid, s3, workers, report
        As `plan_mosaic` has them.

    Returns
    -------
    str or None
        Text of a table (as ``align_catalog`` takes it); None where they have too few stars in common.
    """
    anything = {"max_gigapixels": 10_000.0, "mix": True, "sparse": True, "anchor": None}  # nothing is made
    plan = plan_mosaic(images, options=options.model_copy(update=anything), grid=grid, s3=s3, workers=workers)
    places = corrected_places(plan, s3=s3, workers=workers, report=report)
    if not places:
        return None
    means = _means(np.concatenate(places))
    if len(means) < FEWEST:
        return None
    ra, dec = lonlat(plan.grid.vectors(*means.T))
    rows = zip(ra.tolist(), dec.tolist(), strict=True)
    return "\n".join(["ra,dec", *(f"{lon!r},{lat!r}" for lon, lat in rows), ""])


def _means(points: Floats) -> Floats:
    """Average the points of each star; what lies alone is left out."""
    pairs = cKDTree(points).query_pairs(SAME_PX, output_type="ndarray")
    if not len(pairs):
        return np.empty((0, 2))
    graph = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(points), len(points)))
    groups = np.asarray(connected_components(graph, directed=False)[1])
    count = np.bincount(groups)
    means = np.stack([np.bincount(groups, axis) / count for axis in points.T], axis=-1)
    return np.asarray(means[count > 1])
