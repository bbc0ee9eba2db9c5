"""A product of files as a file of somebody's own, without store and catalogue."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.operations.spec import MakeContext, Operation, Receipt
from jwstpipe.operations.spectra.inputs import file_input
from jwstpipe.requests import Request
from jwstpipe.settings import S3Settings

__all__ = ["make_forms_of_files", "make_of_files"]


def make_of_files(
    operation: Operation[Any],
    files: Sequence[str | Path],
    out: str | Path,
    request: Request,
    *,
    s3: S3Settings | None = None,
) -> Receipt:
    """Make a product of spectra or tables; what stands at `out` is replaced.

    Raises
    ------
    JwstPipeError
        As the operation.
    """
    return make_forms_of_files(operation, files, [out], request, s3=s3)[0]


def make_forms_of_files(
    operation: Operation[Any],
    files: Sequence[str | Path],
    outs: Sequence[str | Path],
    request: Request,
    *,
    s3: S3Settings | None = None,
) -> list[Receipt]:
    """Make a product in several forms; what was measured for the first one is not measured again.

    Raises
    ------
    JwstPipeError
        As the operation.
    """
    context = MakeContext(ThreadWorkers(1), s3 or S3Settings())
    identity = operation.identify(request, [file_input(file, s3=s3) for file in files], context=context)
    receipts: list[Receipt] = []
    for out in outs:
        receipts.append(operation.make(identity, str(out), request, context=context))
        identity = replace(identity, plan=receipts[-1].detail)
    return receipts
