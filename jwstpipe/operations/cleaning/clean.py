"""The operation ``clean``: an exposure without what its detector added; the exposure itself stays."""

from collections.abc import Sequence
from typing import Any

from jwstpipe.cleaning.exposure import Cleaned, clean_exposure
from jwstpipe.errors import UsageError
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.layout import CLEAN_MODEL, SHARD
from jwstpipe.images.zarr.like import copy_planes
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.operations.inputs.changed_images import write_changed
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests.clean import CleanOptions
from jwstpipe.sky.box import Box

__all__ = ["CLEAN"]

MOST_INPUTS = 2


def _identify(request: CleanOptions, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    if not 1 <= len(inputs) <= MOST_INPUTS:
        raise UsageError(f"an exposure is cleaned by itself or with one mosaic, not with {len(inputs) - 1}")
    return derived_identity(CLEAN.name, CLEAN.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: CleanOptions, *, context: MakeContext) -> Receipt:
    exposure, *beside = (open_image(one.address, s3=context.s3) for one in identity.inputs)
    cleaned = clean_exposure(exposure, beside[0] if beside else None, request)
    carried = [plane for plane in exposure.planes if plane not in ("sci", "dq", CLEAN_MODEL)]

    def fill(writer: ImageWriter) -> dict[str, Any]:
        for cell in Box.of_shape(exposure.shape).cells(SHARD):
            _write(writer, cleaned, cell)
            copy_planes(writer, exposure, carried, cell)
        return cleaned.facts

    receipt = write_changed(
        CLEAN, identity, target, exposure, [*carried, "dq", CLEAN_MODEL], fill, context=context, beside=beside
    )
    notes = (*receipt.notes, *cleaned.notes)
    return Receipt(receipt.product_id, receipt.shape, results=receipt.results, notes=notes, detail=receipt.detail)


def _write(writer: ImageWriter, cleaned: Cleaned, cell: Box) -> None:
    shard = (cell.y0 // SHARD, cell.x0 // SHARD)
    for plane, values in (("sci", cleaned.sci), ("dq", cleaned.dq), (CLEAN_MODEL, cleaned.amount)):
        writer.write_shard(plane, shard, values[cell.slices])


CLEAN = Operation(
    name="clean",
    version="1",
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
"""Made of an exposure and, where there is one, the mosaic of all exposures beside it."""
