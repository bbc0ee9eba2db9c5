"""What the options of the whole command decide: settings file, silence, detail."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from jwstpipe.cli.output import remark

if TYPE_CHECKING:
    from jwstpipe.settings import Settings

__all__ = ["Choices", "choices_of", "set_choices", "settings_of"]


@dataclass(frozen=True)
class Choices:
    """Global options."""

    config: Path | None = None
    quiet: bool = False
    verbose: int = 0


def set_choices(context: typer.Context, said: Choices) -> None:
    """Keep the options of the whole command; what stands behind the command adds to what stands before it."""
    root = context.find_root()
    before = root.obj if isinstance(root.obj, Choices) else Choices()
    root.obj = Choices(said.config or before.config, said.quiet or before.quiet, max(said.verbose, before.verbose))
    _say_warnings(quiet=root.obj.quiet)


def choices_of(context: typer.Context) -> Choices:
    """Give the global options of this call."""
    found = context.find_root().obj
    assert isinstance(found, Choices)
    return found


def settings_of(context: typer.Context, **overrides: Any) -> "Settings":
    """Read the settings of this call."""
    from jwstpipe.settings import load_settings

    return load_settings(choices_of(context).config, **overrides)


class _Remarks(logging.Handler):
    """Says on stderr what the library warns of, each sentence once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        text = record.getMessage()
        if text not in self._said:
            self._said.add(text)
            remark(text)


def _say_warnings(*, quiet: bool) -> None:
    for name in ("jwstpipe.images", "jwstpipe.storage", "jwstpipe.execution"):
        library = logging.getLogger(name)
        for handler in library.handlers[:]:
            library.removeHandler(handler)
        library.addHandler(logging.NullHandler() if quiet else _Remarks())
        library.propagate = False
