"""Verbs on catalogues of sources: photometry."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astropy.table import Table

from jwstpipe.analysis.catalogues.files import check_target, read_catalogue
from jwstpipe.api.outputs import Paths, listed
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.memory import ImageLike, as_image
from jwstpipe.operations.carried_inputs import input_at
from jwstpipe.operations.photometry import PHOTOMETRY, PhotometryRecipe, catalogue_input, measured
from jwstpipe.operations.spec import MakeContext
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.detect import DetectRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.requests.photometry import PhotometryRequest
from jwstpipe.settings import S3Settings

__all__ = ["PhotometryMade", "photometry", "photometry_to_file"]


@dataclass(frozen=True)
class PhotometryMade:
    """A catalogue that was made."""

    address: str
    product_id: str
    sources: int
    images: dict[str, Any]
    """For each filter: radii, ring, curve of growth, noise."""


@request_keywords(PhotometryRequest)
def photometry(
    images: ImageLike | list[ImageLike],
    catalogue: str | Path | Table | None = None,
    *,
    options: PhotometryRequest,
    detection: DetectRequest | None = None,
    wcs: Any = None,
    unit: Any = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Table:
    """Measure sources on images: circles, Kron ellipses, errors with correlated noise, AB magnitudes, colours.

    Parameters
    ----------
    images : path, SkyImage, MaskedImage, CCDData or ndarray, or a list of them
        One image a filter; sources are measured at the same places on all of them.
    catalogue : path or Table, optional
        Sources, of ours or another's: ra and dec (degrees), or x_centroid and y_centroid (0-based pixels); default:
        those found on the first image.
    **wishes
    detection : DetectRequest, optional
        How they are found.
    wcs, unit : optional
        Place on the sky and unit of plain arrays.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where tiles are measured; told of tiles.

    Returns
    -------
    Table
        A row a source; ``meta["photometry"]`` has radii, curves of growth and noise of each filter.

    Raises
    ------
    DataError
        A catalogue without positions, an image without sources.
    NoCoverageError
        No position lies on an image.
    UsageError
        Lengths in arcsec without a WCS, encircled energies that no curve knows.

    Examples
    --------
    >>> found = jwstpipe.photometry(["f090w.zarr", "f200w.zarr"], "sources.parquet", ee=(50, 70))  # doctest: +SKIP
    >>> found["mag_total_f090w", "colour_f090w_f200w"]  # doctest: +SKIP
    """
    several = images if isinstance(images, list | tuple) else [images]
    opened = [as_image(image, wcs=wcs, unit=unit, s3=s3) for image in several]
    table = read_catalogue(catalogue) if isinstance(catalogue, str | Path) else catalogue
    name = str(catalogue) if isinstance(catalogue, str | Path) else "catalogue"
    return measured(
        opened, options, catalogue=table, catalogue_name=name, detection=detection, s3=s3, workers=workers,
        report=report,
    ).table  # fmt: skip


@request_keywords(PhotometryRequest)
def photometry_to_file(
    images: Paths,
    out: str | Path,
    *,
    catalogue: str | Path | None = None,
    options: PhotometryRequest,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> PhotometryMade:
    """Measure sources on images (see `photometry`), and write the catalogue with its lineage.

    Parameters
    ----------
    images : path or sequence of paths
        One image a filter.
    out : str or Path
        ``.ecsv``, ``.parquet``, ``.fits``, ``.vot`` or ``.csv``.
    catalogue : str or Path, optional
        Sources; default: those found on the first image.
    **wishes
    overwrite, s3, workers, report
        As everywhere.

    Examples
    --------
    >>> jwstpipe.photometry_to_file("m51.zarr", "m51.parquet", aperture=(0.1, 0.2))  # doctest: +SKIP
    """
    check_target(out, overwrite=overwrite)
    context = MakeContext(workers or ThreadWorkers(os.cpu_count() or 1), s3 or S3Settings(), report)
    inputs = [] if catalogue is None else [catalogue_input(catalogue)]
    inputs += [input_at(image, s3=s3) for image in listed(images)]
    recipe = PhotometryRecipe(**options.model_dump(), catalogue=catalogue is not None)
    identity = PHOTOMETRY.identify(recipe, inputs, context=context)
    made = PHOTOMETRY.make(identity, str(out), recipe, context=context)
    return PhotometryMade(str(out), identity.id, made.results["sources"], made.results["images"])
