"""What the facts of a cleaned exposure say: whether anything was taken or masked, and how much in a few words."""

from collections.abc import Mapping
from typing import Any

__all__ = ["changed", "in_words", "light_taken", "pixels_masked"]


def light_taken(facts: Mapping[str, Any]) -> float:
    """Give the rms of the light that was taken, in the unit of the exposure."""
    return float(facts.get("taken_rms", 0.0))


def pixels_masked(facts: Mapping[str, Any]) -> int:
    """Give the number of pixels that were usable and are masked now."""
    return sum(int(part.get("masked", 0)) for part in facts.values() if isinstance(part, Mapping))


def changed(facts: Mapping[str, Any]) -> bool:
    """Tell whether an exposure is another one after cleaning."""
    return light_taken(facts) > 0.0 or pixels_masked(facts) > 0


def in_words(facts: Mapping[str, Any]) -> dict[str, str]:
    """Give what was measured before and after, and the amount, as a row for people.

    Parameters
    ----------
    facts
        `jwstpipe.cleaning.exposure.Cleaned.facts`.
    """
    stripes = facts.get("stripes", {})
    known = {axis: one for axis, one in stripes.items() if "before" in one}
    return {
        "stripes before": ", ".join(f"{one['before']:.2f} {axis}" for axis, one in known.items()) or "-",
        "after": ", ".join(f"{one['after' if one['taken'] else 'before']:.2f}" for one in known.values()) or "-",
        "light taken, rms": f"{light_taken(facts):.3g}" if light_taken(facts) else "none",
        "over noise": f"{light_taken(facts) / facts['noise']:.2f}" if facts.get("noise") else "-",
        "pixels masked": f"{pixels_masked(facts):,}",
    }
