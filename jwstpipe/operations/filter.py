"""The operation ``filter``: an image with smoothed, sharpened, cleaned or repaired samples."""

from collections.abc import Sequence
from typing import Any

from jwstpipe.analysis.pixels.filtering import FilterJob, carried_planes, filter_noise, filter_shard, shard_jobs
from jwstpipe.analysis.pixels.precision import require_single
from jwstpipe.errors import DataError
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.layout import REPAIRED
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.operations.inputs.changed_images import check_slice, write_changed
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests.analysis.filters import FilterRequest
from jwstpipe.sky.box import Box

__all__ = ["FILTER"]


def _identify(request: FilterRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(FILTER.name, FILTER.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: FilterRequest, *, context: MakeContext) -> Receipt:
    address = identity.inputs[0].address
    image = open_image(address, s3=context.s3)
    require_single(image, index=request.slice)
    check_slice(image, request.slice)
    carried = carried_planes(request, image.planes)
    noise = filter_noise(address, request, s3=context.s3, workers=context.workers, report=context.report)

    def fill(writer: ImageWriter) -> dict[str, Any]:
        base = FilterJob(address, Box.of_shape(image.shape), request, noise, writer.address, carried, context.s3)
        found = context.workers.run(filter_shard, shard_jobs(base), name="filter", report=context.report, unit="tiles")
        for shard in found.values():
            writer.note(shard.stored)
        pixels = sum(shard.pixels for shard in found.values())
        if not pixels:
            raise DataError(f"{image.address}: all pixels are NaN; nothing to filter")
        changed = sum(shard.changed for shard in found.values())
        return {"pixels": pixels, "changed": changed} | ({"noise": noise} if noise else {})

    written = (*carried, REPAIRED) if request.method == "repair" else carried
    return write_changed(FILTER, identity, target, image, written, fill, context=context)


FILTER = Operation(
    name="filter",
    version="2",
    request=FilterRequest,
    kind="filtered",
    place="filtered/{id}/{attempt}.zarr",
    forms=(".zarr",),
    identify=_identify,
    make=_make,
)
