"""Stars of one input, good to a few thousandths of a pixel: what alignment matches between images.

They are found as the sources of a catalogue are (`jwstpipe.analysis.sources`): sky and noise in boxes, a threshold on
the smoothed image, blends taken apart, centres in a Gaussian window. Pixels that a mosaic rejects have no data.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from jwstpipe.analysis.sources.detect import Detection, find_sources
from jwstpipe.analysis.sources.shapes import EDGE, HUGE, INCOMPLETE, MOVED
from jwstpipe.errors import DataError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.fits.dq import dq_mask
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.warp.input_window import read_input_window
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.frames import ICRS, rotated
from jwstpipe.sky.wcs.image_wcs import ImageWcs

__all__ = ["DetectJob", "Stars", "detect"]

Floats = NDArray[np.float64]

HOW = DetectRequest(threshold=10.0, fwhm=3.2, extended=False, max_sources=16_000_000)
"""Bright sources, in a window that is wide enough for undersampled stars."""

TILE = 1024
"""Pixels looked at together, so that memory does not depend on the size of the image."""

HELD = 1 << 23
"""Pixels of an image that is read once; a larger one is read window by window, some parts five times."""

UNSURE = EDGE | HUGE | INCOMPLETE | MOVED
"""Sources whose centre misses pixels, or did not settle."""

MOST = 500
"""Brightest stars that are kept."""


@dataclass(frozen=True)
class DetectJob:
    """One input to look at."""

    source: Source
    reject_dq: tuple[str, ...]
    s3: S3Settings


@dataclass(frozen=True, eq=False)
class Stars:
    """Stars of an image, brightest first."""

    ra: Floats
    """Degrees ICRS, by the image's own WCS."""

    dec: Floats
    flux: Floats


@dataclass(frozen=True, eq=False)
class _Taken:
    """An input as a mosaic takes it; what a detection reads of an image."""

    job: DetectJob
    planes: tuple[str, ...] = ("sci",)

    @property
    def address(self) -> str:
        return self.job.source.address

    @property
    def name(self) -> str:
        return self.job.source.name

    @property
    def shape(self) -> tuple[int, int]:
        return self.job.source.shape

    @property
    def header(self) -> Header:
        return Header()

    @property
    def image_wcs(self) -> ImageWcs:
        return self.job.source.wcs

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        assert (plane, level, index) == ("sci", 0, 0)
        whole = Box.of_shape(self.shape)
        return self._read(box or whole) if whole.area > HELD else self._held[(box or whole).slices].copy()

    @cached_property
    def _held(self) -> NDArray[np.float32]:
        return self._read(Box.of_shape(self.shape))

    def _read(self, box: Box) -> NDArray[np.float32]:
        layer = read_input_window(
            self.job.source, box, weights="uniform", rejected=dq_mask(self.job.reject_dq), with_errors=False,
            is_flux=False, s3=self.job.s3,
        )  # fmt: skip
        return layer.sci


def detect(job: DetectJob) -> Stars:
    """Find the stars of an input; none where no noise can be measured."""
    try:
        found = find_sources(_Taken(job), options=HOW, tile=TILE, s3=job.s3, workers=ThreadWorkers(1))
    except DataError:  # too few pixels with data: such an image stays where it is, and is named as unmatched
        return Stars(*np.empty((3, 0)))
    x, y, flux = _brightest(found)
    wcs = job.source.wcs.exact(name=job.source.address)
    ra, dec = rotated(*wcs.to_sky(x, y), wcs.frame, ICRS)
    return Stars(np.asarray(ra), np.asarray(dec), flux)


def _brightest(found: Detection) -> tuple[Floats, Floats, Floats]:
    """Give pixel and flux of the brightest stars whose centres are sure."""
    flux = found.column("flux")
    good = np.flatnonzero(((found.column("flags").astype(np.int64) & UNSURE) == 0) & (flux > 0.0))
    kept = good[np.argsort(-flux[good], kind="stable")][:MOST]
    x, y = (found.column(f"peak_{axis}") + found.column(f"win_{axis}") for axis in "xy")
    return x[kept], y[kept], flux[kept]
