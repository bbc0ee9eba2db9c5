"""Read-outs: what every plane of every image says at a pixel, and where it is on the sky."""

from dataclasses import asdict
from typing import Any

from jwstpipe.analysis.photometry.fluxes import flux_scale
from jwstpipe.analysis.pixels.at import PixelFacts, Place, pixel_at
from jwstpipe.analysis.pixels.history import Where
from jwstpipe.errors import UsageError
from jwstpipe.settings import S3Settings
from jwstpipe.viewer.viewed import ViewedSet

__all__ = ["lineage_at", "set_facts", "values_at"]


def set_facts(images: ViewedSet) -> dict[str, Any]:
    """Say what the page needs to know of a set of images before it draws."""
    placement = images.placement
    sky = None
    if placement is not None:
        sky = {
            "crval": placement.crval, "crpix": placement.crpix, "cd": placement.cd, "frame": placement.frame,
            "projection": placement.projection, "exact": placement.exact and placement.projection == "TAN",
        }  # fmt: skip
    covered = images.covered
    return {
        "id": images.id,
        "shape": images.shape,
        "levels": images.levels,
        "covered": [covered.x0, covered.y0, covered.x1, covered.y1],
        "sky": sky,
        "channels": [_channel(images, number) for number in range(len(images.images))],
        "notes": images.notes,
    }


def _channel(images: ViewedSet, number: int) -> dict[str, Any]:
    source, band, image = images.sources[number], images.bands[number], images.images[number]
    statistics = images.survey.statistics[number]
    return {
        "id": source.product_id,
        "name": source.name,
        "label": band.filter or source.name,
        "instrument": band.instrument,
        "filter": band.filter,
        "wavelength": band.wavelength_um,
        "unit": str(image.header.get("BUNIT", "")).strip(),
        "flux": flux_scale(str(image.header.get("BUNIT", ""))) is not None,
        "planes": image.planes,
        "slices": image.slices,
        "target": _target(images, number),
        "companding": images.compandings[number].as_dict(),
        "histogram": images.histograms[number],
        "statistics": {
            "sky": statistics.sky, "noise": statistics.noise, "low": statistics.low, "median": statistics.median,
            "high": statistics.high, "coverage": statistics.coverage, "quantiles": statistics.quantiles[::6],
        },
    }  # fmt: skip


def _target(images: ViewedSet, number: int) -> str:
    primary = images.images[number].primary
    words = (str(primary.get(keyword, "")).strip() for keyword in ("TARGPROP", "TARGNAME", "OBJECT"))
    return next((word for word in words if word not in ("", "UNKNOWN")), "")


def values_at(images: ViewedSet, x: int, y: int, *, index: int = 0) -> list[dict[str, Any]]:
    """Read every plane of every image at a pixel of the grid; the flags in words.

    Raises
    ------
    NoCoverageError
        The pixel lies outside.
    """
    _check_pixel(images, x, y)
    place = Place(x, y, sky=False)
    found = [pixel_at(image, place, index=min(index, image.slices - 1), inputs=False) for image in images.images]
    return [_plain(one) for one in found]


def lineage_at(
    images: ViewedSet, number: int, x: int, y: int, *, where: Where | None = None, s3: S3Settings | None = None
) -> dict[str, Any]:
    """Say which exposures made a pixel of one image."""
    _check_pixel(images, x, y)
    if not 0 <= number < len(images.images):
        raise UsageError(f"there is no image {number} in this view")
    return _plain(pixel_at(images.images[number], Place(x, y, sky=False), where=where, s3=s3))


def _check_pixel(images: ViewedSet, x: int, y: int) -> None:
    rows, columns = images.shape
    if not (0 <= x < columns and 0 <= y < rows):
        raise UsageError(f"pixel {x},{y} lies outside the {columns} x {rows} pixels of the view")


def _plain(facts: PixelFacts) -> dict[str, Any]:
    """Leave out addresses: they are nobody's business but the server's."""
    found = asdict(facts)
    del found["address"]
    for one in found["inputs"]:
        del one["address"]
    return found
