"""What the command says: data on stdout, everything else on stderr, bars only where a person looks."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from jwstpipe.progress import Progress, Reporter, silent

__all__ = ["amount", "data", "json_data", "pace", "progress_bars", "remark", "visible"]


def visible(text: str) -> str:
    """Give a text with what a terminal would obey, or cannot show, as escapes of JSON.

    Control characters, marks that turn the direction of reading, halves of characters; line feeds and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in "\n\t\xa0" else _escape(letter) for letter in text)


def _escape(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def data(line: str = "") -> None:
    """Write a line of results; see `visible`."""
    sys.stdout.write(visible(line) + "\n")


def json_data(value: Any) -> None:
    """Write a result as one line of JSON."""
    sys.stdout.write(json.dumps(value, default=str, allow_nan=False) + "\n")


def remark(line: str) -> None:
    """Write a line that is not a result; see `visible`."""
    sys.stderr.write(visible(line) + "\n")


@contextmanager
def progress_bars(*, quiet: bool = False) -> Iterator[Reporter]:
    """Give a reporter that draws bars on a terminal, and says nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[amount]}"), TimeElapsedColumn(),
        TextColumn("{task.fields[pace]}"),
    )  # fmt: skip
    with Bars(*columns, console=console) as bars:
        known: dict[tuple[str, str], Any] = {}
        lock = Lock()

        def report(progress: Progress) -> None:
            key = (progress.stage, progress.item)
            ended = bool(progress.item) and progress.done >= progress.total > 0
            with lock:
                if key not in known and not ended:
                    text = f"  {progress.item}" if progress.item else progress.stage
                    known[key] = bars.add_task(text, total=progress.total or None, amount="", pace="")
                elif ended and key in known:  # bars of single files go when the file is whole
                    bars.remove_task(known.pop(key))
                if key in known:
                    bars.update(
                        known[key], completed=progress.done, total=progress.total or None, amount=amount(progress),
                        pace=pace(progress),
                    )  # fmt: skip

        yield report


def amount(progress: Progress) -> str:
    """Say how much is done, as ``1.2/3.4 GB`` or ``12/30``."""
    if progress.unit != "bytes":
        return f"{progress.done:,}/{progress.total:,}"
    scale, unit = (1e9, "GB") if progress.total >= 1e9 else (1e6, "MB")
    return f"{progress.done / scale:.1f}/{progress.total / scale:.1f} {unit}"


def pace(progress: Progress) -> str:
    """Say how fast it goes and how long it will take, as ``34.5 MB/s, 2:05 left``."""
    if progress.rate is None:
        return ""
    speed = f"{progress.rate / 1e6:.1f} MB/s" if progress.unit == "bytes" else f"{progress.rate:.1f} {progress.unit}/s"
    if progress.left_s is None or progress.done >= progress.total:
        return speed
    minutes, seconds = divmod(round(progress.left_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{speed}, {f'{hours}:{minutes:02d}' if hours else minutes}:{seconds:02d} left"
