"""The open catalogue of a command, and what its conditions must say."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from jwstpipe.cli.context import settings_of
from jwstpipe.errors import UsageError

__all__ = ["opened", "require_conditions"]

if TYPE_CHECKING:
    from jwstpipe.catalog.catalog import Catalog
    from jwstpipe.catalog.query import RecordQuery
    from jwstpipe.settings import Settings


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
