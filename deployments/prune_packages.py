"""Which installed packages running jwstpipe does not need: those of tests and linters, which the lock pins as well.

    python deployments/prune_packages.py pyproject.toml server hips | xargs pip uninstall --yes

prints the name of every package that is no requirement, near or far, of the project or of the extras named. So one
lock, with one hash for every file, serves the laptop, the tests and the image.
"""

import sys
import tomllib
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

__all__ = ["main", "needed", "unneeded"]

KEPT = frozenset({"jwstpipe", "pip", "setuptools"})


def needed(wanted: Iterable[str]) -> set[str]:
    """Follow requirements to all packages that they stand for, by what the installed ones say of themselves."""
    waiting = [Requirement(text) for text in wanted]
    found: dict[str, set[str]] = {}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found and requirement.extras <= found[name]:
            continue
        extras = found.setdefault(name, set())
        extras |= requirement.extras
        try:
            more = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:  # for another platform
            continue
        waiting += [one for one in more if _holds(one, extras)]
    return set(found)


def _holds(requirement: Requirement, extras: Iterable[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def unneeded(pyproject: Path, extras: Sequence[str]) -> list[str]:
    """List the installed packages that the project and these of its extras do not need.

    Raises
    ------
    ValueError
        There is no such extra.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    known: dict[str, list[str]] = project["optional-dependencies"]
    unknown = sorted(set(extras) - set(known))
    if unknown:
        raise ValueError(f"{pyproject} has no extra {unknown[0]!r}; it has {', '.join(known)}")
    wanted = needed([*project["dependencies"], *(text for extra in extras for text in known[extra])])
    installed = {canonicalize_name(distribution.name) for distribution in distributions()}
    return sorted(installed - wanted - KEPT)


def main() -> None:
    """Run as a command."""
    try:
        sys.stdout.write("\n".join(unneeded(Path(sys.argv[1]), sys.argv[2:])) + "\n")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
