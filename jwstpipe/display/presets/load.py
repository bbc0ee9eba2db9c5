"""Presets by name, from files, and recipes by target."""

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from jwstpipe.display.presets.model import Preset
from jwstpipe.errors import DataError, UsageError
from jwstpipe.storage.bounded import read_document

__all__ = ["DEFAULT_PRESET", "load_preset", "preset_names", "recipe_names", "slug"]

DEFAULT_PRESET = "balanced"

_RECIPE_LOOK = "balanced"
MOST_PRESET = 1 << 20
"""Largest preset file, bytes."""

_HERE = "jwstpipe.display.presets"


def load_preset(name: str) -> Preset:
    """Find a look: one of ours by name, a published recipe by its target, or a preset file.

    Parameters
    ----------
    name
        As ``nasa-press`` or ``NASA Press``; ``ngc-3132-nircam``, or ``NGC 3132`` for all instruments; or the path
        of a ``.toml`` file; or the text of one, which has more than one line.

    Raises
    ------
    UsageError
        No such preset, or a file with a value that is wrong; the message names it.
    NotFoundError
        No such file.
    """
    if "\n" in name:
        return _from_text(name, "the preset in the request")
    if name.lower().endswith(".toml"):
        try:
            text = read_document(name, most=MOST_PRESET).decode("utf-8")
        except UnicodeDecodeError:
            raise DataError(f"{name}: not a text file in UTF-8, so no preset") from None
        return _from_text(text, name)
    word = slug(name)
    if word in preset_names():
        return _own(word)
    recipes = _recipes()
    fitting = [recipes[one] for one in recipes if one == word or one.startswith(f"{word}-")]
    if fitting:
        colours = {name: colour for recipe in reversed(fitting) for name, colour in recipe["colours"].items()}
        update = {"title": fitting[0]["title"], "description": fitting[0]["description"], "colours": colours}
        return load_preset(_RECIPE_LOOK).model_copy(update=update)
    raise UsageError(
        f"no preset {name!r}; the looks are {', '.join(preset_names())}, the recipes {', '.join(recipe_names())};"
        " or give a preset file (.toml)"
    )


@cache
def _own(word: str) -> Preset:
    """Read a preset that comes with jwstpipe; a slider asks for the same one many times a second."""
    return _from_text(files(_HERE).joinpath(f"{word}.toml").read_text(encoding="utf-8"), word)


@cache
def preset_names() -> tuple[str, ...]:
    """Give the names of the looks that come with jwstpipe."""
    found = [entry.name for entry in files(_HERE).iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(name.removesuffix(".toml") for name in found))


def recipe_names() -> tuple[str, ...]:
    """Give the names of the colour recipes, by target and instrument."""
    return tuple(_recipes())


def slug(name: str) -> str:
    """Spell a name as presets are spelt: lower case, hyphens."""
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


@cache
def _recipes() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(files(_HERE).joinpath("recipes.json").read_text(encoding="utf-8"))
    return found


def _from_text(text: str, name: str) -> Preset:
    try:
        return Preset.model_validate(tomllib.loads(text))
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        raise UsageError(f"{name}: {key}: {message}, got {fault.get('input')!r}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: not a TOML file: {' '.join(str(error).split())[:200]}") from None
