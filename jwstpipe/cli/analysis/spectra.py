"""Commands on spectra: spectrum, lines."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jwstpipe.cli.arguments import TABLE_FORMS, Json, Overwrite, output_option
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.tables import aligned
from jwstpipe.requests.analysis.spectra import LinesRequest, SpectrumRequest

if TYPE_CHECKING:
    from jwstpipe.analysis.spectra.study import SpectrumStudy

__all__ = ["lines", "spectrum"]

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="x1d, x1dints, c1d, s2d, SPEC1D, .ecsv ...")]


@request_options(SpectrumRequest, into="options")
def spectrum(
    context: typer.Context,
    files: Files,
    *,
    out: Annotated[
        list[str] | None,
        output_option("OUT.png|.svg|.html|.ecsv", "plot or table to make; may be repeated"),
    ] = None,
    options: SpectrumRequest,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Show spectra, and measure them: lines, redshift, continuum, bands put end to end.

    Examples: jwstpipe spectrum x_x1d.fits -o x.png; jwstpipe spectrum x_s2d.fits --fit-lines --redshift auto -o x.html;
    jwstpipe spectrum ch*_x1d.fits --stitch --anchor 3C -o galaxy.png
    """
    settings = settings_of(context)
    if not out:
        from jwstpipe.analysis.spectra.study import study_files

        study = study_files(files, options, s3=settings.s3)
        _tell(study, context, as_json=as_json, made=[])
        return
    from jwstpipe.api.outputs import check_output
    from jwstpipe.api.spectra.spectra import FORMS
    from jwstpipe.operations.spectra.make import make_forms_of_files
    from jwstpipe.operations.spectra.spectrum import SPECTRUM

    for one in out:
        check_output(one, FORMS, what="a spectrum", overwrite=overwrite)
    receipts = make_forms_of_files(SPECTRUM, files, out, options, s3=settings.s3)
    made = [
        {"path": one, "product_id": receipt.product_id, "bytes": receipt.file_size, "sha256": receipt.digest}
        for one, receipt in zip(out, receipts, strict=True)
    ]
    _tell(receipts[0].detail, context, as_json=as_json, made=made)


@request_options(LinesRequest, into="options", only=[name for name in LinesRequest.model_fields if name != "fit_lines"])
def lines(
    context: typer.Context,
    files: Files,
    *,
    out: Annotated[str, output_option(TABLE_FORMS, "table to make")],
    options: LinesRequest,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Measure the lines of spectra and write them as a table, with the source of each wavelength at rest.

    Examples: jwstpipe lines x_s2d.fits --redshift auto -o lines.ecsv; jwstpipe lines x_x1d.fits -o lines.csv --json
    """
    from jwstpipe.api.spectra.spectra import lines as measure

    receipt = measure(files, out, options=options, overwrite=overwrite, s3=settings_of(context).s3)
    made = [{"path": out, "product_id": receipt.product_id, "bytes": receipt.file_size, "sha256": receipt.digest}]
    _tell(receipt.detail, context, as_json=as_json, made=made)


def _tell(study: "SpectrumStudy", context: typer.Context, *, as_json: bool, made: list[dict[str, Any]]) -> None:
    if as_json:
        from jwstpipe.operations.spectra.spectrum import study_facts

        json_data({**study_facts(study), "made": made})
        return
    for line in study.words:
        data(line)
    if study.found is not None and study.found.others and len(study.found.lines) < 3:
        for other in study.found.others:
            data(f"  or {other.words}")
    if study.lines:
        _tell_lines(study)
    for one in made:
        data(f"{one['path']}: {one['bytes']:,} bytes")
    if not choices_of(context).quiet:
        for note in study.notes:
            remark(f"note: {note}")


def _tell_lines(study: "SpectrumStudy") -> None:
    table = [["um", "km/s", "+-", "FWHM", f"flux ({study.lines[0].unit})", "+-", "S/N", "line"]]
    for one in study.lines:
        moved = [f"{one.velocity:.1f}", f"{one.velocity_err:.1f}", f"{one.fwhm:.0f}"] if one.found else ["", "", ""]
        flux = (
            [f"{one.flux:.4e}", f"{one.flux_err_rescaled:.1e}", f"{one.snr:.3g}"]
            if one.found
            else [f"< {one.limit:.3e}", "", ""]
        )
        table.append([f"{one.observed:.6f}", *moved, *flux, one.line.name])
    for line in aligned(table, right=range(7)):
        data(line)
