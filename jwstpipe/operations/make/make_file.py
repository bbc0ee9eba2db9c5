"""One product of an operation as a file of somebody's own, without store and catalogue."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.operations.inputs.carried_inputs import input_at
from jwstpipe.operations.spec import MakeContext, Operation, Receipt
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import Request
from jwstpipe.settings import S3Settings

__all__ = ["make_file"]


def make_file(
    operation: Operation[Any],
    images: Sequence[str | Path],
    out: str | Path,
    request: Request,
    *,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Receipt:
    """Make a product; it carries the id that follows from images and options, that of the same product in a store.

    Parameters
    ----------
    operation
        One of the registry.
    images
        FITS files or image stores, local or ``s3://``; one, where the operation makes a product of one.
    out
        Where it goes; what stands there is replaced.
    request
        Options of the operation.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where it is computed (default: two threads); told of the progress.

    Raises
    ------
    UsageError
        Several images for a product that is made of one, or none.
    """
    if not images or (len(images) > 1 and not operation.several):
        count = "at least one image" if operation.several else f"one image, not {len(images)}"
        raise UsageError(f"a {operation.name} is made of {count}")
    context = MakeContext(workers or ThreadWorkers(2), s3 or S3Settings(), report)
    identity = operation.identify(request, [input_at(image, s3=s3) for image in images], context=context)
    return operation.make(identity, str(out), request, context=context)
