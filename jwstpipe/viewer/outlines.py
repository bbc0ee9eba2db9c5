"""Outlines on the sky: of the exposures that made an image, where they are here; else of the image itself."""

from collections.abc import Sequence
from typing import Any

from jwstpipe.analysis.pixels.history import Where, turns_of
from jwstpipe.errors import JwstPipeError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import open_image
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.footprint import footprint
from jwstpipe.sky.frames import lonlat, unit_vectors
from jwstpipe.sky.rotation import SkyRotation

__all__ = ["MOST_OUTLINES", "outlines_of"]

MOST_OUTLINES = 500
"""Most exposures of an image that are drawn."""


def outlines_of(image: SkyImage, *, where: Where | None = None, s3: S3Settings | None = None) -> dict[str, Any]:
    """Give the outlines of what an image was made of.

    Parameters
    ----------
    image
        Any image with a place on the sky.
    where
        Finds an input by its id.
    s3
        Endpoint of ``s3://`` inputs.

    Returns
    -------
    dict
        ``outlines``: name and positions (RA, Dec in degrees) of each; ``note``: what is left out, and why.
    """
    inputs = image.provenance.get("inputs")
    entries = inputs if isinstance(inputs, list) and image.provenance.get("operation") == "mosaic" else []
    found, missing = [], 0
    for entry in entries[:MOST_OUTLINES]:
        identity = entry.get("product_id")
        address = where(str(identity)) if where is not None and identity else None
        try:
            outline = None if address is None else _outline(open_image(address, s3=s3), turns_of(entry))
        except JwstPipeError:
            outline = None
        if outline is None:
            missing += 1
        else:
            found.append({"name": str(entry.get("file_name", "")), "outline": outline})
    notes = []
    if missing:
        notes.append(f"{missing} of {len(entries)} exposures of {image.name} are not here: they have no outline")
    if len(entries) > MOST_OUTLINES:
        notes.append(f"the first {MOST_OUTLINES} of {len(entries)} exposures of {image.name} are drawn")
    if not found:
        try:
            found = [{"name": image.name, "outline": _outline(image)}]
        except JwstPipeError as error:
            notes.append(str(error))
    return {"outlines": found, "note": "; ".join(notes)}


def _outline(image: SkyImage, turns: Sequence[SkyRotation] = ()) -> list[list[float]]:
    outline = footprint(image.image_wcs.exact(name=image.name), Box.of_shape(image.shape), name=image.name)
    lon, lat = outline.ra, outline.dec
    for turn in turns:
        lon, lat = lonlat(turn.apply(unit_vectors(lon, lat)))
    return [[float(ra), float(dec)] for ra, dec in zip(lon, lat, strict=True)]
