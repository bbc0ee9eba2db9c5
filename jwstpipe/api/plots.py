"""Pictures of what was measured: sources on their image, histograms, completeness."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table

from jwstpipe.analysis.catalogues.columns import FLAGS
from jwstpipe.analysis.catalogues.official import EXTENDED
from jwstpipe.analysis.pixels.histogram import pixel_histogram
from jwstpipe.analysis.pixels.statistics import pixel_statistics
from jwstpipe.api.outputs import check_output
from jwstpipe.errors import DataError
from jwstpipe.execution.workers import Workers
from jwstpipe.images.memory import ImageLike, as_image
from jwstpipe.progress import Reporter, silent
from jwstpipe.render.plots.completeness import draw_completeness
from jwstpipe.render.plots.detections import Ellipses, draw_detections
from jwstpipe.render.plots.histogram import draw_histogram
from jwstpipe.settings import S3Settings

__all__ = ["PICTURES", "plot_completeness", "plot_histogram", "plot_sources"]

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")

GRAVE = FLAGS["SATURATED"] | FLAGS["EDGE"] | FLAGS["HUGE"]


def plot_sources(
    image: ImageLike,
    catalogue: Table,
    out: str | Path,
    *,
    size: int = 1600,
    overwrite: bool = False,
    s3: S3Settings | None = None,
) -> Path:
    """Draw the sources of a catalogue on their image: stars green, wider ones yellow, grave flags red.

    Parameters
    ----------
    image : path, SkyImage, MaskedImage, CCDData or ndarray
        What was searched.
    catalogue : Table
        Of `jwstpipe.detect`, or with columns of its names.
    out : str or Path
        Picture to make, ``.png``, ``.jpg`` or ``.tif``.
    size : int, default 1600
        Longest side, pixels.
    overwrite : bool, default False
        Replace what stands at `out`.
    s3 : S3Settings, optional
        Endpoint of ``s3://`` addresses.

    Raises
    ------
    DataError
        A table without places and shapes of sources.

    Examples
    --------
    >>> jwstpipe.plot_sources("m51.zarr", jwstpipe.detect("m51.zarr"), "found.png")  # doctest: +SKIP
    """
    check_output(out, PICTURES, what="a picture of sources", overwrite=overwrite)
    needed = ("x_centroid", "y_centroid", "semimajor", "semiminor", "theta")
    lacking = [name for name in needed if name not in catalogue.colnames]
    if lacking:
        raise DataError(f"the catalogue has no column {lacking[0]}; a catalogue of detect has")
    x, y, major, minor, theta = (np.asarray(catalogue[name], np.float64) for name in needed)
    nothing = np.zeros(len(catalogue), bool)
    wide = np.asarray(catalogue["extendedness"]) > EXTENDED if "extendedness" in catalogue.colnames else nothing
    flagged = (np.asarray(catalogue["flags"], np.int64) & GRAVE) > 0 if "flags" in catalogue.colnames else nothing
    known = np.isfinite(x) & np.isfinite(y)
    major, minor, theta = (np.nan_to_num(one) for one in (major, minor, theta))
    marks = Ellipses(x[known], y[known], major[known], minor[known], theta[known], wide[known], flagged[known])
    provenance: dict[str, Any] | None = catalogue.meta.get("jwstpipe")
    return draw_detections(as_image(image, s3=s3), marks, out, size=size, provenance=provenance)


def plot_completeness(table: Table, out: str | Path, *, title: str = "", overwrite: bool = False) -> Path:
    """Draw a table of `jwstpipe.completeness`, by magnitude where it has one.

    Parameters
    ----------
    table : Table
        A row a bin.
    out : str or Path
        Picture to make, ``.png``, ``.jpg`` or ``.tif``.
    title : str
        Above it.
    overwrite : bool, default False
        Replace what stands at `out`.
    """
    check_output(out, PICTURES, what="a completeness curve", overwrite=overwrite)
    known = np.isfinite(np.asarray(table["share"]))
    by_magnitude = "mag_ab" in table.colnames
    name, label = ("mag_ab", "AB magnitude") if by_magnitude else ("snr", "S/N on the usual noise")
    columns = (np.asarray(table[one], np.float64)[known] for one in (name, "share", "share_err"))
    half = table.meta.get("half_mag" if by_magnitude else "half_snr")
    provenance = table.meta.get("jwstpipe")
    return draw_completeness(
        out, *columns, label=label, title=title, half=half, backwards=by_magnitude, provenance=provenance
    )


def plot_histogram(
    image: ImageLike,
    out: str | Path,
    *,
    plane: str = "sci",
    overwrite: bool = False,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Path:
    """Draw the histogram of an image's samples, about the sky, with its median and percentiles.

    Parameters
    ----------
    image : path, SkyImage, MaskedImage, CCDData or ndarray
        Of any size; it is read in tiles.
    out : str or Path
        Picture to make, ``.png``, ``.jpg`` or ``.tif``.
    plane : str, default "sci"
        Which samples.
    overwrite : bool, default False
        Replace what stands at `out`.
    s3, workers, report
        Endpoint of ``s3://`` addresses; where tiles are read; told of each.

    Examples
    --------
    >>> jwstpipe.plot_histogram("m51.zarr", "histogram.png")  # doctest: +SKIP
    """
    check_output(out, PICTURES, what="a histogram", overwrite=overwrite)
    source = as_image(image, s3=s3)
    reference = str(image) if isinstance(image, str | Path) else source
    found = pixel_statistics(reference, plane=plane, s3=s3, workers=workers, report=report)
    counted = pixel_histogram(reference, found, plane=plane, s3=s3, workers=workers, report=report)
    unit = str(source.header.get("BUNIT", "")) if plane in ("sci", "err") else ""
    middle, spread = found.clipped.median, found.clipped.std
    marks = {
        f"median {found.median:.4g}": found.median,
        f"clipped + {spread:.3g}": middle + spread,
        "99 %": found.percentiles[99.0],
    }
    outside = f", {counted.outside:,} outside" if counted.outside else ""
    title = f"{source.name}: {found.count:,} pixels{outside}, {found.n_nan:,} without data"
    return draw_histogram(out, counted.edges, counted.counts, unit=unit, title=title, marks=marks)
