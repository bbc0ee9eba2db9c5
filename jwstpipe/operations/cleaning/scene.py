"""The mosaic that tells what is sky, and what its exposures need when they are compared with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jwstpipe.cleaning.changed import light_taken, pixels_masked
from jwstpipe.cleaning.exposure import clean_exposure
from jwstpipe.cleaning.pattern.order import before_each
from jwstpipe.images.open import open_image
from jwstpipe.operations.cleaning.clean import CLEAN
from jwstpipe.operations.cleaning.taken import taken_of
from jwstpipe.operations.mosaic import MOSAIC
from jwstpipe.operations.spec import Identity, MakeContext, Receipt
from jwstpipe.requests import MosaicOptions, Request
from jwstpipe.requests.clean import CleanOptions
from jwstpipe.settings import S3Settings

__all__ = ["BETTER_SCENE", "DEEP", "FIRST_SCENE", "PLANES", "SCENE", "may_linger", "needing", "undecided"]

SCENE = MosaicOptions(combine="median", background="level", kernel="lanczos3")
"""How the mosaic is made that tells what is sky: sharp, and without what one exposure alone has."""

PLANES = ("sci", "wht", "n")
"""Its planes: nobody asks for its errors and flags, which are half of the work on it."""

DEEP = 3
"""Exposures that must overlap before light is taken by itself: of two none can say which has the stripes; and before
one mosaic is enough: of two it is the mean, and has half of what one of them alone has."""


@dataclass(frozen=True)
class _Look:
    """One exposure to be compared with the mosaic."""

    exposure: str
    scene: str
    before: str | None
    """What its detector took before, where that saturated."""

    s3: S3Settings


def _look(job: _Look) -> dict[str, Any]:
    """Measure what cleaning would do to an exposure; nothing is written."""
    exposure, scene = (open_image(one, s3=job.s3) for one in (job.exposure, job.scene))
    before = None if job.before is None else open_image(job.before, s3=job.s3)
    facts = clean_exposure(exposure, scene, CleanOptions(), before=before).facts
    lingering = facts.pop("persistence", {"masked": 0})["masked"]
    return {
        "light": light_taken(facts),
        "masked": pixels_masked(facts),
        "overlapping": facts.get("overlapping", 1),
        "lingering": lingering,
    }


def _make(identity: Identity, target: str, request: Request, *, context: MakeContext) -> Receipt:
    made = MOSAIC.make(identity, target, request, context=context)
    inputs, s3 = identity.inputs, context.s3
    taken = taken_of([one.address for one in inputs], s3, workers=context.workers, report=context.report)
    jobs = {
        one.product_id: _Look(one.address, target, None if number is None else inputs[number].address, s3)
        for one, number in zip(inputs, before_each(taken), strict=True)
    }
    found = context.workers.run(_look, jobs, name="measure", report=context.report, unit="exposures")
    return replace(made, results={**made.results, "need": {"clean": CLEAN.version, "of": found}})


BETTER_SCENE = replace(MOSAIC, kind="filtered", place="cleaned/{id}/{attempt}.zarr")
"""A mosaic that tells what is sky: a step of cleaning, not a result, so that no picture is made of it."""

FIRST_SCENE = replace(BETTER_SCENE, make=_make)
"""The same of exposures as they came; its record says what each of them needs, so that a rerun need not ask."""


def needing(results: Mapping[str, Any], options: CleanOptions) -> set[str] | None:
    """Tell which exposures need what the options take, by what the record of a first scene says.

    Returns
    -------
    set of str or None
        Product ids; None where the record does not say, or was written by another version of cleaning.
    """
    need = results.get("need", {})
    if need.get("clean") != CLEAN.version:
        return None
    takes_light, masks = options.stripes != "none", options.snowballs != "none"
    return {
        key
        for key, one in need["of"].items()
        if (takes_light and one["light"] > 0.0 and one["overlapping"] >= DEEP)
        or (masks and one["masked"] > 0 and one["overlapping"] > 1)
    }


def undecided(results: Mapping[str, Any]) -> set[str]:
    """Tell which exposures show light that is not the sky's, and overlap too few others to say which has it.

    Returns
    -------
    set of str
        Product ids; none where the record does not say.
    """
    of = results.get("need", {}).get("of", {})
    return {key for key, one in of.items() if one["light"] > 0.0 and one["overlapping"] < DEEP}


def may_linger(results: Mapping[str, Any], exposures: Iterable[str], options: CleanOptions) -> bool:
    """Tell whether something of the exposure before may live on in some exposures.

    Parameters
    ----------
    results
        Of the record of a first scene.
    exposures
        Product ids of those whose detector saturated before.
    options
        What is to be taken: what was measured holds where it is the same, or less of what changes nothing.

    Returns
    -------
    bool
        Also where the record does not say.
    """
    of = results.get("need", {}).get("of", {})
    asked = options.snowballs == "auto" and options.stripes in ("auto", "none") and options.amplifiers is None
    return not asked or any(of[key].get("lingering", 1) > 0 or of[key]["light"] > 0.0 for key in exposures)
