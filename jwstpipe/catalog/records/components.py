"""The smaller documents inside a record, and the types they share."""

import math
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

__all__ = [
    "DEEPEST",
    "LARGEST",
    "CalibrationInfo",
    "Count",
    "Execution",
    "ImageInfo",
    "InputLink",
    "InputRole",
    "JsonMap",
    "ProcessingResult",
    "ProcessingStatus",
    "SensorInfo",
    "SpectralInfo",
    "UtcTime",
    "time_text",
]

InputRole = Literal[
    "science", "background", "imprint", "psf", "sourcecat", "segmap", "direct_image", "target_acquisition"
]
Evidence = Literal["exact", "association", "header", "name"]

DEEPEST = 64
"""Most levels of lists and maps inside a record's free parts."""

LARGEST = 2**63 - 1
"""Largest integer that a record holds."""

_FIRST_YEAR, _LAST_YEAR = 1800, 2999
_NESTED = (dict, list, tuple)

ProcessingStatus = Literal["pending", "processing", "completed", "failed", "cancelled"]


def time_text(when: datetime) -> str:
    """Write a time as ISO 8601 in UTC with milliseconds, so that texts sort as times do."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _whole_milliseconds(when: datetime) -> datetime:
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        raise ValueError(f"the year {when.year} is none that a record holds ({_FIRST_YEAR} to {_LAST_YEAR})")
    return when.astimezone(UTC).replace(microsecond=when.microsecond // 1000 * 1000)


def _plain_map(value: dict[str, Any]) -> dict[str, Any]:
    _check_plain(value, "", 0)
    return value


def _check_plain(value: Any, place: str, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"nested more than {DEEPEST} levels deep; a record holds flatter values")
    if isinstance(value, dict):
        for key, item in value.items():
            _check_key(key)
            inner = f"{place}.{key}" if place else key
            (_check_plain(item, inner, depth + 1) if isinstance(item, _NESTED) else _check_single(item, inner))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check_plain(item, f"{place}[{index}]", depth + 1)
    else:
        _check_single(value, place)


def _check_key(key: Any) -> None:
    if isinstance(key, str) and key.isidentifier():
        return
    if not isinstance(key, str) or not key or key.startswith("$") or "." in key or "\0" in key:
        shown = repr(key)[:60]
        raise ValueError(f"the key {shown} cannot stand in a record: text without '.', not starting with '$'")
    _whole_text(key)


def _check_single(value: Any, place: str) -> None:
    if isinstance(value, str):
        if not value.isascii():
            _whole_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{place} is {value}; a record holds finite numbers or null")
    elif isinstance(value, int) and not -LARGEST <= value <= LARGEST:
        raise ValueError(f"{place} is an integer beyond {LARGEST} or -{LARGEST}; a record holds integers of 64 bits")
    elif value is not None and not isinstance(value, bool | int | float):
        raise ValueError(f"{place} is a {type(value).__name__}; a record holds text, numbers, lists and maps")


def _whole_text(text: str) -> None:
    """Refuse half a character (a lone surrogate), which no file and no database can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        before = text[max(0, error.start - 40) : error.start]
        raise ValueError(f"{before!r} is followed by half a character; a record holds whole text") from None


UtcTime = Annotated[
    AwareDatetime, AfterValidator(_whole_milliseconds), PlainSerializer(time_text, return_type=str, when_used="json")
]
"""A moment in UTC, to the millisecond; naive times are refused."""

JsonMap = Annotated[dict[str, Any], AfterValidator(_plain_map)]
"""Plain JSON under names that no database takes for an operator or a path."""


Count = Annotated[int, Field(ge=0, le=LARGEST)]
"""A whole number that every database holds."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class InputLink(_Part):
    """One input of a product, as it was when the product was made: it outlives the input's own record."""

    product_id: str | None = Field(None, description="none for an input that is named and was never here")
    file_name: str = Field(min_length=1)
    digest: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="SHA-256 of its file, where it is one file")
    role: InputRole = "science"
    evidence: Evidence = Field("exact", description="exact: we made it; else what the archive's files say, best first")


class Execution(_Part):
    """Where and by what a product was computed."""

    prefect_flow_run: str | None = Field(None, description="id of the flow run")
    prefect_task_run: str | None = Field(None, description="id of the task run")
    dask_scheduler: str | None = Field(None, description="address of the scheduler")
    dask_client: str | None = Field(None, description="id of the client that handed out the work")
    host: str | None = None


class ImageInfo(_Part):
    """What an image shows."""

    width: Count | None = Field(None, description="columns")
    height: Count | None = Field(None, description="rows")
    format: str | None = None
    bit_depth: Count | None = Field(None, description="bits of one sample")
    channels: Count | None = None
    statistics: JsonMap | None = None
    target_name: str | None = None
    wavelength: float | None = Field(None, description="of the effective filter, micrometres")
    filter: str | None = Field(None, description="effective filter, as F405N")
    instrument: str | None = Field(None, description="canonical spelling, as NIRCam")
    observation_date: UtcTime | None = None
    exposure_time: float | None = Field(None, description="seconds")
    coordinate_system: str | None = None
    wcs: JsonMap | None = Field(None, description="WCS cards; only CRVAL1 and CRVAL2 until the header is read")
    units: str | None = None
    wavelength_range: str | None = Field(None, description="region of the spectrum, as INFRARED")
    calibration_level: int | None = Field(None, ge=0, le=4, description="the archive's level")
    proposal_id: str | None = None
    proposal_pi: str | None = None
    observation_title: str | None = None


class SensorInfo(_Part):
    """How detector data were taken."""

    instrument: str | None = None
    wavelength: float | None = None
    data_points: Count | None = None
    units: str | None = None
    observation_date: UtcTime | None = None
    sampling_rate: float | None = None
    integration_time: float | None = Field(None, description="seconds")
    detector_type: str | None = None
    instrument_settings: JsonMap | None = None
    calibration_files: tuple[str, ...] = ()
    noise_characteristics: JsonMap | None = None


class SpectralInfo(_Part):
    """What a spectrum covers."""

    instrument: str | None = None
    grating: str | None = None
    wavelength_start: float | None = Field(None, description="micrometres")
    wavelength_end: float | None = Field(None, description="micrometres")
    spectral_resolution: float | None = None
    spectral_points: Count | None = None
    units: str | None = None
    features: tuple[str, ...] = ()
    line_measurements: JsonMap | None = None
    continuum_type: str | None = None
    signal_to_noise: float | None = None


class CalibrationInfo(_Part):
    """What calibration data are good for."""

    calibration_type: str | None = None
    reference_standard: str | None = None
    calibration_date: UtcTime | None = None
    method: str | None = None
    uncertainty: float | None = None
    parameters: JsonMap | None = None
    is_valid: bool = True
    expiry_date: UtcTime | None = None


class ProcessingResult(_Part):
    """What one run of an algorithm on this product gave."""

    algorithm: str
    processed_date: UtcTime
    status: ProcessingStatus = "completed"
    parameters: JsonMap = {}
    results: JsonMap = {}
    output_file_path: str | None = None
    error_message: str | None = None
    processing_time: float | None = Field(None, ge=0, description="seconds")
    algorithm_version: str | None = None
    quality_metrics: JsonMap = {}
    warnings: tuple[str, ...] = ()
    is_reproducible: bool = True
