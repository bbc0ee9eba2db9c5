"""The verbs of a batch: which there are, their options, and which products of a catalogue they are done to."""

from collections.abc import Sequence
from typing import Any, get_origin

from jwstpipe.catalog.records.models import ProductRecord
from jwstpipe.errors import UsageError
from jwstpipe.operations.make.fitting_inputs import fitting_inputs
from jwstpipe.operations.registry import LISTED, operation_named
from jwstpipe.operations.spec import Operation
from jwstpipe.requests import Request, validated
from jwstpipe.requests.analysis.statistics import StatisticsRequest

__all__ = ["STATS", "batch_form", "batch_inputs", "batch_kinds", "batch_options", "verb_named"]

STATS = "stats"
"""The verb that makes no product: its rows are statistics."""


def verb_named(name: str) -> Operation[Any] | None:
    """Find a verb; None = statistics.

    Raises
    ------
    UsageError
        None of this name, or one that makes one thing of several.
    """
    if name == STATS:
        return None
    if name not in LISTED or not _is_single(operation_named(name)):
        fitting = sorted(word for word in LISTED if _is_single(operation_named(word)))
        raise UsageError(f"{name}: no verb that is done to single products; there are {', '.join([STATS, *fitting])}")
    return operation_named(name)


def _is_single(operation: Operation[Any]) -> bool:
    return operation.singly or not operation.several


def batch_kinds(verb: str) -> tuple[Any, ...]:
    """Tell which kinds of products a verb is done to."""
    operation = verb_named(verb)
    return ("image", "mosaic") if operation is None else operation.of


def batch_form(verb: str, form: str) -> str:
    """Give the end of the names of what a verb makes: the one that is asked for, or its usual one.

    Raises
    ------
    UsageError
        The verb makes no such files; the message lists what it makes.
    """
    operation = verb_named(verb)
    if operation is None or not form:
        return "" if operation is None else operation.forms[0]
    ending = f".{form.lower().removeprefix('.')}"
    if ending not in operation.forms:
        raise UsageError(f"form {form}: {verb} makes {', '.join(one.removeprefix('.') for one in operation.forms)}")
    return ending


def batch_inputs(verb: str, records: Sequence[ProductRecord]) -> list[ProductRecord]:
    """Choose the products that a verb is done to, where nobody named any; see `fitting_inputs`."""
    operation = verb_named(verb)
    return list(records) if operation is None else fitting_inputs(operation, records)


def batch_options(verb: str, words: Sequence[str]) -> Request:
    """Read the options of a verb from words like ``threshold=5``; several values stand with commas between them.

    Raises
    ------
    UsageError
        No such verb or option, or a value that is refused.
    """
    operation = verb_named(verb)
    model: type[Request] = StatisticsRequest if operation is None else operation.request
    values: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in model.model_fields:
            raise UsageError(
                f"{word}: an option of {verb} is written NAME=VALUE; there are {', '.join(model.model_fields)}"
            )
        several = get_origin(model.model_fields[name].annotation) is tuple
        values[name] = tuple(part.strip() for part in value.split(",")) if several else value.strip()
    return validated(model, **values)
