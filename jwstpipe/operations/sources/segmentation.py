"""The operation ``segmentation``: which pixel of an image belongs to which source of its catalogue."""

from collections.abc import Sequence
from typing import Any

from jwstpipe.analysis.sources.detect import Detection, find_sources
from jwstpipe.analysis.sources.segmentation import write_segmentation
from jwstpipe.images.open import open_image
from jwstpipe.operations.inputs.carried_inputs import provenance_for
from jwstpipe.operations.sources.detect import DETECT, looked_at
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.storage import path_digest, path_size

__all__ = ["SEGMENTATION", "write_labels"]


def _identify(request: DetectRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(SEGMENTATION.name, SEGMENTATION.version, request.model_dump(mode="json"), inputs)


def _make(identity: Identity, target: str, request: DetectRequest, *, context: MakeContext) -> Receipt:
    work: dict[str, Any] = {"s3": context.s3, "workers": context.workers, "report": context.report}
    image = looked_at([one.address for one in identity.inputs], request, **work)
    return write_labels(identity, find_sources(image, options=request, **work), target, request, context=context)


def write_labels(
    identity: Identity, found: Detection, target: str, request: DetectRequest, *, context: MakeContext
) -> Receipt:
    """Write the segmentation of a detection that was made by the same request, of the same images.

    Parameters
    ----------
    identity
        Of the segmentation.
    found
        Its sources: label k is row k of the catalogue that ``detect`` makes of the same.
    target
        ``.fits``; what stands there is replaced.
    request, context
        As `Operation.make` has them.
    """
    images = [open_image(one.address, s3=context.s3) for one in identity.inputs]
    catalogue = DETECT.identify(request, identity.inputs, context=context).id
    document = provenance_for(SEGMENTATION, identity, images, target)
    path = write_segmentation(found, images[0], target, catalogue=catalogue, document=document, overwrite=True)
    results = {"sources": len(found.rows), "catalogue": catalogue, **found.facts}
    return Receipt(identity.id, found.shape, path_size(path), path_digest(path), results, detail=found)


SEGMENTATION = Operation(
    name="segmentation",
    version="3",
    request=DetectRequest,
    kind="segmentation",
    place="segmentations/{id}.fits",
    forms=(".fits",),
    identify=_identify,
    make=_make,
)
