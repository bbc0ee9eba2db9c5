"""What every request shares."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from jwstpipe.errors import UsageError

__all__ = ["Request", "validated"]

RequestT = TypeVar("RequestT", bound=BaseModel)


class Request(BaseModel):
    """A frozen request: one level deep, plain values, visible defaults; an unknown field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
        raise UsageError(f"{key}: {message}, got {fault.get('input')!r}" if key else message) from None
