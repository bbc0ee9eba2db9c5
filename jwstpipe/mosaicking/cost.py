"""What a mosaic will cost, told before any pixel is read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jwstpipe.images.zarr.plane_reader import KEPT_UNPACKED
from jwstpipe.mosaicking.warp.blocks import BLOCK, STACK_BYTES
from jwstpipe.requests import MosaicOptions, Weights

if TYPE_CHECKING:
    from jwstpipe.mosaicking.plan import MosaicPlan

__all__ = ["estimate", "work"]

NANOSECONDS = {
    "nearest": 8.0, "bilinear": 10.0, "lanczos3": 60.0, "drizzle": 80.0, "adaptive": 6_000.0, "exact": 4_000.0,
}  # fmt: skip
"""Time for a sample, one thread, reading included (benchmarks/mosaic on two shared cores)."""

PLANE_NANOSECONDS = 8.0
"""More for each further plane of an input (weights, errors, data quality)."""

STACK_NANOSECONDS = 15.0
"""More for a sample of an order statistic."""

OUTPUT_NANOSECONDS = 25.0
"""Time for a pixel of the mosaic: packing, digest, halved levels."""

BASE_BYTES = 220 << 20
"""The process with its libraries and compiled kernels."""

BLOCK_BYTES = 24 << 20
"""What a thread holds for its block: windows of inputs, sums, samples that are packed."""

PLANE_BYTES = 2 << 20
"""More for each plane."""

SAMPLE_BYTES = {"sci": 4, "err": 4, "wht": 4, "n": 2, "dq": 4}


def estimate(plan: "MosaicPlan", *, threads: int) -> dict[str, Any]:
    """Estimate the work of a plan.

    Parameters
    ----------
    plan
        The plan.
    threads
        Threads that will compute tiles.

    Returns
    -------
    dict
        ``samples`` (input pixels to resample), ``bytes`` of the planes before packing, ``seconds`` and
        ``memory_bytes`` of the whole process.
    """
    jobs = list(plan.jobs("").values())
    samples = sum(
        part.area for job in jobs for source in job.sources if (part := source.box.intersection(job.window)) is not None
    )
    pixels = sum(job.window.area for job in jobs)
    return work(
        samples=samples,
        pixels=pixels,
        tiles=len(jobs),
        deepest=max((len(job.sources) for job in jobs), default=0),
        planes=plan.planes,
        weights=plan.weights,
        options=plan.options,
        threads=threads,
    )


def work(
    *, samples: int, pixels: int, tiles: int, deepest: int, planes: Sequence[str], weights: Weights,
    options: MosaicOptions, threads: int,
) -> dict[str, Any]:  # fmt: skip
    """Estimate the work of a mosaic from its size alone; see `estimate`.

    Parameters
    ----------
    samples, pixels
        Input pixels to resample, and pixels of the mosaic.
    tiles, deepest
        Tiles, and most inputs of one of them.
    planes, weights, options
        What is made, and how.
    threads
        Threads that will compute tiles.
    """
    more = sum((weights == "ivm", "err" in planes, "dq" in planes))
    cost = NANOSECONDS[options.kernel] + PLANE_NANOSECONDS * more
    if options.combine in ("median", "clipped"):
        cost += STACK_NANOSECONDS
    if options.outliers != "none":
        cost += NANOSECONDS["bilinear"] + 2.0 * STACK_NANOSECONDS
    if options.background != "none":
        cost += NANOSECONDS["bilinear"]
    at_work = max(1, min(threads, tiles))
    return {
        "samples": samples,
        "bytes": pixels * sum(SAMPLE_BYTES[plane] for plane in planes),
        "seconds": round(2.0 + (samples * cost + pixels * OUTPUT_NANOSECONDS) * 1e-9 / at_work, 1),
        "memory_bytes": BASE_BYTES + KEPT_UNPACKED + at_work * _thread_bytes(options, deepest, len(planes) + more),
        "threads": threads,
    }


def _thread_bytes(options: MosaicOptions, inputs: int, planes: int) -> int:
    """Give the memory that one thread takes: its block, and the stack of an order statistic."""
    stacked = options.combine in ("median", "clipped") or options.outliers != "none"
    stack = min(STACK_BYTES, 3 * 4 * inputs * BLOCK**2) if stacked else 0
    return BLOCK_BYTES + PLANE_BYTES * planes + stack
