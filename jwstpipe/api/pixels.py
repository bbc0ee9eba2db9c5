"""Verbs on pixels as they are: statistics of images or of regions of them, and all of single pixels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jwstpipe.analysis.pixels.at import PixelFacts, parse_place, pixel_at
from jwstpipe.analysis.pixels.report import statistics as rows_of
from jwstpipe.api.outputs import Paths, listed
from jwstpipe.execution.workers import Workers
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.places import PixelsRequest
from jwstpipe.requests.analysis.statistics import StatisticsRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

__all__ = ["pixels", "statistics"]


@request_keywords(StatisticsRequest)
def statistics(
    images: Any,
    *,
    options: StatisticsRequest,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> list[dict[str, Any]]:
    """Measure the pixels of images, or of regions of them: counts, exact percentiles, clipped statistics, flux.

    Parameters
    ----------
    images : path, or sequence of paths or images
        FITS files or image stores, local or ``s3://``.
    **options
    s3, workers, report
        Endpoint of ``s3://`` addresses; where passes are made; told of each.

    Returns
    -------
    list of dict
        A row for each region of each image, in their order.

    Examples
    --------
    >>> jwstpipe.statistics("f200w.zarr", region="0,0,100,100")[0]["median"] > 0
    True
    """
    several = isinstance(images, Sequence) and not isinstance(images, str | Path)
    wanted = list(images) if several else [images]
    return [dict(row) for row in rows_of(wanted, options=options, s3=s3, workers=workers, report=report)]


@request_keywords(PixelsRequest, into="request")
def pixels(images: Paths, *, request: PixelsRequest, s3: S3Settings | None = None) -> list[PixelFacts]:
    """Tell all of single pixels: the value of every plane, flags in words, and which exposures made them.

    Parameters
    ----------
    images : path or sequence of paths
        FITS files or image stores, local or ``s3://``.
    **options
    s3 : S3Settings, optional
        Endpoint of ``s3://`` addresses.

    Returns
    -------
    list of PixelFacts
        One for each place on each image, in their order.

    Examples
    --------
    >>> len(jwstpipe.pixels("f200w.zarr", at=["10,20"]))
    1
    """
    places = [parse_place(text) for text in request.at]
    return [pixel_at(image, place, index=request.slice, s3=s3) for image in listed(images) for place in places]
