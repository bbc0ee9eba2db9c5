"""Commands that are imported when they run, and what all of them have: options of the whole command, readable help."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import wraps
from importlib import import_module
from inspect import Parameter, cleandoc, signature
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

import typer
from typer.core import TyperCommand, TyperGroup

from jwstpipe.cli.context import Choices, set_choices
from jwstpipe.cli.output import data
from jwstpipe.cli.start.commands import Entry
from jwstpipe.errors import UsageError

__all__ = ["LazyGroup", "group_of", "load_command"]

EXAMPLES = "Examples:"

_WORD = re.compile(r"(?:[^\s'\"]|'[^']*'|\"[^\"]*\")+")
"""A word of a shell, with the quotes around or inside it."""

_GOES_ON = " \\"
_COLUMN, _NARROW_COLUMN, _WIDE = 30, 16, 76
"""Letters of the column of options, of that in a narrow terminal, and which terminal is none."""

_LONGEST_OPTION = 44
"""Letters of an option and what it takes, in its help."""

_KIND = re.compile(r"<(?:list\[)?([\w ]+?)(?: range)?\]?>")
_KINDS = {"str": "TEXT", "int": "INTEGER", "float": "NUMBER", "path": "PATH", "Path": "PATH"}


class ReadableCommand(TyperCommand):
    """A command whose help has its options under headings, and its examples a line each; no colours, no frames."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Write the arguments as their help names them."""
        arguments = [one for one in self.get_params(ctx) if one.param_type_name == "argument"]
        return ["[OPTIONS]", *(_usage_of(one) for one in arguments if not getattr(one, "hidden", False))]

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write what it does, then the examples."""
        del ctx
        text, _, examples = cleandoc(self.help or "").partition(EXAMPLES)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text.strip())
        if examples:
            with formatter.section(EXAMPLES.removesuffix(":")):
                for example in " ".join(examples.split()).split("; "):
                    for line in _example_lines(example, formatter.width - formatter.current_indent):
                        formatter.write(f"{'':{formatter.current_indent}}{line}\n")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options under their headings."""
        headings: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and getattr(parameter, "help", None):
                usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
                heading = getattr(parameter, "rich_help_panel", None) or usual
                headings.setdefault(heading, []).append(_with_choices(_plain(record[0], parameter), record[1]))
        for heading, records in headings.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records, col_max=_COLUMN if formatter.width >= _WIDE else _NARROW_COLUMN)


def _example_lines(example: str, width: int) -> list[str]:
    """Fold an example as a shell takes it, between words."""
    lines = [""]
    words = _WORD.findall(example)
    for at in reversed(range(1, len(words))):  # an option and its value stay together
        if words[at - 1].startswith("-") and not words[at].startswith("-"):
            words[at - 1 : at + 1] = [f"{words[at - 1]} {words[at]}"]
    for word in words:
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if len(longer) + len(_GOES_ON) <= width or not lines[-1].strip():
            lines[-1] = longer
        else:
            lines[-1] += _GOES_ON
            lines.append(f"  {word}")
    return lines


def _with_choices(option: str, text: str) -> tuple[str, str]:
    """Say in the text between what one may choose, where that is too long to stand behind the name of an option."""
    name, _, values = option.partition(" ")
    if "|" not in values or len(option) <= _LONGEST_OPTION:
        return option, text
    return f"{name} CHOICE", f"{text}; one of {', '.join(values.strip('[]').split('|'))}"


def _plain(record: str, parameter: Any) -> str:
    """Write the kind of a value as other commands do."""
    if parameter.param_type_name == "argument":
        return _usage_of(parameter)
    return _KIND.sub(lambda found: _KINDS.get(found[1], found[0]), record)


def _usage_of(argument: Any) -> str:
    word = argument.metavar or argument.name.upper()
    if argument.nargs == -1 and not word.endswith("..."):
        word += "..."
    return word if argument.required or word.startswith("[") else f"[{word}]"


