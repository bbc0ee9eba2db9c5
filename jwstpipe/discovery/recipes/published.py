"""Colours that were published with a picture of a target, as the recipes of `jwstpipe.display.presets` have them."""

from dataclasses import dataclass

from jwstpipe.discovery.targets.normal_form import normal_form
from jwstpipe.discovery.targets.table import Target
from jwstpipe.display.presets.load import load_preset, recipe_names
from jwstpipe.names.passband import wavelength_um

__all__ = ["Published", "published_for"]

_GENERAL = {"deep-field": "deep field"}
"""Imitations for a whole category of targets."""


@dataclass(frozen=True)
class Published:
    """Colours by filter."""

    name: str
    """Of the recipe, as ``ngc-3132-nircam``."""

    title: str
    colours: dict[str, str]
    """Colour word by filter."""

    source: str | None
    """Address or release; None for an imitation."""

    def instrument_of(self, name: str) -> str:
        """Give the instrument of one of its filters: MIRI beyond 5 um, else NIRCam."""
        return "MIRI" if (wavelength_um(name) or 0.0) > 5.0 else "NIRCam"


def published_for(target: Target | None) -> tuple[Published, ...]:
    """Find the recipes of a target: published ones first, then imitations; the most filters first."""
    if target is None:
        return ()
    forms = [normal_form(name) for name in target.names]
    found = []
    for name in recipe_names():
        whole = normal_form(name)
        own = any(whole == form or whole in (f"{form}nircam", f"{form}miri", f"{form}nircammiri") for form in forms)
        if own or _GENERAL.get(name) == target.category:
            preset = load_preset(name)
            lead, _, told = preset.description.partition(":")
            source = (told.strip() or "release") if lead.strip() == "published colours" else None
            found.append(Published(name, preset.title, dict(preset.colours), source))
    return tuple(sorted(found, key=lambda one: (one.source is None, -len(one.colours), one.name)))
