"""The operation ``lines``: the lines of spectra, measured, as a table."""

from collections.abc import Sequence
from pathlib import Path

from jwstpipe.analysis.spectra.study import study_files
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.operations.spectra.inputs import file_provenance
from jwstpipe.operations.spectra.rows import spectral_row
from jwstpipe.operations.spectra.spectrum import SPECTRAL, spectral_parameters, study_facts
from jwstpipe.requests.analysis.spectra import LinesRequest
from jwstpipe.storage import path_digest, path_size

__all__ = ["LINES"]


def _identify(request: LinesRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(LINES.name, LINES.version, spectral_parameters(request), inputs)


def _make(identity: Identity, target: str, request: LinesRequest, *, context: MakeContext) -> Receipt:
    from jwstpipe.analysis.catalogues.files import write_catalogue  # noqa: PLC0415 - astropy's tables
    from jwstpipe.analysis.spectra.lines.line_table import line_table  # noqa: PLC0415

    asked = request.model_copy(update={"fit_lines": True})
    study = study_files([one.address for one in identity.inputs], asked, s3=context.s3)
    several = len(study.spectra) > 1
    names = [study.spectra[k].origin.title for k in study.line_spectra] if several else []
    table = line_table(study.lines, sample_unit=study.spectra[0].unit, names=names)
    facts = study_facts(study)
    told = ("redshift", "redshift_found", "factors", "notes", "spectra")
    table.meta.update({key: facts[key] for key in told if facts.get(key)})
    table.meta["jwstpipe"] = file_provenance(LINES, identity)
    write_catalogue(table, target, overwrite=True)
    return Receipt(identity.id, None, path_size(Path(target)), path_digest(Path(target)), facts, study.notes, study)


LINES = Operation(
    name="lines",
    version="1",
    request=LinesRequest,
    kind="table",
    place="spectra/{id}/{name}",
    forms=(".ecsv", ".parquet", ".fits", ".vot", ".csv"),
    identify=_identify,
    make=_make,
    spread=True,
    several=True,
    of=("archive", "spectrum"),
    suffixes=SPECTRAL,
    singly=True,
    row=spectral_row,
)
