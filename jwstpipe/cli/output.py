"""What the command says: data on stdout, everything else on stderr, bars only where a person looks."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from jwstpipe.progress import Progress, Reporter, silent

__all__ = ["data", "json_data", "progress_bars", "remark"]


def data(line: str = "") -> None:
    """Write a line of results."""
    sys.stdout.write(line + "\n")


def json_data(value: Any) -> None:
    """Write a result as one line of JSON."""
    sys.stdout.write(json.dumps(value, default=str, allow_nan=False) + "\n")


def remark(line: str) -> None:
    """Write a line that is not a result."""
    sys.stderr.write(line + "\n")


@contextmanager
def progress_bars(*, quiet: bool = False) -> Iterator[Reporter]:
    """Give a reporter that draws bars on a terminal, and says nothing elsewhere."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield silent
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console) as bars:
        known: dict[str, Any] = {}

        def report(progress: Progress) -> None:
            if progress.stage not in known:
                known[progress.stage] = bars.add_task(progress.stage, total=progress.total or None)
            bars.update(known[progress.stage], completed=progress.done, total=progress.total or None)

        yield report
