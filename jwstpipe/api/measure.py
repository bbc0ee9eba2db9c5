"""Verbs that measure images, or make others of them to be measured."""

from pathlib import Path
from typing import Any

import numpy as np

from jwstpipe.analysis.pixels import filtering
from jwstpipe.analysis.pixels import sky as skies
from jwstpipe.api.outputs import IMAGE_FORMS, check_output
from jwstpipe.errors import DataError
from jwstpipe.execution.workers import Workers
from jwstpipe.images.masked_image import MaskedImage
from jwstpipe.images.memory import ImageLike, as_image
from jwstpipe.operations.background import BACKGROUND
from jwstpipe.operations.filter import FILTER
from jwstpipe.operations.inputs.changed_images import ImageMade, check_slice, made_at
from jwstpipe.operations.match_psf import MATCH_PSF
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.background import BackgroundRequest
from jwstpipe.requests.analysis.filters import FilterRequest
from jwstpipe.requests.analysis.psf_match import MatchPsfRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box

__all__ = ["background", "background_to_store", "filter_image", "filter_to_store", "match_psf"]


@request_keywords(FilterRequest)
def filter_image(
    image: ImageLike,
    *,
    options: FilterRequest,
    wcs: Any = None,
    unit: Any = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
) -> MaskedImage:
    """Filter an image that fits the memory; NaN takes no part, and stays.

    Parameters
    ----------
    image : path, SkyImage, MaskedImage, CCDData or ndarray
        What to filter.
    **options
    wcs, unit : optional
        Place on the sky and unit of a plain array.
    s3, workers
        Endpoint of ``s3://`` addresses; where noise is measured.

    Returns
    -------
    MaskedImage
        float32 samples; errors and flags only after a repair, which leaves them what they are.

    Raises
    ------
    UsageError
        No image, or a keyword out of range.
    DataError
        No pixel with data.

    Examples
    --------
    >>> float(jwstpipe.filter_image(np.ones((5, 5)), method="box").sci[2, 2])
    1.0
    """
    source = as_image(image, wcs=wcs, unit=unit, s3=s3)
    check_slice(source, options.slice)
    noise = filtering.filter_noise(source, options, s3=s3, workers=workers)
    whole = source[Box.of_shape(source.shape)]
    values = np.array(source.read("sci", index=options.slice), np.float32, order="C")
    if not np.isfinite(values).any():
        raise DataError(f"{source.address}: all pixels are NaN; nothing to filter")
    values[np.isinf(values)] = np.nan
    made = filtering.filtered_window(values, options, noise=noise)
    kept = {name: getattr(whole, name) for name in filtering.carried_planes(options, ("err", "dq", "wht"))}
    return MaskedImage(made, kept.get("err"), kept.get("dq"), kept.get("wht"), whole.box, whole.unit, whole.wcs)


