"""Given templates of light that stays on detectors: of which detector and filter each is."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from jwstpipe.errors import UsageError
from jwstpipe.images.open import open_image
from jwstpipe.names import effective_filter
from jwstpipe.names.optics import DETECTORS
from jwstpipe.requests.clean import MOST_TEMPLATES
from jwstpipe.settings import S3Settings

if TYPE_CHECKING:  # files need no catalogue
    from jwstpipe.catalog.records.models import ProductRecord

__all__ = ["Template", "filter_of", "template_of", "templates_for", "templates_of", "unused", "with_template"]


@dataclass(frozen=True)
class Template:
    """Light of a shape that stays on a detector, for a strength of one."""

    address: str
    detector: str
    """As headers have it."""

    filter: str | None
    """None = of any filter."""

    record: "ProductRecord | None" = None
    """In the catalogue; None = a file outside of one."""


def filter_of(cards: Mapping[str, Any]) -> str | None:
    """Give the filter that a primary header names."""
    return effective_filter([str(cards[key]) for key in ("FILTER", "PUPIL") if cards.get(key)])


def template_of(file: str | Path, s3: S3Settings | None) -> Template:
    """Tell of which detector and filter a template is: by DETECTOR and FILTER of its header, else by its name.

    Raises
    ------
    UsageError
        Neither says of which detector.
    """
    cards = open_image(file, s3=s3).primary
    words = PurePosixPath(str(file)).stem.lower()
    named = next((word.upper() for word in re.split(r"[_-]", words) if word in DETECTORS), "")
    detector = str(cards.get("DETECTOR", "")).strip().upper() or named
    if not detector:
        raise UsageError(
            f"{file}: neither header nor name says of which detector; give one for each detector, as wisps_nrcb4.fits"
        )
    return Template(str(file), detector, filter_of(cards) or effective_filter(words))


def with_template(templates: Sequence[Template], one: Template) -> list[Template]:
    """Add a template.

    Raises
    ------
    UsageError
        The same file twice, or more of one detector and filter than are fitted together.
    """
    kind = one.detector if one.filter is None else f"{one.detector} in {one.filter}"
    if any(one.address == other.address for other in templates):
        raise UsageError(f"{one.address}: given twice as a template of {kind}; give each once")
    if sum((one.detector, one.filter) == (other.detector, other.filter) for other in templates) >= MOST_TEMPLATES:
        raise UsageError(f"{one.address}: more than {MOST_TEMPLATES} templates of {kind}; leave some out")
    return [*templates, one]


def templates_of(files: Iterable[str | Path], s3: S3Settings | None) -> list[Template]:
    """Read of which detector and filter templates are.

    Raises
    ------
    UsageError
        A template of no detector, or one twice.
    """
    found: list[Template] = []
    for file in files:
        found = with_template(found, template_of(file, s3))
    return found


def unused(templates: Sequence[Template], exposures: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say of which templates no exposure is, by their primary headers."""
    told = {(str(cards.get("DETECTOR", "")).strip().upper(), filter_of(cards)) for cards in exposures}
    used = {one.address for detector, band in told for one in templates_for(templates, detector, band)}
    return [
        f"{PurePosixPath(one.address).name}: no exposure is of {one.detector} {one.filter or ''}".rstrip()
        for one in templates
        if one.address not in used
    ]


def templates_for(templates: Sequence[Template], detector: str, band: str | None) -> tuple[Template, ...]:
    """Choose the templates of a detector: those of the filter, else those of any filter."""
    own = [one for one in templates if one.detector == detector]
    return tuple(one for one in own if one.filter == band) or tuple(one for one in own if one.filter is None)
