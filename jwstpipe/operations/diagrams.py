"""Diagrams of what was measured: from catalogues and images to pictures, for verbs and for the pages of runs."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table

from jwstpipe.analysis.catalogues.columns import FLAGS
from jwstpipe.analysis.catalogues.official import EXTENDED
from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.pixels.histogram import pixel_histogram
from jwstpipe.analysis.pixels.statistics import pixel_statistics
from jwstpipe.errors import DataError
from jwstpipe.execution.workers import Workers
from jwstpipe.images.image import SkyImage
from jwstpipe.progress import Reporter, silent
from jwstpipe.render.plots.completeness import draw_completeness
from jwstpipe.render.plots.detections import Ellipses, draw_detections
from jwstpipe.render.plots.growth import draw_colours, draw_growth
from jwstpipe.render.plots.histogram import draw_histogram
from jwstpipe.settings import S3Settings

__all__ = ["draw_colour_magnitude", "draw_curves", "draw_found_again", "draw_pixels", "draw_sources"]

GRAVE = FLAGS["SATURATED"] | FLAGS["EDGE"] | FLAGS["HUGE"]


def draw_sources(image: SkyImage, catalogue: Table, out: str | Path, *, size: int = 1600) -> Path:
    """Draw the sources of a catalogue on their image: stars green, wider ones yellow, grave flags red.

    Raises
    ------
    DataError
        A table without places and shapes of sources.
    """
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
    return draw_detections(image, marks, out, size=size, provenance=provenance)


def draw_found_again(table: Table, out: str | Path, *, title: str = "") -> Path:
    """Draw a table of completeness, by magnitude where it has one."""
    known = np.isfinite(np.asarray(table["share"]))
    by_magnitude = "mag_ab" in table.colnames
    name, label = ("mag_ab", "AB magnitude") if by_magnitude else ("snr", "S/N on the usual noise")
    columns = (np.asarray(table[one], np.float64)[known] for one in (name, "share", "share_err"))
    half = table.meta.get("half_mag" if by_magnitude else "half_snr")
    provenance: dict[str, Any] | None = table.meta.get("jwstpipe")
    return draw_completeness(
        out, *columns, label=label, title=title, half=half, backwards=by_magnitude, provenance=provenance
    )


def draw_pixels(
    image: ImageRef,
    out: str | Path,
    *,
    plane: str = "sci",
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Path:
    """Draw the histogram of an image's samples, about the sky, with its median and percentiles."""
    source, reference = opened(image, s3=s3), image
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


def draw_curves(catalogue: Table, out: str | Path) -> Path:
    """Draw the curves of growth behind the aperture corrections of a catalogue.

    Raises
    ------
    DataError
        A table without curves of growth.
    """
    facts: dict[str, Any] = catalogue.meta.get("photometry") or {}
    curves = {
        band.upper(): (np.array(one["curve"]["radius_arcsec"], float), np.array(one["curve"]["energy"], float))
        for band, one in facts.items()
        if one.get("curve")
    }
    if not curves:
        raise DataError("the catalogue tells no curve of growth; photometry without --growth none measures one")
    provenance: dict[str, Any] | None = catalogue.meta.get("jwstpipe")
    return draw_growth(out, curves, title="Curves of growth", provenance=provenance)


def draw_colour_magnitude(catalogue: Table, out: str | Path, *, colour: str | None = None) -> Path:
    """Draw a colour-magnitude diagram of a catalogue.

    Raises
    ------
    DataError
        No such column, or no source with both.
    """
    known = [name for name in catalogue.colnames if name.startswith("colour_")]
    wanted = colour or next(iter(known), "")
    if wanted not in known:
        reason = f"has the colours {', '.join(known)}" if known else "has no colours: they are those of several filters"
        raise DataError(f"{wanted or 'a diagram of colours'}: the catalogue {reason}")
    first, _, second = wanted.removeprefix("colour_").partition("_")
    values = np.asarray(catalogue[wanted], np.float64)
    magnitudes = np.asarray(catalogue[f"mag_total_{second}"], np.float64)
    count = int((np.isfinite(values) & np.isfinite(magnitudes)).sum())
    provenance: dict[str, Any] | None = catalogue.meta.get("jwstpipe")
    return draw_colours(
        out, values, magnitudes, labels=(f"{first.upper()} - {second.upper()} [AB mag]", f"{second.upper()} [AB mag]"),
        title=f"{count:,} sources", provenance=provenance,
    )  # fmt: skip
