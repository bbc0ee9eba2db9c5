"""What a product says of its inputs: only what they say of themselves, so that it is the same wherever they lie."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jwstpipe.identity import canonical_json, provenance_document
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.headers.content_id import carried_digest, identity_of
from jwstpipe.images.open import open_image
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.operations.spec import Identity, Input, Operation
from jwstpipe.settings import S3Settings

__all__ = ["input_at", "input_of", "provenance_for"]

_JPEG = (".jpg", ".jpeg")

MOST_IN_JPEG = 32_000
"""Bytes of provenance in a JPEG, whose metadata have an end (65,502 bytes, of which the recipe needs some)."""

LONG_TEXT = 256


def input_at(
    address: str | Path,
    *,
    s3: S3Settings | None = None,
    identity: Callable[[FitsImage | ImageStore], str] = identity_of,
) -> Input:
    """Describe an image at an address as an input, by the id that it carries or that follows from its content.

    `identity` gives it; whoever looks at an image again and again keeps it.

    Raises
    ------
    JwstPipeError
        No image that can be read.
    """
    return input_of(open_image(address, s3=s3), address, identity=identity)


def input_of(
    image: FitsImage | ImageStore, address: str | Path, *, identity: Callable[[FitsImage | ImageStore], str]
) -> Input:
    """Describe an image that is open already as an input (see `input_at`)."""
    return Input(str(address), identity(image), image.name, carried_digest(image))


def provenance_for(
    operation: Operation[Any], identity: Identity, images: Sequence[object], target: str
) -> dict[str, Any]:
    """Write what a picture of images, or of small pictures of what is no image, says of itself.

    A JPEG holds so much and no more: there long texts stand as their digests, and only the first inputs are named.
    """
    inputs = [
        {"product_id": one.product_id, "file_name": image.name, "digest": carried_digest(image)}
        if isinstance(image, FitsImage | ImageStore)
        else one.carried()
        for one, image in zip(identity.inputs, images, strict=True)
    ]
    document = provenance_document(
        identity.id,
        kind=operation.kind,
        operation=operation.name,
        algorithm_version=operation.version,
        parameters=identity.parameters,
        inputs=[{key: value for key, value in one.items() if value is not None} for one in inputs],
    )
    return _shortened(document) if target.lower().endswith(_JPEG) else document


def _shortened(document: dict[str, Any]) -> dict[str, Any]:
    if len(canonical_json(document)) <= MOST_IN_JPEG:
        return document
    parameters = {
        key: f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"
        if isinstance(value, str) and len(value) > LONG_TEXT
        else value
        for key, value in document["parameters"].items()
    }
    short = {**document, "parameters": parameters, "shortened": True, "inputs_total": len(document["inputs"])}
    while len(canonical_json(short)) > MOST_IN_JPEG and len(short["inputs"]) > 1:
        short["inputs"] = short["inputs"][: len(short["inputs"]) // 2]
    return short
