"""The operation ``table``: a part of a table, in order, or the light curve of a time series, as a table of any form."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jwstpipe.analysis.tables.page import page_of
from jwstpipe.analysis.tables.source import open_table
from jwstpipe.errors import DataError, UsageError
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.operations.spectra.inputs import file_provenance
from jwstpipe.requests.analysis.tables import TableRequest
from jwstpipe.settings import S3Settings
from jwstpipe.storage import path_digest, path_size

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["MOST_CELLS", "TABLE", "table_part"]

PLOT = ".png"

MOST_CELLS = 200_000_000
"""Cells that are written at once."""

LATER: dict[str, object] = {"circle_px": 6.0, "sky_ring": None, "near": None, "varying": False}
"""Wishes that came after the first tables of this version: where they are not used, ids are as they were."""


def table_part(address: str, request: TableRequest, *, s3: S3Settings | None = None) -> "Table":
    """Read the part of a table that is asked for, whole.

    Raises
    ------
    UsageError
        No such column or table, or a condition that cannot be understood.
    DataError
        More than fits into memory, or no time series where a light curve is asked for.
    """
    if request.light_curve != "none":
        from jwstpipe.analysis.tables.light_curve import light_curve  # noqa: PLC0415 - astropy's tables
        from jwstpipe.analysis.tables.source_circle import SourceCircle  # noqa: PLC0415

        between = (request.between[0], request.between[1]) if request.between else None
        circle = SourceCircle(request.circle_px, request.sky_ring, request.near)
        return light_curve(address, between=between, circle=circle, s3=s3)
    source = open_table(address, s3=s3)
    if len(source) * max(len(request.columns) or len(source.columns), 1) > MOST_CELLS and not request.where:
        raise DataError(
            f"{address}: {len(source):,} rows of {len(source.columns)} columns are more than is written at once;"
            " choose some with --columns or --where"
        )
    page = page_of(
        source, columns=request.columns, varying=request.varying, where=request.where,
        search=request.containing, sort=request.sort,
        count=max(len(source), 1),
    )  # fmt: skip
    made = page.table()
    return _exploded(made) if request.explode else made


def _exploded(table: "Table") -> "Table":
    """Make a row of each element of vectors; single values are repeated."""
    from astropy.table import Table  # noqa: PLC0415 - slow to load

    lengths = {table[name].shape[1] for name in table.colnames if table[name].ndim == 2}
    if len(lengths) != 1:
        told = "no column of vectors" if not lengths else f"vectors of {len(lengths)} lengths"
        raise DataError(f"--explode: the table has {told}; choose columns of one length with --columns")
    length = lengths.pop()
    made = Table()
    for name in table.colnames:
        column = table[name]
        flat = column.reshape(-1) if column.ndim == 2 else np.repeat(column, length)
        made[name] = flat
        made[name].unit, made[name].description = column.unit, column.description
    return made


def _identify(request: TableRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    parameters = request.model_dump(mode="json")
    for name, usual in LATER.items():
        if parameters[name] == usual:
            del parameters[name]
    return derived_identity(TABLE.name, TABLE.version, parameters, inputs)


def _make(identity: Identity, target: str, request: TableRequest, *, context: MakeContext) -> Receipt:
    from jwstpipe.analysis.catalogues.files import write_catalogue  # noqa: PLC0415 - astropy's tables

    path = Path(target)
    plot = path.suffix.lower() == PLOT
    if plot and request.light_curve == "none":
        raise UsageError(f"{path}: a plot is made of a light curve: add --light-curve flux, or end the name with .ecsv")
    made = table_part(identity.inputs[0].address, request, s3=context.s3)
    if plot:
        from jwstpipe.render.plots.light_curve import draw_light_curve  # noqa: PLC0415 - tables need none

        title = identity.inputs[0].name
        draw_light_curve(path, made, title=title, provenance=file_provenance(TABLE, identity))
        return Receipt(identity.id, None, path_size(path), path_digest(path), {"rows": len(made), "columns": 2})
    _check_cells(made, path)
    made.meta["jwstpipe"] = file_provenance(TABLE, identity)
    write_catalogue(made, path, overwrite=True)
    results = {"rows": len(made), "columns": len(made.colnames)}
    return Receipt(identity.id, None, path_size(path), path_digest(path), results)


def _check_cells(table: "Table", path: Path) -> None:
    """Refuse arrays in cells where the form has no place for them."""
    if path.suffix.lower() not in (".parquet", ".csv"):
        return
    wide = next((name for name in table.colnames if table[name].ndim > 1 or table[name].dtype == object), None)
    if wide is not None:
        raise DataError(
            f"{path}: {wide} holds an array in each row, which {path.suffix} has no place for; write .ecsv or .fits,"
            " leave it out with --columns, or use --explode"
        )


TABLE = Operation(
    name="table",
    version="1",
    request=TableRequest,
    kind="table",
    place="tables/{id}/{name}",
    forms=(".ecsv", ".parquet", ".fits", ".vot", ".csv", PLOT),
    identify=_identify,
    make=_make,
    spread=True,
    of=("archive", "catalogue", "table", "spectrum"),
)
