"""`Facts`: what is indexed of a record: its words, and the values that queries ask for."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from jwstpipe.archive.search.row_filters import UNIX_EPOCH_MJD
from jwstpipe.discovery.targets.normal_form import normal_form
from jwstpipe.discovery.targets.table import Target, known_target, known_targets, target_at
from jwstpipe.discovery.thesaurus import terms, with_parents
from jwstpipe.discovery.words.normal import STOP_WORDS, tokens
from jwstpipe.names import canonical_instrument, effective_filter, filter_wavelength

__all__ = ["TEXT_VERSION", "Facts", "digest_of", "facts_of"]

TEXT_VERSION = 2
"""Raise it when the text of records is made differently."""

_LONG_NAMES = {
    "NIRCam": "near infrared camera", "MIRI": "mid infrared instrument", "NIRSpec": "near infrared spectrograph",
    "NIRISS": "near infrared imager slitless spectrograph", "FGS": "fine guidance sensor",
}  # fmt: skip
_LEVEL_WORDS = {
    "L1": "raw uncalibrated", "L2a": "count rate slope", "L2b": "calibrated single exposure", "L3": "combined mosaic",
}  # fmt: skip
_CLASS_OF_MAST = {
    "planetary nebula": "planetary nebula",
    "supernova remnant": "supernova remnant",
    "herbig-haro": "protostar",
    "star forming region": "star-forming region",
    "h ii region": "star-forming region",
    "protostar": "protostar",
    "emission nebula": "star-forming region",
    "reflection nebula": "reflection nebula",
    "dark cloud": "dark cloud",
    "molecular cloud": "dark cloud",
    "globular": "globular cluster",
    "open star cluster": "star cluster",
    "star cluster": "star cluster",
    "spiral galax": "spiral galaxy",
    "dwarf galax": "dwarf galaxy",
    "elliptical galax": "elliptical galaxy",
    "interacting galax": "interacting galaxies",
    "galaxy cluster": "galaxy cluster",
    "abell cluster": "galaxy cluster",
    "blank field": "deep field",
    "high-redshift": "deep field",
    "quasar": "quasar",
    "seyfert": "active galaxy",
    "active galactic": "active galaxy",
    "starburst": "starburst galaxy",
    "exoplanet": "exoplanet",
    "debris disk": "debris disc",
    "circumstellar disk": "protoplanetary disc",
    "brown dwarf": "brown dwarf",
    "wolf-rayet": "evolved star",
    "comet": "comet",
    "asteroid": "asteroid",
    "planet;": "planet",
    "moon": "moon",
    "kuiper": "dwarf planet",
    "gravitational lens": "gravitational lens",
    "photodissociation": "photodissociation region",
    "galax": "galaxy",
    "nebula": "nebula",
}
"""Class by a piece of the archive's keywords, where the table of targets knows nothing."""

_USED = (
    "kind", "file_name", "processing_level", "program", "ra", "dec", "image_info", "data_type", "observation_base_id",
    "tags", "description", "detector",
)  # fmt: skip
_USED_OF_MAST = ("target_classification", "filters", "proposal_type", "instrument_name", "intentType")


@dataclass(frozen=True)
class Facts:
    """One record, as far as finding needs it."""

    product_id: str
    digest: str
    words: tuple[str, ...]
    """In normal form, with repeats."""

    filter: str
    instrument: str
    level: str
    kind: str
    """archive, mosaic, picture...; spectrum for spectral data."""

    pi: str
    """Words of the name, small letters."""

    target: str
    """Name of our table's target there; empty = none."""

    target_name: str
    """Normal form of the proposal's name."""

    classes: tuple[str, ...]
    group: str
    """What records of one observation, instrument and filter share."""

    um: float
    exposure_s: float
    program: int
    observed: float
    """MJD; NaN = not told."""

    ra: float
    dec: float


TEXTS = tuple(one.name for one in fields(Facts) if one.type is str and one.name not in ("product_id", "digest"))
NUMBERS = ("um", "exposure_s", "program", "observed", "ra", "dec")


def digest_of(document: Mapping[str, Any]) -> str:
    """Give a digest of all that is indexed of a document of the catalogue."""
    mast = document.get("metadata") or {}
    used = [document.get(key) for key in _USED] + [mast.get(f"mast_{key}") for key in _USED_OF_MAST]
    return blake2b(json.dumps(used, sort_keys=True, default=str).encode(), digest_size=10).hexdigest()


