"""The verb that checks a zero point."""

from pathlib import Path
from typing import Any

import numpy as np

from jwstpipe.analysis.catalogues.zero_point import ZeroPoint, compared
from jwstpipe.analysis.photometry.lengths import NoCurveError
from jwstpipe.errors import DataError, UsageError
from jwstpipe.execution.workers import Workers
from jwstpipe.operations.inputs.catalogue_inputs import table_at
from jwstpipe.operations.sources.photometry import measured
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.photometry import PhotometryRequest
from jwstpipe.requests.analysis.zero_point import ZeroPointRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings
from jwstpipe.sky.position_table import numbers_of

__all__ = ["check_zero_point"]

HELD = 70.0
"""Share of the light that the circle holds, percent: what lies outside is added by the curve of growth."""


@request_keywords(ZeroPointRequest)
def check_zero_point(
    image: str | Path,
    *,
    options: ZeroPointRequest,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> ZeroPoint:
    """Check the zero point of an image against stars of known brightness.

    Their fluxes are measured at the places of the table in a circle that holds 70 % of the light, what lies outside is
    added by the curve of growth, and magnitudes are compared. The image stays as it is.

    Parameters
    ----------
    image : str or Path
        FITS file or image store, in physical units.
    **options
    s3, workers, report
        Endpoint of ``s3://`` addresses; where tiles are measured; told of tiles.

    Returns
    -------
    ZeroPoint
        Offset with its error, scatter, slope, the factor that would mend it, and a verdict.

    Raises
    ------
    UsageError
        No table of standards, or no such column in it.
    DataError
        An image whose unit says nothing of Jy, or too few standards on it.

    Examples
    --------
    >>> jwstpipe.check_zero_point("f200w.zarr", standards="stars.ecsv", magnitude="m_f200w")  # doctest: +SKIP
    """
    if not options.standards:
        raise UsageError("zero points are checked against stars of known brightness; name them with --standards TABLE")
    table = table_at(options.standards, s3=s3)
    if options.magnitude not in table.colnames:
        raise UsageError(
            f"{options.standards}: has no column {options.magnitude!r}; say which holds AB magnitudes with --magnitude"
            f" (there are {', '.join(table.colnames[:12])})"
        )
    known = numbers_of(table, options.magnitude, unit="mag", name=options.standards) + options.to_ab
    wanted = PhotometryRequest(ee=(HELD,), kron=False, empty_apertures=0)
    work: dict[str, Any] = {"s3": s3, "workers": workers, "report": report}
    try:
        found = measured([str(image)], wanted, catalogue=table, catalogue_name=options.standards, **work).table
    except NoCurveError:
        raise DataError(
            f"{image}: {options.standards} has too few bright stars on it that stand alone, to tell how much of the"
            " light of a star a circle holds; give more standards, and look whether they lie where the table says"
        ) from None
    if "mag_total" not in found.colnames:
        raise DataError(f"{image}: its unit says nothing of Jy, so that it has no zero point to check")
    lost = np.asarray(found["aper_bad"], float) > 0.0
    return compared(
        np.where(lost, np.nan, np.asarray(found["mag_total"], float)), known, tolerance=options.tolerance_mag
    )
