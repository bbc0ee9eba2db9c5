"""The look of a picture: a preset with the options of a request on top."""

from typing import Any

from jwstpipe.display.presets.load import load_preset
from jwstpipe.display.presets.model import Preset
from jwstpipe.requests import CompositeRequest, LookOptions, joined_options

__all__ = ["resolve_look", "with_preset_options"]

_TAKEN_OVER = ("saturation", "vibrancy", "hue", "denoise", "mixing", "neutralise")
_SHARPENING = {"sharpen": "amount", "sharpen_radius": "radius", "sharpen_threshold": "threshold"}


def resolve_look(options: CompositeRequest) -> Preset:
    """Load the preset of a request, with its recipe's colours and every wish that goes before it.

    Raises
    ------
    UsageError
        An unknown preset or recipe, or a preset file with a fault.
    """
    look = load_preset(options.preset)
    changes: dict[str, Any] = {
        name: getattr(options, name) for name in _TAKEN_OVER if getattr(options, name) is not None
    }
    if options.recipe is not None:
        changes["colours"] = {**look.colours, **load_preset(options.recipe).colours}
    sharpening = {
        part: getattr(options, name) for name, part in _SHARPENING.items() if getattr(options, name) is not None
    }
    if sharpening:
        changes["sharpen"] = look.sharpen.model_copy(update=sharpening)
    return look.model_copy(update=changes)


def with_preset_options(options: CompositeRequest) -> CompositeRequest:
    """Take over the options that the preset of a request brings, where the request has none of its own."""
    brought = _given_options(load_preset(options.preset).options)
    return options.model_copy(update=joined_options(brought, _given_options(options)))


def _given_options(options: LookOptions) -> dict[str, Any]:
    """Give the options that were given; those of single channels are matched to images, see `image_looks`."""
    return {name: getattr(options, name) for name in options.model_dump(exclude_defaults=True, exclude={"channels"})}
