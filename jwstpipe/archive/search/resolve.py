"""From the name of an object to its position, whatever way it is spelled."""

import re
from dataclasses import dataclass
from typing import Any

from jwstpipe.archive.search.portal import NAME_LOOKUP, Portal, known_answer, name_question
from jwstpipe.archive.search.response_cache import Answers
from jwstpipe.errors import TargetNotFoundError

__all__ = ["ResolvedName", "kept_name", "name_variants", "resolve_name"]


@dataclass(frozen=True)
class ResolvedName:
    """An object that a resolver knows."""

    name: str
    """Canonical name, as ``NGC 3132``."""

    ra: float
    """Right ascension, degrees ICRS."""

    dec: float
    """Declination, degrees ICRS."""

    resolver: str
    """Who knew it: NED, SIMBAD..."""


def name_variants(name: str) -> tuple[str, ...]:
    """Spell a name in the ways that resolvers may know it.

    In this order, without repeats: spaces collapsed; ``-`` and ``_`` as spaces; spaces and ``_`` as ``-``; a space
    between letters and the digits that follow; compact; and all of them in capitals.
    """
    collapsed = " ".join(name.split())
    spaced = " ".join(re.sub(r"[-_]+", " ", collapsed).split())
    hyphened = re.sub(r"[ _]+", "-", collapsed)
    compact = re.sub(r"[ _-]+", "", collapsed)
    split = re.sub(r"(?<=[A-Za-z])(?=\d)", " ", compact)
    variants = [collapsed, spaced, hyphened, split, compact]
    variants += [variant.upper() for variant in variants]
    return tuple(dict.fromkeys(variant for variant in variants if variant))


def resolve_name(portal: Portal, name: str) -> ResolvedName:
    """Ask MAST's name service for each spelling until one is known.

    Raises
    ------
    TargetNotFoundError
        None is known; the message names all that were tried.
    ArchiveError
        The service does not answer.
    """
    variants = name_variants(name)
    for variant in variants:
        resolved = _first(known_answer(portal, NAME_LOOKUP, {"input": variant, "format": "json"}), variant)
        if resolved is not None:
            return resolved
    tried = ", ".join(repr(variant) for variant in variants)
    raise TargetNotFoundError(f"no resolver knows {name!r} (tried {tried}); give another name, or a position")


def kept_name(answers: Answers, server: str, name: str) -> tuple[ResolvedName, float] | None:
    """Look a name up among the answers that are kept, of any age; nothing is asked.

    Returns
    -------
    tuple, or None
        The object, and when the archive answered, seconds since 1970; None where no spelling was ever resolved here.
    """
    for variant in name_variants(name):
        held = answers.kept(name_question(server, {"input": variant, "format": "json"}))
        resolved = None if held is None else _first(held.content, variant)
        if held is not None and resolved is not None:
            return resolved, held.asked_at
    return None


def _first(answer: dict[str, Any], variant: str) -> ResolvedName | None:
    read = (_read(found, variant) for found in answer.get("resolvedCoordinate") or ())
    return next((resolved for resolved in read if resolved is not None), None)


def _read(found: dict[str, Any], variant: str) -> ResolvedName | None:
    try:
        ra, dec = float(found["ra"]) % 360.0, float(found["decl"])
    except (KeyError, TypeError, ValueError):
        return None
    if not -90.0 <= dec <= 90.0:
        return None
    return ResolvedName(str(found.get("canonicalName") or variant), ra, dec, str(found.get("resolver") or ""))
