"""The images of the archive that a picture of a sky target is made of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jwstpipe.archive.search.combined_twice import counted_once
from jwstpipe.archive.search.products import Product
from jwstpipe.archive.search.row_filters import is_empty_sky
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.ingestion.choose import choose
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests import ProcessTargetRequest, SearchRequest
from jwstpipe.settings import ArchiveSettings

__all__ = ["ChosenImages", "choose_images"]

_PROGRAM = re.compile(r"jw\d{5}(?!\d)|jw\d{11}_")


@dataclass(frozen=True)
class ChosenImages:
    """What a run works on, and what a person should know of the choice."""

    products: tuple[Product, ...]
    gaps: tuple[str, ...]
    """Where the archive's answers fell short."""

    notes: tuple[str, ...]
    """What was left out, and why."""


def choose_images(
    request: ProcessTargetRequest, *, settings: ArchiveSettings, report: Reporter = silent
) -> ChosenImages:
    """Search the archive and choose the files to work on.

    Raises
    ------
    NotFoundError
        There are none.
    UsageError
        More files or bytes than the request allows, or an observation that is none.
    JwstPipeError
        As `choose`.
    """
    choices = [
        choose(wanted, settings=settings, observations=request.observations, report=report)
        for wanted in _questions(request)
    ]
    chosen, twice = counted_once(product for choice in choices for product in choice.products)
    empty = [one for one in chosen if is_empty_sky(one.target) and not is_empty_sky(request.target)]
    notes = []
    if 0 < len(empty) < len(chosen):
        notes.append(f"{len(empty)} pointings at empty sky left out: {empty[0].target} ...")
        chosen = tuple(one for one in chosen if one not in empty)
    if twice:
        notes.append(f"{len(twice)} combined images left out, others hold their exposures: {twice[0].file_name} ...")
    if not chosen:
        matching = sum(len(choice.found.observations) for choice in choices)
        raise NotFoundError(
            f"{request.target}: the archive has {matching} matching observations and no image of level"
            f" {request.level} among them; try another --level, --radius or fewer --filters"
        )
    size = sum(product.size for product in chosen)
    if len(chosen) > request.max_files or size > request.max_gigabytes * 1e9:
        raise UsageError(
            f"{request.target}: {len(chosen)} files of {size / 1e9:.1f} GB are more than the limit of"
            f" {request.max_files} files and {request.max_gigabytes:g} GB; choose filters, a programme or a smaller"
            " radius, or raise the limit"
        )
    return ChosenImages(tuple(chosen), tuple(gap for choice in choices for gap in choice.gaps), tuple(notes))


def _questions(request: ProcessTargetRequest) -> Iterator[SearchRequest]:
    """Ask for what lies around the target; for named observations, in their programmes, wherever they lie."""
    shared: dict[str, Any] = {
        "instrument": request.instrument, "filters": request.filters, "level": (request.level,),
    }  # fmt: skip
    if not request.observations:
        yield SearchRequest(target=request.target, radius=request.radius, program=request.program, **shared)
        return
    strange = [name for name in request.observations if not _PROGRAM.match(name.lower())]
    if strange:
        raise UsageError(f"observations: {strange[0]!r} is no id of JWST, as jw01373-o002_t001_nircam_f212n")
    for program in sorted({int(name[2:7]) for name in request.observations}):
        yield SearchRequest(program=program, **shared)
