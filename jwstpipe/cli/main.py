"""The `jwstpipe` command: from the words of a shell to an exit code; it imports what the words ask for, and no more."""

import gc
import os
import sys
from types import ModuleType

from jwstpipe import __version__
from jwstpipe.cli.output import data, remark
from jwstpipe.errors import JwstPipeError, MissingExtraError, UsageError
from jwstpipe.redaction import redacted

__all__ = ["main"]

INTERRUPTED = 130

GARBAGE = (50_000, 20, 20)
"""Objects between two looks for cycles: at the usual 700 they cost imports a tenth of a second."""


QUIET = {"OPENBLAS_THREAD_TIMEOUT": "4", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
"""Said before NumPy and pydantic are loaded, where nobody has said otherwise: threads of linear algebra sleep when they
have nothing to do, for to wait awake costs a short command a tenth of a second, as the look for plugins does."""


PLUGINS = "pydantic.plugin._loader"
"""What looks for plugins. It loads what reads metadata of packages, and e-mail, before it sees that it shall not."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command; every failure is one line on stderr and an exit code with a meaning."""
    gc.set_threshold(*GARBAGE)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if os.environ["PYDANTIC_DISABLE_PLUGINS"] == "__all__" and PLUGINS not in sys.modules:
        sys.modules[PLUGINS] = none = ModuleType(PLUGINS)
        none.__dict__["get_plugins"] = tuple
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = _answer(words)
    except JwstPipeError as error:
        _show_traceback(words)
        _fail(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        _show_traceback(words)
        _fail(str(MissingExtraError.of(error) or f"unexpected {type(error).__name__}: {error}"), UsageError.exit_code)
    except KeyboardInterrupt:
        from jwstpipe.cli.start.interrupted import what_is_kept

        _fail(f"interrupted; {what_is_kept(words)}", INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last door: what nobody foresaw still ends as one line
        _show_traceback(words)
        _fail(f"unexpected {type(error).__name__}: {error} (run with -vv for the traceback)", 1)
    gc.freeze()  # the last looks for cycles, in a process that ends with all its memory, took up to 0.6 s
    sys.exit(code)


def _answer(words: list[str]) -> int:
    """Give the overview and the version at once, and everything else to the command that is named."""
    if words in ([], ["-h"], ["--help"], ["help"]) and not _completing():
        from jwstpipe.cli.start.overview import overview

        data(overview())
        return 0 if words else UsageError.exit_code
    if words in (["-V"], ["--version"]):
        data(f"jwstpipe {__version__}")
        return 0
    if words[:1] == ["help"]:
        return _run([*words[1:], "--help"])
    return _run(words)


def _completing() -> bool:
    return "_JWSTPIPE_COMPLETE" in os.environ


def _run(words: list[str]) -> int:
    from typer.exceptions import Abort, TyperException

    from jwstpipe.cli.start.app import app

    try:
        code = app(args=words, prog_name="jwstpipe", standalone_mode=False)
    except Abort:
        raise KeyboardInterrupt from None
    except TyperException as error:
        context = getattr(error, "ctx", None)
        raise UsageError(
            f"{error.format_message()} (see {context.command_path if context else 'jwstpipe'} --help)"
        ) from None
    if code == INTERRUPTED:  # so typer puts it, and says nothing
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _show_traceback(words: list[str]) -> None:
    if any(word.startswith("-v") and set(word[1:]) == {"v"} and len(word) > 2 for word in words):
        import traceback

        remark(redacted(traceback.format_exc()))


def _fail(message: str, code: int) -> None:
    remark("jwstpipe: " + redacted(" ".join(message.split())))
    sys.exit(code)
