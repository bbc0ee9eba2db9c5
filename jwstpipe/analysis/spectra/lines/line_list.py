"""The list of lines: vacuum wavelengths with source and uncertainty; hydrogen by its formula."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from jwstpipe.errors import UsageError

__all__ = ["C_KMS", "SpectralLine", "hydrogen", "line_list", "lines_between", "lines_named"]

C_KMS = 299792.458
"""Speed of light, km/s."""

RYDBERG = 10.96775834
"""Of hydrogen, per micrometre; wavelengths are within 2.3 km/s of the tabulated means (Mohr et al. 2008)."""

_SERIES = {1: "Ly", 2: "H", 3: "Pa", 4: "Br", 5: "Pf", 6: "Hu", 7: "H 7"}
_GREEK = {1: ("alpha", "\u03b1"), 2: ("beta", "\u03b2"), 3: ("gamma", "\u03b3"), 4: ("delta", "\u03b4")}
_HIGHEST = {1: 3, 2: 7, 3: 10, 4: 14, 5: 12, 6: 12, 7: 10}
"""Upper levels that are looked for."""

_STRONG = {(1, 2), (2, 3), (2, 4), (3, 4), (3, 5), (4, 5), (3, 6), (4, 6), (4, 7)}
_USUAL = {(2, 5), (3, 7), (4, 8), (5, 6), (5, 7), (5, 8), (6, 7), (3, 8), (4, 9), (4, 10), (4, 11)}


_MEANS = {
    (3, 4): 1.875613, (3, 5): 1.282159, (3, 6): 1.094109, (3, 7): 1.005213, (4, 5): 4.052262, (4, 6): 2.625867,
    (4, 7): 2.166120, (4, 8): 1.945087, (5, 6): 7.459858, (5, 7): 4.653778, (5, 8): 3.740556, (5, 9): 3.296992,
    (6, 7): 12.371898, (6, 8): 7.502493, (6, 9): 5.908213, (6, 10): 5.128657, (7, 8): 19.061898, (2, 3): 0.656464,
    (2, 4): 0.486269,
}  # fmt: skip
"""Means of the fine structure (Mohr et al. 2008), by levels; others follow from the formula."""


@dataclass(frozen=True)
class SpectralLine:
    """A line, or a broader feature, at rest in vacuum."""

    name: str
    label: str
    """For plots, with Greek letters."""

    wavelength: float
    """Micrometres."""

    uncertainty: float
    """Of the wavelength, micrometres."""

    source: str
    strength: int
    """1 strong, 2 usual, 3 weak or seldom."""

    tie: str = ""
    """Lines of one tie have one width and velocity."""

    ratio: float | None = None
    """Of the flux to that of the others of its tie, where physics fixes it."""

    kind: Literal["line", "band", "head", "ice"] = "line"


def hydrogen(lower: int, upper: int) -> SpectralLine:
    """Give a line of hydrogen: its tabulated mean, else ``lambda = 1 / (R (1/lower^2 - 1/upper^2))``.

    Examples
    --------
    >>> round(hydrogen(3, 5).wavelength, 6)
    1.282159
    """
    wavelength = 1.0 / (RYDBERG * (1.0 / lower**2 - 1.0 / upper**2))
    name = _SERIES[lower]
    step = upper - lower
    if lower == 7:
        words = (f"H {upper}-7", f"H {upper}\u20137")
    elif step in _GREEK:
        words = (f"{name} {_GREEK[step][0]}", f"{name}{_GREEK[step][1]}")
    else:
        words = (f"{name} {upper}", f"{name}{upper}")
    strength = 1 if (lower, upper) in _STRONG else 2 if (lower, upper) in _USUAL else 3
    mean = _MEANS.get((lower, upper))
    if mean is not None:
        return SpectralLine(*words, mean, 2e-6, "Mohr et al. 2008, mean of the fine structure", strength)
    told = "Rydberg formula, within 2.3 km/s of Mohr et al. 2008"
    return SpectralLine(*words, wavelength, wavelength * 2.3 / C_KMS, told, strength)


@cache
def line_list() -> tuple[SpectralLine, ...]:
    """Give all lines in the order of their wavelengths."""
    text = resources.files("jwstpipe.analysis.spectra.lines").joinpath("lines.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    found = [
        SpectralLine(
            row["name"], row["label"], float(row["wavelength"]), float(row["uncertainty"]), row["source"],
            int(row["strength"]), row["tie"], float(row["ratio"]) if row["ratio"] else None, row["kind"],  # type: ignore[arg-type]
        )
        for row in rows
    ]  # fmt: skip
    found += [hydrogen(lower, upper) for lower, most in _HIGHEST.items() for upper in range(lower + 1, most + 1)]
    return tuple(sorted(found, key=lambda line: line.wavelength))


def lines_between(
    low: float, high: float, *, redshift: float = 0.0, weakest: int = 3, kinds: tuple[str, ...] = ("line",)
) -> list[SpectralLine]:
    """Find the lines that are observed between two wavelengths, micrometres, at a redshift."""
    return [
        line
        for line in line_list()
        if low <= line.wavelength * (1.0 + redshift) <= high and line.strength <= weakest and line.kind in kinds
    ]


def lines_named(words: tuple[str, ...]) -> list[SpectralLine]:
    """Find lines by name, label or rest wavelength (within a thousandth), as ``Pa beta``, ``H2 1-0 S(1)``, ``1.644``.

    Raises
    ------
    UsageError
        No such line; the message names close ones.
    """
    return [_named(word) for word in words]


def _named(word: str) -> SpectralLine:
    plain = _key(word)
    for line in line_list():
        if plain in (_key(line.name), _key(line.label)):
            return line
    try:
        wanted = float(word)
    except ValueError:
        wanted = 0.0
    if wanted > 0.0:
        closest = min(line_list(), key=lambda line: abs(line.wavelength - wanted))
        if abs(closest.wavelength / wanted - 1.0) < 1e-3:
            return closest
    begun = [line for line in line_list() if plain and _key(line.name).startswith(plain)]
    if len(begun) == 1:
        return begun[0]
    from difflib import get_close_matches  # noqa: PLC0415 - only a typo needs it

    close = [line.name for line in begun] or get_close_matches(word, [line.name for line in line_list()], 4, 0.4)
    hint = f"; did you mean {', '.join(close[:6])}" if close else ""
    raise UsageError(f"{word!r}: no line of the list{hint}")


def _key(word: str) -> str:
    greek = {symbol: name for name, symbol in _GREEK.values()}
    spelled = "".join(greek.get(letter, letter) for letter in word)
    return spelled.lower().replace(" ", "").replace("\u2082", "2").replace("-", "").replace("\u2013", "")
