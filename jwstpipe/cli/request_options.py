"""The options of a command, made from the request that it fills in; and the request, made from the words given."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import wraps
from inspect import Parameter, signature
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from jwstpipe.cli.start.completing import BY_FIELD
from jwstpipe.errors import UsageError
from jwstpipe.requests.base import Request, spelling_of

__all__ = ["cli_request", "field_value", "option_name", "request_options"]

_BOUNDS = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}
_OLDER = "_older"


def request_options(
    model: type[Request], *, into: str = "request", arguments: Mapping[str, str] | None = None,
    only: Collection[str] | None = None, unless: str | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:  # fmt: skip
    """Give a command one option for each field of a request.

    Parameters
    ----------
    model
        Request. Name, help, choices, bounds, default and group of an option are those of its field: see
        `jwstpipe.requests.option`. Names after the first are accepted, and not shown.
    into
        Parameter of the command that takes the request; in its place stand the options.
    arguments
        Fields that are positional, with what stands for them in the help.
    only
        Fields that become options; None = all.
    unless
        Option of the command that makes the request needless: where it is given, the request is None.

    Returns
    -------
    callable
        Decorator. Typer reads the options from the signature of what it returns. Only what was given is handed on:
        defaults, conversion and checks are the model's.
    """
    chosen = {name: field for name, field in model.model_fields.items() if only is None or name in only}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        parameters: list[Parameter] = []
        for parameter in signature(command, eval_str=True).parameters.values():
            if parameter.name == into:
                parameters += [made for name, field in chosen.items() for made in _parameters(name, field, arguments)]
            else:
                parameters.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))
        order = {name: place for place, name in enumerate(arguments or ())}
        parameters.sort(key=lambda one: (one.name != "context", order.get(one.name, len(order))))

        @wraps(command)
        def run(**words: Any) -> None:
            given = {name: value for name in chosen if (value := _given(name, words)) not in (None, [])}
            needed = unless is None or words.get(unless) is None
            command(**words, **{into: cli_request(model, given) if needed else None})

        made: Any = run
        made.__signature__ = signature(command).replace(parameters=parameters)
        made.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return decorate


def cli_request(model: type[Request], given: Mapping[str, Any]) -> Any:
    """Make a request from words of a command line.

    Raises
    ------
    UsageError
        A value that the model refuses; the message names the option.
    """
    fields = model.model_fields
    try:
        return model(**{name: _read(fields[name], value) for name, value in given.items()})
    except ValidationError as error:
        fault = error.errors()[0]
        message = fault["msg"].removeprefix("Value error, ")
        name = str(fault["loc"][0]) if fault["loc"] else ""
        if name not in fields:
            raise UsageError(message) from None
        if fault["type"] == "missing":
            raise UsageError(f"missing option {option_name(name, fields[name])}: {fields[name].description}") from None
        value = given.get(name)
        shown = " ".join(map(str, value)) if isinstance(value, list) else value
        raise UsageError(f"{option_name(name, fields[name])} {shown}: {message}") from None


def option_name(name: str, field: FieldInfo) -> str:
    """Give the name that the option of a field is shown by."""
    return _shown_name(name, field).partition("/")[0]


def field_value(field: FieldInfo, word: str) -> Any:
    """Read a word of a command line as the value of a field; whether it is allowed is for the model to say."""
    if word == "null":
        return None
    return _read(field, [word] if _kind(field) == list[str] else word)


def _shown_name(name: str, field: FieldInfo) -> str:
    """Give the name of an option; of a switch with a name for either side both, as ``--archived/--not-archived``."""
    return next(iter(spelling_of(field).names), f"--{name.replace('_', '-')}")


def _parameters(name: str, field: FieldInfo, arguments: Mapping[str, str] | None) -> Iterator[Parameter]:
    """Make the parameter of a field, and a hidden one for its older names."""
    spelling = spelling_of(field)
    kind = _kind(field)
    text = _help(field)
    if arguments and name in arguments:
        wanted = typer.Argument(metavar=arguments[name], help=text, show_default=False)
        needed = field.is_required()
        default = Parameter.empty if needed else None
        yield Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=default,
            annotation=Annotated[kind if needed else kind | None, wanted],
        )
        return
    shown = _shown_name(name, field)
    both = kind is bool and field.default is not False and "/" not in shown
    words = [f"{shown}/--no-{shown.removeprefix('--')}" if both else shown]
    metavar = None if kind is bool else spelling.metavar or _metavar(field)
    option = typer.Option(
        *words, help=text, metavar=metavar, rich_help_panel=spelling.group, show_default=False, show_choices=True,
        autocompletion=BY_FIELD.get(name) if kind in (str, list[str]) else None,
    )  # fmt: skip
    yield Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option])
    if spelling.names[1:]:
        older = typer.Option(*spelling.names[1:], hidden=True)
        yield Parameter(
            name + _OLDER,
            Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[kind | None, older],
        )


def _given(name: str, words: dict[str, Any]) -> Any:
    """Take a value out of the words, under whatever name it was given."""
    value, older = words.pop(name, None), words.pop(name + _OLDER, None)
    if isinstance(value, list) and isinstance(older, list):
        return value + older
    return older if value in (None, []) else value


def _types(annotation: Any) -> list[Any]:
    """Take a type apart to what a value may be, without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _types(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [leaf for part in get_args(annotation) for leaf in _types(part)]
    return [] if annotation is NoneType else [annotation]


def _kind(field: FieldInfo) -> Any:
    """Choose the type that the command line asks for: choices and switches are its own, the model reads the rest."""
    first = _types(field.annotation)[0]
    if first is bool:
        return bool
    if get_origin(first) is Literal and all(isinstance(one, str) for one in get_args(first)):
        return first
    if get_origin(first) is tuple and get_args(first)[-1] is Ellipsis:
        return list[str]
    return str


def _metavar(field: FieldInfo) -> str | None:
    first = _types(field.annotation)[0]
    if get_origin(first) is Literal:
        return "|".join(str(one) for one in get_args(first))
    if get_origin(first) is tuple:
        inner = get_args(first)[0]
        if get_origin(inner) is Literal:
            return "|".join(str(one) for one in get_args(inner))
        return {int: "INTEGER", float: "NUMBER"}.get(inner, "TEXT")
    return {int: "INTEGER", float: "NUMBER"}.get(first, "TEXT")


def _help(field: FieldInfo) -> str:
    """Write the help of a field with its bounds and its default."""
    bounds = [
        form.format(f"{value:,}" if isinstance(value, int) else f"{value:g}")
        for bound in field.metadata
        for name, form in _BOUNDS.items()
        if isinstance(value := getattr(bound, name, None), int | float)
    ]
    silent = field.is_required() or field.default is None or field.default is False or field.default == ()
    default = "" if silent else _shown(field.default)
    extra = "; ".join([*([", ".join(bounds)] if bounds else []), *([f"default {default}"] if default else [])])
    return f"{field.description}{f' ({extra})' if extra else ''}"


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return (
        ("yes" if value else "no")
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _read(field: FieldInfo, value: Any) -> Any:
    """Take the words of a field with several values apart at commas, where a value holds none."""
    spelling = spelling_of(field)
    if isinstance(value, list):
        parts = [part for word in value for part in (word.split(",") if spelling.commas else [word])]
        return tuple(part.strip() for part in parts if part.strip())
    first = _types(field.annotation)[0]
    if isinstance(value, str) and get_origin(first) is Literal:  # a choice between numbers is asked for as a word
        return next((one for one in get_args(first) if str(one) == value.strip()), value)
    several = get_origin(first) is tuple
    if several and isinstance(value, str) and "," in value:
        return tuple(part.strip() for part in value.split(","))
    return value
