"""The command as Typer sees it: the options of the whole command, and the table of commands behind them."""

from pathlib import Path
from typing import Annotated

import typer

from jwstpipe import __version__
from jwstpipe.cli.context import Choices, set_choices
from jwstpipe.cli.output import data
from jwstpipe.cli.start.commands import all_entries
from jwstpipe.cli.start.lazy import LazyGroup
from jwstpipe.cli.start.overview import ABOUT, overview

__all__ = ["app"]


class Root(LazyGroup):
    """All commands, with the overview as their help."""

    entries = all_entries()

    def format_help(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Write the overview."""
        del ctx
        formatter.write(overview() + "\n")  # type: ignore[attr-defined]


app = typer.Typer(
    name="jwstpipe",
    cls=Root,
    help=ABOUT,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(value: bool) -> None:
    if value:
        data(f"jwstpipe {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    *,
    config: Annotated[Path | None, typer.Option(help="settings file (TOML)")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress bars, no remarks")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="more detail; -vv with tracebacks")] = 0,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="version", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    del version
    set_choices(context, Choices(config, quiet, verbose))
