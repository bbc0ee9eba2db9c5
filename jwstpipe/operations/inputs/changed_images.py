"""What operations share that change the samples of one image: its new store, and how it is asked for outside a run."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jwstpipe.errors import ConflictError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.export import write_fits
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.images.zarr.like import create_like, finish_like, samples_digest
from jwstpipe.images.zarr.publish import existing_product, new_image
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.operations.inputs.carried_inputs import input_at, provenance_for
from jwstpipe.operations.spec import Identity, MakeContext, Operation, Receipt
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import Request
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote

__all__ = ["ImageMade", "check_slice", "made_at", "write_changed"]


@dataclass(frozen=True)
class ImageMade:
    """An image that was made of another one."""

    address: str
    product_id: str
    shape: tuple[int, int]
    planes: tuple[str, ...]
    results: Mapping[str, Any]
    """What was found on the way: noise, levels, pixels that changed."""

    notes: tuple[str, ...]
    reused: bool
    """The same image already stood there and was left as it is."""


def write_changed(
    operation: Operation[Any],
    identity: Identity,
    target: str,
    image: FitsImage | ImageStore,
    carried: Sequence[str],
    fill: Callable[[ImageWriter], Mapping[str, Any]],
    *,
    context: MakeContext,
    beside: Sequence[FitsImage | ImageStore] = (),
    name: str | None = None,
) -> Receipt:
    """Write an image store that lies where another image does.

    Parameters
    ----------
    operation, identity, target, context
        As `Operation.make` has them.
    image
        The image that is changed.
    carried
        Planes beside ``sci``.
    fill
        Writes and notes every shard of all planes, and gives results for the record.
    beside
        Images of the other inputs of its identity.
    name
        Name for people; default: that of the image.
    """
    planes = ("sci", *carried)
    with new_image(target, s3=context.s3) as writer:
        create_like(writer, image, planes)
        results = {**fill(writer), "digest": samples_digest(writer.stored)}
        provenance = {**provenance_for(operation, identity, [image, *beside], target), "receipt": results}
        finish_like(
            writer, image, planes, product_id=identity.id, provenance=provenance, name=name,
            workers=context.workers, s3=context.s3, report=context.report,
        )  # fmt: skip
    left = [plane for plane in image.planes if plane not in planes]
    notes = [f"planes {', '.join(left)} are not in it: they do not hold for its samples"] if left else []
    if image.slices > 1:
        notes.append(f"one slice of {image.slices}")
    return Receipt(identity.id, image.shape, results=results, notes=tuple(notes), detail=planes)


def made_at(
    operation: Operation[Any],
    request: Request,
    image: str | Path,
    out: str | Path,
    *,
    beside: Sequence[str | Path] = (),
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> ImageMade:
    """Make a changed image at an address: an image store, or by the end of its name a FITS file.

    What stands `beside` it are its other inputs.

    Raises
    ------
    ConflictError
        Something else stands at `out`.
    JwstPipeError
        As the operation.
    """
    context = MakeContext(workers or ThreadWorkers(os.cpu_count() or 1), s3 or S3Settings(), report)
    inputs = [input_at(one, s3=s3) for one in (image, *beside)]
    identity = operation.identify(request, inputs, context=context)
    if not str(out).endswith(".zarr"):
        if not overwrite and not is_remote(out) and Path(out).exists():
            raise ConflictError(f"{out}: stands there already; choose another name or use --overwrite")
        with TemporaryDirectory(prefix=".jwstpipe-") as folder:
            store = str(Path(folder, "image.zarr"))
            receipt = operation.make(identity, store, request, context=context)
            write_fits(store, out, overwrite=overwrite, s3=s3)
        return _told(receipt, str(out), reused=False)
    standing = existing_product(out, s3=s3)
    if standing is not None and not overwrite:
        if standing.provenance.get("product_id") != identity.id:
            raise ConflictError(f"{out}: another image stands here; choose another name or use --overwrite")
        found = standing.provenance.get("receipt", {})
        return ImageMade(str(out), identity.id, standing.shape, standing.planes, found, (), reused=True)
    return _told(operation.make(identity, str(out), request, context=context), str(out), reused=False)


def _told(receipt: Receipt, out: str, *, reused: bool) -> ImageMade:
    assert receipt.shape is not None
    return ImageMade(out, receipt.product_id, receipt.shape, receipt.detail, receipt.results, receipt.notes, reused)


def check_slice(image: Any, index: int) -> None:
    """Refuse a slice that an image does not have.

    Raises
    ------
    UsageError
        The image has fewer.
    """
    if index >= image.slices:
        raise UsageError(f"{image.address}: has no slice {index}; it has {image.slices}, counted from 0")