class LazyGroup(TyperGroup):
    """A group that knows its commands by name and help, and imports one when it is asked for."""

    entries: ClassVar[Mapping[str, Entry]]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the words; without any, the help is the answer."""
        if not args and not ctx.resilient_parsing:
            data(self.get_help(ctx))
            ctx.exit(UsageError.exit_code)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """Give the names of all commands."""
        del ctx
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command."""
        del ctx
        if cmd_name not in self.commands and cmd_name in self.entries:
            self.commands[cmd_name] = load_command(cmd_name, self.entries[cmd_name])
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is named; of one that does not exist say which may be meant."""
        name = args[0]
        if name not in self.entries and not name.startswith("-"):
            close = get_close_matches(name, self.entries, 1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"No such command {name!r}{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table of commands, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Complete the name of a command, without importing it."""
        from typer._click.shell_completion import CompletionItem  # what typer itself hands to shells

        found = [
            CompletionItem(name, help=entry.help) for name, entry in self.entries.items() if name.startswith(incomplete)
        ]
        return [*found, *super(TyperGroup, self).shell_complete(ctx, incomplete)]


def group_of(entries: Mapping[str, Entry]) -> type[LazyGroup]:
    """Make the class of a group with these commands."""
    return type("Group", (LazyGroup,), {"entries": entries})


def load_command(name: str, entry: Entry) -> Any:
    """Import a command, or make the group that it stands for."""
    made = typer.Typer(add_completion=False, rich_markup_mode=None)
    if entry.commands is not None:
        made = typer.Typer(
            name=name, cls=group_of(entry.commands), help=entry.help, add_completion=False,
            rich_markup_mode=None,
        )  # fmt: skip
        made.callback()(_nothing)
    else:
        module, _, function = entry.function.partition(":")
        run = getattr(import_module(f"jwstpipe.cli.{module}"), function)
        made.command(name, cls=ReadableCommand)(_with_options_of_all(run))
    command = typer.main.get_command(made)
    for parameter in command.params:
        _read_only_if_given(parameter)
    return command


def _read_only_if_given(parameter: Any) -> None:
    """Let an option that nobody gave be None at once: typer makes a reader for each, 2 ms apiece, before it looks."""
    read, nothing = parameter.process_value, () if parameter.multiple or parameter.nargs == -1 else None

    def processed(context: Any, value: Any) -> Any:
        silent = value is None and not parameter.required and parameter.callback is None
        return nothing if silent else read(context, value)

    parameter.process_value = processed


def _nothing() -> None:
    """Decide nothing before the commands of a group."""


_PANEL = "Options of every command"
_OF_ALL: dict[str, Any] = {
    "config": Annotated[Path | None, typer.Option(metavar="FILE", help="settings file (TOML)", rich_help_panel=_PANEL)],
    "quiet": Annotated[
        bool, typer.Option("--quiet", "-q", help="no progress bars, no remarks", rich_help_panel=_PANEL)
    ],
    "verbose": Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            help="more detail; -vv with tracebacks",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ],
}
_UNSAID = {"config": None, "quiet": False, "verbose": 0}


def _with_options_of_all(function: Callable[..., None]) -> Callable[..., None]:
    """Let a command take the options of the whole command too, so that they may stand behind it."""
    own = signature(function, eval_str=True).parameters
    added = {name: kind for name, kind in _OF_ALL.items() if name not in own}
    if "context" not in own:
        added = {"context": typer.Context, **added}

    @wraps(function)
    def run(**words: Any) -> None:
        context = words["context"] if "context" in own else words.pop("context")
        said = Choices(**{**_UNSAID, **{name: words.pop(name) for name in _OF_ALL if name in added}})
        set_choices(context, said)
        function(**words)

    parameters = [
        *(one.replace(kind=Parameter.KEYWORD_ONLY) for one in own.values()),
        *(
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=_UNSAID.get(name, Parameter.empty))
            for name, kind in added.items()
        ),
    ]
    made = cast("Any", run)
    made.__signature__ = signature(function).replace(parameters=parameters)
    made.__annotations__ = {one.name: one.annotation for one in parameters}
    return run
