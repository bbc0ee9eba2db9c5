"""Lines as people name them."""

from dataclasses import dataclass

from jwstpipe.errors import UsageError

__all__ = ["NamedLine", "named_line"]


@dataclass(frozen=True)
class NamedLine:
    """A line with a place."""

    name: str
    rest_um: float
    """Vacuum, um."""


def named_line(text: str) -> NamedLine:
    """Find a line: a rest wavelength in um, or ``NAME=UM``.

    Raises
    ------
    UsageError
        Neither.
    """
    name, _, number = text.rpartition("=")
    try:
        rest = float(number)
    except ValueError:
        rest = 0.0
    if not 0.05 < rest < 1000.0:
        raise UsageError(f"line {text!r}: give its rest wavelength in um, as 5.340169, or NAME=UM")
    return NamedLine(name.strip() or f"{rest:g} um", rest)
