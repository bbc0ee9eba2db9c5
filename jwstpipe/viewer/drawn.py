"""What is drawn over a view, as the overlays and annotations of a picture: a saved view then shows it, too."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from jwstpipe.errors import UsageError
from jwstpipe.requests.composite import Overlay
from jwstpipe.requests.fields.angles import position_in

__all__ = ["drawn_options"]

MOST_POSITIONS = 4000
"""Most sources that a page draws at a time."""

_SHAPE = re.compile(
    r"\s*(?:(icrs|fk5|image|physical)\s*;)?\s*(circle|box|ellipse|polygon|point)\s*\(([^)]*)\)(.*)", re.IGNORECASE
)
_LABEL = re.compile(r"#.*?text\s*=\s*(?:\{([^}]*)\}|\"([^\"]*)\"|'([^']*)')")
_UNITS = {'"': 1.0, "'": 60.0}
_COLOUR = "#ffd166"
"""Of regions on the page."""

_CORNERS = 48


def drawn_options(
    overlays: Sequence[str], regions: Sequence[str], positions: Sequence[tuple[float, float]] = ()
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Say as options of `composite` what a view shows over its images.

    Parameters
    ----------
    overlays
        Of the view.
    regions
        Lines of DS9.
    positions
        RA and Dec, degrees, of the sources that are drawn.

    Returns
    -------
    dict, tuple of str
        Options ``overlays``, ``sources``, ``annotations``, as far as there is something to draw; and what a picture
        does not draw.

    Raises
    ------
    UsageError
        More positions than a page draws.

    Examples
    --------
    >>> drawn_options(["grid", "footprints"], [])
    ({'overlays': ('grid',)}, ('a picture has no footprints: left out',))
    """
    if len(positions) > MOST_POSITIONS:
        raise UsageError(f"a page draws at most {MOST_POSITIONS:,} sources, not {len(positions):,}")
    known = [name for name in overlays if name in get_args(Overlay) and (name != "sources" or positions)]
    notes = [f"a picture has no {name}: left out" for name in overlays if name not in get_args(Overlay)]
    if "sources" in overlays and not positions:
        notes.append("the sources of a view stand in its table: name it with --sources")
    found: dict[str, Any] = {"overlays": tuple(known)} if known else {}
    if "sources" in known:
        lines = [f"{float(ra)!r},{float(dec)!r}" for ra, dec in positions]
        found["sources"] = "\n".join(["ra,dec", *lines, ""])
    shapes = [(line, _annotation(line)) for line in regions]
    notes += [f"a picture draws regions on the sky alone, not {line[:60]}" for line, shape in shapes if shape is None]
    if any(shape for _, shape in shapes):
        found["annotations"] = "\n".join(shape for _, shape in shapes if shape)
    return found, tuple(notes)


def _annotation(line: str) -> str | None:
    """Write a region as an annotation; None for one that does not lie on the sky, or is no shape that can be drawn."""
    found = _SHAPE.fullmatch(line)
    if found is None or (found[1] or "icrs").lower() in ("image", "physical"):
        return None
    kind, words = found[2].lower(), [word.strip() for word in found[3].split(",")]
    named = _LABEL.search(found[4])
    label = "" if named is None else next((part for part in named.groups() if part), "")
    try:
        return _written(kind, words, label)
    except (ValueError, IndexError):
        return None


def _written(kind: str, words: Sequence[str], label: str) -> str | None:
    if kind == "polygon":
        corners = [_place(words[n : n + 2]) for n in range(0, len(words) - 1, 2)]
        return _table("polygon", label, at=corners[0], corners=corners) if len(corners) > 2 else None
    at = _place(words[:2])
    if kind == "point":
        return _table("text", label, at=at) if label else None
    sizes = [_length(word) for word in words[2:4]]
    angle = float(words[4]) if len(words) > 4 else 0.0
    if kind == "circle":
        return _table("circle", label, at=at, radius=sizes[0])
    if kind == "box":
        return _table("box", label, at=at, width=sizes[0], height=sizes[1], angle=angle)
    return _table("polygon", label, at=at, corners=list(_ellipse(at, sizes[0], sizes[1], angle)))


def _ellipse(at: Sequence[float], a: float, b: float, angle: float) -> Iterable[list[float]]:
    """Walk around an ellipse whose first axis points `angle` degrees from west over north, as DS9 has it."""
    turn = math.radians(angle)
    for number in range(_CORNERS):
        t = 2.0 * math.pi * number / _CORNERS
        x, y = a * math.cos(t), b * math.sin(t)
        west, north = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
        dec = at[1] + north / 3600.0
        yield [at[0] - west / 3600.0 / max(math.cos(math.radians(dec)), 1e-6), dec]


def _place(words: Sequence[str]) -> list[float]:
    found = position_in(",".join(words))
    if found is None:
        raise ValueError(f"no position: {words}")
    return [float(found[0]), float(found[1])]


def _length(word: str) -> float:
    """Read a length of DS9, arcseconds: degrees where it has no unit."""
    return float(word[:-1]) * _UNITS[word[-1]] if word[-1:] in _UNITS else float(word) * 3600.0


def _table(kind: str, label: str, **values: Any) -> str:
    """Write a table of TOML; numbers to their last digit."""
    given = {**values, "colour": _COLOUR, **({"text": label} if label else {})}
    return "\n".join([f"[[{kind}]]", *(f"{name} = {json.dumps(value)}" for name, value in given.items()), ""])
