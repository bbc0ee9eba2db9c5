"""MAST's name service: how names are spelled for it, what it answers, and whether it knows one at all."""

import json
import re
from dataclasses import dataclass
from typing import Any

from jwstpipe.errors import TargetNotFoundError
from jwstpipe.settings import ArchiveSettings

__all__ = ["NAME_LOOKUP", "ResolvedName", "name_variants", "require_known_name", "resolved_in", "unknown_name"]

NAME_LOOKUP = "Mast.Name.Lookup"

MOST_BYTES = 4 << 20
"""Longest answer about a name that is read."""


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


def resolved_in(answer: dict[str, Any], variant: str) -> ResolvedName | None:
    """Read the first object of an answer; None where there is none with a position."""
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


def unknown_name(name: str, variants: tuple[str, ...]) -> TargetNotFoundError:
    """Give the error of a name that no resolver knows in any of these spellings."""
    tried = ", ".join(repr(variant) for variant in variants)
    return TargetNotFoundError(f"no resolver knows {name!r} (tried {tried}); give another name, or a position")


def require_known_name(settings: ArchiveSettings, name: str) -> None:
    """Ask once for each spelling of a name, without the client that searches; who does not answer is not waited for.

    Raises
    ------
    TargetNotFoundError
        The service answers, and knows none of the spellings.
    """
    import requests  # noqa: PLC0415 - only this question needs it here

    from jwstpipe.archive.http import guard  # noqa: PLC0415

    variants = name_variants(name)
    with guard(requests.Session(), settings, most_bytes=MOST_BYTES) as session:
        for variant in variants:
            question = {"service": NAME_LOOKUP, "params": {"input": variant, "format": "json"}, "format": "json"}
            try:
                answer = session.post(
                    f"{settings.server}/api/v0/invoke",
                    data={"request": json.dumps(question)},
                    timeout=settings.timeout_s,
                )
                answer.raise_for_status()
                content = answer.json()
            except (requests.RequestException, OSError, ValueError):
                return
            if not isinstance(content, dict) or "resolvedCoordinate" not in content:
                return
            if resolved_in(content, variant) is not None:
                return
    raise unknown_name(name, variants)
