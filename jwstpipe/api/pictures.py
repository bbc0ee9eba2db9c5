"""The verb `composite`."""

from pathlib import Path

from jwstpipe.api.outputs import Paths, check_output, listed
from jwstpipe.execution.workers import Workers
from jwstpipe.operations import composite as composites
from jwstpipe.progress import Reporter, silent
from jwstpipe.render.receipt import Picture
from jwstpipe.requests import CompositeRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

__all__ = ["composite"]


@request_keywords(CompositeRequest)
def composite(
    images: Paths,
    out: str | Path,
    *,
    options: CompositeRequest,
    cores_mask: str | Path | None = None,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Picture:
    """Make a colour picture of images, one filter each, in the order of their wavelengths.

    Parameters
    ----------
    images : path or sequence of paths
        FITS files or image stores, local or ``s3://``; of different pixel scales or pointings too.
    out : str or Path
        Local ``.png``, ``.jpg``, ``.tif``, ``.fits`` (RGB cube), ``.zarr`` or ``.hips``.
    **options
    cores_mask : str or Path, optional
        FITS file for the mask of the cores and holes that were filled for display.
    overwrite : bool, default False
        Replace what stands at `out` and `cores_mask`.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where images are aligned (default: two threads); told of the progress.

    Returns
    -------
    Picture
        Size, limits, colours, place on the sky, digest.

    Raises
    ------
    UsageError
        A wish that cannot be met; the message says what can.
    ConflictError
        Something stands at `out`.

    Examples
    --------
    >>> jwstpipe.composite(
    ...     ["f090w.zarr", "f200w.zarr"], "picture.png", size=1200,
    ...     channels={"F090W": "blue", "F200W": {"colour": "orange", "stretch": "log", "high_percent": 99.8}},
    ... )
    <Picture file picture.png, ...>
    """
    check_output(out, composites.COMPOSITE.endings, what="a picture", overwrite=overwrite)
    if cores_mask is not None:
        check_output(cores_mask, (".fits",), what="a mask of cores", overwrite=overwrite)
    return composites.composite(
        listed(images), out, options=options, cores_mask=cores_mask, s3=s3, workers=workers, report=report
    )
