"""Pages of the reference, written from what they describe: commands, verbs, settings, errors."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import typer

import jwstpipe
from jwstpipe import errors
from jwstpipe.cli.start.app import app
from jwstpipe.cli.start.commands import Entry, commands_by_heading

__all__ = ["command_page", "error_page", "settings_page", "verb_page", "write_pages"]

SETTINGS = Path(__file__).parents[2] / "configs" / "jwstpipe.toml"

VERBS = {
    "Find and fetch": ("discover", "search", "ingest", "find_transfers", "pause_transfers", "resume_transfers",
                       "cancel_transfers", "clean_transfers", "parse_name"),
    "Images": ("open_image", "info", "convert", "export", "mosaic", "plan_mosaic", "footprints"),
    "Pictures": ("composite", "thumbnail", "contact_sheet", "view"),
    "Measure": ("statistics", "pixels", "filter_image", "filter_to_store", "background", "background_to_store",
                "match_psf", "check_zero_point", "detect", "detect_to_file", "photometry", "photometry_to_file",
                "match", "match_to_file", "astrometry", "completeness"),
    "Diagrams": ("plot_sources", "plot_histogram", "plot_growth", "plot_colours", "plot_completeness"),
    "Spectra, cubes, tables": ("spectrum", "spectrum_to_file", "lines", "open_cube", "cube", "channel_maps",
                               "cube_spectrum", "table", "table_to_file"),
    "Records and lineage": ("find", "find_records", "lineage", "why_stale", "reproduce", "add_files"),
    "Jobs": ("submit", "find_job", "find_jobs"),
    "Values": ("Box", "SkyGrid", "ChannelLook"),
}  # fmt: skip
"""Verbs by what they are for; those that no heading names come under "More"."""


def write_pages(folder: Path) -> None:
    """Write all pages; one that says what it said keeps its time, so that Sphinx does not read it anew."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"commands": command_page(), "api": verb_page(), "settings": settings_page(), "errors": error_page()}
    for name, text in pages.items():
        page = folder / f"{name}.md"
        if not page.is_file() or page.read_text() != text:
            page.write_text(text)


def command_page() -> str:
    """Write the help of every command, as a terminal of 100 columns shows it."""
    root = typer.main.get_command(app)
    context = typer.Context(root, info_name="jwstpipe", max_content_width=100, terminal_width=100)
    lines = ["# Commands", "", "What `jwstpipe COMMAND --help` prints.", ""]
    for heading, entries in commands_by_heading().items():
        lines += [f"## {heading}", ""]
        for words, entry in _commands(entries):
            lines += [f"### jwstpipe {' '.join(words)}", "", entry.help, ""]
            lines += ["```text", _help(root, context, words), "```", ""]
    return "\n".join(lines)


def _commands(entries: "dict[str, Entry]", above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Entry]]:
    for name, entry in entries.items():
        if entry.commands is None:
            yield (*above, name), entry
        else:
            yield from _commands(dict(entry.commands), (*above, name))


def _help(root: object, context: typer.Context, words: tuple[str, ...]) -> str:
    command = root
    for word in words:
        command = command.get_command(context, word)  # type: ignore[attr-defined]
        context = typer.Context(command, info_name=word, parent=context, max_content_width=100, terminal_width=100)
    return command.get_help(context)  # type: ignore[attr-defined,no-any-return]


def verb_page() -> str:
    """Name every verb for autodoc, under the heading of what it is for."""
    placed = {name for names in VERBS.values() for name in names}
    more = tuple(name for name in dir(jwstpipe) if not name.startswith("_") and name not in placed)
    lines = ["# Python", "", "`import jwstpipe` costs nothing; each verb is loaded when it is first used.", ""]
    for heading, names in {**VERBS, **({"More": more} if more else {})}.items():
        lines += [f"## {heading}", ""]
        for name in names:
            kind = "autoclass" if inspect.isclass(getattr(jwstpipe, name)) else "autofunction"
            lines += ["```{eval-rst}", f".. {kind}:: jwstpipe.{name}", "```", ""]
    return "\n".join(lines)


def settings_page() -> str:
    """Show the file of settings, which names every key, its default and what it means."""
    return "\n".join(["# Settings", "", "`jwstpipe config copy` writes this file.", "",
                      "```toml", SETTINGS.read_text().rstrip(), "```", ""])  # fmt: skip


def error_page() -> str:
    """List the families of errors with their builtin and exit code."""
    lines = [
        "# Errors", "",
        "Every error that jwstpipe raises on purpose is a `JwstPipeError` and the builtin that fits; the command line"
        " prints its message, one line, and ends with its exit code. Exit code 0 is done, 1 an error that nobody"
        " foresaw (`-vv` shows where), 130 an interruption.", "",
        "| error | is also | exit code | when |", "|---|---|---|---|",
    ]  # fmt: skip
    for name in errors.__all__:
        found = getattr(errors, name)
        if inspect.isclass(found) and found is not errors.JwstPipeError:
            kin = ", ".join(f"`{base.__name__}`" for base in found.__bases__ if base is not errors.JwstPipeError)
            lines.append(f"| `{name}` | {kin} | {found.exit_code} | {inspect.getdoc(found).splitlines()[0]} |")
    return "\n".join([*lines, ""])
