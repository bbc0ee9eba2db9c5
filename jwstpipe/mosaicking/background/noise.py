"""How noisy the samples of an input are, where no error plane tells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jwstpipe.execution.workers import Workers
from jwstpipe.fits.dq import dq_mask
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.mosaicking.warp.input_window import read_input_window
from jwstpipe.numerics.robust import MAD_TO_SIGMA
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["NoiseJob", "measure_noise", "with_noise"]

SIDE = 512
"""Side of the window in the middle of an image that is looked at."""


@dataclass(frozen=True)
class NoiseJob:
    """One input to look at."""

    source: Source
    reject_dq: tuple[str, ...]
    s3: S3Settings


def measure_noise(job: NoiseJob) -> float:
    """Give the robust standard deviation of a sample, from differences of neighbours: sources hardly count."""
    rows, columns = job.source.shape
    y0, x0 = max((rows - SIDE) // 2, 0), max((columns - SIDE) // 2, 0)
    window = Box(y0, x0, min(y0 + SIDE, rows), min(x0 + SIDE, columns))
    layer = read_input_window(
        job.source, window, weights="uniform", rejected=dq_mask(job.reject_dq), with_errors=False, is_flux=False,
        s3=job.s3,
    )  # fmt: skip
    steps = np.diff(layer.sci, axis=1)
    steps = steps[np.isfinite(steps)]
    return float(MAD_TO_SIGMA * np.median(np.abs(steps)) / np.sqrt(2.0)) if steps.size else 0.0


def with_noise(
    plan: MosaicPlan, *, s3: S3Settings | None = None, workers: Workers, report: Reporter = silent
) -> MosaicPlan:
    """Give the sources of a plan their noise, if its combination asks for it and has no errors to go by."""
    wanted = plan.options.combine == "clipped" or plan.options.outliers != "none"
    if not wanted or "err" in plan.planes:
        return plan
    jobs = {
        f"{number:05d}": NoiseJob(source, plan.options.reject_dq, s3 or S3Settings())
        for number, source in enumerate(plan.sources)
    }
    found: Sequence[float] = list(workers.run(measure_noise, jobs, name="noise", report=report, unit="images").values())
    return replace(
        plan,
        sources=tuple(replace(source, noise=noise) for source, noise in zip(plan.sources, found, strict=True)),
    )
