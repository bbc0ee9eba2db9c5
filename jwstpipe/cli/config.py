"""The command `config show`: which settings are in effect, and where each comes from."""

from typing import Annotated

import typer

from jwstpipe.cli.context import choices_of
from jwstpipe.cli.output import data, json_data
from jwstpipe.errors import UsageError
from jwstpipe.settings import settings_with_origins

__all__ = ["COMMANDS"]


def config(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="show", help="show: the settings in effect")] = "show",
    *,
    origin: Annotated[bool, typer.Option("--origin", help="tell where each value comes from")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Show the settings in effect; passwords are left out."""
    if what != "show":
        raise UsageError(f"config can show, not {what!r}: jwstpipe config show")
    for found in settings_with_origins(choices_of(context).config):
        if as_json:
            json_data({"key": found.key, "value": found.value, **({"origin": found.origin} if origin else {})})
            continue
        shown = "" if found.value is None else str(found.value)
        data(f"{found.key:26s} {shown:44s} {found.origin}" if origin else f"{found.key:26s} {shown}".rstrip())


COMMANDS = {"config": config}
