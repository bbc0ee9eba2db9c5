"""The operation ``thumbnail``: a small grey picture of an image; of a cube, of all its light; of a spectrum, a plot."""

from collections.abc import Sequence
from pathlib import Path

from jwstpipe.analysis.cubes.white_light import cube_picture
from jwstpipe.errors import DataError
from jwstpipe.images.open import open_image
from jwstpipe.operations.inputs.carried_inputs import provenance_for
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.render import thumbnail as thumbnails
from jwstpipe.requests import ThumbnailOptions
from jwstpipe.storage import path_digest, path_size

__all__ = ["THUMBNAIL"]


def _identify(request: ThumbnailOptions, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(THUMBNAIL.name, THUMBNAIL.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: ThumbnailOptions, *, context: MakeContext) -> Receipt:
    try:
        image = open_image(identity.inputs[0].address, s3=context.s3)
    except DataError:
        from jwstpipe.operations.spectra.small import small_plot  # noqa: PLC0415 - spectra only

        drawn = small_plot(THUMBNAIL, identity, target, request, context=context)
        if drawn is None:
            raise
        return drawn
    provenance = provenance_for(THUMBNAIL, identity, [image], target)
    shown = cube_picture(image)
    made = thumbnails.thumbnail(
        shown or image, target, size=request.size, stretch=request.stretch, provenance=provenance
    )
    path = Path(target)
    return Receipt(identity.id, (made.height, made.width), path_size(path), path_digest(path), detail=made)


THUMBNAIL = Operation(
    name="thumbnail",
    version="4",
    request=ThumbnailOptions,
    kind="thumbnail",
    place="thumbnails/{id}.png",
    forms=(".png", ".jpg"),
    identify=_identify,
    make=_make,
    spread=True,
    of=("image", "mosaic", "map", "cube", "spectrum", "archive"),
    suffixes=("x1d", "x1dints", "c1d"),
)
