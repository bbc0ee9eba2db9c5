"""A look that was found by trying, written to a preset file."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jwstpipe.display.presets.load import load_preset
from jwstpipe.errors import UsageError
from jwstpipe.requests import ChannelLook, CompositeRequest, LookOptions, joined_options
from jwstpipe.storage import aside

__all__ = ["check_preset_file", "save_preset"]


def check_preset_file(out: Path | str) -> Path:
    """Refuse a name that no preset is loaded by.

    Raises
    ------
    UsageError
        It does not end in .toml.
    """
    path = Path(out)
    if path.suffix.lower() != ".toml":
        raise UsageError(f"{path}: a preset is a TOML file; end its name in .toml")
    return path


def save_preset(
    options: CompositeRequest,
    out: Path | str,
    *,
    colours: Mapping[str, str] | None = None,
    channels: Sequence[ChannelLook] = (),
) -> Path:
    """Write the preset of a request, with all that was asked for on top, so that loading it gives the same picture.

    Parameters
    ----------
    options
        Request that a picture was made by. What belongs to one picture alone (size, crop, canvas, overlays, format)
        is not kept.
    out
        ``.toml`` to write.
    colours
        ``COLOUR`` or ``COLOUR*WEIGHT`` by filter, where channels were given colours by hand.
    channels
        Looks of single channels, named by their filters, in the place of those of the request: a preset is for other
        images than those that it was found with.
    """
    path = check_preset_file(out)
    look = load_preset(options.preset)
    given = options.model_dump(exclude_defaults=True, include=set(LookOptions.model_fields) - {"channels"})
    looks = {one.image.upper(): one for one in (*look.options.channels, *channels)}
    if looks:
        given["channels"] = [one.text() for one in looks.values()]
    content = look.model_dump(exclude_defaults=True) | {"title": path.stem, "description": f"made from {look.title}"}
    content["options"] = joined_options(look.options.model_dump(exclude_defaults=True), given)
    content["colours"] = {**look.colours, **(colours or {})}
    with aside(path) as partial:
        partial.write_text(_toml(content), encoding="utf-8")
    return path


def _toml(content: Mapping[str, Any]) -> str:
    """Write plain values, and tables one level deep."""
    plain = {key: value for key, value in content.items() if not isinstance(value, Mapping)}
    lines = [f"{key} = {_value(value)}" for key, value in plain.items()]
    for key, table in content.items():
        if isinstance(table, Mapping) and table:
            lines += ["", f"[{key}]", *(f"{json.dumps(name)} = {_value(value)}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return json.dumps(value)
