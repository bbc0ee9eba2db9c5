"""The operation ``background``: an image without its sky, or its sky."""

from collections.abc import Sequence
from typing import Any

from jwstpipe.analysis.pixels.sky import SkyJob, image_origin, measure_sky, sky_facts, write_sky_shard
from jwstpipe.analysis.sources.meshes.mesh import Mesh
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.layout import SHARD
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.operations.inputs.changed_images import check_slice, write_changed
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests.analysis.background import BackgroundRequest
from jwstpipe.sky.box import Box

__all__ = ["BACKGROUND"]


def _identify(request: BackgroundRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(BACKGROUND.name, BACKGROUND.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: BackgroundRequest, *, context: MakeContext) -> Receipt:
    address = identity.inputs[0].address
    image = open_image(address, s3=context.s3)
    check_slice(image, request.slice)
    carried = tuple(plane for plane in image.planes if plane != "sci") if request.result == "subtracted" else ()
    sky = measure_sky(address, request, s3=context.s3, workers=context.workers, report=context.report)
    origin = image_origin(image)

    def fill(writer: ImageWriter) -> dict[str, Any]:
        jobs = {}
        for cell in Box.of_shape(image.shape).cells(SHARD):
            part = sky.part(cell.shifted(*origin)) if isinstance(sky, Mesh) else sky
            key = f"{cell.y0 // SHARD}_{cell.x0 // SHARD}"
            jobs[key] = SkyJob(address, cell, origin, part, request, writer.address, carried, context.s3)
        found = context.workers.run(write_sky_shard, jobs, name="subtract", report=context.report, unit="tiles")
        for shard in found.values():
            writer.note(shard.stored)
        return {"pixels": sum(shard.pixels for shard in found.values()), **sky_facts(sky)}

    return write_changed(BACKGROUND, identity, target, image, carried, fill, context=context)


BACKGROUND = Operation(
    name="background",
    version="3",
    request=BackgroundRequest,
    kind="filtered",
    place="filtered/{id}/{attempt}.zarr",
    forms=(".zarr",),
    identify=_identify,
    make=_make,
)
