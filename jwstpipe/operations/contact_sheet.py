"""The operation ``contact-sheet``: small pictures of many images on one page."""

from collections.abc import Sequence
from pathlib import Path

from jwstpipe.analysis.cubes.white_light import cube_picture
from jwstpipe.errors import DataError
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.operations.inputs.carried_inputs import provenance_for
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.render import contact as sheets
from jwstpipe.render.contact import DrawnPicture
from jwstpipe.requests import ContactSheetOptions
from jwstpipe.storage import path_digest, path_size

__all__ = ["CONTACT_SHEET"]


def _identify(request: ContactSheetOptions, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(CONTACT_SHEET.name, CONTACT_SHEET.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: ContactSheetOptions, *, context: MakeContext) -> Receipt:
    images = [_opened(one, request, context) for one in identity.inputs]
    provenance = provenance_for(CONTACT_SHEET, identity, images, target)
    shown = [image if isinstance(image, DrawnPicture) else cube_picture(image) or image for image in images]
    made = sheets.contact_sheet(shown, target, **request.model_dump(), provenance=provenance)
    path = Path(target)
    return Receipt(
        identity.id, (made.height, made.width), path_size(path), path_digest(path), notes=made.failed, detail=made
    )


def _opened(one: Input, request: ContactSheetOptions, context: MakeContext) -> FitsImage | ImageStore | DrawnPicture:
    """Open an image; of spectra, draw them."""
    try:
        return open_image(one.address, s3=context.s3)
    except DataError:
        from jwstpipe.operations.spectra.small import small_spectra  # noqa: PLC0415 - spectra only

        drawn = small_spectra(one, size=request.size, context=context)
        if drawn is None:
            raise
        return drawn


CONTACT_SHEET = Operation(
    name="contact-sheet",
    version="5",
    request=ContactSheetOptions,
    kind="picture",
    place="pictures/{id}/{name}",
    forms=(".png", ".jpg", ".tif"),
    identify=_identify,
    make=_make,
    several=True,
)
