"""What every request shares."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from jwstpipe.errors import UsageError

__all__ = ["Request", "validated"]

RequestT = TypeVar("RequestT", bound=BaseModel)

MOST_LETTERS = 120
FEW = 3


def _words(name: str, value: object) -> str:
    if isinstance(value, list):
        shown = " ".join(str(item).rpartition("/")[2] for item in value[:FEW])
        return f"{name} {shown}" if len(value) <= FEW else f"{len(value)} {name}"
    return f"{name} {value}"


class Request(BaseModel):
    """A frozen request: one level deep, plain values, visible defaults; an unknown field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def title(self) -> str:
        """Say in a few words what is asked for: the name of a run."""
        wishes = self.model_dump(mode="json", exclude_defaults=True)
        target = wishes.pop("target", None)
        words = [_words(name, value) for name, value in wishes.items()]
        return ", ".join(([str(target)] if target else []) + words)[:MOST_LETTERS] or "all"


def validated(model: type[RequestT], **values: object) -> RequestT:
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
