"""What every request shares, and how a field says all that is known of an option."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

from jwstpipe.errors import UsageError

__all__ = ["Request", "Spelling", "option", "spelling_of", "validated"]

RequestT = TypeVar("RequestT", bound=BaseModel)

MOST_LETTERS = 120
FEW = 3


@dataclass(frozen=True)
class Spelling:
    """How a field is written on a command line; everything else that is known of it stands in the field itself."""

    names: tuple[str, ...] = ()
    """Option names: the first is shown, the others are accepted; none = the name of the field with hyphens."""

    metavar: str | None = None
    """What stands for the value in the help; None = as its type says."""

    group: str = "Options"
    """Heading that it stands under in the help."""

    commas: bool = True
    """Several values may stand in one word with commas between; not where a value may hold a comma."""

    often: bool | None = None
    """Whether forms show it at once; None = as the heading says (see `jwstpipe.flows.form`)."""


def option(
    default: Any = ...,
    *,
    help: str,  # noqa: A002 - the word of every command line
    names: tuple[str, ...] = (),
    metavar: str | None = None,
    group: str = "Options",
    commas: bool = True,
    often: bool | None = None,
    **bounds: Any,
) -> Any:
    """State a field of a request once: for the command line, the Python keywords and the Prefect forms.

    Parameters
    ----------
    default
        Value where nothing is said; without one the field is needed.
    help
        One line for people.
    names, metavar, group, commas, often
        See `Spelling`.
    **bounds
        Limits of the value, as `pydantic.Field` takes them.
    """
    made = Field(default, description=help, **bounds)
    made.metadata.append(Spelling(names, metavar, group, commas, often))
    return made


def spelling_of(field: FieldInfo) -> Spelling:
    """Give the spelling of a field; of a field that states none, the usual one."""
    return next((one for one in field.metadata if isinstance(one, Spelling)), Spelling())


def _flatten_choice(field: dict[str, Any]) -> None:
    """Write *one of these, or null* as a list with null in it, and no default: to say nothing is to leave it empty.

    Forms have no list for a choice between a list and null; of the list they offer all that is not null.
    """
    choices = [part for part in field.get("anyOf", ()) if "enum" in part]
    if len(choices) == 1 and field["anyOf"] in ([*choices, {"type": "null"}], [{"type": "null"}, *choices]):
        del field["anyOf"]
        field.pop("default", None)
        field |= {**choices[0], "enum": [*choices[0]["enum"], None]}


def _word(value: object) -> str:
    inner = next(iter(value.values()), "") if isinstance(value, Mapping) else value
    return str(inner).rpartition("/")[2]


def _words(name: str, value: object) -> str:
    if isinstance(value, list):
        shown = " ".join(_word(item) for item in value[:FEW])
        return f"{name} {shown}" if len(value) <= FEW else f"{len(value)} {name}"
    return f"{name} {value}"


class Request(BaseModel):
    """A frozen request: plain values, visible defaults; an unknown field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Write a choice that may be left empty as one list, which forms show as such."""
        schema = handler(core)
        for field in handler.resolve_ref_schema(schema).get("properties", {}).values():
            _flatten_choice(field)
        return schema

    def summary(self) -> str:
        """Say in a few words what is asked for: the name of a run."""
        given = self.model_dump(mode="json", exclude_defaults=True)
        target = given.pop("target", None)
        words = [_words(name, value) for name, value in given.items()]
        return ", ".join(([str(target)] if target else []) + words)[:MOST_LETTERS] or "all"


def validated(model: type[RequestT], /, **values: object) -> RequestT:
    """Build a request from loose values.

    Raises
    ------
    UsageError
        A value is out of range or missing; the message names it.
    """
    try:
        return model(**values)
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        wrong = "" if fault["type"] == "missing" else f", got {_shown(fault.get('input'))}"
        raise UsageError(f"{key}: {message}{wrong}" if key else message) from None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}..."
