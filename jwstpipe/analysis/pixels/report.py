"""One row of statistics for each region of each image, with what the sums mean in physical units."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.photometry.fluxes import ab_magnitude, flux_scale
from jwstpipe.analysis.pixels.regions import regions_of
from jwstpipe.analysis.pixels.shapes import Shape
from jwstpipe.analysis.pixels.statistics import PERCENTS, PixelStatistics, pixel_statistics
from jwstpipe.errors import TransformError
from jwstpipe.execution.workers import Workers
from jwstpipe.images.headers.keywords import science_keywords
from jwstpipe.images.image import SkyImage
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.statistics import StatisticsRequest
from jwstpipe.settings import S3Settings
from jwstpipe.sky.jacobian import solid_angles_sr

__all__ = ["StatisticsRow", "physical_sums", "statistics"]

StatisticsRow = dict[str, Any]
"""Names, numbers and, where the unit has a flux, ``flux_jy``, ``mag_ab``, ``solid_angle_sr``; NaN is None."""


_PERCENT_KEYS = {f"p{percent:g}" for percent in PERCENTS}


def statistics(
    images: Sequence[ImageRef | Path],
    *,
    options: StatisticsRequest | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Iterator[StatisticsRow]:
    """Measure regions of images.

    Parameters
    ----------
    images
        Images, or their addresses.
    options
        Regions, plane, rule.
    s3, workers, report
        As `pixel_statistics` has them.

    Yields
    ------
    dict
        A row for each region of each image, in their order.

    Raises
    ------
    JwstPipeError
        As `regions_of` and `pixel_statistics`.
    """
    wanted = options or StatisticsRequest()
    for image in images:
        source = opened(image, s3=s3)
        shapes: list[Shape | None] = [None]
        if wanted.region:
            shapes = [shape for text in wanted.region for shape in regions_of(text, source, s3=s3)]
        for shape in shapes:
            found = pixel_statistics(
                image, shape, plane=wanted.plane, index=wanted.slice, rule=wanted.pixels, only=wanted.only, s3=s3,
                workers=workers, report=report,
            )  # fmt: skip
            unit = str(science_keywords(source).get("BUNIT") or "") if wanted.plane in ("sci", "err") else ""
            row = {
                "image": source.address, "region": "all" if shape is None else shape.name, "plane": wanted.plane,
                "unit": unit, **_plain(found), **physical_sums(source, shape, found, unit),
            }  # fmt: skip
            if wanted.only:
                row = {key: value for key, value in row.items() if _figure(key) in ("", *wanted.only)}
            yield {key: _json(value) for key, value in row.items()}


def physical_sums(
    image: SkyImage, shape: Shape | None, found: PixelStatistics, unit: str
) -> dict[str, float | str | None]:
    """Give the sum as flux, magnitude and solid angle, from the pixel at the middle of the region."""
    scale = flux_scale(unit)
    rows, columns = image.shape
    y, x = ((rows - 1) / 2, (columns - 1) / 2)
    if shape is not None:
        box = shape.box
        y, x = (box.y0 + box.y1 - 1) / 2, (box.x0 + box.x1 - 1) / 2
    try:
        omega = float(solid_angles_sr(image.image_wcs.exact(name=image.address), np.array([x]), np.array([y]))[0])
    except TransformError:
        omega = float("nan")
    sums: dict[str, float | str | None] = {"solid_angle_sr": omega * found.area}
    if scale is None:
        note = f"unit {unit!r} has no flux" if unit else "the image has no unit"
        return {**sums, "flux_jy": None, "mag_ab": None, "flux_note": note}
    flux = found.total * float(scale.factor(omega))
    note = "" if np.isfinite(flux) else "no WCS: the solid angle of a pixel is not known"
    return {**sums, "flux_jy": flux, "mag_ab": float(ab_magnitude(flux)), "flux_note": note}


def _plain(found: PixelStatistics) -> dict[str, Any]:
    values = asdict(found)
    clipped, percents, _ = values.pop("clipped"), values.pop("percentiles"), values.pop("offset")
    return {
        **values,
        **{f"p{percent:g}": value for percent, value in percents.items()},
        **{f"clipped_{key}": value for key, value in clipped.items()},
    }


def _figure(key: str) -> str:
    """Name the figure that a value of a row belongs to; of what is always told none."""
    if key in ("image", "region", "plane", "unit", "count", "n_nan", "rule"):
        return ""
    if key == "median":
        return key
    if key in _PERCENT_KEYS:
        return "percentiles"
    if key == "mad_std":
        return "mad"
    if key.startswith("biweight"):
        return "biweight"
    return "clipped" if key.startswith("clipped") or key == "peak_snr" else "sums"


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
