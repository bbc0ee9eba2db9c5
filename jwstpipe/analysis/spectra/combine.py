"""Spectra joined: integrations of a time series into one, bands of MIRI's MRS end to end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import DataError, UsageError

__all__ = ["Stitched", "mean_of_integrations", "stitch"]

LEAST_OVERLAP = 5
"""Samples that both bands need in their overlap."""


def mean_of_integrations(spectra: Sequence[Spectrum]) -> list[Spectrum]:
    """Average the integrations of a time series, sample by sample, weighted by their errors; each order by itself.

    Those with other wavelengths than the first of their order are left out, which is said.
    """
    orders: dict[tuple[str, int | None, int], list[Spectrum]] = {}
    for one in spectra:
        orders.setdefault((one.origin.detector, one.origin.order, len(one)), []).append(one)
    return [_mean(group) if len(group) > 1 else group[0] for group in orders.values()]


def _mean(group: list[Spectrum]) -> Spectrum:
    first = group[0]
    same = [one for one in group if np.allclose(one.wavelength, first.wavelength, rtol=1e-6, atol=0.0, equal_nan=True)]
    flux = np.stack([one.flux for one in same])
    valid = np.stack([one.valid for one in same])
    sums = np.zeros((2, len(first)))
    for one, kept, values in zip(same, valid, flux, strict=True):
        weight = np.ones(len(one)) if one.error is None else 1.0 / np.where(kept, one.error, np.inf) ** 2
        sums += np.where(kept, weight, 0.0) * np.stack([np.where(kept, values, 0.0), np.ones(len(one))])
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(sums[1] > 0.0, sums[0] / sums[1], np.nan)
        error = None if first.error is None else 1.0 / np.sqrt(sums[1])
    left = f"; {len(group) - len(same):,} with other wavelengths were left out" if len(same) < len(group) else ""
    note = f"mean of {len(same):,} integrations, weighted by their errors{left}"
    return replace(
        Spectrum.of(first.wavelength, mean, error, unit=first.unit, valid=np.asarray(valid.any(axis=0))),
        origin=replace(first.origin, label=f"{len(same):,} integrations", integration=None),
        column=first.column,
        notes=(*first.notes, note),
    )


@dataclass(frozen=True, eq=False)
class Stitched:
    """Bands that were put end to end."""

    spectrum: Spectrum
    factors: tuple[tuple[str, float], ...]
    """Of each band by its name, what it was multiplied with."""

    cuts: tuple[float, ...]
    """Where one band ends and the next begins, um."""

    @property
    def words(self) -> str:
        """In a sentence."""
        return "bands scaled by " + ", ".join(f"{name} {factor:.4f}" for name, factor in self.factors)


def stitch(spectra: Sequence[Spectrum], *, anchor: str | None = None) -> Stitched:
    """Put bands end to end: each scaled to its neighbour by the ratio in their overlap, cut in the middle of it.

    Parameters
    ----------
    spectra
        At least two, of one unit; in any order.
    anchor
        Band that keeps its scale, as ``3-LONG`` or ``3C``; default: the bluest.

    Raises
    ------
    DataError
        Bands in different units, or a single one.
    UsageError
        No band of that name.
    """
    bands = sorted((one for one in spectra if one.n_valid), key=lambda one: float(one.wavelength[one.valid][0]))
    if len(bands) < 2 or any(one.unit != bands[0].unit for one in bands):
        told = ", ".join(sorted({one.unit or "no unit" for one in spectra}))
        raise DataError(f"{len(bands)} bands with data in {told}: at least two of one unit are put end to end")
    names = [_name(one, k) for k, one in enumerate(bands)]
    factors, notes = [1.0], []
    for k in range(1, len(bands)):
        ratio = _ratio(bands[k - 1], bands[k])
        if ratio is None:
            notes.append(f"{names[k - 1]} and {names[k]} share no wavelengths: not scaled to each other")
        factors.append(factors[-1] * (1.0 if ratio is None else ratio))
    if anchor is not None:
        place = next((k for k, one in enumerate(bands) if anchor.upper() in _spellings(one, names[k])), None)
        if place is None:
            raise UsageError(f"--anchor {anchor}: there is no such band; there are {', '.join(names)}")
        factors = [one / factors[place] for one in factors]
    scaled = [band.scaled(factor) for band, factor in zip(bands, factors, strict=True)]
    cuts = [_cut(before, behind) for before, behind in pairwise(scaled)]
    parts = [
        one.select((one.wavelength > low) & (one.wavelength <= high))
        for one, low, high in zip(scaled, [0.0, *cuts], [*cuts, np.inf], strict=True)
    ]
    made = Stitched(_joined(parts, tuple(notes)), tuple(zip(names, factors, strict=True)), tuple(cuts))
    return replace(made, spectrum=replace(made.spectrum, notes=(*made.spectrum.notes, made.words)))


def _name(spectrum: Spectrum, place: int) -> str:
    origin = spectrum.origin
    if origin.channel:
        return f"{origin.channel}-{origin.band}" if origin.band else origin.channel
    return " ".join(part for part in (origin.grating, origin.filter, origin.detector) if part) or f"band {place + 1}"


def _spellings(spectrum: Spectrum, name: str) -> set[str]:
    letter = {"SHORT": "A", "MEDIUM": "B", "LONG": "C"}.get(spectrum.origin.band.upper(), "")
    return {name.upper(), f"{spectrum.origin.channel}{letter}".upper()}


def _overlap(blue: Spectrum, red: Spectrum) -> tuple[float, float]:
    return float(red.wavelength[red.valid][0]), float(blue.wavelength[blue.valid][-1])


def _ratio(blue: Spectrum, red: Spectrum) -> float | None:
    """Give what the red band is multiplied with to be as bright as the blue one in their overlap; None = no overlap.

    The ratio of means weighted by errors, over the same range, without samples that lie five standard deviations off.
    """
    low, high = _overlap(blue, red)
    if high <= low:
        return None
    means = []
    for one in (blue, red):
        part = one.select(one.valid).cut(low, high)
        if len(part) < LEAST_OVERLAP:
            return None
        middle = np.median(part.flux)
        spread = 1.4826 * np.median(np.abs(part.flux - middle))
        kept = np.abs(part.flux - middle) <= 5.0 * spread if spread > 0.0 else np.ones(len(part), bool)
        weights = np.ones(len(part)) if part.error is None else 1.0 / part.error**2
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # of absurd errors: no ratio
            means.append(float((part.flux[kept] * weights[kept]).sum() / weights[kept].sum()))
    return means[0] / means[1] if means[1] > 0.0 and means[0] > 0.0 else None


def _cut(blue: Spectrum, red: Spectrum) -> float:
    low, high = _overlap(blue, red)
    return 0.5 * (low + high)


def _joined(parts: list[Spectrum], notes: tuple[str, ...]) -> Spectrum:
    first = parts[0]
    error = None
    if any(one.error is not None for one in parts):
        error = np.concatenate([np.full(len(one), np.nan) if one.error is None else one.error for one in parts])
    settings = list(dict.fromkeys(one.origin.channel for one in parts if one.origin.channel))
    told = tuple(dict.fromkeys(note for one in parts for note in one.notes))
    mrs = bool(settings)
    origin = replace(
        first.origin,
        channel="".join(settings) if mrs else "",
        band="",
        grating="" if len({one.origin.grating for one in parts}) > 1 else first.origin.grating,
        filter="" if len({one.origin.filter for one in parts}) > 1 else first.origin.filter,
        detector="",
        label=f"{len(parts)} bands",
    )
    return Spectrum.of(
        np.concatenate([one.wavelength for one in parts]), np.concatenate([one.flux for one in parts]), error,
        unit=first.unit, valid=np.concatenate([one.valid for one in parts]), origin=origin, column=first.column,
        notes=(*told, *notes),
    )  # fmt: skip
