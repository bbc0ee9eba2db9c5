"""What `jwstpipe --help` shows: every command in a line, drawn from the table alone."""

import shutil
from textwrap import wrap

from jwstpipe.cli.start.commands import commands_by_heading

__all__ = ["ABOUT", "overview"]

ABOUT = "From the JWST archive to measurement-grade mosaics and press-quality colour pictures."

WIDEST = 100
NARROWEST = 40

GLOBAL = {
    "--config FILE": "settings file (TOML)",
    "-q, --quiet": "no progress bars, no remarks",
    "-v, --verbose": "more detail; -vv with tracebacks",
    "-V, --version": "version",
    "-h, --help": "this text; of a command: jwstpipe COMMAND --help, or jwstpipe help COMMAND",
    "--install-completion": "complete commands, options and choices in this shell (bash, zsh, fish)",
}
"""Options of every command."""


def overview(width: int | None = None) -> str:
    """Draw the table of commands for a terminal of this width; None = the one that is there."""
    columns = max(NARROWEST, min(width or shutil.get_terminal_size().columns, WIDEST))
    lines = [*wrap("Usage: jwstpipe [OPTIONS] COMMAND [ARGUMENTS]...", columns), "", *wrap(ABOUT, columns)]
    tables = {
        heading: {name: entry.help for name, entry in entries.items()}
        for heading, entries in commands_by_heading().items()
    }
    tables["Options, before or behind the command"] = GLOBAL
    for heading, rows in tables.items():
        lines += ["", f"{heading}:", *(line for name, text in rows.items() for line in _row(name, text, columns))]
    lines += ["", *wrap("Start with: jwstpipe demo --size small, or jwstpipe info IMAGE", columns)]
    return "\n".join(lines)


def _row(name: str, text: str, columns: int) -> list[str]:
    indent = " " * 20
    lead = f"  {name:16s}  "
    if len(lead) > len(indent):
        return [lead.rstrip(), *wrap(text, columns, initial_indent=indent, subsequent_indent=indent)]
    return wrap(text, columns, initial_indent=lead, subsequent_indent=indent)
