"""What is taken out of exposures before they are combined."""

from collections.abc import Sequence
from typing import Annotated, Literal

from jwstpipe.requests.base import Request, option
from jwstpipe.requests.fields.shared import CatalogSelection, MaxFiles

__all__ = [
    "MOST_TEMPLATES", "CleanOptions", "CleanPolicy", "CleanRequest", "PatternOptions", "Stripes", "WispTemplates",
    "check_templates_taken", "policy_options",
]  # fmt: skip

Stripes = Literal["auto", "rows", "columns", "both", "none"]
CleanPolicy = Literal["auto", "stripes", "masks", "none"]

WispTemplates = Annotated[
    tuple[str, ...],
    option(
        max_length=100,
        help="light that stays on a detector, pixel by pixel, whose strength is fitted in each exposure: FITS files as"
        " wisps_nrcb4.fits or wisps_nrcb4_f200w.fits, or ids of products",
        names=("--wisp-template",),
        metavar="FILE",
        group="Cleaning",
        commas=False,
    ),
]


MOST_TEMPLATES = 8
"""Of one detector and filter that are fitted together."""


class CleanOptions(Request):
    """What is taken out of exposures before they are combined."""

    stripes: Stripes = option(
        "auto",
        help="1/f noise along rows, columns or both; auto: as the detector has it, and only where it is measured",
    )
    snowballs: Literal["auto", "none"] = option(
        "auto", help="mask what large cosmic rays spoil, flagged or seen against the mosaic; or leave the flags alone"
    )
    bad_pixels: Literal["auto", "none"] = option(
        "auto", help="mask hot and dead pixels, claws and persistence that nothing flags; or leave them"
    )
    wisps: Literal["auto", "none"] = option(
        "auto",
        help="wisps of NIRCam, in the shape that four exposures of a detector or more have in common; or leave them",
    )
    amplifiers: int | None = option(
        None, ge=1, le=32, help="outputs that read the detector side by side; empty = as its header says"
    )


class CleanRequest(CleanOptions, CatalogSelection):
    """Which exposures of the catalogue are cleaned, and how."""

    max_files: MaxFiles = 1_000
    wisp_template: WispTemplates = ()


class PatternOptions(Request):
    """How what stays on a detector is found."""

    template: bool = option(False, help="the last input is the template of the wisps: only their strength is found")
    more_templates: int = option(
        0, ge=0, le=MOST_TEMPLATES - 1, help="so many inputs before it are templates, too: all are fitted together"
    )
    own_shape: bool = option(False, help="the shape of wisps is looked for in the exposures themselves")


def check_templates_taken(templates: Sequence[object], policy: CleanPolicy | None, *, exposures: bool = True) -> None:
    """Refuse templates that nothing would be done with.

    Raises
    ------
    ValueError
        A policy that takes no light, or images that are no exposures.
    """
    if templates and (policy in ("masks", "none") or not exposures):
        raise ValueError(
            "wisp_template is fitted to exposures that are cleaned: it needs level 2, and clean auto or stripes"
        )


def policy_options(policy: CleanPolicy) -> CleanOptions | None:
    """Give what a policy takes out of exposures; None = nothing.

    ``stripes`` takes light and flags no pixels, ``masks`` flags pixels and changes no sample.
    """
    left: dict[CleanPolicy, dict[str, str]] = {
        "auto": {},
        "stripes": {"snowballs": "none", "bad_pixels": "none"},
        "masks": {"stripes": "none", "wisps": "none"},
    }
    return None if policy == "none" else CleanOptions.model_validate(left[policy])
