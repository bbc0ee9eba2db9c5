"""What a job asks whose operation has no form of its own: the options of the operation, and of which products."""

from functools import lru_cache
from typing import Any, Literal

from pydantic import create_model

from jwstpipe.operations.registry import LISTED, operation_named
from jwstpipe.operations.spec import Operation
from jwstpipe.requests import CatalogSelection, Request, option
from jwstpipe.requests.fields.shared import MaxFiles

__all__ = ["ProductsAsked", "job_request", "options_of"]


class ProductsAsked(CatalogSelection):
    """Of which products of the catalogue something is made."""

    max_files: MaxFiles = 1_000


@lru_cache
def job_request(name: str) -> type[Request]:
    """Give what the job of an operation asks.

    Parameters
    ----------
    name
        Of the operation. One whose line in the list names no form gets one of all its options, of the selection of
        products, and of the choice of a file format where there is one.

    Raises
    ------
    UsageError
        No such operation.
    """
    operation, line = operation_named(name), LISTED[name]
    if line.job_request is not None:
        return line.job_request
    forms = tuple(form.removeprefix(".") for form in operation.file_forms)
    choice: dict[str, Any] = {}
    if len(forms) > 1:
        choice["form"] = (Literal[forms], option(forms[0], help="file format", group="File"))
    title = "".join(part.capitalize() for part in name.split("-"))
    return create_model(f"{title}Request", __base__=(operation.request, ProductsAsked), __doc__=line.summary, **choice)


def options_of(operation: Operation[Any], asked: Request) -> Request:
    """Take the options of an operation out of what its job asks."""
    options: Request = operation.request(**{name: getattr(asked, name) for name in operation.request.model_fields})
    return options
