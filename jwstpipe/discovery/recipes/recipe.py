"""`Recipe`: one picture that can be made, with everything that decides whether it is worth it."""

import shlex
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jwstpipe.requests import ProcessTargetRequest, spelling_of

__all__ = ["BandFacts", "Recipe", "RecipeKind", "RecipeTag", "command_of"]

RecipeKind = Literal["published", "all", "best", "classic", "narrowband", "broadband", "line", "coronagraph", "single"]
RecipeTag = Literal["published", "NASA-style", "recommended", "all data"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class BandFacts(_Frozen):
    """One filter of a recipe."""

    filter: str
    instrument: str
    wavelength_um: float
    shows: str | None = Field(None, description="line or feature that it is made for")
    colour: str = Field(description="as #rrggbb; of a single filter white")
    weight: float = 1.0
    area_arcmin2: float
    depth_s: float = Field(description="median exposure time where it covers, seconds")
    depth_range_s: tuple[float, float]
    inputs: int
    observed: tuple[str, str] = Field(description="days of the first and the last observation")
    programs: tuple[int, ...]


class Recipe(_Frozen):
    """A picture that can be made of what the archive holds."""

    name: str
    rank: int = Field(description="0 published, 1 first choice ... 10 all data and other fields")
    kind: RecipeKind
    tag: RecipeTag
    source: str | None = Field(None, description="where the colours were published")
    filters: tuple[str, ...] = Field(description="by wavelength")
    instruments: tuple[str, ...]
    colours: dict[str, str] = Field(description="colour by filter, as #rrggbb")
    weights: dict[str, float] = Field({}, description="weights that are not one, by filter")
    luminance: str | None = Field(None, description="filter that brings the lightness")
    bands: tuple[BandFacts, ...]
    reasons: str = Field(description="what speaks for it, in one line")
    description: str
    warnings: tuple[str, ...] = ()
    missing: tuple[str, ...] = Field((), description="filters of the published picture that are not there")

    ra: float
    dec: float
    field: int = Field(description="number of its field, 0 = where the target is")
    level: int
    common_area_arcmin2: float
    share_of_smallest: float = Field(description="common area, as a share of what its smallest filter covers")
    share_of_largest: float = Field(description="as a share of what its largest filter covers")
    depth_s: float = Field(description="median exposure time of its shallowest filter, seconds")
    epochs: tuple[str, ...] = Field(description="days of the first and the last observation")
    epoch_span_days: float
    possible_since: str = Field(description="day on which the last of its filters was released")
    programs: tuple[int, ...]
    observation_ids: tuple[str, ...]

    requires_mosaic: bool
    recommended_feather: float
    resolution_arcsec: tuple[float, float] = Field(description="sharpest and widest PSF among its filters, arcsec")
    width: int
    height: int
    scale_arcsec: float
    inputs: int
    here: int = Field(description="inputs that the library holds")
    files_to_fetch: int
    bytes_to_fetch: int
    bytes_from: str = Field(description="whether sizes are those of the archive, or estimated")
    memory_bytes: int
    seconds: tuple[float, float] = Field(description="from, to")
    seconds_from: str = Field(description="what the time is estimated from")

    request: dict[str, Any] = Field(description="values of the request that makes it")
    command: str = Field(description="the command that makes it")


def command_of(request: ProcessTargetRequest) -> str:
    """Write the command line of a run."""
    words = ["jwstpipe", "run", request.target]
    given = request.model_dump(exclude_defaults=True, exclude={"target"})
    for name, value in given.items():
        shown = ",".join(map(str, value)) if isinstance(value, tuple | list) else f"{value}"
        spelled = spelling_of(ProcessTargetRequest.model_fields[name]).names
        words += [spelled[0] if spelled else f"--{name.replace('_', '-')}", shown]
    return shlex.join(words)
