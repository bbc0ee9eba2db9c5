"""The operation ``export``: an image store becomes a FITS file."""

from collections.abc import Sequence

from jwstpipe.images.export import export
from jwstpipe.images.open import open_image
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests import Request

__all__ = ["EXPORT", "ExportRecipe"]


class ExportRecipe(Request):
    """Nothing is to be chosen: the file is the one that the image came from, or says all that a mosaic says."""


def _identify(request: ExportRecipe, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(EXPORT.name, EXPORT.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: ExportRecipe, *, context: MakeContext) -> Receipt:
    del request
    (source,) = identity.inputs
    made = export(source.address, target, overwrite=True, s3=context.s3)
    notes = (f"not in it, because the image does not hold them: {', '.join(made.omitted)}",) if made.omitted else ()
    shape = open_image(source.address, s3=context.s3).shape
    return Receipt(identity.id, shape, made.size, made.sha256, notes=notes, detail=made)


EXPORT = Operation(
    name="export",
    version="1",
    request=ExportRecipe,
    kind="export",
    place="exports/{id}/{name}",
    forms=(".fits",),
    identify=_identify,
    make=_make,
    spread=True,
)
