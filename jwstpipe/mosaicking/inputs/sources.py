"""`Source`: all that a mosaic needs to know of an input before it reads pixels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from jwstpipe.errors import DataError
from jwstpipe.fits.contents import exposure_kind, imaging_mode
from jwstpipe.fits.plain.plain_header import value_of
from jwstpipe.fits.plain.standard_cards import is_standard
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.headers.content_id import USED, carried_digest, content_id
from jwstpipe.images.headers.kept_identity import kept_content_id
from jwstpipe.images.open import find_image
from jwstpipe.images.passband import header_filter
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.mosaicking.inputs.handed_on import HANDED_ON, Times, times_of
from jwstpipe.mosaicking.inputs.moving_targets import MovingTarget, moving_target_of
from jwstpipe.mosaicking.sky_model import NO_BACKGROUND, BackgroundModel
from jwstpipe.requests import Weights
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.footprint import Footprint, footprint
from jwstpipe.sky.rotation import SkyRotation, TurnedWcs
from jwstpipe.sky.wcs.image_wcs import ImageWcs
from jwstpipe.sky.wcs.sky_wcs import SkyWcs

__all__ = ["InspectJob", "Inspection", "Source", "identify", "inspect", "weights_for"]

INLINE_BYTES = 1 << 20
"""Files with less data are hashed at once when their headers are read."""


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

    sky: BackgroundModel = NO_BACKGROUND
    """Sky to subtract."""

    turn: SkyRotation | None = None
    """What alignment found its WCS to be wrong by."""

    follow: SkyRotation | None = None
    """What takes its moving target to the place where it stands in the mosaic; None where the stars stay."""

    digest: str = ""
    """What the input carries as digest of its samples or of the file it came from; empty where it carries none."""

    noise: float = 0.0
    """Standard deviation of a sample, where clipping needs it because there is no error plane; else 0."""

    def exact_wcs(self) -> SkyWcs:
        """Build its WCS, aligned, and following its target; once for each thread."""
        found = self.wcs.exact(name=self.address)
        for turn in (self.turn, self.follow):
            found = found if turn is None else TurnedWcs(found, turn)
        return found

    def carried(self) -> dict[str, Any]:
        """Say which input this was, in the words that a mosaic carries: no address."""
        known = {"product_id": self.product_id, "file_name": self.name, "digest": self.digest or None}
        return {key: value for key, value in known.items() if value is not None}

    def identity(self) -> dict[str, Any]:
        """Give what decides over the pixels of a tile that this source takes part in."""
        following = {} if self.follow is None else {"follow": list(self.follow.matrix)}
        return {
            "product_id": self.product_id,
            "wcs": self.wcs.digest,
            "sky": [self.sky.level, *self.sky.slope, *self.sky.pivot],
            "turn": None if self.turn is None else list(self.turn.matrix),
            "noise": self.noise,
            "box": [self.box.y0, self.box.x0, self.box.y1, self.box.x1],
            **following,
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
    kind: str
    """What it shows where that is no image of the sky (`exposure_kind`); empty for images."""

    band: str
    """Instrument and filter, as ``NIRCAM F200W``; empty where no keyword names its filter."""

    notes: tuple[str, ...]
    """What was mended or chosen when it was read."""

    keywords: dict[str, str | float | int | bool]
    """Keywords of its primary and science headers that a mosaic hands on when all inputs agree."""

    times: Times
    """When it was taken."""

    target: MovingTarget
    """What it says of a target that moves."""

    moment: tuple[str, ...] = ()
    """Programme, observation, visit, group, sequence, activity and exposure, as `MOMENT` names them; empty where its
    header lacks one."""


MOMENT = ("PROGRAM", "OBSERVTN", "VISIT", "VISITGRP", "SEQ_ID", "ACT_ID", "EXPOSURE")
"""Keywords that tell exposures apart; the first three are those of a visit."""

KIND_KEYS = ("EXP_TYPE", "DATAMODL", "TELESCOP", "FILTER", "PUPIL")


def inspect(job: InspectJob) -> tuple[Inspection, ...]:
    """Read the headers of an input, check that it can be placed, and take its identity if that costs nothing.

    Returns
    -------
    tuple of Inspection
        One for each science image of the file; with an empty product id where `identify` must read a large file for
        it.

    Raises
    ------
    TransformError
        No celestial WCS, or one that maps a part of the image to nothing.
    """
    image = find_image(job.address, s3=job.s3)
    if not image.siblings:
        return (_inspected(job.address, image),)
    return tuple(_inspected(address, find_image(address, s3=job.s3)) for address in image.siblings)


def _inspected(address: str, image: FitsImage | ImageStore) -> Inspection:
    if image.slices > 1:
        raise DataError(f"{address}: a cube of {image.slices} slices; cut out the slice that shall go into the mosaic")
    primary, science = (_Cards(image.header_text(name)) for name in ("primary", "sci"))
    outline = footprint(image.image_wcs.exact(name=address), image.window, name=address)
    identity = image.provenance.get("product_id") if isinstance(image, ImageStore) else primary.value("JPPRODID")
    source = Source(
        address=address,
        name=image.name,
        product_id=str(identity or (content_id(image) if _content_bytes(image) <= INLINE_BYTES else "")),
        wcs=image.image_wcs,
        shape=image.shape,
        planes=tuple(plane for plane in image.planes if plane in USED),
        unit=str(science.value("BUNIT") or "").strip(),
        exposure_s=_exposure_seconds(primary, science),
        digest=carried_digest(image) or "",
        box=Box(0, 0, 0, 0),
    )

    def either(key: str) -> Any:
        return primary.value(key) or science.value(key)

    keywords = {key: value for key in HANDED_ON if (value := either(key)) not in (None, "")}
    kind = exposure_kind({key: either(key) for key in KIND_KEYS}, image.name)
    target = moving_target_of(either, combined="wht" in source.planes, gwcs=image.image_wcs.origin == "gwcs")
    return Inspection(
        source, outline, kind, _band(primary, science), image.notes, keywords, times_of(either), target, _moment(either)
    )


def _moment(value: Callable[[str], Any]) -> tuple[str, ...]:
    """Read which exposure it is of; all detectors of a moment have one."""
    words = tuple(str(value(key)).strip() if value(key) is not None else "" for key in MOMENT)
    return words if all(words) else ()


def _band(primary: "_Cards", science: "_Cards") -> str:
    """Name instrument and filter, and how the light came there where that is not usual; empty without a filter."""
    for header in (primary, science):
        name = header_filter({key: header.value(key) for key in ("PUPIL", "FILTER", "BAND")})
        if name:
            instrument = str(primary.value("INSTRUME") or science.value("INSTRUME") or "").strip().upper()
            mode = imaging_mode(str(primary.value("EXP_TYPE") or ""))
            return f"{instrument} {name} {mode}".strip()
    return ""


def identify(job: InspectJob) -> str:
    """Take the identity of a FITS file from its content, or what is kept of it."""
    image = find_image(job.address, s3=job.s3)
    return kept_content_id(image, s3=job.s3) if isinstance(image, FitsImage) else content_id(image)


class _Cards:
    """A header of which few values are asked for: parsing all cards of 10,000 inputs would take half a minute."""

    def __init__(self, text: str) -> None:
        cards = (text[start : start + 80] for start in range(0, len(text), 80))
        self._cards = {card[:8].rstrip(): card for card in cards if card[8:10] == "= "}

    def value(self, key: str) -> Any:
        """Give the value of a keyword; None where there is none, or one that no parser understands."""
        card = self._cards.get(key)
        if card is None or is_standard(card):
            return None if card is None else value_of(card)
        from astropy.io.fits import Card  # noqa: PLC0415 - slow to load, and seldom needed
        from astropy.io.fits.verify import VerifyError  # noqa: PLC0415

        try:
            return Card.fromstring(card).value
        except (VerifyError, ValueError):
            return None


def _exposure_seconds(primary: _Cards, science: _Cards) -> float:
    """Find the exposure time, seconds: EFFEXPTM (JWST), XPOSURE, EXPTIME or EXPOSURE; NaN when none is positive."""
    for key in ("EFFEXPTM", "XPOSURE", "EXPTIME", "EXPOSURE"):
        for header in (primary, science):
            value = header.value(key)
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


def _content_bytes(image: FitsImage | ImageStore) -> int:
    return sum(hdu.data_size for hdu in image.plane_hdus.values()) if isinstance(image, FitsImage) else 0
