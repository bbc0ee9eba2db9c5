"""``FILE[SCI,2]``: which image of a file is meant."""

import re

__all__ = ["split_choice"]

_CHOICE = re.compile(r"^(?P<file>.+)\[(?P<name>[^\[\],]+)(?:,(?P<version>\d+))?\]$")


def split_choice(address: str) -> tuple[str, tuple[str, int | None] | None]:
    """Take ``FILE[SCI,2]`` apart into the file and what is chosen of it: a name and version, or a number of an HDU.

    Returns
    -------
    str, tuple or None
        The file; name (or number, as text) and version. None where nothing is chosen.
    """
    found = _CHOICE.match(address)
    if found is None:
        return address, None
    version = None if found["version"] is None else int(found["version"])
    return found["file"], (found["name"].strip(), version)
