"""What a header says of its product, and where name, header and archive do not agree.

The name is trusted where it follows the grammar; the header decides where the name cannot. A disagreement is never
settled in silence: it becomes a warning on the record.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jwstpipe.names import Level, ProductName, canonical_instrument, imaging_filters, lineage_ids
from jwstpipe.names.suffixes import SUFFIXES

__all__ = ["HeaderFacts", "disagreements", "header_facts"]

_STEPS: tuple[tuple[str, Level], ...] = (
    ("S_RESAMP", "L2b"),
    ("S_PHOTOM", "L2b"),
    ("S_FLAT", "L2b"),
    ("S_WCS", "L2b"),
    ("S_RAMP", "L2a"),
)
"""Steps of the pipeline that a header marks as done, the last one first, and the level they lead to."""


@dataclass(frozen=True)
class HeaderFacts:
    """What a header says of its product; None = it does not say."""

    level: Level | None
    program: int | None
    observation: int | None
    visit: int | None
    exposure: int | None
    segment: int | None
    detector: str | None
    """Lower case, as in names."""

    instrument: str | None
    filters: tuple[str, ...]
    """Imaging filters, the one that sets the wavelength first."""

    file_name: str | None
    observation_base_id: str | None
    exposure_id: str | None


def header_facts(cards: Mapping[str, Any]) -> HeaderFacts:
    """Read what the cards of the primary and the science header say.

    Parameters
    ----------
    cards
        Values by keyword.
    """
    program, observation, visit = (_whole(cards.get(key)) for key in ("PROGRAM", "OBSERVTN", "VISIT"))
    base = exposure_id = None
    combined = _is_combined(cards)
    if not combined and program is not None and observation is not None and visit is not None:
        base = f"jw{program:05d}{observation:03d}{visit:03d}"
        exposure_id = _exposure_id(base, cards)
    if base is None:
        base = lineage_ids(str(cards.get("FILENAME", "")))[0]
    elements = [str(cards[key]) for key in ("FILTER", "PUPIL") if isinstance(cards.get(key), str)]
    return HeaderFacts(
        level=_level(cards, combined=combined),
        program=program,
        observation=observation,
        visit=None if combined else visit,
        exposure=None if combined else _whole(cards.get("EXPOSURE")),
        segment=_whole(cards.get("EXSEGNUM")) if (_whole(cards.get("EXSEGTOT")) or 0) > 1 else None,
        detector=_detector(cards.get("DETECTOR")),
        instrument=canonical_instrument(str(cards["INSTRUME"])) if cards.get("INSTRUME") else None,
        filters=imaging_filters(elements),
        file_name=_text(cards.get("FILENAME")),
        observation_base_id=base,
        exposure_id=exposure_id,
    )


def disagreements(name: ProductName, facts: HeaderFacts | None, mast: Mapping[str, Any]) -> tuple[str, ...]:
    """List where name, header and the archive's row contradict each other, each as a sentence with both values.

    Parameters
    ----------
    name
        Of the file.
    facts
        Of its header; None = not read.
    mast
        The archive's fields under its own names.
    """
    found = [*_against_archive(name, mast)]
    if facts is not None:
        found += [*_against_header(name, facts), *_header_against_archive(facts, mast)]
    return tuple(dict.fromkeys(found))


def _against_archive(name: ProductName, mast: Mapping[str, Any]) -> Iterator[str]:
    listed = _whole(mast.get("calib_level"))
    if name.calib_level is not None and listed is not None and listed != name.calib_level:
        yield f"level: the name says {name.level} (calib_level {name.calib_level}), the archive says {listed}"
    program = _whole(mast.get("proposal_id"))
    if name.program is not None and program is not None and int(name.program) != program:
        yield f"programme: the name says {int(name.program)}, the archive says {program}"
    instrument = canonical_instrument(str(mast.get("instrument_name") or ""))
    if name.instrument is not None and instrument is not None and name.instrument != instrument:
        yield f"instrument: the name says {name.instrument}, the archive says {instrument}"
    filters = imaging_filters(str(mast.get("filters") or ""))
    if name.filters and filters and name.filters[0] != filters[0]:
        yield f"filter: the name says {name.filters[0]}, the archive says {filters[0]}"


def _against_header(name: ProductName, facts: HeaderFacts) -> Iterator[str]:
    for field, word in (("program", "programme"), ("observation", "observation"), ("visit", "visit"),
                        ("exposure", "exposure"), ("segment", "segment")):  # fmt: skip
        named, read = getattr(name, field), getattr(facts, field)
        if named is not None and read is not None and int(named) != read:
            yield f"{word}: the name says {named}, the header says {read}"
    if name.detector and facts.detector and _one_spelling(name.detector) != _one_spelling(facts.detector):
        yield f"detector: the name says {name.detector}, the header says {facts.detector}"
    if name.instrument and facts.instrument and name.instrument != facts.instrument:
        yield f"instrument: the name says {name.instrument}, the header says {facts.instrument}"
    if name.filters and facts.filters and name.filters[0] != facts.filters[0]:
        yield f"filter: the name says {name.filters[0]}, the header says {facts.filters[0]}"
    if name.level != "unknown" and facts.level is not None and _rank(name.level) != _rank(facts.level):
        yield f"level: the name says {name.level}, the header says {facts.level}"


def _header_against_archive(facts: HeaderFacts, mast: Mapping[str, Any]) -> Iterator[str]:
    program = _whole(mast.get("proposal_id"))
    if facts.program is not None and program is not None and facts.program != program:
        yield f"programme: the header says {facts.program}, the archive says {program}"
    filters = imaging_filters(str(mast.get("filters") or ""))
    if facts.filters and filters and facts.filters[0] != filters[0]:
        yield f"filter: the header says {facts.filters[0]}, the archive says {filters[0]}"
    instrument = canonical_instrument(str(mast.get("instrument_name") or ""))
    if facts.instrument and instrument and facts.instrument != instrument:
        yield f"instrument: the header says {facts.instrument}, the archive says {instrument}"


def _rank(level: Level) -> int:
    """Levels as far as a header tells them: it does not know whether a calibrated image is of one exposure only."""
    return {"L1": 1, "L2a": 2, "L2b": 3, "L3": 4, "unknown": 0}[level]


def _level(cards: Mapping[str, Any], *, combined: bool) -> Level | None:
    suffix = re.search(r"_([a-z0-9]+)\.", str(cards.get("FILENAME", "")).lower())
    if combined:
        return "L3"
    done = {key for key, _ in _STEPS if str(cards.get(key, "")).strip().upper() == "COMPLETE"}
    for key, level in _STEPS:
        if key in done:
            return level
    facts = SUFFIXES.get(suffix[1]) if suffix else None
    if facts is None:
        return None
    level = facts.exposure_level or facts.level
    return None if level == "unknown" else level


def _is_combined(cards: Mapping[str, Any]) -> bool:
    """Tell a combined product: its association is of stage 3, or its own name is."""
    table = str(cards.get("ASNTABLE", "")).lower()
    own = str(cards.get("FILENAME", "")).lower()
    stage3_name = re.match(r"jw[0-9]{5}-[oca][0-9]", own) is not None
    done = str(cards.get("S_RESAMP", "")).strip().upper() == "COMPLETE"
    return stage3_name or (done and re.search(r"(image3|coron3|spec3|tso3|ami3)", table) is not None)


def _exposure_id(base: str, cards: Mapping[str, Any]) -> str | None:
    group, sequence, activity = (str(cards.get(key, "")).strip().lower() for key in ("VISITGRP", "SEQ_ID", "ACT_ID"))
    if not (re.fullmatch(r"[0-9]{1,2}", group) and re.fullmatch(r"[0-9]", sequence)):
        return None
    return f"{base}_{int(group):02d}{sequence}{activity:0>2}" if re.fullmatch(r"[0-9a-z]{1,2}", activity) else None


def _detector(value: Any) -> str | None:
    word = str(value or "").strip().lower()
    return None if word in ("", "multiple", "n/a") else word


def _one_spelling(detector: str) -> str:
    """Take the long-wave detectors and MIRI's imager under their two names each for one."""
    return {"nrca5": "nrcalong", "nrcb5": "nrcblong", "mirim": "mirimage"}.get(detector, detector)


def _text(value: Any) -> str | None:
    return None if value is None or not str(value).strip() else str(value).strip()


def _whole(value: Any) -> int | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() else None
