"""The operation ``cube``: an image of a spectral cube: a slice, a range of them, or a map of a line."""

from collections.abc import Sequence

from jwstpipe.analysis.cubes.cube import Cube, open_cube
from jwstpipe.analysis.cubes.maps import map_of, settled_line
from jwstpipe.analysis.cubes.planes import MapPlanes
from jwstpipe.images.zarr.layout import SHARD
from jwstpipe.images.zarr.like import create_like, finish_like, samples_digest
from jwstpipe.images.zarr.publish import new_image
from jwstpipe.operations.inputs.carried_inputs import provenance_for
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests.analysis.cubes import CubeMapRequest
from jwstpipe.sky.box import Box

__all__ = ["CUBE"]


def _identify(request: CubeMapRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(CUBE.name, CUBE.version, settled_line(request).model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: CubeMapRequest, *, context: MakeContext) -> Receipt:
    cube = open_cube(identity.inputs[0].address, s3=context.s3)
    made = map_of(cube, settled_line(request))
    digest = _write(cube, made, identity, target, context=context)
    results = {**made.results, "digest": digest}
    return Receipt(
        identity.id, cube.image.shape, results=results, notes=(*cube.notes, *made.notes), detail=tuple(made.planes)
    )


def _write(cube: Cube, made: MapPlanes, identity: Identity, target: str, *, context: MakeContext) -> str:
    """Write the image store; gives the digest of its samples."""
    image, planes = made.image(cube), tuple(made.planes)
    with new_image(target, s3=context.s3) as writer:
        create_like(writer, image, planes)
        for plane, values in made.planes.items():
            for cell in Box.of_shape(image.shape).cells(SHARD):
                writer.write_shard(plane, (cell.y0 // SHARD, cell.x0 // SHARD), values[cell.slices])
        results = {**made.results, "digest": samples_digest(writer.stored)}
        provenance = {**provenance_for(CUBE, identity, [cube.image], target), "receipt": results}
        finish_like(
            writer, image, planes, product_id=identity.id, provenance=provenance, workers=context.workers,
            s3=context.s3, report=context.report,
        )  # fmt: skip
    return str(results["digest"])


CUBE = Operation(
    name="cube",
    version="1",
    request=CubeMapRequest,
    kind="map",
    place="maps/{id}/{attempt}.zarr",
    forms=(".zarr",),
    identify=_identify,
    make=_make,
    of=("cube", "archive"),
    suffixes=("s3d",),
)
