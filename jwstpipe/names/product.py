"""`ProductName`: the parts of a JWST file name, and the name written back from them."""

import re
from dataclasses import dataclass
from typing import Any

from jwstpipe.names.optics import Instrument, imaging_filters, split_optics
from jwstpipe.names.suffixes import CALIB_LEVELS, SUFFIXES, DataType, Kind, Level, level_of

__all__ = ["ProductName", "as_json", "format_name", "lineage_ids"]

_IMAGE_EXTENSIONS = frozenset({".fits", ".fits.gz", ".fits.bz2", ".jpg", ".png"})

_EXPOSURE_ID = re.compile(r"(jw[0-9]{11})_([0-9]{3}[0-9a-z]{2})_[0-9]{5}(?:-seg[0-9]{3})?_[a-z0-9]+")
_VISIT_ID = re.compile(r"(jw[0-9]{11})_(?:gs-|[0-9]{2}_msa)")
_STAGE3_ID = re.compile(
    r"(jw[0-9]{5}-o[0-9]+_t[0-9]+_[a-z]+"
    r"|jw[0-9]{5}-(?:o[0-9]{3}|[ca][0-9]{4})_[tsbv][0-9]+(?:-epoch[0-9])?_(?:nircam|miri|nirspec|niriss|fgs))"
)


@dataclass(frozen=True, kw_only=True)
class ProductName:
    """What a file name says.

    Numbers stay as they stand in the name, zero padded, as strings: program "02733", observation "001", visit "001",
    exposure "00001", segment "001". Parts that a kind of name does not have are None. A name that does not follow the
    grammar has kind "unknown" and a `reason`; only what its suffix says is then trusted.
    """

    kind: Kind
    """exposure (stages 0-2), stage3, association (and pool), guide, or unknown."""

    suffix: str | None = None
    """Kind of product, as ``cal`` or ``ami-oi``; None where a stem has none, or no known one ends an unknown name."""

    extension: str = ""
    """With its dot: ``.fits``, ``.fits.gz``, ``.json``; empty when the name has none."""

    thumb: bool = False
    """True for a thumbnail, ``<product>_thumb.jpg``."""

    program: str | None = None
    """Programme, 5 digits."""

    observation: str | None = None
    """Observation, 3 digits; of a stage-3 product that combines one observation, that one."""

    visit: str | None = None
    """Visit, 3 digits."""

    visit_group: str | None = None
    """Visit group, 2 digits."""

    parallel_sequence: str | None = None
    """1 = prime, 2 to 5 = parallel."""

    activity: str | None = None
    """Activity, 2 characters of base 36."""

    exposure: str | None = None
    """Exposure number, 5 digits."""

    segment: str | None = None
    """Segment of a divided exposure, 3 digits."""

    candidate: str | None = None
    """Association candidate: ``o001`` one observation, ``c1001`` pipeline mosaic, ``a3001`` discovered."""

    target_id: str | None = None
    """Target, as ``t001``."""

    source_id: str | None = None
    """Source, as ``s000009239``; ``b`` = background slit, ``v`` = virtual slit."""

    epoch: str | None = None
    """Epoch, one digit."""

    detector: str | None = None
    """Detector token, lower case."""

    instrument: Instrument | None = None
    """Canonical spelling."""

    optics: str | None = None
    """Optical elements and subarray of a stage-3 name as they stand there, ``clear-f090w-sub64p``."""

    suffix_activity: str | None = None
    """Activity behind the suffix of a wavefront-sensing product, ``04`` of ``wfscmb-04``."""

    guide_mode: str | None = None
    """``id acq1 acq2 track fg`` of a guide-star file."""

    guide_count: str | None = None
    """Attempt of a guide-star identification."""

    guide_frame: str | None = None
    """``image`` or ``stacked`` of a guide-star identification."""

    timestamp: str | None = None
    """Time stamp of a guide-star file (``yyyydddhhmmss``), an association or a pool (``yyyymmddthhmmss``)."""

    association_type: str | None = None
    """As ``image3`` or ``wfs-image2``."""

    sequence: str | None = None
    """Number of an association, 3 or 5 digits."""

    text: str = ""
    """The whole name where it does not follow the grammar, as it was given."""

    reason: str | None = None
    """Why the kind, or else the level, is unknown."""

    @property
    def level(self) -> Level:
        """Processing level."""
        return level_of(self.suffix, self.kind)

    @property
    def calib_level(self) -> int | None:
        """The archive's calibration level, or None where the name does not tell."""
        return CALIB_LEVELS[self.level]

    @property
    def data_type(self) -> DataType:
        """What the file holds."""
        if self.suffix in SUFFIXES:
            return SUFFIXES[self.suffix].data_type
        return "image" if self.extension in _IMAGE_EXTENSIONS else "metadata"

    @property
    def viewable(self) -> bool:
        """Whether the file opens as an image, as far as its name tells; the content decides."""
        if self.suffix in SUFFIXES:
            return SUFFIXES[self.suffix].viewable
        return self.extension in _IMAGE_EXTENSIONS

    @property
    def optical_elements(self) -> tuple[str, ...]:
        """Optical elements of a stage-3 name, lower case, in their order there."""
        split = split_optics(self.optics or "")
        return split[0] if split else ()

    @property
    def subarray(self) -> str | None:
        """Subarray of a stage-3 name, lower case."""
        split = split_optics(self.optics or "")
        return split[1] if split else None

    @property
    def filters(self) -> tuple[str, ...]:
        """Imaging filters of a stage-3 name, upper case, the one that sets the wavelength first."""
        return imaging_filters(self.optical_elements)

    @property
    def observation_base_id(self) -> str | None:
        """What all products of one observation share: ``jw02733001001`` or ``jw02733-o001_t001_nircam``."""
        return lineage_ids(format_name(self))[0]

    @property
    def exposure_id(self) -> str | None:
        """What all detectors and dithers of one activity share: ``jw02733001001_02101``."""
        return lineage_ids(format_name(self))[1]


