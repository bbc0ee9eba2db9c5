"""The operation ``spectrum``: spectra read, joined and measured, as a plot or as a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jwstpipe.analysis.spectra.report import census
from jwstpipe.analysis.spectra.study import SpectrumStudy, study_files
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.operations.spectra.inputs import file_provenance
from jwstpipe.operations.spectra.plots import PLOTS, plot_spectra
from jwstpipe.operations.spectra.rows import spectral_row
from jwstpipe.requests.analysis.spectra import SpectrumRequest
from jwstpipe.storage import path_digest, path_size

__all__ = ["SPECTRAL", "SPECTRUM", "draw_study", "spectral_parameters", "study_facts"]

SPECTRAL = ("x1d", "x1dints", "c1d", "s2d")
"""Ends of names of the archive's files that spectra are read from."""

LATER: dict[str, object] = {"anchors": [], "source_id": None}
"""Wishes that came after the first spectra of this version: where they are not used, ids are as they were."""


def spectral_parameters(request: SpectrumRequest) -> dict[str, Any]:
    """Give what decides over a product of spectra besides its inputs."""
    parameters = request.model_dump(mode="json")
    return {key: value for key, value in parameters.items() if key not in LATER or value != LATER[key]}


def _identify(request: SpectrumRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(SPECTRUM.name, SPECTRUM.version, spectral_parameters(request), inputs)


def _make(identity: Identity, target: str, request: SpectrumRequest, *, context: MakeContext) -> Receipt:
    known: SpectrumStudy | None = identity.plan
    study = known or study_files([one.address for one in identity.inputs], request, s3=context.s3)
    provenance = file_provenance(SPECTRUM, identity)
    if target.lower().endswith(PLOTS):
        draw_study(study, target, request, provenance=provenance)
    else:
        _write_table(study, target, provenance)
    facts = study_facts(study)
    return Receipt(identity.id, None, path_size(Path(target)), path_digest(Path(target)), facts, study.notes, study)


def draw_study(
    study: SpectrumStudy, target: str | Path, request: SpectrumRequest, *, provenance: dict[str, Any] | None = None
) -> Path:
    """Draw spectra with what was found of them: continua, fitted lines, names of lines at the redshift."""
    from jwstpipe.render.plots.spectra.contents import Overlay  # noqa: PLC0415

    overlays = [
        Overlay(spectrum.wavelength, made.flux, "continuum", dashed=True)
        for spectrum, made in zip(study.spectra, study.continua, strict=False)
    ]
    if study.lines:
        from jwstpipe.analysis.spectra.lines.measure import fitted_curve  # noqa: PLC0415 - scipy

        overlays += [Overlay(*fitted_curve(fit), "fitted lines") for fit, lines in study.fits if _drawn(lines)]
    between = (request.between[0], request.between[1]) if request.between else None
    return plot_spectra(
        study.spectra, target, provenance=provenance, title=request.title, overlays=overlays, marks=_marks(study),
        redshift=study.redshift, wavelengths=between, log=request.log,
    )  # fmt: skip


def _drawn(lines: Sequence[Any]) -> bool:
    return any(one.found for one in lines)


def _marks(study: SpectrumStudy) -> list[Any]:
    """Name the lines that were found; where none were looked for, the strong and usual ones at the redshift."""
    from jwstpipe.analysis.spectra.lines.line_list import lines_between  # noqa: PLC0415
    from jwstpipe.render.plots.spectra.contents import LineMark  # noqa: PLC0415

    if study.lines:
        found = {one.line.name: LineMark(one.observed, one.line.label) for one in study.lines if one.found}
        return list(found.values())
    if study.redshift is None:
        return []
    ends = [one.ends for one in study.spectra if one.ends is not None]
    low, high = min(one[0] for one in ends), max(one[1] for one in ends)
    kinds = ("line", "band", "head", "ice")
    chosen = lines_between(low, high, redshift=study.redshift, weakest=2, kinds=kinds)
    chosen = chosen if len(chosen) <= 40 else [line for line in chosen if line.strength == 1]
    return [LineMark(line.wavelength * (1.0 + study.redshift), line.label, found=False) for line in chosen]


def study_facts(study: SpectrumStudy) -> dict[str, Any]:
    """Give what was found as plain values."""
    facts: dict[str, Any] = {
        "spectra": [
            {"title": one.origin.title, "unit": one.unit, "column": one.column, "between": one.ends, **census(one)}
            for one in study.spectra[:100]
        ],
        "redshift": study.redshift,
        "factors": dict(study.factors),
        "notes": list(study.notes),
    }
    if study.found is not None:
        told = study.found
        facts["redshift_found"] = {
            "error": told.error, "lines": list(told.lines), "score": told.score, "words": told.words,
            "others": [{"redshift": one.value, "lines": list(one.lines), "score": one.score} for one in told.others],
        }  # fmt: skip
    if study.lines:
        from jwstpipe.analysis.spectra.lines.line_table import line_rows  # noqa: PLC0415

        rows = line_rows(study.lines)
        facts["lines"] = [{key: _plain(value) for key, value in row.items()} for row in rows]
    if study.continua:
        facts["continua"] = [{"method": one.method, "scatter": _plain(one.scatter)} for one in study.continua]
    return facts


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN is no JSON


def _write_table(study: SpectrumStudy, target: str, provenance: dict[str, Any]) -> None:
    from jwstpipe.analysis.catalogues.files import write_catalogue  # noqa: PLC0415 - astropy's tables
    from jwstpipe.analysis.spectra.spectrum_table import spectra_table  # noqa: PLC0415

    facts = study_facts(study)
    told = {key: facts[key] for key in ("redshift", "redshift_found", "factors", "lines", "continua") if facts.get(key)}
    table = spectra_table(study.spectra, continua=[one.flux for one in study.continua], meta=told)
    table.meta["jwstpipe"] = provenance
    write_catalogue(table, target, overwrite=True)


SPECTRUM = Operation(
    name="spectrum",
    version="1",
    request=SpectrumRequest,
    kind="spectrum",
    place="spectra/{id}/{name}",
    forms=(".ecsv", ".png", ".svg", ".html", ".parquet", ".fits", ".vot"),
    identify=_identify,
    make=_make,
    spread=True,
    several=True,
    of=("archive", "spectrum"),
    suffixes=SPECTRAL,
    singly=True,
    row=spectral_row,
)