@request_keywords(FilterRequest)
def filter_to_store(
    image: str | Path,
    out: str | Path,
    *,
    options: FilterRequest,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> ImageMade:
    """Filter an image of any size, shard by shard: the same bytes for every number of workers.

    Parameters
    ----------
    image : str or Path
        FITS file or image store, local or ``s3://``.
    out : str or Path
        What to make: an image store (``.zarr``) or a FITS file (``.fits``).
    **options
    overwrite : bool, default False
        Replace what stands at `out`.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where shards are filtered; told of each.

    Returns
    -------
    ImageMade
        With the product id, and what was found on the way.

    Raises
    ------
    DataError
        No pixel with data.
    ConflictError
        Something else stands at `out`.

    Examples
    --------
    >>> made = jwstpipe.filter_to_store("f200w.zarr", "smooth.zarr", sigma=2.0)
    """
    check_output(out, IMAGE_FORMS, what="a filtered image")
    return made_at(FILTER, options, image, out, overwrite=overwrite, s3=s3, workers=workers, report=report)


@request_keywords(BackgroundRequest)
def background(
    image: ImageLike,
    *,
    options: BackgroundRequest,
    wcs: Any = None,
    unit: Any = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
) -> MaskedImage:
    """Measure the sky of an image that fits the memory, and take it away.

    Parameters
    ----------
    image : path, SkyImage, MaskedImage, CCDData or ndarray
        What to measure.
    **options
    wcs, unit : optional
        Place on the sky and unit of a plain array.
    s3, workers
        Endpoint of ``s3://`` addresses; where boxes are measured.

    Returns
    -------
    MaskedImage
        float32; errors, flags and weights are those of the image, and not there for a sky alone.

    Raises
    ------
    DataError
        Too few pixels with data, or all of one value.

    Examples
    --------
    >>> flat = jwstpipe.background("f200w.fits", model="plane").sci
    """
    source = as_image(image, wcs=wcs, unit=unit, s3=s3)
    check_slice(source, options.slice)
    sky = skies.measure_sky(source, options, s3=s3, workers=workers)
    whole = source[Box.of_shape(source.shape)]
    values = np.array(source.read("sci", index=options.slice), np.float32, order="C")
    level = skies.sky_on(sky, whole.box.shifted(*skies.image_origin(source)))
    if options.result == "sky":
        level[np.isnan(values)] = np.nan
        return MaskedImage(level, None, None, None, whole.box, whole.unit, whole.wcs)
    return MaskedImage(values - level, whole.err, whole.dq, whole.wht, whole.box, whole.unit, whole.wcs)


@request_keywords(BackgroundRequest)
def background_to_store(
    image: str | Path,
    out: str | Path,
    *,
    options: BackgroundRequest,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> ImageMade:
    """Take the sky of an image of any size away, shard by shard.

    Parameters
    ----------
    image : str or Path
        FITS file or image store, local or ``s3://``.
    out : str or Path
        What to make: an image store (``.zarr``) or a FITS file (``.fits``).
    **options
    overwrite, s3, workers, report
        As in `filter_to_store`.

    Returns
    -------
    ImageMade
        With the product id, and the sky in a few numbers.

    Examples
    --------
    >>> made = jwstpipe.background_to_store("f200w.zarr", "flat.zarr", mesh=64)
    """
    check_output(out, IMAGE_FORMS, what="an image without its sky")
    return made_at(BACKGROUND, options, image, out, overwrite=overwrite, s3=s3, workers=workers, report=report)


@request_keywords(MatchPsfRequest)
def match_psf(
    image: str | Path,
    out: str | Path,
    *,
    options: MatchPsfRequest,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> ImageMade:
    """Give an image the PSF of another one, which is wider, so that both hold the same share of light everywhere.

    The kernel is the ratio of the transforms of the two PSFs, damped where the image's own has next to nothing (Boucaud
    and others 2016); its sum is 1, so that fluxes stay. It is kept with the image.

    Parameters
    ----------
    image : str or Path
        FITS file or image store, local or ``s3://``.
    out : str or Path
        What to make: an image store (``.zarr``) or a FITS file (``.fits``).
    **options
    overwrite : bool, default False
        Replace what stands at `out`.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where shards are convolved; told of each.

    Returns
    -------
    ImageMade
        With widths of both PSFs (pixels), the kernel, and what the match leaves (`mismatch`, a share of the light).

    Raises
    ------
    UsageError
        Nothing to reach, a PSF that is narrower than the image's own, other pixels, or too few stars.
    ConflictError
        Something else stands at `out`.

    Examples
    --------
    >>> jwstpipe.match_psf("f090w.zarr", "f090w_as_f444w.zarr", to="f444w.zarr")  # doctest: +SKIP
    """
    check_output(out, IMAGE_FORMS, what="an image")
    return made_at(MATCH_PSF, options, image, out, overwrite=overwrite, s3=s3, workers=workers, report=report)
