"""The Python verb of an operation that has none of its own."""

from collections.abc import Callable
from functools import lru_cache

from jwstpipe.api.outputs import Paths, check_output, listed
from jwstpipe.execution.workers import Workers
from jwstpipe.operations.make.make_file import make_file
from jwstpipe.operations.registry import LISTED, operation_named
from jwstpipe.operations.spec import Receipt
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import Request
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

__all__ = ["verb"]


@lru_cache
def verb(name: str) -> Callable[..., Receipt]:
    """Give the verb of an operation: its images, its output, and a keyword for each of its options.

    Raises
    ------
    UsageError
        No such operation.
    """
    operation = operation_named(name)

    def make(
        images: Paths,
        out: str,
        *,
        options: Request,
        overwrite: bool = False,
        s3: S3Settings | None = None,
        workers: Workers | None = None,
        report: Reporter = silent,
    ) -> Receipt:
        check_output(out, operation.endings, what=f"a {name}", overwrite=overwrite)
        return make_file(operation, listed(images), out, options, s3=s3, workers=workers, report=report)

    image = "cube.fits" if "cube" in name else "image.zarr"
    make.__name__ = make.__qualname__ = LISTED[name].word
    make.__doc__ = f"""{LISTED[name].summary}

    Parameters
    ----------
    images : path{" or sequence of paths" if operation.several else ""}
        FITS files or image stores, local or ``s3://``.
    out : str or Path
        What to make: {" or ".join(f"``{form}``" for form in operation.forms)}.
    **options
    overwrite : bool, default False
        Replace what stands at `out`.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where it is computed (default: two threads); told of the progress.

    Returns
    -------
    Receipt
        Id, shape, size, digest.

    Examples
    --------
    >>> made = jwstpipe.{LISTED[name].word}("{image}", "made{operation.forms[0]}")
    >>> made.product_id
    """
    return request_keywords(operation.request)(make)
