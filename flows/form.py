"""The form of a job: target first, choices as lists, and what is seldom needed behind one group."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from jwstpipe.display.presets.load import preset_names, recipe_names
from jwstpipe.names.optics import INSTRUMENTS
from jwstpipe.requests import Request
from jwstpipe.requests.base import spelling_of
from jwstpipe.requests.fields.grouped import SELDOM

__all__ = ["AsForm"]

FEW = 10
"""A form of no more fields than these has no group."""

OFTEN = frozenset({"Selection", "Options", "Picture", "File", "Line", "Lines", "Place"})
"""Headings whose fields are shown at once; a field may say itself that it is needed often."""

LISTS: dict[str, Callable[[], tuple[str, ...]]] = {
    "preset": preset_names,
    "recipe": recipe_names,
    "instrument": lambda: tuple(INSTRUMENTS.values()),
}
"""Fields that take words of a list and, in a second tab, others: names and files of one's own, other spellings."""


class AsForm:
    """Marks the parameter of a flow: its JSON schema, from which Prefect draws the form, is arranged for a person.

    What the schema takes stays what the request takes: a seldom used field may stand in the group or beside it, and
    one that there is not is refused by the server.
    """

    def __init__(self, model: type[Request]) -> None:
        self._model = model

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Arrange what pydantic writes."""
        schema = handler(core)
        _arrange(handler.resolve_ref_schema(schema), self._model)
        return schema


def _arrange(schema: dict[str, Any], model: type[Request]) -> None:
    fields: dict[str, Any] = schema["properties"]
    for name, field in fields.items():
        if name in LISTS:
            _offer(field, LISTS[name]())
    order = sorted(fields, key=lambda name: (name != "target", name not in schema.get("required", ())))
    rest = [name for name in order if not _often(model, name)] if len(order) > FEW else []
    seldom = rest if len(rest) > 1 else []
    schema["properties"] = {name: fields[name] for name in order if name not in seldom}
    if seldom:
        schema["properties"][SELDOM] = _group({name: fields[name] for name in seldom})
        schema["patternProperties"] = {f"^{name}$": _beside(fields[name]) for name in seldom}


def _beside(field: Mapping[str, Any]) -> dict[str, Any]:
    """Let a choice be empty where the server does not see to it: it does for what it shows, by itself."""
    empty = None in field.get("enum", ())
    return {**field, "type": [field["type"], "null"]} if empty else dict(field)


def _often(model: type[Request], name: str) -> bool:
    field = model.model_fields[name]
    spelling = spelling_of(field)
    return field.is_required() or (spelling.group in OFTEN if spelling.often is None else spelling.often)


def _group(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Write a group that is closed until somebody opens it: Prefect shows a choice between nothing and an object so."""
    names = ", ".join(str(field["title"]).lower() for field in fields.values())
    opened = {"type": "object", "title": "change them", "properties": dict(fields), "additionalProperties": False}
    return {
        "title": "Seldom Used",
        "description": f"as usual, or to be changed: {names}",
        "anyOf": [{"type": "null", "title": "as usual"}, opened],
        "default": None,
    }


def _offer(field: dict[str, Any], words: tuple[str, ...]) -> None:
    """Write a text as a list of words, with a tab for every other text; one that may be left empty as a third."""
    text = next((part for part in field.get("anyOf", ()) if part.get("type") == "string"), None)
    rest = {key: field.pop(key) for key in ("type", "minLength", "maxLength") if key in field}
    choices = [{"type": "string", "title": "of the list", "enum": list(words)}, {**(text or rest), "title": "other"}]
    field["anyOf"] = [*([] if text is None else [{"type": "null", "title": "empty"}]), *choices]
