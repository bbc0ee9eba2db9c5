"""What the words before the command decide: settings file, silence, detail."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from jwstpipe.settings import Settings, load_settings

__all__ = ["Choices", "choices_of", "settings_of"]


@dataclass(frozen=True)
class Choices:
    """Global options."""

    config: Path | None
    quiet: bool
    verbose: int


def choices_of(context: typer.Context) -> Choices:
    """Give the global options of this call."""
    found = context.find_root().obj
    assert isinstance(found, Choices)
    return found


def settings_of(context: typer.Context, **overrides: Any) -> Settings:
    """Read the settings of this call."""
    return load_settings(choices_of(context).config, **overrides)
