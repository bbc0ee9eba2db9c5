"""The grammar of JWST file names: `parse_name`.

Field shapes and their order follow the JWST pipeline's documentation of data product file names, and what the archive
really holds: base-36 activities, segments, old target and source numbers, candidates before the suffix.
"""

import re
from dataclasses import replace
from typing import Any

from jwstpipe.names.optics import DETECTORS, INSTRUMENTS, split_optics
from jwstpipe.names.product import ProductName
from jwstpipe.names.suffixes import SUFFIXES, suffix_at_end

__all__ = ["parse_name"]

_EXTENSION = re.compile(r"\.(?:fits(?:\.gz|\.bz2)?|json|ecsv|csv|asdf|jpg|png)\Z")
_VISIT = r"jw(?P<program>[0-9]{5})(?P<observation>[0-9]{3})(?P<visit>[0-9]{3})"
_CANDIDATE = r"(?P<candidate>o[0-9]{3}|[ca][0-9]{4})"
_SEGMENT = r"(?:-seg(?P<segment>[0-9]{3}))?"

_GUIDE_ID = re.compile(
    _VISIT + r"_gs-(?P<guide_mode>id)_(?P<guide_count>[0-9]{1,2})"
    r"(?:_(?P<guide_frame>image|stacked)(?:[_-](?P<suffix>uncal|cal))?)?"
)
_GUIDE = re.compile(
    _VISIT + r"_gs-(?P<guide_mode>acq1|acq2|track|fg)_(?P<timestamp>[0-9]{13})" + _SEGMENT
    + r"(?:_(?P<suffix>uncal|cal|stream))?"
)  # fmt: skip
_MSA = re.compile(_VISIT + r"_[0-9]{2}_(?P<suffix>msa)")
_ASSOCIATION = re.compile(
    r"jw(?P<program>[0-9]{5})-" + _CANDIDATE + r"_(?P<timestamp>[0-9]{8}t[0-9]{6})"
    r"_(?P<association_type>[a-z0-9]+(?:-[a-z0-9]+)*)_(?P<sequence>[0-9]{3}|[0-9]{5})_(?P<suffix>asn)"
)
_POOL = re.compile(r"jw(?P<program>[0-9]{5})_(?P<timestamp>[0-9]{8}t[0-9]{6})_(?P<suffix>pool)")
_EXPOSURE = re.compile(
    _VISIT + r"_(?P<visit_group>[0-9]{2})(?P<parallel_sequence>[0-9])(?P<activity>[0-9a-z]{2})"
    r"_(?P<exposure>[0-9]{5})" + _SEGMENT + r"(?P<tail>(?:_.*)?)"
)
_STAGE3 = re.compile(
    r"jw(?P<program>[0-9]{5})-" + _CANDIDATE + r"_(?:(?P<target_id>t[0-9]{1,3})|(?P<source_id>[sbv][0-9]{5,9}))"
    r"(?:-epoch(?P<epoch>[0-9]))?_(?P<instrument>[a-z0-9]+)(?P<tail>(?:_.*)?)"
)
_SUFFIX = re.compile(r"(?P<suffix>[a-z][a-z0-9]*(?:-oi)?)")
_WAVEFRONT = re.compile(r"(?P<suffix>wfscmb)-(?P<suffix_activity>[0-9a-z]{2})")
_LISTS = {"asn": (".json", ".fits", ""), "pool": (".csv", ".fits", "")}


class _NotThisGrammarError(Exception):
    """Carries the reason why a name is unknown."""


def parse_name(file_name: str) -> ProductName:
    """Read a JWST file name.

    Parameters
    ----------
    file_name
        With or without folders and extension, in any case. A stem without suffix is legal.

    Returns
    -------
    ProductName
        Never a guess: what does not follow the grammar is "unknown" with the reason, and keeps the suffix if a known
        one ends its stem.

    Examples
    --------
    >>> name = jwstpipe.parse_name("jw02733001001_02101_00001_nrca1_cal.fits")
    >>> name.program, name.detector, name.suffix
    ('02733', 'nrca1', 'cal')
    """
    base = re.split(r"[/\\:]", file_name)[-1]
    text = base.lower() if base.isascii() else base
    found = _EXTENSION.search(text)
    extension = found[0] if found else ""
    stem = text.removesuffix(extension)
    thumb = extension in (".jpg", ".png") and stem.endswith("_thumb")
    stem = stem.removesuffix("_thumb") if thumb else stem
    try:
        return replace(_parse_stem(stem, extension), extension=extension, thumb=thumb)
    except _NotThisGrammarError as refusal:
        return _unknown(base, stem, extension, str(refusal), thumb=thumb)