def facts_of(document: Mapping[str, Any], digest: str | None = None) -> Facts:
    """Read a document of the catalogue."""
    info = document.get("image_info") or {}
    mast = {key: (document.get("metadata") or {}).get(f"mast_{key}") for key in _USED_OF_MAST}
    name = _filter_of(str(info.get("filter") or ""), str(mast["filters"] or ""))
    instrument = canonical_instrument(str(info.get("instrument") or mast["instrument_name"] or "")) or ""
    ra, dec = _number(document.get("ra")), _number(document.get("dec"))
    said = str(info.get("target_name") or "")
    target = _target(said, round(ra, 4) if math.isfinite(ra) else None, round(dec, 4) if math.isfinite(dec) else None)
    classes = _classes(target.name if target else None, str(mast["target_classification"] or "").casefold(),
                       str(info.get("observation_title") or "").casefold())  # fmt: skip
    spectral = document.get("data_type") == "spectral"
    pi = " ".join(tokens(str(info.get("proposal_pi") or "")))
    level = str(document.get("processing_level") or "unknown")
    exposure = _number(info.get("exposure_time"))
    program = _number(document.get("program"))
    file_name = str(document.get("file_name") or "")
    observed = str(info.get("observation_date") or "")
    told = (
        said, str(info.get("observation_title") or ""), pi, str(document.get("description") or ""),
        " ".join(document.get("tags") or ()), str(mast["proposal_type"] or ""),
        str(mast["target_classification"] or ""),
        f"jw{int(program):05d} {int(program)}" if math.isfinite(program) else "", observed[:10],
    )  # fmt: skip
    words = [
        *(word for text in told if text for word in tokens(text)), *_name_words(file_name),
        *_target_words(target.name if target else None), *_filter_words(name), *_class_words(classes),
        *tokens(f"{instrument} {_LONG_NAMES.get(instrument, '')} {_LEVEL_WORDS.get(level, '')}"),
        *_exposure_words(exposure),
    ]  # fmt: skip
    if said and _form(said) not in words:
        words.append(_form(said))
    return Facts(
        product_id=str(document["_id"]),
        digest=digest or digest_of(document),
        words=tuple(word for word in words if word not in STOP_WORDS),
        filter=name,
        instrument=instrument,
        level=level,
        kind="spectrum" if spectral else str(document.get("kind") or ""),
        pi=pi,
        target=target.name if target else "",
        target_name=_form(said),
        classes=classes,
        group=_group(document, instrument, name, said),
        um=filter_wavelength(name) or _number(info.get("wavelength")),
        exposure_s=exposure,
        program=int(program) if math.isfinite(program) else 0,
        observed=_mjd(observed),
        ra=ra,
        dec=dec,
    )


def _name_words(file_name: str) -> list[str]:
    """Split a file name at its joints; they are small letters and digits already."""
    return [word for word in re.split(r"[_.\-]", file_name.lower()) if word]


@lru_cache(maxsize=20_000)
def _form(name: str) -> str:
    return normal_form(name)


@lru_cache(maxsize=4096)
def _filter_of(info: str, optics: str) -> str:
    return effective_filter(info) or effective_filter(optics) or info.upper()


@lru_cache(maxsize=100_000)
def _target(said: str, ra: float | None, dec: float | None) -> Target | None:
    """Find the target by place first, by the proposal's name second; what moves by its name alone."""
    named = known_target(said) if said else None
    if named is not None and named.moves:
        return named
    placed = None if ra is None or dec is None else target_at(ra, dec)
    if placed is not None:
        return placed
    if named is not None:
        return named
    form = _form(said)
    moving = [one for one in known_targets() if one.moves]
    return next((one for one in moving if len(form) > 3 and form.startswith(normal_form(one.name))), None)


@lru_cache(maxsize=4096)
def _classes(target: str | None, told: str, title: str) -> tuple[str, ...]:
    known = known_target(target) if target is not None else None
    found = list(known.kinds) if known is not None else []
    if not found:
        found = [kind for piece, kind in _CLASS_OF_MAST.items() if piece in told]
        found += [kind for piece, kind in _CLASS_OF_MAST.items() if not found and piece in title and piece != "moon"]
    return tuple(dict.fromkeys(parent for kind in found for parent in with_parents(kind)))


@lru_cache(maxsize=512)
def _target_words(name: str | None) -> tuple[str, ...]:
    target = known_target(name) if name is not None else None
    if target is None:
        return ()
    words = tokens(" ".join((*target.names, target.says, target.category)))
    return (*words, *(normal_form(one) for one in target.names))


@lru_cache(maxsize=512)
def _filter_words(name: str) -> tuple[str, ...]:
    words: list[str] = [name.lower()]
    um = filter_wavelength(name)
    if um is not None:
        words += [f"{um:g}", "um", "infrared"]
    for term in terms():
        if term.filter == name:
            words += tokens(" ".join((term.name, *term.forms)))
        elif (term.facet == "kind" and name.endswith(term.filters)) or (term.facet == "band" and _holds(term.um, um)):
            words += tokens(term.name)
    return tuple(dict.fromkeys(words))


def _holds(limits: tuple[float, float] | None, um: float | None) -> bool:
    return limits is not None and um is not None and limits[0] <= um < limits[1]


@lru_cache(maxsize=4096)
def _class_words(classes: tuple[str, ...]) -> tuple[str, ...]:
    wanted = set(classes)
    words: list[str] = []
    for term in terms():
        if term.facet == "class" and term.name in wanted:
            words += tokens(" ".join((term.name, *term.forms, *term.words)))
    return tuple(dict.fromkeys(words))


def _exposure_words(seconds: float) -> tuple[str, ...]:
    if not math.isfinite(seconds):
        return ()
    return (
        ("short",)
        if seconds < 10
        else ("medium",)
        if seconds < 120
        else ("long",)
        if seconds < 600
        else ("long", "deep")
    )


def _group(document: Mapping[str, Any], instrument: str, name: str, said: str) -> str:
    """Name what levels and detectors of one observation share; a product of ours stands for itself."""
    if document.get("kind") != "archive":
        return str(document["_id"])
    found = re.match(r"jw\d{5}(?:-([oca]\d+)|(\d{3}))", str(document.get("file_name") or ""))
    observation = (found[1] or found[2]).lstrip("o") if found else str(document.get("observation_base_id") or "")
    return "|".join((str(document.get("program") or ""), observation, _form(said), instrument, name))


def _mjd(text: str) -> float:
    """Read a date of a record, which is of UTC where it names no zone; NaN where it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return known.timestamp() / 86400.0 + UNIX_EPOCH_MJD


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
