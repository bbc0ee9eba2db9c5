"""When each user looked last at what is new, kept in the home folder."""

import json
from pathlib import Path

from jwstpipe.storage import aside

__all__ = ["last_look", "note_look"]

_NOBODY = "(site)"


def last_look(home: Path, user: str | None = None) -> float | None:
    """Give the time of the last look, seconds since 1970; None = never, or not readable."""
    try:
        value = json.loads(_path(home).read_text(encoding="utf-8")).get(user or _NOBODY)
    except (OSError, ValueError, AttributeError):
        return None
    return float(value) if isinstance(value, int | float) else None


def note_look(home: Path, when: float, user: str | None = None) -> None:
    """Keep the time of a look."""
    path = _path(home)
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        held = {}
    with aside(path) as partial:
        partial.write_text(json.dumps({**(held if isinstance(held, dict) else {}), user or _NOBODY: when}, indent=1))


def _path(home: Path) -> Path:
    return home.expanduser() / "discovery" / "looks.json"
