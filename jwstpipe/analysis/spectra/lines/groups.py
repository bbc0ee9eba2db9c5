"""Which lines are measured together, those that overlap or whose ratio is fixed, and which samples tell of others."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.spectra.lines.line_list import C_KMS, SpectralLine
from jwstpipe.analysis.spectra.resolution import SIGMAS, resolving_power
from jwstpipe.analysis.spectra.spectrum import Spectrum

__all__ = ["WINDOW", "clear_of", "close_gaps", "grouped", "instrument_width"]

Floats = NDArray[np.float64]

WINDOW = 6.0
"""Half width of a window, standard deviations of the line."""

UNRESOLVED = 0.7
"""Lines closer than so many full widths of the instrument are one line."""


def clear_of(
    spectrum: Spectrum, others: Sequence[SpectralLine], group: Sequence[SpectralLine], redshift: float
) -> Spectrum:
    """Mark the samples of other lines that lie near a group, and not within it, as not valid."""
    kept = np.ones(len(spectrum), bool)
    own = np.array([one.wavelength for one in group]) * (1.0 + redshift)
    for line in others:
        centre, half = line.wavelength * (1.0 + redshift), 1.2 * instrument_width(spectrum, line, redshift) / C_KMS
        if centre * (1.0 + half) < own[0] * 0.97 or centre * (1.0 - half) > own[-1] * 1.03:
            continue
        near = np.abs(spectrum.wavelength / centre - 1.0) < half
        about_own = (np.abs(spectrum.wavelength[:, None] / own - 1.0) < half).any(axis=1)
        kept &= ~near | about_own
    return replace(spectrum, valid=kept)


def close_gaps(waves: Floats, low: Floats, high: Floats) -> None:
    """Let no pixel be wider than its neighbour on the other side: beside a gap the middle between samples is far."""
    left, right = waves - low, high - waves
    narrow = np.minimum(left, right)
    low[:], high[:] = waves - np.minimum(left, 1.5 * narrow), waves + np.minimum(right, 1.5 * narrow)


def grouped(
    spectrum: Spectrum, lines: Sequence[SpectralLine], redshift: float, wanted: set[str]
) -> list[tuple[list[SpectralLine], dict[str, str]]]:
    """Put lines that overlap, or are tied and near, into groups; of lines that are one only the strongest is kept."""
    waves = spectrum.wavelength
    inside = [one for one in lines if waves[0] < one.wavelength * (1.0 + redshift) < waves[-1] and one.kind == "line"]
    ordered = sorted(inside, key=lambda one: one.wavelength)
    kept: list[SpectralLine] = []
    blended: dict[str, str] = {}
    for line in ordered:
        width = instrument_width(spectrum, line, redshift)
        if kept and not (line.tie and line.tie == kept[-1].tie):
            apart = (line.wavelength / kept[-1].wavelength - 1.0) * C_KMS
            if apart < UNRESOLVED * width:
                rank = [(one.name not in wanted, one.strength) for one in (kept[-1], line)]
                stronger, weaker = (line, kept[-1]) if rank[1] < rank[0] else (kept[-1], line)
                blended[stronger.name] = f"blended with {weaker.name}"
                kept[-1] = stronger
                continue
        kept.append(line)
    groups: list[list[SpectralLine]] = []
    for line in kept:
        if groups:
            apart = (line.wavelength / groups[-1][-1].wavelength - 1.0) * C_KMS
            if apart < WINDOW / SIGMAS * 1.2 * instrument_width(spectrum, line, redshift):
                groups[-1].append(line)
                continue
        groups.append([line])
    return [(group, blended) for group in _tied(groups)]


def _tied(groups: list[list[SpectralLine]]) -> list[list[SpectralLine]]:
    """Join groups whose lines are tied and lie within 3 %."""
    joined: list[list[SpectralLine]] = []
    for group in groups:
        ties = {one.tie for one in group if one.tie}
        near = joined and group[0].wavelength / joined[-1][-1].wavelength < 1.03
        if joined and near and ties & {one.tie for one in joined[-1] if one.tie}:
            joined[-1].extend(group)
        else:
            joined.append(list(group))
    return joined


def instrument_width(spectrum: Spectrum, line: SpectralLine, redshift: float) -> float:
    """Give the full width of the instrument at a line, km/s."""
    return C_KMS / float(resolving_power(spectrum, np.array([line.wavelength * (1.0 + redshift)]))[0])
