"""Where a command computes and whom it tells: the keywords that every verb takes for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import progress_bars

__all__ = ["working"]


@contextmanager
def working(context: typer.Context, *, cluster: str | None = None) -> Iterator[dict[str, Any]]:
    """Open the workers of the site, and bars where a person looks.

    Parameters
    ----------
    context
        Of the command.
    cluster
        In place of that of the settings.

    Yields
    ------
    dict
        ``s3``, ``workers`` and ``report``, as verbs take them.
    """
    from jwstpipe.execution.workers import open_workers

    settings = settings_of(context)
    execution = settings.execution if cluster is None else settings.execution.model_copy(update={"cluster": cluster})
    with progress_bars(quiet=choices_of(context).quiet) as report, open_workers(execution) as workers:
        yield {"s3": settings.s3, "workers": workers, "report": report}
