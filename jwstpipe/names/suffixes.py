"""What the last word of a file name says: processing level, kind of data, and whether it opens as an image."""

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "CALIB_LEVELS",
    "LEVEL_ORDER",
    "SUFFIXES",
    "DataType",
    "Kind",
    "Level",
    "SuffixFacts",
    "level_of",
    "suffix_at_end",
]

Kind = Literal["exposure", "stage3", "association", "guide", "unknown"]
Level = Literal["L1", "L2a", "L2b", "L3", "unknown"]
DataType = Literal["image", "sensor", "spectral", "metadata", "calibration", "raw"]

LEVEL_ORDER: tuple[Level, ...] = ("L1", "L2a", "L2b", "L3", "unknown")
"""Levels from raw to combined; ``unknown`` is outside the order and comes last in lists."""

CALIB_LEVELS: dict[Level, int | None] = {"L1": 1, "L2a": 2, "L2b": 2, "L3": 3, "unknown": None}
"""The archive's ``calib_level`` of each level."""


@dataclass(frozen=True)
class SuffixFacts:
    """What is known of one suffix."""

    level: Level
    """Level on a stage-3 name, and on a name that does not follow the grammar."""

    data_type: DataType
    """What the file holds."""

    viewable: bool
    """True where the file opens as an image; tables do not."""

    exposure_level: Level | None = None
    """Level on an exposure-based name, where it differs."""


_RATE = SuffixFacts("L2a", "sensor", viewable=True)
_CAL = SuffixFacts("L2b", "image", viewable=True)
_RESAMPLED = SuffixFacts("L3", "image", viewable=True, exposure_level="L2b")
_SPECTRUM = SuffixFacts("L3", "spectral", viewable=False, exposure_level="L2b")
_COMBINED = SuffixFacts("L3", "image", viewable=True)
_TABLE = SuffixFacts("L3", "metadata", viewable=False)
_LIST = SuffixFacts("unknown", "metadata", viewable=False)

SUFFIXES: dict[str, SuffixFacts] = {
    "uncal": SuffixFacts("L1", "raw", viewable=True),
    "rate": _RATE,
    "rateints": _RATE,
    "ramp": SuffixFacts("L2a", "calibration", viewable=True),
    "dark": SuffixFacts("L2a", "calibration", viewable=True),
    "fitopt": SuffixFacts("L2a", "calibration", viewable=False),
    "trapsfilled": SuffixFacts("L2a", "calibration", viewable=False),
    "cal": _CAL,
    "calints": _CAL,
    "bsub": _CAL,
    "bsubints": _CAL,
    "mbsub": _CAL,
    "crf": _CAL,
    "crfints": _CAL,
    "i2d": _RESAMPLED,
    "s2d": _RESAMPLED,
    "s3d": _RESAMPLED,
    "x1d": _SPECTRUM,
    "x1dints": _SPECTRUM,
    "c1d": SuffixFacts("L3", "spectral", viewable=False),
    "cat": _TABLE,
    "phot": _TABLE,
    "whtlt": _TABLE,
    "segm": _COMBINED,
    "psfstack": _COMBINED,
    "psfalign": _COMBINED,
    "psfsub": _COMBINED,
    "wfscmb": _COMBINED,
    "amilg": _COMBINED,
    "ami-oi": _TABLE,
    "amimulti-oi": _TABLE,
    "aminorm-oi": _TABLE,
    "flat": SuffixFacts("unknown", "calibration", viewable=True),
    "masterbg1d": SuffixFacts("unknown", "calibration", viewable=False),
    "masterbg2d": SuffixFacts("unknown", "calibration", viewable=True),
    "asn": _LIST,
    "pool": _LIST,
    "msa": _LIST,
}
"""Every suffix of the archive whose meaning is known."""


def level_of(suffix: str | None, kind: Kind) -> Level:
    """Give the level, which is a function of suffix and naming kind: an ``i2d`` of one exposure is L2b."""
    facts = SUFFIXES.get(suffix or "")
    if facts is None:
        return "unknown"
    return (facts.exposure_level or facts.level) if kind == "exposure" else facts.level


def suffix_at_end(stem: str) -> str | None:
    """Find a known suffix at the end of a stem, behind an underscore; inside a word it does not count."""
    word = stem.lower().rpartition("_")[2]
    return word if word in SUFFIXES and word != stem.lower() else None
