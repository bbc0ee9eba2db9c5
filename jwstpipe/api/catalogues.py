"""Verbs on catalogues of sources: photometry, match, astrometry."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from astropy.table import Table

from jwstpipe.analysis.catalogues import match as matching
from jwstpipe.analysis.catalogues.astrometry import AstrometryFacts
from jwstpipe.analysis.catalogues.files import read_catalogue
from jwstpipe.analysis.catalogues.forms import check_target
from jwstpipe.api.outputs import Paths, listed
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.images.memory import ImageLike, as_image
from jwstpipe.operations.inputs.carried_inputs import input_at
from jwstpipe.operations.inputs.catalogue_inputs import any_input, catalogue_input, table_at
from jwstpipe.operations.sources.astrometry import ASTROMETRY
from jwstpipe.operations.sources.match import MATCH
from jwstpipe.operations.sources.photometry import PHOTOMETRY, PhotometryRecipe, measured
from jwstpipe.operations.spec import MakeContext
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.requests.analysis.match import AstrometryRequest, MatchRequest
from jwstpipe.requests.analysis.photometry import PhotometryRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

__all__ = ["PhotometryMade", "TableMade", "astrometry", "match", "match_to_file", "photometry", "photometry_to_file"]


@dataclass(frozen=True)
class PhotometryMade:
    """A catalogue that was made."""

    address: str
    product_id: str
    sources: int
    images: dict[str, Any]
    """For each filter: radii, ring, curve of growth, noise."""

    notes: tuple[str, ...] = ()
    """Images without fluxes, and why."""


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
    **options
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
    >>> found = jwstpipe.photometry(["f090w.zarr", "f200w.zarr"], ee=(50, 70))
    >>> found["mag_total_f090w", "colour_f090w_f200w"].colnames
    ['mag_total_f090w', 'colour_f090w_f200w']
    """
    several = images if isinstance(images, list | tuple) else [images]
    opened = [as_image(image, wcs=wcs, unit=unit, s3=s3) for image in several]
    table = table_at(catalogue, s3=s3) if isinstance(catalogue, str | Path) else catalogue
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
    **options
    overwrite, s3, workers, report
        As everywhere.

    Examples
    --------
    >>> made = jwstpipe.photometry_to_file("f200w.zarr", "fluxes.parquet", aperture=(0.1, 0.2))
    """
    check_target(out, overwrite=overwrite)
    context = MakeContext(workers or ThreadWorkers(os.cpu_count() or 1), s3 or S3Settings(), report)
    inputs = [] if catalogue is None else [catalogue_input(catalogue, s3=s3)]
    inputs += [input_at(image, s3=s3) for image in listed(images)]
    recipe = PhotometryRecipe(**options.model_dump(), catalogue=catalogue is not None)
    identity = PHOTOMETRY.identify(recipe, inputs, context=context)
    made = PHOTOMETRY.make(identity, str(out), recipe, context=context)
    return PhotometryMade(str(out), identity.id, made.results["sources"], made.results["images"], made.notes)


@dataclass(frozen=True)
class TableMade:
    """A table that was made, and what it says."""

    address: str
    product_id: str
    facts: Any
    """`MatchFacts` or `AstrometryFacts`."""


@request_keywords(MatchRequest)
def match(first: str | Path | Table, second: str | Path | Table, *, options: MatchRequest) -> Table:
    """Match two catalogues on the sky, one to one.

    Parameters
    ----------
    first, second : path or Table
        With right ascensions and declinations, degrees.
    **options

    Returns
    -------
    Table
        A row a pair, columns of both; ``meta["match"]`` is a `MatchFacts`: offset, scatter, share of false matches.

    Raises
    ------
    DataError
        A catalogue without positions.

    Examples
    --------
    >>> pairs = jwstpipe.match("gaia.ecsv", "gaia.ecsv", within=0.1)
    >>> len(pairs) > 0
    True
    """
    tables = [read_catalogue(one) if isinstance(one, str | Path) else one for one in (first, second)]
    names = [str(one) if isinstance(one, str | Path) else "the table" for one in (first, second)]
    joined, facts = matching.match_tables(tables[0], tables[1], options, names=(names[0], names[1]))
    joined.meta["match"] = facts
    return joined


@request_keywords(MatchRequest)
def match_to_file(
    first: str | Path, second: str | Path, out: str | Path, *, options: MatchRequest, overwrite: bool = False
) -> TableMade:
    """Match two catalogues (see `match`), and write the pairs with their lineage.

    Parameters
    ----------
    first, second : str or Path
        Catalogues.
    out : str or Path
        ``.ecsv``, ``.parquet``, ``.fits``, ``.vot`` or ``.csv``.
    **options
    overwrite : bool, default False
        Replace what stands at `out`.

    Examples
    --------
    >>> made = jwstpipe.match_to_file("gaia.ecsv", "gaia.ecsv", "both.parquet")
    """
    check_target(out, overwrite=overwrite)
    context = MakeContext(ThreadWorkers(1))
    identity = MATCH.identify(options, [catalogue_input(first), catalogue_input(second)], context=context)
    made = MATCH.make(identity, str(out), options, context=context)
    return TableMade(str(out), identity.id, made.detail)


@request_keywords(AstrometryRequest)
def astrometry(
    source: str | Path,
    out: str | Path | None = None,
    *,
    options: AstrometryRequest,
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> AstrometryFacts:
    """Compare positions with a reference: offset, rotation, scale, scatter; nothing is changed.

    Parameters
    ----------
    source : str or Path
        A catalogue, or an image, whose sources are found.
    out : str or Path, optional
        Table of the pairs and what is left of each.
    **options
    overwrite, s3, workers, report
        As everywhere.

    Returns
    -------
    AstrometryFacts
        With a verdict: ``good``, ``shifted`` or ``too few``.

    Raises
    ------
    DataError
        A table without positions.
    UsageError
        A reference with proper motions, and nothing that says when the image was taken.

    Examples
    --------
    >>> bool(abs(jwstpipe.astrometry("f200w.zarr", reference="gaia.ecsv").offset_east_mas) < 10)
    True
    """
    if out is not None:
        check_target(out, overwrite=overwrite)
    context = MakeContext(workers or ThreadWorkers(os.cpu_count() or 1), s3 or S3Settings(), report)
    identity = ASTROMETRY.identify(options, [any_input(source, s3=s3)], context=context)
    with TemporaryDirectory(prefix="jwstpipe-astrometry-") as folder:
        target = str(out) if out is not None else str(Path(folder, "pairs.ecsv"))
        found = ASTROMETRY.make(identity, target, options, context=context).detail
    assert isinstance(found, AstrometryFacts)
    return found
