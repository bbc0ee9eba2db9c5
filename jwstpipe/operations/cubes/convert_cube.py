"""The operation ``convert-cube``: a spectral cube of the archive becomes a store that serves slices and spectra."""

from collections.abc import Sequence

from jwstpipe.images.cubes.convert import CUBE_ALGORITHM, convert_cube
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests import Request

__all__ = ["CONVERT_CUBE", "CubeStoreRecipe"]


class CubeStoreRecipe(Request):
    """Nothing is to be chosen: every HDU is kept."""


def _identify(request: CubeStoreRecipe, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(CONVERT_CUBE.name, CONVERT_CUBE.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: CubeStoreRecipe, *, context: MakeContext) -> Receipt:
    del request
    (source,) = identity.inputs
    made = convert_cube(source.address, target, parent=source.product_id, s3=context.s3, report=context.report)
    return Receipt(made.product_id, made.shape, detail=made)


CONVERT_CUBE = Operation(
    name="convert-cube",
    version=CUBE_ALGORITHM,
    request=CubeStoreRecipe,
    kind="cube",
    place="cubes/{id}/{attempt}.zarr",
    forms=(".zarr",),
    identify=_identify,
    make=_make,
    spread=True,
    of=("archive",),
    suffixes=("s3d",),
)
