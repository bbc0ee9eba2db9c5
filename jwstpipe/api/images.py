"""Verbs on images as they are: convert, export, and small grey pictures of them."""

from pathlib import Path
from typing import TYPE_CHECKING

from jwstpipe.api.outputs import Paths, check_output, listed
from jwstpipe.errors import UsageError
from jwstpipe.execution.workers import Workers
from jwstpipe.images.fits_image import open_fits
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import ContactSheetOptions, ConvertOptions, ThumbnailOptions
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings
from jwstpipe.storage import require_absent

if TYPE_CHECKING:  # they take long to load
    from jwstpipe.images import convert as conversion
    from jwstpipe.images import export as exporting
    from jwstpipe.render.contact import ContactSheet
    from jwstpipe.render.thumbnail import Thumbnail

__all__ = ["contact_sheet", "convert", "export", "thumbnail"]


@request_keywords(ConvertOptions)
def convert(
    source: str | Path,
    out: str | Path,
    *,
    options: ConvertOptions,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> "conversion.ConvertReceipt":
    """Convert a FITS image to an image store in Zarr; a spectral cube to one that serves slices and spectra.

    Parameters
    ----------
    source : str or Path
        FITS file, local or ``s3://``; gzip and bzip2 streams whatever the name.
    out : str or Path
        Image store to make, ``.zarr``, local or ``s3://``.
    **options
    overwrite : bool, default False
        Replace another image that stands at `out`; the same image is left as it is.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where shards are computed; told of each band.

    Returns
    -------
    ConvertReceipt
        Address, product id, planes, and what was left out.

    Raises
    ------
    FitsError, TransformError
        The file is damaged, holds no image, or has no celestial WCS.
    ConflictError
        Something else stands at `out`.

    Examples
    --------
    >>> jwstpipe.convert("f200w.fits", "image.zarr", planes="science")
    <ConvertReceipt address image.zarr, ...>
    """
    check_output(out, (".zarr",), what="an image store")
    from jwstpipe.images import convert as conversion  # noqa: PLC0415 - slow to load, and only this verb needs it
    from jwstpipe.images.cubes.axis import is_spectral_cube  # noqa: PLC0415
    from jwstpipe.images.cubes.convert import convert_cube  # noqa: PLC0415

    if is_spectral_cube(opened := open_fits(source, s3=s3, whole=True)):
        if options.planes != ("all",):
            raise UsageError(f"{opened.address}: a spectral cube is kept whole; leave out planes")
        return convert_cube(source, out, overwrite=overwrite, s3=s3, report=report)
    return conversion.convert(
        source, out, planes=options.wanted_planes, overwrite=overwrite, s3=s3, workers=workers, report=report,
        opened=opened,
    )  # fmt: skip


def export(
    source: str | Path, out: str | Path, *, overwrite: bool = False, s3: S3Settings | None = None
) -> "exporting.ExportReceipt":
    """Write an image store as FITS; an image converted with all HDUs comes back byte for byte.

    Parameters
    ----------
    source : str or Path
        Image store, local or ``s3://``.
    out : str or Path
        FITS file to write, ``.fits``, local or ``s3://``.
    overwrite : bool, default False
        Replace what stands at `out`.
    s3 : S3Settings, optional
        Endpoint of ``s3://`` addresses.

    Examples
    --------
    >>> jwstpipe.export("f200w.zarr", "again.fits").identical
    True
    """
    from jwstpipe.images import export as exporting  # noqa: PLC0415 - slow to load, and only this verb needs it
    from jwstpipe.operations.export import EXPORT, ExportRecipe  # noqa: PLC0415
    from jwstpipe.operations.make.make_file import make_file  # noqa: PLC0415

    check_output(out, EXPORT.endings, what="an export")
    if not overwrite:
        require_absent(out, s3=s3)
    made = make_file(EXPORT, [source], out, ExportRecipe(), s3=s3).detail
    assert isinstance(made, exporting.ExportReceipt)
    return made


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
