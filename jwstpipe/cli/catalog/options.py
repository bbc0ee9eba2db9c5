"""What the commands of the catalogue share: their options, the open catalogue, and the query that options make."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jwstpipe.cli.context import settings_of
from jwstpipe.errors import UsageError
from jwstpipe.requests import validated

__all__ = [
    "Archived",
    "Before",
    "Dec",
    "Detector",
    "Filters",
    "Home",
    "Instrument",
    "Json",
    "Kind",
    "Level",
    "ObsId",
    "Observation",
    "ObservedBefore",
    "ObservedSince",
    "Program",
    "Ra",
    "Radius",
    "Since",
    "Status",
    "Tag",
    "Target",
    "Text",
    "User",
    "opened",
    "query_of",
    "require_conditions",
]

if TYPE_CHECKING:
    from jwstpipe.catalog.catalog import Catalog
    from jwstpipe.catalog.query import RecordQuery
    from jwstpipe.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]
Home = Annotated[Path | None, typer.Option(help="folder of catalogue and store")]
User = Annotated[str | None, typer.Option(help="who asks: own, shared and public records only; '' = public ones")]
Kind = Annotated[
    list[str] | None, typer.Option(help="archive, image, mosaic, picture, thumbnail, catalogue, filtered; again")
]
Level = Annotated[list[str] | None, typer.Option(help="L1, L2a, L2b, L3, unknown; again")]
Status = Annotated[list[str] | None, typer.Option(help="published (default), staged, superseded, all")]
Target = Annotated[str | None, typer.Option(help="name of the target; blanks and case do not matter")]
Instrument = Annotated[list[str] | None, typer.Option(help="as NIRCam; again")]
Filters = Annotated[list[str] | None, typer.Option("--filter", "--filters", help="as F090W; by commas or again")]
Program = Annotated[int | None, typer.Option(help="programme number")]
ObsId = Annotated[str | None, typer.Option("--obs-id", help="observation id of the archive")]
Observation = Annotated[str | None, typer.Option(help="observation base id, as jw02733001001")]
Detector = Annotated[str | None, typer.Option(help="as nrca1")]
Tag = Annotated[list[str] | None, typer.Option(help="has this tag; again = has all of them")]
Text = Annotated[str | None, typer.Option(help="part of file name, target or description")]
Ra = Annotated[float | None, typer.Option(help="middle of a cone, degrees")]
Dec = Annotated[float | None, typer.Option(help="middle of a cone, degrees")]
Radius = Annotated[float, typer.Option(help="radius of the cone, degrees")]
Since = Annotated[str | None, typer.Option(help="entered since this time, as 2026-01-31 or 2026-01-31T12:00Z")]
Before = Annotated[str | None, typer.Option(help="entered before this time")]
ObservedSince = Annotated[str | None, typer.Option(help="observed since this time")]
ObservedBefore = Annotated[str | None, typer.Option(help="observed before this time")]
Archived = Annotated[bool | None, typer.Option("--archived/--not-archived", help="only archived ones, or only others")]


@contextmanager
def opened(
    context: typer.Context, *, home: Path | None, user: str | None = None
) -> Iterator[tuple["Catalog", "Settings"]]:
    """Open the catalogue of this call, as a user sees it."""
    from jwstpipe.catalog.catalog import open_catalog

    settings = settings_of(context, home=home)
    with open_catalog(settings.catalog_address) as catalog:
        yield (catalog if user is None else catalog.as_user(user)), settings


def query_of(
    *,
    kind: list[str] | None = None, level: list[str] | None = None, status: list[str] | None = None,
    target: str | None = None, instrument: list[str] | None = None, filters: list[str] | None = None,
    program: int | None = None, obs_id: str | None = None, observation: str | None = None, detector: str | None = None,
    tag: list[str] | None = None, text: str | None = None, ra: float | None = None, dec: float | None = None,
    radius: float = 0.1, since: str | None = None, before: str | None = None, observed_since: str | None = None,
    observed_before: str | None = None, archived: bool | None = None,
) -> "RecordQuery":  # fmt: skip
    """Make a query of the options of a command."""
    from jwstpipe.catalog.query import RecordQuery

    wanted = tuple(split(status)) or ("published",)
    cone = {"ra": ra, "dec": dec, "radius": radius} if ra is not None or dec is not None else {}
    return validated(
        RecordQuery,
        kind=split(kind), level=split(level), status=() if "all" in wanted else wanted, target=target,
        instrument=split(instrument), filter=split(filters), program=program, obs_id=obs_id,
        observation_base_id=observation, detector=detector, tags=split(tag), text=text, archived=archived, **cone,
        created_since=_moment(since), created_before=_moment(before), observed_since=_moment(observed_since),
        observed_before=_moment(observed_before),
    )  # fmt: skip


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"not a time: {text!r}; write it as 2026-01-31 or 2026-01-31T12:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def require_conditions(query: "RecordQuery") -> None:
    """Refuse a change of everything by mistake."""
    if not query.model_dump(exclude_defaults=True):
        raise UsageError("say which records: give at least one condition, as --level L2b")


def split(words: Sequence[str] | None) -> tuple[str, ...]:
    """Take words apart at commas."""
    return tuple(part.strip() for word in words or () for part in word.split(",") if part.strip())
