"""The operation ``detector-pattern``: how strong wisps are in exposures of one detector, and pixels wrong in all."""

from collections.abc import Mapping, Sequence
from typing import Any

from jwstpipe.cleaning.pattern.bad_pixels import SEVERAL
from jwstpipe.cleaning.pattern.find import find_pattern
from jwstpipe.cleaning.pattern.own_template import FEWEST_FOR_SHAPE, WISPY
from jwstpipe.errors import UsageError
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.layout import SHARD
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.operations.inputs.changed_images import write_changed
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests.clean import CleanOptions, PatternOptions
from jwstpipe.sky.box import Box

__all__ = ["DETECTOR_PATTERN", "TEMPLATES", "pattern_wanted", "patterned", "with_templates"]


LATER = ("more_templates", "own_shape")
"""Options that came later: no part of the id where they are not used."""

TEMPLATES = "templates"
"""In the receipt: ids of several templates, in their order."""


def _identify(request: PatternOptions, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    if len(inputs) < 2:
        raise UsageError(
            "a pattern is found in exposures of one detector and the mosaic of them, in this order; or with a template"
            " in one exposure alone"
        )
    unsaid = {name for name in LATER if not getattr(request, name)}
    parameters = request.model_dump(mode="json", exclude=unsaid)
    return derived_identity(DETECTOR_PATTERN.name, DETECTOR_PATTERN.version, parameters, inputs)


def _make(identity: Identity, target: str, request: PatternOptions, *, context: MakeContext) -> Receipt:
    images = [open_image(one.address, s3=context.s3) for one in identity.inputs]
    known = len(images) - (1 + request.more_templates if request.template else 0)
    exposures, templates = images[:known], images[known:]
    mosaic = exposures.pop() if len(exposures) > 1 else None
    found = find_pattern(exposures, mosaic, templates=templates, own=request.own_shape)
    used = [one.product_id for one in identity.inputs[known:]] if request.more_templates else None

    def fill(writer: ImageWriter) -> dict[str, Any]:
        for cell in Box.of_shape(exposures[0].shape).cells(SHARD):
            shard = (cell.y0 // SHARD, cell.x0 // SHARD)
            for plane, values in (("sci", found.light), ("dq", found.flags)):
                writer.write_shard(plane, shard, values[cell.slices])
        return found.facts if used is None else {**found.facts, TEMPLATES: used}

    name = f"{str(exposures[0].primary.get('DETECTOR', '')).strip().lower() or 'detector'}_pattern"
    receipt = write_changed(
        DETECTOR_PATTERN, identity, target, exposures[0], ["dq"], fill, context=context, beside=images[1:], name=name
    )
    return Receipt(receipt.product_id, receipt.shape, results=receipt.results, detail=receipt.detail)


def pattern_wanted(detector: str, count: int, options: CleanOptions, *, templates: int) -> PatternOptions | None:
    """Tell how a pattern of so many exposures of a detector is found; None = nothing of it is asked for."""
    own = not templates and options.wisps == "auto" and detector in WISPY and count >= FEWEST_FOR_SHAPE
    if templates or own or (count >= SEVERAL and options.bad_pixels == "auto"):
        return with_templates(templates, own_shape=own)
    return None


def with_templates(count: int, *, own_shape: bool = False) -> PatternOptions:
    """Say how a pattern is found whose last inputs are so many templates."""
    return PatternOptions(template=count > 0, more_templates=max(count - 1, 0), own_shape=own_shape)


def patterned(results: Mapping[str, Any], options: CleanOptions) -> bool:
    """Tell whether the record of a pattern says anything of what the options take; also that wisps are not there."""
    pixels = sum(int(results.get(word, 0)) for word in ("hot", "dead", "stray"))
    return bool(results.get("strengths")) or (options.bad_pixels == "auto" and pixels > 0)


DETECTOR_PATTERN = Operation(
    name="detector-pattern",
    version="3",
    request=PatternOptions,
    kind="filtered",
    place="cleaned/{id}/{attempt}.zarr",
    forms=(".zarr",),
    identify=_identify,
    make=_make,
    spread=True,
    several=True,
    changes_first=True,
    of=("image",),
)
"""Made of exposures, the mosaic of all of the filter, and the templates of light where some are given.

``sci`` is the template, or the shape that was found, where any exposure has wisps (``strengths`` of its receipt);
``dq`` says which pixels are hot or dead, or have stray light in all of them.
"""
