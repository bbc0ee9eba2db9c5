"""Spectra as they are asked for: read, joined, their redshift found, continuum and lines measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jwstpipe.analysis.spectra.read import read_spectra, require_valid
from jwstpipe.analysis.spectra.report import spectrum_words
from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.analysis.spectra.units import flux_scale
from jwstpipe.errors import NotFoundError, UsageError
from jwstpipe.requests.analysis.spectra import SpectrumRequest
from jwstpipe.settings import S3Settings

if TYPE_CHECKING:
    from jwstpipe.analysis.spectra.continuum import Continuum
    from jwstpipe.analysis.spectra.lines.measure import LineMeasurement
    from jwstpipe.analysis.spectra.lines.profile import GroupFit
    from jwstpipe.analysis.spectra.lines.redshift import Redshift

__all__ = ["SpectrumStudy", "study_files", "study_spectra"]

MANY = 12
"""Spectra of one file that are drawn one by one; more integrations than that are averaged."""

_WEAKEST = {"strong": 1, "usual": 2, "all": 3}


@dataclass(frozen=True, eq=False)
class SpectrumStudy:
    """Spectra, and what was found of them."""

    spectra: tuple[Spectrum, ...]
    redshift: float | None = None
    found: "Redshift | None" = None
    """Where the redshift was looked for."""

    continua: tuple["Continuum", ...] = ()
    """Of each spectrum, where asked for."""

    lines: tuple["LineMeasurement", ...] = ()
    line_spectra: tuple[int, ...] = ()
    """Which spectrum each line is from."""

    fits: tuple[tuple["GroupFit", tuple["LineMeasurement", ...]], ...] = ()
    factors: tuple[tuple[str, float], ...] = ()
    """Of bands that were put end to end."""

    notes: tuple[str, ...] = field(default=())

    @property
    def words(self) -> list[str]:
        """All of it in lines for people, but for the table of lines."""
        told = [spectrum_words(one) for one in self.spectra[:MANY]]
        if len(self.spectra) > MANY:
            told.append(f"and {len(self.spectra) - MANY:,} more spectra")
        if self.found is not None:
            told.append(self.found.words)
        return told


def study_files(
    files: Sequence[str | Path], request: SpectrumRequest, *, s3: S3Settings | None = None
) -> SpectrumStudy:
    """Read spectra of some files and do with them what is asked for.

    Raises
    ------
    JwstPipeError
        No file, no spectrum in one, no valid sample in any of them.
    """
    if not files:
        raise UsageError("a spectrum is made of at least one file")
    extraction = None
    if request.row is not None or request.width != 5:
        from jwstpipe.analysis.spectra.extract import ExtractionOptions  # noqa: PLC0415

        extraction = ExtractionOptions(request.row, request.width)
    spectra: list[Spectrum] = []
    for file in files:
        found = read_spectra(file, column=request.column, extraction=extraction, s3=s3)
        spectra += _integrations(require_valid(_of_source(found, str(file), request.source_id)), str(file), request)
    return study_spectra(spectra, request)


def _of_source(spectra: list[Spectrum], file: str, wanted: str | None) -> list[Spectrum]:
    """Choose the source that is asked for.

    Raises
    ------
    NotFoundError
        The file has none of that number or name; the message lists some.
    """
    if wanted is None:
        return spectra
    chosen = [one for one in spectra if _plain_id(one.origin.source_id) == _plain_id(wanted)]
    if not chosen:
        known = list(dict.fromkeys(one.origin.source_id for one in spectra if one.origin.source_id))
        some = f"it has {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}" if known else "it names no sources"
        raise NotFoundError(f"{file}: no source {wanted}; {some}")
    return chosen


def _plain_id(word: str) -> str:
    return word.strip().lower().lstrip("0")


def _integrations(spectra: list[Spectrum], file: str, request: SpectrumRequest) -> list[Spectrum]:
    """Choose the integration that is asked for, or average those of a time series."""
    series = [one for one in spectra if one.origin.integration is not None]
    if request.integration is not None:
        chosen = [one for one in series if one.origin.integration == request.integration]
        if not chosen:
            told = f"{len(series):,} integrations" if series else "no integrations"
            raise NotFoundError(f"{file}: has {told}, and none of number {request.integration} with a valid sample")
        return chosen
    if len(series) > MANY:
        from jwstpipe.analysis.spectra.combine import mean_of_integrations  # noqa: PLC0415 - time series only

        return [one for one in spectra if one.origin.integration is None] + mean_of_integrations(series)
    return spectra


def study_spectra(spectra: Sequence[Spectrum], request: SpectrumRequest) -> SpectrumStudy:
    """Do with spectra what is asked for; see `study_files`."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # absurd samples give no line, and no warning
        return _studied(spectra, request)


