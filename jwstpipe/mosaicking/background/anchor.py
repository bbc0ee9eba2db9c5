"""The zero of matched skies: that of another image, whose level is true.

Overlaps tell how skies differ and nothing of what they have in common. Another image of the same field, a survey's or
one of a wider field, fixes that where its level can be trusted: it takes part in the matching as one more image whose
sky is known to be nothing, and in nothing else. (The JWST pipeline's ``skymatch`` takes levels given by the user, and
PJPipe anchors its mosaics by comparing them with an image of a wider field.)
"""

from dataclasses import replace

from jwstpipe.errors import DataError, NoCoverageError, UsageError
from jwstpipe.execution.workers import Workers
from jwstpipe.mosaicking.background.known_value import anchor_value
from jwstpipe.mosaicking.background.match import neighbours_of
from jwstpipe.mosaicking.background.overlaps import OverlapJob, measure_overlaps
from jwstpipe.mosaicking.background.solve import solve_skies
from jwstpipe.mosaicking.inputs.sources import InspectJob, Source, identify, inspect
from jwstpipe.mosaicking.placement import bounding_box, shapes_on
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["anchored"]


def anchored(
    plan: MosaicPlan, *, s3: S3Settings | None = None, workers: Workers, report: Reporter = silent
) -> MosaicPlan:
    """Find the skies of a plan's images against the image that they are anchored to, and write them into its options.

    The skies stand in the plan as known ones (``sky``), and the anchor by its id: so the mosaic can be made again
    without the image.

    Returns
    -------
    MosaicPlan
        As it is, where its anchor is no image, or was looked at already.

    Raises
    ------
    UsageError
        Planes, which an image cannot fix.
    DataError
        An anchor of another unit.
    NoCoverageError
        One that overlaps none of the images.
    """
    name = plan.options.anchor
    if name is None or anchor_value(name) is not None or "\n" in name:
        return plan
    if plan.options.background == "plane":
        raise UsageError("--anchor IMAGE fixes levels; match levels, or anchor planes to a value of the sky")
    access = s3 or S3Settings()
    number = len(plan.sources)
    other = (number, _placed(name, plan, access))
    later_ones = [tuple((k, plan.sources[k]) for k in numbers) for numbers in neighbours_of(plan.sources)]
    jobs = {
        f"{k:05d}": OverlapJob(k, own, (*later, other), plan.grid, plan.options, plan.is_flux, False, access)
        for k, (own, later) in enumerate(zip(plan.sources, later_ones, strict=True))
    }
    told = workers.run(measure_overlaps, jobs, name="anchor", report=report, unit="images")
    overlaps = [overlap for several in told.values() for overlap in several]
    if not any(overlap.second == number for overlap in overlaps):
        raise NoCoverageError(f"{name}: has no data in common with the images that it shall anchor")
    boxes = [own.box for own in (*plan.sources, other[1])]
    centres = [(0.5 * (box.x0 + box.x1 - 1), 0.5 * (box.y0 + box.y1 - 1)) for box in boxes]
    skies = solve_skies(centres, overlaps, planes=False, known={number: 0.0})
    tied = [k for k in range(number) if skies.components[k] == skies.components[number]]
    words = tuple(f"{plan.sources[k].product_id}={skies.values[k].level!r}" for k in tied)
    options = plan.options.model_copy(
        update={
            "sky": words,
            "background": "level",
            "anchor": f"{other[1].name}\n{other[1].product_id}\n",
        }
    )
    note = f"skies are those against {other[1].name}"
    return replace(plan, options=options, notes=(*plan.notes, note))


def _placed(name: str, plan: MosaicPlan, access: S3Settings) -> Source:
    """Give the image that others are anchored to, on their plane."""
    found = inspect(InspectJob(name, access))[0]
    source = found.source
    if source.unit != plan.unit:
        raise DataError(
            f"{name}: is in {source.unit or 'no unit'}, and the images are in {plan.unit or 'none'}; anchor them to an"
            " image of their unit"
        )
    (shape,) = shapes_on(plan.grid, [found])
    covered = bounding_box(shape).intersection(Box.around(own.box for own in plan.sources))
    if covered is None:
        raise NoCoverageError(f"{name}: overlaps none of the images that it shall anchor; give an image of their field")
    return replace(source, box=covered, product_id=source.product_id or identify(InspectJob(name, access)))
