"""The operation ``contact-sheet``: small pictures of many images on one page."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.images.open import open_image
from jwstpipe.operations.carried_inputs import input_at, provenance_for
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.render import contact as sheets
from jwstpipe.render.contact import ContactSheet
from jwstpipe.requests import Request, Stretch, validated
from jwstpipe.settings import S3Settings
from jwstpipe.storage import path_digest, path_size

__all__ = ["CONTACT_SHEET", "SheetRecipe", "contact_sheet"]


class SheetRecipe(Request):
    """How a contact sheet looks."""

    size: int = Field(256, ge=32, le=2048, description="longest side of each picture, pixels")
    columns: int | None = Field(None, ge=1, description="pictures a row; empty = about as many as rows")
    stretch: Stretch = Field("zscale", description="curve from flux to brightness, of each by itself")


def _identify(request: SheetRecipe, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(CONTACT_SHEET.name, CONTACT_SHEET.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: SheetRecipe, *, context: MakeContext) -> Receipt:
    images = [open_image(one.address, s3=context.s3) for one in identity.inputs]
    provenance = provenance_for(CONTACT_SHEET, identity, images, target)
    made = sheets.contact_sheet(images, target, **request.model_dump(), provenance=provenance)
    path = Path(target)
    return Receipt(
        identity.id, (made.height, made.width), path_size(path), path_digest(path), notes=made.failed, detail=made
    )


CONTACT_SHEET = Operation(
    name="contact-sheet",
    version="4",
    request=SheetRecipe,
    kind="picture",
    place="pictures/{id}/{name}",
    forms=(".png", ".jpg", ".tif"),
    summary="Small pictures of many images on one page.",
    identify=_identify,
    make=_make,
)


def contact_sheet(
    images: Sequence[str | Path],
    out: str | Path,
    *,
    size: int = 256,
    columns: int | None = None,
    stretch: Stretch = "zscale",
    s3: S3Settings | None = None,
) -> ContactSheet:
    """Put small pictures of images on one page (see `jwstpipe.render.contact.contact_sheet`).

    It carries the id that follows from images and parameters.
    """
    request = validated(SheetRecipe, size=size, columns=columns, stretch=stretch)
    context = MakeContext(ThreadWorkers(1), s3 or S3Settings())
    identity = CONTACT_SHEET.identify(request, [input_at(image, s3=s3) for image in images], context=context)
    made = CONTACT_SHEET.make(identity, str(out), request, context=context).detail
    assert isinstance(made, ContactSheet)
    return made
