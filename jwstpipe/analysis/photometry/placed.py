"""An image with known positions on it: jobs for the tiles that own them, and their answers in the order of sources."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.opened import ImageRef
from jwstpipe.analysis.photometry.positions import owners
from jwstpipe.analysis.photometry.tiles import Circles, CirclesJob, measure_circles
from jwstpipe.execution.workers import Workers
from jwstpipe.images.image import SkyImage
from jwstpipe.progress import Reporter
from jwstpipe.settings import S3Settings

__all__ = ["STAR_SIGMA", "Placed"]

Floats = NDArray[np.float64]
PartT = TypeVar("PartT")

STAR_SIGMA = 1.2
"""Standard deviation of a point source, pixels, for what falls on pixels without data."""


@dataclass(frozen=True, eq=False)
class Placed:
    """One image, where the sources lie on it, and who measures."""

    ref: ImageRef
    image: SkyImage
    x: Floats
    y: Floats
    s3: S3Settings | None
    workers: Workers
    report: Reporter

    def spread(
        self, function: Callable[[Any], PartT], job: Callable[[NDArray[np.int64]], Any], *, name: str,
        x: Floats | None = None, y: Floats | None = None,
    ) -> list[tuple[NDArray[np.int64], PartT]]:  # fmt: skip
        """Do a job on every tile that owns sources; gives their numbers and what it gave."""
        groups = owners(self.x if x is None else x, self.y if y is None else y, self.image.shape)
        jobs = {f"{key[0]}_{key[1]}": job(numbers) for key, numbers in groups.items()}
        done = self.workers.run(function, jobs, name=name, report=self.report, unit="tiles")
        return list(zip(groups.values(), done.values(), strict=True))

    def circles(
        self, x: Floats, y: Floats, radii: tuple[float, ...], ring: tuple[float, float] | None, *, name: str
    ) -> Circles:
        """Measure circles; those that lie outside the image have no data."""
        n, k = len(x), len(radii)
        made = Circles(
            np.full((n, k), np.nan), np.zeros((n, k)), np.zeros((n, k)), np.zeros((n, k)),
            np.full((n, 3), np.nan), np.zeros(n, bool),
        )  # fmt: skip
        parts = self.spread(
            measure_circles,
            lambda own: CirclesJob(self.ref, 0, x[own], y[own], radii, ring, STAR_SIGMA, self.s3),
            name=name, x=x, y=y,
        )  # fmt: skip
        for own, part in parts:
            for quantity in ("sums", "areas", "lights", "variances", "skies", "saturated"):
                getattr(made, quantity)[own] = getattr(part, quantity)
        return made