def _studied(spectra: Sequence[Spectrum], request: SpectrumRequest) -> SpectrumStudy:
    joined: list[Spectrum] = list(spectra)
    values: dict[str, Any] = {}
    if request.stitch:
        from jwstpipe.analysis.spectra.combine import stitch  # noqa: PLC0415

        stitched = stitch(joined, anchor=request.anchor)
        joined, values["factors"] = [stitched.spectrum], stitched.factors
    redshift = None
    if request.redshift == "auto":
        _require_one_source(joined)
        from jwstpipe.analysis.spectra.lines.redshift import find_redshift  # noqa: PLC0415 - scipy

        values["found"] = found = find_redshift(joined)
        redshift = found.value
    elif request.redshift is not None:
        redshift = float(request.redshift)
    values["redshift"] = redshift
    if request.continuum != "none" or request.fit_lines:
        values |= _measured(joined, request, redshift or 0.0)
    told = [note for one in joined for note in one.notes]
    counts = [one for one in joined if not flux_scale(one).physical]
    if counts:
        told.append(f"samples are in {counts[0].unit or 'no unit'}: no physical flux follows from them")
    notes = tuple(dict.fromkeys(told))
    return SpectrumStudy(tuple(joined), notes=notes, **values)


def _require_one_source(spectra: Sequence[Spectrum]) -> None:
    """Refuse to look for one redshift of many sources; several files may call one source by several numbers."""
    sources: dict[str, set[str]] = {}
    for one in spectra:
        sources.setdefault(one.origin.file, set()).add(one.origin.source_id)
    file, most = max(sources.items(), key=lambda item: len(item[1]))
    if len(most) > 1:
        raise UsageError(
            f"{file}: a redshift is that of one source, and these are spectra of {len(most):,}; choose one with"
            " --source-id"
        )


def _measured(spectra: list[Spectrum], request: SpectrumRequest, redshift: float) -> dict[str, Any]:
    from jwstpipe.analysis.spectra.continuum import fit_continuum  # noqa: PLC0415 - scipy
    from jwstpipe.analysis.spectra.lines.line_list import lines_between, lines_named  # noqa: PLC0415
    from jwstpipe.analysis.spectra.lines.measure import measure_lines  # noqa: PLC0415

    named = lines_named(request.lines) if request.lines else None
    weakest = _WEAKEST[request.weakest]
    continua, lines, numbers, fits = [], [], [], []
    for number, spectrum in enumerate(spectra):
        ends = spectrum.ends or (0.0, 0.0)
        wanted = named or lines_between(*ends, redshift=redshift, weakest=weakest)
        if request.continuum != "none":
            made = fit_continuum(
                spectrum, request.continuum, degree=request.degree, lines=wanted, redshift=redshift,
                anchors=request.anchor_ranges,
            )  # fmt: skip
            continua.append(made)
        if request.fit_lines:
            beside = lines_between(*ends, redshift=redshift)
            found, groups = measure_lines(spectrum, wanted, redshift=redshift, beside=beside)
            lines += found
            numbers += [number] * len(found)
            fits += [(fit, tuple(one for one in found if one.chi2 == fit.chi2)) for fit in groups]
    return {
        "continua": tuple(continua), "lines": tuple(lines), "line_spectra": tuple(numbers), "fits": tuple(fits),
    }  # fmt: skip
