"""`Source`: all that a mosaic needs to know of an input before it reads pixels."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io.fits import Header

from jwstpipe.errors import DataError
from jwstpipe.images.fits_reader import FitsImage
from jwstpipe.images.open import open_image
from jwstpipe.images.store import ImageStore
from jwstpipe.mosaic.skies import NO_SKY, Sky
from jwstpipe.requests import Weights
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.footprint import Footprint, footprint
from jwstpipe.sky.image_wcs import ImageWcs

__all__ = ["InspectJob", "Inspection", "Source", "exposure_seconds", "inspect", "weights_for"]

PIECE = 8 << 20
"""Bytes hashed at once."""

USED = ("sci", "err", "dq", "wht", "var_rnoise")
"""Planes whose bytes can change a mosaic."""


@dataclass(frozen=True)
class Source:
    """One input of a mosaic; plain values that travel to workers and into the plan's id."""

    address: str
    name: str
    """Name for people, and for the order of combination."""

    product_id: str
    wcs: ImageWcs
    """Where it lies on the sky."""

    shape: tuple[int, int]
    planes: tuple[str, ...]
    unit: str
    exposure_s: float
    """Effective exposure time, seconds; NaN where the header does not say."""

    box: Box
    """Bounding box on the plane."""

    sky: Sky = NO_SKY
    """Sky to subtract."""

    noise: float = 0.0
    """Standard deviation of a sample, where clipping needs it because there is no error plane; else 0."""

    def identity(self) -> dict[str, Any]:
        """Give what decides over the pixels of a tile that this source takes part in."""
        return {
            "product_id": self.product_id,
            "sky": [self.sky.level, *self.sky.slope, *self.sky.pivot],
            "noise": self.noise,
            "box": [self.box.y0, self.box.x0, self.box.y1, self.box.x1],
        }


@dataclass(frozen=True)
class InspectJob:
    """One input to look at."""

    address: str
    s3: S3Settings


@dataclass(frozen=True, eq=False)
class Inspection:
    """A source before it is placed on a plane."""

    source: Source
    outline: Footprint
    keywords: dict[str, str | float | int | bool]
    """Keywords of its primary and science headers that a mosaic hands on when all inputs agree."""


HANDED_ON = (
    "TELESCOP", "INSTRUME", "CHANNEL", "FILTER", "PUPIL", "TARGNAME", "TARGPROP", "PROGRAM", "CAL_VER", "CRDS_CTX",
)  # fmt: skip


def inspect(job: InspectJob) -> Inspection:
    """Read the headers of an input, check that it can be placed, and take its identity.

    Raises
    ------
    TransformError
        No celestial WCS, or one that maps a part of the image to nothing.
    """
    image = open_image(job.address, s3=job.s3)
    if image.slices > 1:
        raise DataError(
            f"{job.address}: a cube of {image.slices} slices; cut out the slice that shall go into the mosaic"
        )
    outline = footprint(image.wcs.exact(name=job.address), image.window, name=job.address)
    source = Source(
        address=job.address,
        name=image.name,
        product_id=str(image.provenance.get("product_id") or _content_id(image)),
        wcs=image.wcs,
        shape=image.shape,
        planes=tuple(plane for plane in image.planes if plane in USED),
        unit=str(image.header.get("BUNIT", "")).strip(),
        exposure_s=exposure_seconds(image.primary, image.header),
        box=Box(0, 0, 0, 0),
    )
    keywords = {key: value for key in HANDED_ON for value in [image.primary.get(key, image.header.get(key))] if value}
    return Inspection(source, outline, keywords)


def exposure_seconds(primary: Header, science: Header) -> float:
    """Find the exposure time, seconds: EFFEXPTM (JWST), XPOSURE, EXPTIME or EXPOSURE; NaN when none is positive."""
    for key in ("EFFEXPTM", "XPOSURE", "EXPTIME", "EXPOSURE"):
        for header in (primary, science):
            value = header.get(key)
            if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
                return float(value)
    return float("nan")


def weights_for(sources: list[Source], wanted: Weights) -> tuple[Weights, str]:
    """Choose the weights that every source can give.

    Returns
    -------
    tuple of str
        The weights, and why they are not those wanted; empty when they are.
    """
    reason = ""
    if wanted == "ivm":
        lacking = [source.name for source in sources if not {"var_rnoise", "wht"} & set(source.planes)]
        if not lacking:
            return "ivm", ""
        reason = f"{len(lacking)} of {len(sources)} inputs have neither VAR_RNOISE nor WHT (first: {lacking[0]})"
    if wanted in ("ivm", "exptime"):
        silent = [source.name for source in sources if not np.isfinite(source.exposure_s)]
        if not silent:
            return "exptime", reason
        cause = f"{len(silent)} of {len(sources)} inputs do not tell their exposure time (first: {silent[0]})"
        reason = f"{reason}; {cause}" if reason else cause
    return "uniform", reason


def _content_id(image: FitsImage | ImageStore) -> str:
    """Take the digest of all bytes of a FITS file that can change a mosaic: headers and used planes."""
    assert isinstance(image, FitsImage)
    digest = hashlib.sha256()
    digest.update(image.reader.read(image.hdus[0].header_offset, image.hdus[0].header_size))
    for plane in USED:
        hdu = image.plane_hdus.get(plane)
        if hdu is not None:
            digest.update(image.reader.read(hdu.header_offset, hdu.header_size))
            for start in range(0, hdu.data_size, PIECE):
                digest.update(image.reader.read(hdu.data_offset + start, min(PIECE, hdu.data_size - start)))
    return f"fits:{digest.hexdigest()[:32]}"
