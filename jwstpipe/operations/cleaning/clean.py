"""The operation ``clean``: an exposure without what its detector added; the exposure itself stays."""

from collections.abc import Sequence
from typing import Any

from jwstpipe.cleaning.exposure import clean_exposure
from jwstpipe.errors import UsageError
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.images.zarr.layout import CLEAN_MODEL, SHARD
from jwstpipe.images.zarr.like import copy_planes
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.operations.cleaning.detector_pattern import TEMPLATES
from jwstpipe.operations.inputs.changed_images import write_changed
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests.clean import MOST_TEMPLATES, CleanOptions
from jwstpipe.sky.box import Box

__all__ = ["CLEAN"]

MOST_INPUTS = 4 + MOST_TEMPLATES
"""The exposure, the mosaic, what stays on its detector, the exposure before, and templates where they are several."""

PATTERN = "detector-pattern"
"""Operation that found what stays on a detector."""

LATER = {"bad_pixels": "auto", "wisps": "auto"}
"""Options that came later, and what they are where nothing is said: no part of the id then."""


def _identify(request: CleanOptions, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    if not 1 <= len(inputs) <= MOST_INPUTS:
        raise UsageError(
            "an exposure is cleaned by itself, or with a mosaic, the pattern of its detector and the exposure before,"
            f" and its templates, not with {len(inputs) - 1} images"
        )
    parameters = request.model_dump(mode="json")
    parameters = {key: value for key, value in parameters.items() if key not in LATER or value != LATER[key]}
    return derived_identity(CLEAN.name, CLEAN.version, parameters, inputs)


def _make(identity: Identity, target: str, request: CleanOptions, *, context: MakeContext) -> Receipt:
    exposure, *beside = (open_image(one.address, s3=context.s3) for one in identity.inputs)
    pattern = next((one for one in beside if one.provenance.get("operation") == PATTERN), None)
    by_id = {one.product_id: image for one, image in zip(identity.inputs[1:], beside, strict=True)}
    wanted = () if pattern is None else pattern.provenance.get("receipt", {}).get(TEMPLATES, ())
    templates = [by_id[one] for one in wanted if one in by_id]
    rest = [one for one in beside if one is not pattern and one not in templates]
    mosaic, before = (next(iter(some), None) for some in _told(exposure, rest))
    cleaned = clean_exposure(exposure, mosaic, request, pattern=pattern, templates=templates, before=before)
    left, amount = cleaned.parts()
    carried = [plane for plane in exposure.planes if plane not in ("sci", "dq", CLEAN_MODEL)]

    def fill(writer: ImageWriter) -> dict[str, Any]:
        for cell in Box.of_shape(exposure.shape).cells(SHARD):
            shard = (cell.y0 // SHARD, cell.x0 // SHARD)
            for plane, values in (("sci", left), ("dq", cleaned.dq), (CLEAN_MODEL, amount)):
                writer.write_shard(plane, shard, values[cell.slices])
            copy_planes(writer, exposure, carried, cell)
        return cleaned.facts

    receipt = write_changed(
        CLEAN, identity, target, exposure, [*carried, "dq", CLEAN_MODEL], fill, context=context, beside=beside
    )
    notes = (*receipt.notes, *cleaned.notes)
    return Receipt(receipt.product_id, receipt.shape, results=receipt.results, notes=notes, detail=receipt.detail)


def _told(
    exposure: FitsImage | ImageStore, rest: Sequence[FitsImage | ImageStore]
) -> tuple[list[FitsImage | ImageStore], list[FitsImage | ImageStore]]:
    """Tell mosaics from earlier exposures of the same detector."""
    earlier = [one for one in rest if is_earlier(one, exposure)]
    return [one for one in rest if one not in earlier], earlier


def is_earlier(image: FitsImage | ImageStore, exposure: FitsImage | ImageStore) -> bool:
    """Tell whether an image is an exposure that the same detector took before, by what its header says."""
    own, other = exposure.primary, image.primary
    if image.provenance.get("operation") == "mosaic" or str(other.get("S_RESAMP", "")).strip() == "COMPLETE":
        return False
    times = [cards.get("EXPSTART") for cards in (other, own)]
    if own.get("DETECTOR") != other.get("DETECTOR") or not all(isinstance(one, float | int) for one in times):
        return False
    return image.shape == exposure.shape and times[0] < times[1]


CLEAN = Operation(
    name="clean",
    version="5",
    request=CleanOptions,
    kind="filtered",
    place="cleaned/{id}/{attempt}.zarr",
    forms=(".zarr",),
    identify=_identify,
    make=_make,
    spread=True,
    changes_first=True,
    of=("image",),
)
"""Made of an exposure and, where they are, the mosaic of all exposures, the pattern of its detector, and the exposure
that the detector took before: what an input is, it says itself."""
