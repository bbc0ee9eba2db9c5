"""What was found of spectra as one row of numbers and words, for tables of many of them."""

from collections.abc import Mapping
from typing import Any

__all__ = ["spectral_row"]

OF_A_SPECTRUM = ("title", "unit", "column", "samples", "valid")


def spectral_row(results: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten the results of ``spectrum`` and ``lines``.

    Returns
    -------
    dict
        Spectra and samples, the redshift, how many lines were found, and of each line its flux and error (of those
        that were not found their limit) and velocity, as ``Pa alpha flux``; of several spectra, the first one that has
        the line.
    """
    spectra = results.get("spectra") or []
    row: dict[str, Any] = {"spectra": len(spectra)}
    if spectra:
        first = spectra[0]
        row |= {name: first[name] for name in OF_A_SPECTRUM if name in first}
        low, high = first.get("between") or (None, None)
        row |= {"from_um": low, "to_um": high}
    row["redshift"] = results.get("redshift")
    found = results.get("redshift_found") or {}
    row |= {"redshift_error": found.get("error"), "redshift_words": found.get("words")}
    lines = results.get("lines") or []
    row["lines_found"] = sum(line.get("flux") is not None for line in lines) if lines else None
    for line in lines:
        name = str(line["line"])
        wanted = ("flux", "flux_err", "velocity") if line.get("flux") is not None else ("limit",)
        for key in wanted:
            row.setdefault(f"{name} {key}", line.get(key))
    return {key: value for key, value in row.items() if value is not None}