def _parse_stem(stem: str, extension: str) -> ProductName:
    parts: dict[str, Any]
    if not stem.isascii():
        raise _NotThisGrammarError("characters outside ASCII")
    if match := _GUIDE_ID.fullmatch(stem) or _GUIDE.fullmatch(stem):
        parts = match.groupdict()
        return ProductName(kind="guide", instrument="FGS", **parts)
    if match := _ASSOCIATION.fullmatch(stem) or _POOL.fullmatch(stem):
        parts = match.groupdict()
        if extension not in _LISTS[parts["suffix"]]:
            raise _NotThisGrammarError(f"{parts['suffix']} files do not end with {extension}")
        return ProductName(kind="association", observation=_observation_of(parts.get("candidate")), **parts)
    if match := _EXPOSURE.fullmatch(stem):
        parts = match.groupdict()
        return _exposure(parts, _words(parts.pop("tail")))
    if match := _STAGE3.fullmatch(stem):
        parts = match.groupdict()
        return _stage3(parts, _words(parts.pop("tail")))
    raise _NotThisGrammarError(_why_not(stem))


def _words(tail: str) -> list[str]:
    return tail.split("_")[1:]


def _exposure(parts: dict[str, Any], words: list[str]) -> ProductName:
    detector = words[0] if words else ""
    if detector not in DETECTORS:
        raise _NotThisGrammarError(f"{detector!r} is no detector" if detector else "no detector behind the exposure")
    rest = words[1:]
    candidate = None
    if rest and re.fullmatch(_CANDIDATE, rest[0]):
        candidate, *rest = rest
    if len(rest) > 1:
        raise _NotThisGrammarError(f"{'_'.join(rest)!r} stands where one suffix is expected")
    name = ProductName(kind="exposure", detector=detector, instrument=DETECTORS[detector], candidate=candidate, **parts)
    return replace(name, **_suffix_parts(rest))


def _stage3(parts: dict[str, Any], words: list[str]) -> ProductName:
    instrument = INSTRUMENTS.get(parts.pop("instrument") or "")
    if instrument is None:
        raise _NotThisGrammarError("no instrument behind target or source")
    ends_with_suffix = bool(words) and split_optics(words[-1]) is None
    suffix = words[-1:] if ends_with_suffix else []
    before = words[: len(words) - len(suffix)]
    optics = "_".join(before) if before else None
    if optics is not None and split_optics(optics) is None:
        raise _NotThisGrammarError(f"{optics!r} are no optical elements")
    observation = _observation_of(parts["candidate"])
    name = ProductName(kind="stage3", instrument=instrument, optics=optics, observation=observation, **parts)
    return replace(name, **_suffix_parts(suffix))


def _observation_of(candidate: str | None) -> str | None:
    return candidate[1:] if candidate and candidate.startswith("o") else None


def _suffix_parts(words: list[str]) -> dict[str, Any]:
    if not words:
        return {}
    match = _WAVEFRONT.fullmatch(words[0]) or _SUFFIX.fullmatch(words[0])
    if match is None:
        raise _NotThisGrammarError(f"{words[0]!r} is no suffix")
    suffix = match["suffix"]
    reason = None if suffix in SUFFIXES else f"the suffix {suffix!r} is none of the archive's"
    return {**match.groupdict(), "reason": reason}


def _why_not(stem: str) -> str:
    if _MSA.fullmatch(stem):
        return "NIRSpec MSA metadata: belongs to a visit, is no exposure"
    if stem.startswith("hlsp_"):
        return "a contributed product (HLSP), which has a grammar of its own"
    if not re.match(r"jw[0-9]", stem):
        return "does not start with jw and a programme"
    if re.match(r"jw[0-9]{5}-", stem):
        return "no association candidate and target, source or time stamp behind the programme"
    if re.match(r"jw[0-9]{11}(?:_|$)", stem):
        return "no visit group, activity and exposure behind the visit"
    return "neither programme, observation and visit (11 digits) nor programme (5 digits) and candidate"


def _unknown(base: str, stem: str, extension: str, reason: str, *, thumb: bool) -> ProductName:
    name = ProductName(
        kind="unknown", text=base, suffix=suffix_at_end(stem), extension=extension, thumb=thumb, reason=reason
    )
    if match := _MSA.fullmatch(stem):
        parts: dict[str, Any] = match.groupdict()
        return replace(name, instrument="NIRSpec", **parts)
    return name
