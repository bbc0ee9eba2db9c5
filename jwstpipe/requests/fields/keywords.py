"""Python verbs whose keywords are the fields of a request: a true signature, and a docstring that says all of them."""

import difflib
import textwrap
from collections.abc import Callable, Collection, Sequence
from functools import wraps
from inspect import Parameter, cleandoc, signature
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic.fields import FieldInfo

from jwstpipe.requests.base import Request, validated

__all__ = ["request_keywords"]

VerbT = TypeVar("VerbT", bound=Callable[..., Any])

_MARK = "**options"
_WIDTH = 112


def request_keywords(
    model: type[Request], *, into: str = "options", only: Collection[str] | None = None, positional: Sequence[str] = ()
) -> Callable[[VerbT], VerbT]:
    """Give a function one keyword for each field of a request.

    Parameters
    ----------
    model
        Request. Type, default, bounds and help of a keyword are those of its field.
    into
        Parameter of the function that takes the request. Callers give the keywords; a request that stands already may
        be given by this name, and keywords go before it.
    only
        Fields that become keywords; None = all.
    positional
        Fields that may be given by their place, before all other arguments.

    Returns
    -------
    callable
        Decorator. In the docstring the line ``**options`` makes place for the description of the keywords.
    """
    fields = {name: field for name, field in model.model_fields.items() if only is None or name in only}

    def decorate(verb: VerbT) -> VerbT:
        own = signature(verb).parameters
        known = [name for name in own if name != into] + list(fields)

        @wraps(verb)
        def call(*args: Any, **words: Any) -> Any:
            placed = dict(zip(positional, args, strict=False))
            args = args[len(positional) :]
            wished = placed | {name: words.pop(name) for name in fields if name in words}
            unknown = next((name for name in words if name not in own), None)
            if unknown is not None:
                close = difflib.get_close_matches(unknown, known, 1)
                hint = f"; did you mean {close[0]!r}?" if close else f"; help(jwstpipe.{verb.__name__}) lists them"
                raise TypeError(f"{verb.__name__}() has no keyword {unknown!r}{hint}")
            values = {name: tuple(value) if isinstance(value, list) else value for name, value in wished.items()}
            standing = words.pop(into, None)
            if standing is not None:
                values = {name: getattr(standing, name) for name in standing.model_fields_set} | values
            return verb(*args, **words, **{into: validated(model, **values)})

        made: Any = call
        made.__signature__ = signature(verb).replace(parameters=_parameters(own.values(), fields, into, positional))
        made.__doc__ = _documented(verb.__doc__ or "", fields)
        return made  # type: ignore[no-any-return]

    return decorate


def _parameters(own: Any, fields: dict[str, FieldInfo], into: str, positional: Sequence[str]) -> list[Parameter]:
    """Put the fields in the place of the request: all are keywords, but for those that have a place."""
    found: list[Parameter] = []
    for parameter in own:
        if parameter.name != into:
            found.append(parameter)
            continue
        for name, field in fields.items():
            default = Parameter.empty if field.is_required() else field.default
            kind = Parameter.POSITIONAL_OR_KEYWORD if name in positional else Parameter.KEYWORD_ONLY
            found.append(Parameter(name, kind, default=default, annotation=field.annotation))
    return sorted(found, key=lambda one: one.kind)


def _documented(text: str, fields: dict[str, FieldInfo]) -> str:
    entries = []
    for name, field in fields.items():
        help_lines = textwrap.wrap(f"{(field.description or '').rstrip('.')}.", _WIDTH)
        entries += [f"{name} : {_typed(field)}", *(f"    {line[:1].upper() + line[1:]}" for line in help_lines[:1])]
        entries += [f"    {line}" for line in help_lines[1:]]
    return cleandoc(text).replace(_MARK, "\n".join(entries))


def _typed(field: FieldInfo) -> str:
    """Write type, bounds and default as numpydoc has them."""
    bounds = {
        name: getattr(one, name) for one in field.metadata for name in ("ge", "gt", "le", "lt") if hasattr(one, name)
    }
    low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    limits = f", {low:g} to {high:g}" if low is not None and high is not None else ""
    default = "" if field.is_required() else f", default {field.default!r}"
    return f"{type_name(field.annotation)}{limits}{default}"


def type_name(annotation: Any) -> str:
    """Write a type as people say it: choices in braces, None as the empty choice."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return "{" + ", ".join(map(repr, parts)) + "}"
    if annotation is type(None):
        return "None"
    if hasattr(annotation, "__metadata__"):
        return type_name(parts[0])
    if origin is tuple:
        inside = ", ".join("..." if part is Ellipsis else type_name(part) for part in parts)
        return f"tuple of {type_name(parts[0])}" if parts[-1] is Ellipsis else f"tuple ({inside})"
    if parts:
        return " or ".join(type_name(part) for part in parts)
    return str(getattr(annotation, "__name__", annotation))
