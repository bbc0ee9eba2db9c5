"""Verbs that make pictures: composite, thumbnail, contact sheet."""

from pathlib import Path
from typing import TYPE_CHECKING

from jwstpipe.api.outputs import Paths, check_output, listed
from jwstpipe.execution.workers import Workers
from jwstpipe.operations import composite as composites
from jwstpipe.progress import Reporter, silent
from jwstpipe.render.receipt import Picture
from jwstpipe.requests import CompositeRequest, ContactSheetOptions, ThumbnailOptions
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

if TYPE_CHECKING:  # they take long to load
    from jwstpipe.render.contact import ContactSheet
    from jwstpipe.render.thumbnail import Thumbnail

__all__ = ["composite", "contact_sheet", "thumbnail"]


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


@request_keywords(ThumbnailOptions)
def thumbnail(
    image: str | Path,
    out: str | Path,
    *,
    options: ThumbnailOptions,
    overwrite: bool = False,
    s3: S3Settings | None = None,
) -> "Thumbnail":
    """Make a small grey picture of an image.

    Parameters
    ----------
    image : str or Path
        FITS file or image store, local or ``s3://``.
    out : str or Path
        Local ``.png`` or ``.jpg``.
    **options
    overwrite : bool, default False
        Replace what stands at `out`.
    s3 : S3Settings, optional
        Endpoint of ``s3://`` addresses.

    Examples
    --------
    >>> made = jwstpipe.thumbnail("f200w.zarr", "small.png", size=128)
    """
    from jwstpipe.operations.make.make_file import make_file  # noqa: PLC0415 - slow to load, and only this verb needs it
    from jwstpipe.operations.thumbnail import THUMBNAIL  # noqa: PLC0415
    from jwstpipe.render.thumbnail import Thumbnail  # noqa: PLC0415

    check_output(out, THUMBNAIL.endings, what="a thumbnail", overwrite=overwrite)
    made = make_file(THUMBNAIL, [image], out, options, s3=s3).detail
    assert isinstance(made, Thumbnail)
    return made


@request_keywords(ContactSheetOptions)
def contact_sheet(
    images: Paths,
    out: str | Path,
    *,
    options: ContactSheetOptions,
    overwrite: bool = False,
    s3: S3Settings | None = None,
) -> "ContactSheet":
    """Put small grey pictures of images on one page, each with its filter and name.

    Parameters
    ----------
    images : path or sequence of paths
        FITS files or image stores, local or ``s3://``.
    out : str or Path
        Local ``.png``, ``.jpg`` or ``.tif``.
    **options
    overwrite, s3
        As in `thumbnail`.

    Examples
    --------
    >>> made = jwstpipe.contact_sheet(["f090w.zarr", "f200w.zarr"], "all.png", columns=2)
    """
    from jwstpipe.operations.contact_sheet import CONTACT_SHEET  # noqa: PLC0415 - slow to load, and only this verb needs it
    from jwstpipe.operations.make.make_file import make_file  # noqa: PLC0415
    from jwstpipe.render.contact import ContactSheet  # noqa: PLC0415

    check_output(out, CONTACT_SHEET.endings, what="a contact sheet", overwrite=overwrite)
    made = make_file(CONTACT_SHEET, listed(images), out, options, s3=s3).detail
    assert isinstance(made, ContactSheet)
    return made
