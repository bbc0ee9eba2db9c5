"""The operation ``thumbnail``: a small grey picture of an image."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.images.open import open_image
from jwstpipe.operations.carried_inputs import input_at, provenance_for
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.render import thumbnail as thumbnails
from jwstpipe.render.thumbnail import Thumbnail
from jwstpipe.requests import Request, Stretch, validated
from jwstpipe.settings import S3Settings
from jwstpipe.storage import path_digest, path_size

__all__ = ["THUMBNAIL", "ThumbnailRecipe", "thumbnail"]


class ThumbnailRecipe(Request):
    """How a thumbnail looks."""

    size: int = Field(256, ge=1, le=8192, description="longest side, pixels")
    stretch: Stretch = Field("zscale", description="curve from flux to brightness")


def _identify(request: ThumbnailRecipe, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(THUMBNAIL.name, THUMBNAIL.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: ThumbnailRecipe, *, context: MakeContext) -> Receipt:
    image = open_image(identity.inputs[0].address, s3=context.s3)
    provenance = provenance_for(THUMBNAIL, identity, [image], target)
    made = thumbnails.thumbnail(image, target, size=request.size, stretch=request.stretch, provenance=provenance)
    path = Path(target)
    return Receipt(identity.id, (made.height, made.width), path_size(path), path_digest(path), detail=made)


THUMBNAIL = Operation(
    name="thumbnail",
    version="3",
    request=ThumbnailRecipe,
    kind="thumbnail",
    place="thumbnails/{id}.png",
    forms=(".png", ".jpg"),
    summary="Small grey pictures of images and mosaics.",
    identify=_identify,
    make=_make,
    spread=True,
)


def thumbnail(
    image: str | Path,
    out: str | Path,
    *,
    size: int = 256,
    stretch: Stretch = "zscale",
    s3: S3Settings | None = None,
) -> Thumbnail:
    """Make a small grey picture of an image (see `jwstpipe.render.thumbnail.thumbnail`).

    It carries the id that follows from image and parameters.
    """
    request = validated(ThumbnailRecipe, size=size, stretch=stretch)
    context = MakeContext(ThreadWorkers(1), s3 or S3Settings())
    identity = THUMBNAIL.identify(request, [input_at(image, s3=s3)], context=context)
    made = THUMBNAIL.make(identity, str(out), request, context=context).detail
    assert isinstance(made, Thumbnail)
    return made
