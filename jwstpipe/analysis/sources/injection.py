"""Completeness by injection: stars put into an image, searched for like all others, and counted.

The stars are Gaussians of the width that the search expects, without noise of their own, so far from each other that
they do not change what is found of one another. One counts as found where a source stands within a full width of it
that did not stand there before, or that is fainter than the star.
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from jwstpipe.analysis.opened import SourceRef, opened, reference_of
from jwstpipe.analysis.sources.detect import Detection, find_sources
from jwstpipe.analysis.sources.meshes.image_mesh import FWHM
from jwstpipe.errors import DataError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.numerics.compiled.kernel import compiled
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.completeness import CompletenessRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import TILE
from jwstpipe.sky.wcs.image_wcs import ImageWcs

__all__ = ["Injected", "InjectedImage", "inject_and_find"]

Floats = NDArray[np.float64]

APART = 12.0
"""Full widths between the middles of the cells that hold a star each."""

WINGS = 5.0
"""Standard deviations to which a star is drawn."""


@dataclass(frozen=True, eq=False)
class InjectedImage:
    """An image with stars added; nothing is held in memory but their list."""

    image: SourceRef
    x: Floats
    y: Floats
    flux: Floats
    """Sum of the samples of each star."""

    sigma: float
    s3: S3Settings | None

    @property
    def _source(self) -> Any:
        return opened(self.image, s3=self.s3)

    @property
    def address(self) -> str:
        """Of the image."""
        return str(self._source.address)

    @property
    def name(self) -> str:
        """Of the image."""
        return str(self._source.name)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self._source.shape
        return int(rows), int(columns)

    @property
    def planes(self) -> tuple[str, ...]:
        """Those of the image."""
        return tuple(self._source.planes)

    @property
    def header(self) -> Header:
        """Of the image."""
        return self._source.header

    @property
    def image_wcs(self) -> ImageWcs:
        """Of the image."""
        found: ImageWcs = self._source.image_wcs
        return found

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window; stars stand in ``sci``, and no data stays no data."""
        values: NDArray[Any] = self._source.read(plane, box, level=level, index=index)
        if plane != "sci":
            return values
        window = box or Box.of_shape(self.shape)
        made = np.array(values, np.float32)
        reach = math.ceil(WINGS * self.sigma)
        near = (self.x > window.x0 - reach - 1) & (self.x < window.x1 + reach)
        near &= (self.y > window.y0 - reach - 1) & (self.y < window.y1 + reach)
        _add_stars(made, self.x[near] - window.x0, self.y[near] - window.y0, self.flux[near], self.sigma, reach)
        return made


@compiled()
def _add_stars(values: NDArray[np.float32], x: Floats, y: Floats, flux: Floats, sigma: float, reach: int) -> None:
    for k in range(x.size):
        column, row = round(x[k]), round(y[k])
        peak = flux[k] / (2.0 * math.pi * sigma * sigma)
        for i in range(max(row - reach, 0), min(row + reach + 1, values.shape[0])):
            for j in range(max(column - reach, 0), min(column + reach + 1, values.shape[1])):
                away = (i - y[k]) ** 2 + (j - x[k]) ** 2
                values[i, j] += np.float32(peak * math.exp(-away / (2.0 * sigma * sigma)))


@dataclass(frozen=True, eq=False)
class Injected:
    """Stars that were put in, all (n,)."""

    x: Floats
    y: Floats
    flux: Floats
    """Sum of samples."""

    snr: Floats
    """On the usual noise."""

    found: NDArray[np.bool_]
    offset: Floats
    """Distance of what was found, pixels; NaN where nothing was."""

    facts: dict[str, Any]


def inject_and_find(
    image: SourceRef | Path,
    *,
    options: CompletenessRequest | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Injected:
    """Put stars into an image and search it again.

    Parameters
    ----------
    image
        Any image, or its address.
    options
        Number and brightness of stars, and how they are searched.
    s3, workers, report
        As `find_sources` has them.

    Raises
    ------
    DataError
        No place for a star, or no noise.
    """
    wanted = options or CompletenessRequest()
    at_work = workers or ThreadWorkers(os.cpu_count() or 1)
    source = opened(image, s3=s3)
    before = find_sources(image, options=wanted, s3=s3, workers=at_work, report=report)
    rng = np.random.default_rng(wanted.seed)
    x, y = _places(image, source.shape, wanted, rng, s3)
    low, high = sorted((wanted.faintest, wanted.brightest))
    snr = np.exp(rng.uniform(np.log(low), np.log(high), len(x)))
    sigma = wanted.fwhm / FWHM
    usual = _usual_noise(before) * before.facts["noise_of_smoothed_over_white"]
    flux = snr * usual * 2.0 * math.sqrt(math.pi) * sigma
    filled = InjectedImage(reference_of(image, source), x, y, flux, sigma, s3)
    after = find_sources(filled, options=wanted, s3=s3, workers=at_work, report=report)
    found, offset = _found(x, y, flux, before, after, wanted.fwhm)
    return Injected(x, y, flux, snr, found, offset, {**before.facts, "sources": len(before.rows)})


def _usual_noise(found: Detection) -> float:
    """Give the standard deviation of a sample: with weights, as it is where sources are."""
    return float(np.median(found.column("noise"))) if len(found.rows) else float(found.facts["noise"])


def _places(
    image: SourceRef | Path, shape: tuple[int, int], wanted: CompletenessRequest, rng: np.random.Generator,
    s3: S3Settings | None,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Choose places with data, one a cell at most, in the middle half of it."""
    side = APART * wanted.fwhm
    rows, columns = int(shape[0] // side), int(shape[1] // side)
    if not rows * columns:
        raise DataError(f"{opened(image, s3=s3).address}: {shape} pixels are too few for stars {side:.0f} px apart")
    chosen = np.sort(rng.permutation(rows * columns)[: wanted.stars])
    y = (chosen // columns + rng.uniform(0.25, 0.75, len(chosen))) * side
    x = (chosen % columns + rng.uniform(0.25, 0.75, len(chosen))) * side
    known = np.zeros(len(x), bool)
    source = opened(image, s3=s3)
    for cell in Box.of_shape(shape).cells(TILE):
        inside = np.flatnonzero((y >= cell.y0) & (y < cell.y1) & (x >= cell.x0) & (x < cell.x1))
        if len(inside):
            values = source.read("sci", cell)
            known[inside] = np.isfinite(values[y[inside].astype(int) - cell.y0, x[inside].astype(int) - cell.x0])
    if not known.any():
        raise DataError(f"{source.address}: no place with data for a star")
    return x[known], y[known]


def _found(
    x: Floats, y: Floats, flux: Floats, before: Detection, after: Detection, fwhm: float
) -> tuple[NDArray[np.bool_], Floats]:
    stars = np.column_stack([x, y])
    offset, _ = _nearest(after, stars)
    stood, which = _nearest(before, stars)
    there = np.zeros(len(x), bool)
    near = stood <= fwhm
    there[near] = before.column("flux")[which[near]] >= flux[near]
    found = (offset <= fwhm) & ~there
    return found, np.where(found, offset, np.nan)


def _nearest(found: Detection, stars: Floats) -> tuple[Floats, NDArray[np.int64]]:
    if not len(found.rows):
        return np.full(len(stars), np.inf), np.zeros(len(stars), np.int64)
    places = [found.column("peak_x") + found.column("win_x"), found.column("peak_y") + found.column("win_y")]
    distance, which = cKDTree(np.column_stack(places)).query(stars)
    return distance, which
