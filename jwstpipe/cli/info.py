"""The command `info`: what images are, and where their pixels lie."""

from collections.abc import Sequence
from typing import Any

import typer

from jwstpipe.cli.arguments import Images, Json
from jwstpipe.cli.context import settings_of
from jwstpipe.cli.output import data, json_data
from jwstpipe.cli.request_options import request_options
from jwstpipe.errors import TransformError
from jwstpipe.requests.analysis.places import InfoRequest

__all__ = ["info"]


@request_options(InfoRequest)
def info(context: typer.Context, images: Images, *, request: InfoRequest, as_json: Json = False) -> None:
    """Tell what images are: planes, size, place on the sky, origin."""
    from jwstpipe.images.open import find_image, open_image

    opened = [find_image(address, s3=settings_of(context).s3) for address in images]  # all of them are told of
    every = [part for image in opened for part in (image.siblings or (image.address,))]
    for number, address in enumerate(every):
        image = open_image(address, s3=settings_of(context).s3)
        facts = _facts(image)
        if request.pixel or request.sky:
            facts["positions"] = _positions(image, request.pixel, request.sky)
        if as_json:
            json_data(facts)
            continue
        if number:
            data()
        for key, value in facts.items():
            if value not in (None, "", {}) and key != "positions":
                data(f"{key:14s} {value}")
        for place in facts.get("positions", ()):
            data("position       x {x}  y {y}  ra {ra}  dec {dec}".format(**place))


def _positions(
    image: Any, pixels: Sequence[tuple[float, float]], places: Sequence[tuple[float, float]]
) -> list[dict[str, Any]]:
    """Answer in the order of the options, pixels first; null where the map has no answer."""
    import numpy as np

    from jwstpipe.sky.frames import ICRS, rotated

    wcs = image.wcs.exact(name=image.address)
    x, y = np.array(pixels, dtype=float).reshape(-1, 2).T
    lon, lat = wcs.to_sky(x, y)
    ra, dec = rotated(lon, lat, wcs.frame, ICRS)
    more_ra, more_dec = np.array(places, dtype=float).reshape(-1, 2).T
    more_x, more_y = wcs.to_pixel(*rotated(more_ra, more_dec, ICRS, wcs.frame))
    columns = (np.append(x, more_x), np.append(y, more_y), np.append(ra, more_ra), np.append(dec, more_dec))
    return [
        {
            key: float(value) if np.isfinite(value) else None
            for key, value in zip(("x", "y", "ra", "dec"), row, strict=True)
        }
        for row in zip(*columns, strict=True)
    ]


def _facts(image: Any) -> dict[str, Any]:
    from jwstpipe.images.fits_image import FitsImage

    rows, columns = image.shape
    facts: dict[str, Any] = {
        "schema_version": 1,
        "address": image.address,
        "format": "fits" if isinstance(image, FitsImage) else "zarr",
        "width": columns,
        "height": rows,
        "planes": list(image.planes),
        "slices": image.slices,
        "levels": image.levels,
        "unit": str(image.header.get("BUNIT", "")),
        "product_id": image.provenance.get("product_id"),
    }
    for key in ("TELESCOP", "INSTRUME", "DETECTOR", "FILTER", "PUPIL", "TARGNAME"):
        facts[key.lower()] = image.primary.get(key, image.header.get(key))
    try:
        facts["wcs"] = _place_on_sky(image)
    except TransformError as error:
        facts["wcs"] = None
        facts["wcs_fault"] = str(error)
    return facts


def _place_on_sky(image: Any) -> dict[str, Any]:
    from jwstpipe.images.zarr.layout import wcs_facts
    from jwstpipe.sky.footprint import footprint

    wcs = image.wcs.exact(name=image.address)
    outline = footprint(wcs, image.window, name=image.address)
    ra, dec = outline.centre
    return {
        "projection": str(image.header.get("CTYPE1", ""))[5:],
        "frame": wcs.frame.name,
        "ra": ra,
        "dec": dec,
        "scale_arcsec": outline.scale_arcsec,
        "parity": wcs.parity,
        **wcs_facts(image.wcs),
    }
