"""From the name of a target to its place, in this order: our table, answers on disk, the archive, PyOngc if it is here.

Only the archive needs a network. The answer says who knew.
"""

import time
from dataclasses import dataclass

from jwstpipe.archive.search.portal import open_portal
from jwstpipe.archive.search.resolve import kept_name, resolve_name
from jwstpipe.archive.search.response_cache import Answers
from jwstpipe.discovery.targets.normal_form import nearest, normal_form
from jwstpipe.discovery.targets.table import Target, known_target, known_targets, target_at
from jwstpipe.errors import ServiceError, TargetNotFoundError
from jwstpipe.requests.fields.angles import position_in
from jwstpipe.settings import ArchiveSettings

__all__ = ["RADIUS", "Place", "resolve_place"]

RADIUS = 0.1
"""Degrees around a target whose size nobody told."""


@dataclass(frozen=True)
class Place:
    """Where a target is, and who says so."""

    name: str
    """Catalogue name, or the position as it was given."""

    ra: float | None
    """Degrees ICRS; None for what moves."""

    dec: float | None
    """As `ra`."""

    radius: float
    """Degrees that hold its imaging, as far as is known."""

    resolver: str
    """position, local, SIMBAD (kept 3 days ago), NED, PyOngc..."""

    target: Target | None = None
    """What the table knows of it."""

    @property
    def title(self) -> str:
        """For people."""
        return self.target.title if self.target is not None else self.name


def resolve_place(name: str, *, settings: ArchiveSettings, answers: Answers | None = None) -> Place:
    """Find a target.

    Parameters
    ----------
    name
        Name in any spelling, or a position as ``151.757 -40.437``.
    settings
        Which archive, and whether it may be asked.
    answers
        Answers kept on disk.

    Raises
    ------
    TargetNotFoundError
        Nobody knows it; the message names who was asked, and the nearest spellings.
    """
    position = position_in(name)
    if position is not None:
        near = target_at(*position)
        return Place(name, *position, RADIUS, "position", near)
    target = known_target(name)
    if target is not None:
        return Place(target.name, target.ra, target.dec, target.radius, "local", target)
    tried = ["the table of targets"]
    kept = None if answers is None else kept_name(answers, settings.server, name)
    if kept is not None:
        found, asked_at = kept
        days = max(time.time() - asked_at, 0.0) / 86400.0
        return _place(found.name, found.ra, found.dec, f"{found.resolver or 'archive'} (kept {days:.0f} days ago)")
    tried.append("answers on disk")
    if not settings.offline:
        tried.append("the archive's resolvers")
        try:
            known = resolve_name(open_portal(settings, answers=answers), name)
        except TargetNotFoundError:
            pass
        except ServiceError as error:
            tried[-1] += f" (no answer: {error})"
        else:
            return _place(known.name, known.ra, known.dec, known.resolver or "archive")
    local = _in_pyongc(name)
    if local is not None:
        return local
    tried.append("PyOngc" if _pyongc() is not None else "PyOngc (not installed: pip install jwstpipe[names])")
    close = ", ".join(nearest(name, (one for target in known_targets() for one in target.names)))
    raise TargetNotFoundError(
        f"{name!r} is not known to {', '.join(tried)}; the nearest names here are {close}; or give a position"
    )


def _place(name: str, ra: float, dec: float, resolver: str) -> Place:
    near = target_at(ra, dec)
    return Place(name, ra, dec, RADIUS if near is None else max(RADIUS, near.radius), resolver, near)


def _pyongc() -> object | None:
    try:
        from pyongc import ongc  # noqa: PLC0415 - an extra, and it opens a database
    except ImportError:
        return None
    found: object = ongc
    return found


def _in_pyongc(name: str) -> Place | None:
    """Ask PyOngc by catalogue name; its common names are not to be relied on."""
    ongc, form = _pyongc(), normal_form(name)
    if ongc is None or not form[:1].isalpha() or not form[-1:].isdigit():
        return None
    number = form.lstrip("abcdefghijklmnopqrstuvwxyz")
    prefix = form.removesuffix(number).upper()
    if prefix not in ("M", "NGC", "IC", "B", "C", "HCG", "UGC", "MRK") or not number.isdigit():
        return None
    spelt = f"{prefix}{int(number):03d}" if prefix in ("B", "C") else f"{prefix}{int(number)}"
    found = ongc.get(spelt)  # type: ignore[attr-defined]
    if found is None or found.coords is None:
        return None
    (hours, minutes, seconds), (degrees, arcmin, arcsec) = found.coords
    ra = 15.0 * (hours + minutes / 60.0 + seconds / 3600.0)
    size = abs(degrees) + abs(arcmin) / 60.0 + abs(arcsec) / 3600.0
    return _place(str(found.name), float(ra), float(-size if str(found.dec).startswith("-") else size), "PyOngc")
