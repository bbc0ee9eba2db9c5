"""The `jwstpipe` command."""

import gc
import logging
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from jwstpipe import __version__
from jwstpipe.cli import (
    analysis,
    archive,
    catalog,
    config,
    convert,
    doctor,
    jobs,
    lineage,
    mosaics,
    pictures,
    runs,
    transfers,
    verify,
)
from jwstpipe.cli.context import Choices
from jwstpipe.cli.output import data, remark
from jwstpipe.cli.server import up
from jwstpipe.errors import JwstPipeError
from jwstpipe.redaction import redacted

__all__ = ["app", "main"]

INTERRUPTED = 130

GARBAGE = (50_000, 20, 20)
"""Objects between two looks for cycles: at the usual 700 they cost imports a tenth of a second."""

app = typer.Typer(
    name="jwstpipe",
    help="From the JWST archive to measurement-grade mosaics and press-quality colour pictures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
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
    context.obj = Choices(config, quiet, verbose)
    _tell_warnings(quiet=quiet)


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


def _tell_warnings(*, quiet: bool) -> None:
    library = logging.getLogger("jwstpipe.images")
    for handler in library.handlers[:]:
        library.removeHandler(handler)
    library.addHandler(logging.NullHandler() if quiet else _Remarks())
    library.propagate = False


for module in (
    runs,
    archive,
    transfers,
    lineage,
    convert,
    verify,
    mosaics,
    pictures,
    analysis,
    jobs,
    up,
    doctor,
    config,
):
    for command, function in module.COMMANDS.items():
        app.command(command)(function)
app.add_typer(catalog.GROUP)


def main(arguments: list[str] | None = None) -> None:
    """Run a command; every failure is one line on stderr and an exit code with a meaning."""
    gc.set_threshold(*GARBAGE)
    words = sys.argv[1:] if arguments is None else arguments
    detailed = any(word.startswith("-v") and set(word[1:]) == {"v"} and len(word) > 2 for word in words)
    try:
        code = app(args=words, standalone_mode=False)
    except JwstPipeError as error:
        if detailed:
            remark(redacted(traceback.format_exc()))
        _fail(str(error), error.exit_code)
    except TyperException as error:
        message = error.format_message()
        if not message:  # no words at all: the help was the answer
            sys.exit(error.exit_code)
        context = getattr(error, "ctx", None)
        _fail(f"{message} (see {context.command_path if context else 'jwstpipe'} --help)", error.exit_code)
    except (KeyboardInterrupt, Abort):
        _fail("interrupted; what was finished is kept, nothing half-done is visible", INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last door: what nobody foresaw still ends as one line
        if detailed:
            remark(redacted(traceback.format_exc()))
        _fail(f"unexpected {type(error).__name__}: {error} (run with -vv for the traceback)", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> None:
    remark("jwstpipe: " + redacted(" ".join(message.split())))
    sys.exit(code)
