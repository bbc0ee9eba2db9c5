"""`jwstpipe catalog`: what do we have? find, show, stats, stale, tag, archive, delete, export, import, reconcile."""

import typer

from jwstpipe.cli.catalog.add import add
from jwstpipe.cli.catalog.edit import archive, delete, tag
from jwstpipe.cli.catalog.exchange import export, import_records
from jwstpipe.cli.catalog.show import find, show, stale, stats
from jwstpipe.cli.catalog.upkeep import reconcile

__all__ = ["GROUP"]

GROUP = typer.Typer(
    name="catalog", help="What do we have: find, show, count, tag, delete, export.", no_args_is_help=True
)
for _command in (add, find, show, stats, stale, tag, archive, delete, export, reconcile):
    GROUP.command()(_command)
GROUP.command("import")(import_records)
