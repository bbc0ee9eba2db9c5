"""Pictures of what was measured: sources on their image, histograms, completeness, curves of growth, colours."""

from pathlib import Path

from astropy.table import Table

from jwstpipe.api.outputs import check_output
from jwstpipe.execution.workers import Workers
from jwstpipe.images.memory import ImageLike, as_image
from jwstpipe.operations.diagrams import (
    draw_colour_magnitude,
    draw_curves,
    draw_found_again,
    draw_pixels,
    draw_sources,
)
from jwstpipe.progress import Reporter, silent
from jwstpipe.settings import S3Settings

__all__ = ["PICTURES", "plot_colours", "plot_completeness", "plot_growth", "plot_histogram", "plot_sources"]

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


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
    >>> diagram = jwstpipe.plot_sources("f200w.zarr", jwstpipe.detect("f200w.zarr"), "found.png")
    """
    check_output(out, PICTURES, what="a picture of sources", overwrite=overwrite)
    return draw_sources(as_image(image, s3=s3), catalogue, out, size=size)


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

    Examples
    --------
    >>> table = jwstpipe.completeness("f200w.zarr")  # doctest: +SKIP
    >>> jwstpipe.plot_completeness(table, "completeness.png")  # doctest: +SKIP
    """
    check_output(out, PICTURES, what="a completeness curve", overwrite=overwrite)
    return draw_found_again(table, out, title=title)


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
    >>> diagram = jwstpipe.plot_histogram("f200w.zarr", "histogram.png")
    """
    check_output(out, PICTURES, what="a histogram", overwrite=overwrite)
    source = str(image) if isinstance(image, str | Path) else as_image(image, s3=s3)
    return draw_pixels(source, out, plane=plane, s3=s3, workers=workers, report=report)


def plot_growth(catalogue: Table, out: str | Path, *, overwrite: bool = False) -> Path:
    """Draw the curves of growth behind the aperture corrections of a catalogue.

    Parameters
    ----------
    catalogue : Table
        Of `jwstpipe.photometry`.
    out : str or Path
        Picture to make, ``.png``, ``.jpg`` or ``.tif``.
    overwrite : bool, default False
        Replace what stands at `out`.

    Raises
    ------
    DataError
        A table without curves of growth.

    Examples
    --------
    >>> diagram = jwstpipe.plot_growth(jwstpipe.photometry("f200w.zarr"), "growth.png")
    """
    check_output(out, PICTURES, what="a curve of growth", overwrite=overwrite)
    return draw_curves(catalogue, out)


def plot_colours(catalogue: Table, out: str | Path, *, colour: str | None = None, overwrite: bool = False) -> Path:
    """Draw a colour-magnitude diagram of a catalogue.

    Parameters
    ----------
    catalogue : Table
        Of `jwstpipe.photometry` on several images.
    out : str or Path
        Picture to make, ``.png``, ``.jpg`` or ``.tif``.
    colour : str, optional
        Column, as ``colour_f090w_f200w``; default: the first. The magnitude is that in the second filter.
    overwrite : bool, default False
        Replace what stands at `out`.

    Raises
    ------
    DataError
        No such column, or no source with both.

    Examples
    --------
    >>> found = jwstpipe.photometry(["f090w.zarr", "f200w.zarr"])
    >>> diagram = jwstpipe.plot_colours(found, "colours.png", colour="colour_f090w_f200w")
    """
    check_output(out, PICTURES, what="a colour-magnitude diagram", overwrite=overwrite)
    return draw_colour_magnitude(catalogue, out, colour=colour)
