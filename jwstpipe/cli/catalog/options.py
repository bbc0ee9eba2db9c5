"""What the commands of the catalogue share: their options, the open catalogue, and the query that options make."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jwstpipe.cli.context import settings_of
from jwstpipe.errors import UsageError

__all__ = ["Home", "Json", "User", "opened", "require_conditions"]

if TYPE_CHECKING:
    from jwstpipe.catalog.catalog import Catalog
    from jwstpipe.catalog.query import RecordQuery
    from jwstpipe.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]
Home = Annotated[Path | None, typer.Option(help="folder of catalogue and store")]
User = Annotated[str | None, typer.Option(help="who asks: own, shared and public records only; '' = public ones")]


@contextmanager
def opened(
    context: typer.Context, *, home: Path | None, user: str | None = None
) -> Iterator[tuple["Catalog", "Settings"]]:
    """Open the catalogue of this call, as a user sees it."""
    from jwstpipe.catalog.catalog import open_catalog

    settings = settings_of(context, home=home)
    with open_catalog(settings.catalog_address) as catalog:
        yield (catalog if user is None else catalog.as_user(user)), settings


def require_conditions(query: "RecordQuery") -> None:
    """Refuse a change of everything by mistake."""
    if not query.model_dump(exclude_defaults=True):
        raise UsageError("say which records: give at least one condition, as --level L2b")