def lineage_ids(file_name: str) -> tuple[str | None, str | None]:
    """Find the observation base id and the exposure id in a name, whatever else the name is.

    The patterns are those of the application whose catalogues this one continues, widened to base-36 activities,
    segments, guide-star and MSA files, all candidates, sources and epochs; on every name that the original patterns
    match the ids are the same.

    Returns
    -------
    tuple
        Observation base id and exposure id, lower case; None for what is not there.
    """
    text = file_name.lower()
    if exposure := _EXPOSURE_ID.search(text):
        return exposure[1], f"{exposure[1]}_{exposure[2]}"
    if found := _VISIT_ID.match(text) or _STAGE3_ID.match(text):
        return found[1], None
    return None, None


def format_name(name: ProductName) -> str:
    """Write the file name of these parts, lower case.

    For every name that follows the grammar ``format_name(parse_name(text))`` is the canonical form of `text`: lower
    case, and ``image_cal`` for the ``image-cal`` that some documents write. A name outside the grammar comes back as
    it was given.
    """
    if name.kind == "unknown":
        return name.text
    writer = {"exposure": _exposure, "stage3": _stage3, "association": _association, "guide": _guide}[name.kind]
    suffix = None if name.suffix is None else name.suffix + _behind("-", name.suffix_activity)
    thumb = "_thumb" if name.thumb else ""
    return f"{writer(name)}{_behind('_', suffix)}{thumb}{name.extension}"


def _behind(separator: str, part: str | None) -> str:
    return "" if part is None else separator + part


def _exposure(name: ProductName) -> str:
    group = f"{name.visit_group}{name.parallel_sequence}{name.activity}"
    exposure = f"{name.exposure}{_behind('-seg', name.segment)}"
    visit = f"jw{name.program}{name.observation}{name.visit}"
    return f"{visit}_{group}_{exposure}_{name.detector}{_behind('_', name.candidate)}"


def _stage3(name: ProductName) -> str:
    subject = f"{name.target_id or name.source_id}{_behind('-epoch', name.epoch)}"
    instrument = (name.instrument or "").lower()
    return f"jw{name.program}-{name.candidate}_{subject}_{instrument}{_behind('_', name.optics)}"


def _association(name: ProductName) -> str:
    if name.suffix == "pool":
        return f"jw{name.program}_{name.timestamp}"
    return f"jw{name.program}-{name.candidate}_{name.timestamp}_{name.association_type}_{name.sequence}"


def _guide(name: ProductName) -> str:
    visit = f"jw{name.program}{name.observation}{name.visit}_gs-{name.guide_mode}"
    if name.guide_mode == "id":
        return f"{visit}_{name.guide_count}{_behind('_', name.guide_frame)}"
    return f"{visit}_{name.timestamp}{_behind('-seg', name.segment)}"


def as_json(name: ProductName) -> dict[str, Any]:
    """Give what the command line prints of a name.

    Numbers are strings as they stand in the name ("02733", "001", "00001"); a part that the name does not have is
    null. `reason` is there only where something is unknown.
    """
    described: dict[str, Any] = {
        "name": format_name(name),
        "kind": name.kind,
        "level": name.level,
        "suffix": name.suffix,
        "program": name.program,
        "observation": name.observation,
        "visit": name.visit,
        "exposure": name.exposure,
        "segment": name.segment,
        "detector": name.detector,
        "instrument": name.instrument,
        "filters": list(name.filters),
        "observation_base_id": name.observation_base_id,
        "exposure_id": name.exposure_id,
        "viewable": name.viewable,
    }
    if name.reason is not None:
        described["reason"] = name.reason
    return described
