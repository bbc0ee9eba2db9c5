"""Windows of inputs read in groups, as many at a time as there is room for."""

from collections.abc import Iterator

from jwstpipe.fits.dq import dq_mask
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.tile_job import TileJob
from jwstpipe.mosaicking.warp.input_window import read_input_window
from jwstpipe.mosaicking.warp.mapped_source import MappedSource
from jwstpipe.mosaicking.warp.resample import InputWindow
from jwstpipe.mosaicking.warp.scratch import ScratchBuffer
from jwstpipe.sky.box import Box

__all__ = ["GROUP_BYTES", "input_groups"]

GROUP_BYTES = 5 << 20
"""Room for the windows of inputs that are held at once (one at least)."""


def input_groups(
    job: TileJob, there: list[tuple[MappedSource, Box]], room: ScratchBuffer
) -> Iterator[list[tuple[int, InputWindow]]]:
    """Read the windows of inputs, as many at a time as there is room for.

    Parameters
    ----------
    job
        The work.
    there
        Inputs, and the window of each that is needed.
    room
        Where samples are put; a group is good until the next one is asked for.
    """
    rejected = dq_mask(job.options.reject_dq)
    held: list[tuple[int, InputWindow]] = []
    left = GROUP_BYTES
    room.clear()
    for index, (found, window) in enumerate(there):
        size = window.area * _bytes(job, found.source)
        if held and size > left:
            yield held
            held, left = [], GROUP_BYTES
            room.clear()
        left -= size
        layer = read_input_window(
            found.source, window, weights=job.weights, rejected=rejected, with_errors="err" in job.planes,
            is_flux=job.is_flux, s3=job.s3, weight_unit=job.weight_unit, wide_errors=job.wide_errors, room=room,
        )  # fmt: skip
        held.append((index, layer))
    if held:
        yield held


def _bytes(job: TileJob, source: Source) -> int:
    return (
        4
        + 4 * ("dq" in source.planes)
        + (8 if job.wide_errors else 4) * ("err" in job.planes)
        + 4 * (job.weights == "ivm")
    )
