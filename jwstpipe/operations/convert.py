"""The operation ``convert``: a FITS file of the archive becomes an image store."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from jwstpipe.images.convert import ALGORITHM, convert
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests import Request

__all__ = ["CONVERT", "ConvertRecipe"]


class ConvertRecipe(Request):
    """What of a FITS file an image store keeps."""

    planes: Literal["all", "science"] | tuple[str, ...] = Field(
        "science", description="all HDUs; science: what mosaics need, the FITS file stays beside it; or planes by name"
    )


def _identify(request: ConvertRecipe, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(CONVERT.name, CONVERT.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: ConvertRecipe, *, context: MakeContext) -> Receipt:
    (source,) = identity.inputs
    made = convert(
        source.address,
        target,
        planes=request.planes,
        parent=source.product_id,
        s3=context.s3,
        workers=context.workers,
        report=context.report,
    )
    return Receipt(made.product_id, made.shape, detail=made)


CONVERT = Operation(
    name="convert",
    version=ALGORITHM,
    request=ConvertRecipe,
    kind="image",
    place="images/{id}/{attempt}.zarr",
    forms=(".zarr",),
    identify=_identify,
    make=_make,
    spread=True,
    of=("archive",),
)
