"""Lines as people name them."""

from dataclasses import dataclass

from jwstpipe.analysis.spectra.lines.line_list import lines_named
from jwstpipe.errors import UsageError

__all__ = ["NamedLine", "named_line"]


@dataclass(frozen=True)
class NamedLine:
    """A line with a place."""

    name: str
    rest_um: float
    """Vacuum, um."""


def named_line(text: str) -> NamedLine:
    """Find a line: by its name in the list of lines, a rest wavelength in um, or both as ``NAME=UM``.

    Raises
    ------
    UsageError
        None of these; the message names lines that are close.

    Examples
    --------
    >>> named_line("Pa beta").rest_um
    1.282159
    """
    name, equals, number = text.rpartition("=")
    try:
        rest = float(number)
    except ValueError:
        if equals:
            raise UsageError(f"line {text!r}: behind = stands its rest wavelength in um, as 5.340169") from None
        (line,) = lines_named((text,))
        return NamedLine(line.name, line.wavelength)
    if not 0.05 < rest < 1000.0:
        raise UsageError(f"line {text!r}: its rest wavelength is between 0.05 and 1000 um")
    return NamedLine(name.strip() or f"{rest:g} um", rest)
