"""The look of a picture: a preset with the wishes of a request on top."""

from typing import Any

from jwstpipe.display.presets.load import load_preset
from jwstpipe.display.presets.model import Preset
from jwstpipe.requests import CompositeRequest, LookWishes, joined_wishes

__all__ = ["resolve_look", "with_preset_wishes"]

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


def with_preset_wishes(options: CompositeRequest) -> CompositeRequest:
    """Take over the wishes that the preset of a request brings, where the request has none of its own."""
    brought = _made_wishes(load_preset(options.preset).wishes)
    return options.model_copy(update=joined_wishes(brought, _made_wishes(options)))


def _made_wishes(options: LookWishes) -> dict[str, Any]:
    """Give the wishes that were made; those of single channels are matched to images, see `image_looks`."""
    return {name: getattr(options, name) for name in options.model_dump(exclude_defaults=True, exclude={"channels"})}
