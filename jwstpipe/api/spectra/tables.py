"""Verbs on tables of any form and size."""

from pathlib import Path
from typing import TYPE_CHECKING

from jwstpipe.analysis.tables.page import page_of
from jwstpipe.analysis.tables.source import open_table
from jwstpipe.api.outputs import check_output
from jwstpipe.operations.spec import Receipt
from jwstpipe.requests.analysis.tables import TableRequest
from jwstpipe.requests.fields.keywords import request_keywords
from jwstpipe.settings import S3Settings

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["table", "table_to_file"]

FORMS = (".ecsv", ".parquet", ".fits", ".vot", ".csv", ".png")


@request_keywords(TableRequest)
def table(
    file: str | Path,
    *,
    options: TableRequest,
    first: int = 0,
    count: int | None = None,
    s3: S3Settings | None = None,
) -> "Table":
    """Read a table, or a part of it: FITS of any size, Parquet, ECSV, CSV, VOTable.

    Parameters
    ----------
    file : str or Path
        ``FILE[NAME,2]`` or ``FILE[3]`` chooses a table of a FITS file; default: its first one.
    **options
    first, count : int, optional
        Which of the rows that are left; default: all of them.
    s3 : S3Settings, optional
        Endpoint of an ``s3://`` address.

    Returns
    -------
    astropy.table.Table
        With units and meanings.

    Raises
    ------
    UsageError
        No such column or table, or a condition that cannot be understood.

    Examples
    --------
    >>> jwstpipe.table("gaia.ecsv", columns=("ra", "dec"), sort="-dec").colnames
    ['ra', 'dec']
    """
    if count is None or options.light_curve != "none" or options.explode:
        from jwstpipe.operations.spectra.table import table_part  # noqa: PLC0415

        made = table_part(str(file), options, s3=s3)
        return made[first:] if count is None else made[first : first + count]
    source = open_table(file, s3=s3)
    page = page_of(
        source, columns=options.columns, varying=options.varying, where=options.where,
        search=options.containing, sort=options.sort,
        first=first, count=count,
    )  # fmt: skip
    return page.table()


@request_keywords(TableRequest)
def table_to_file(
    file: str | Path,
    out: str | Path,
    *,
    options: TableRequest,
    overwrite: bool = False,
    s3: S3Settings | None = None,
) -> Receipt:
    """Write a table, or a part of it, in another form, with its lineage (see `table`).

    Parameters
    ----------
    file : str or Path
        As in `table`.
    out : str or Path
        ``.ecsv``, ``.parquet``, ``.fits``, ``.vot`` or ``.csv``; of a light curve ``.png``, too: its plot.
    **options
    overwrite : bool, default False
        Replace what stands at `out`.
    s3 : S3Settings, optional
        Endpoint of an ``s3://`` address.

    Examples
    --------
    >>> jwstpipe.table_to_file("gaia.ecsv", "north.parquet", where="dec > 0").results["rows"]
    0
    """
    from jwstpipe.operations.spectra.make import make_of_files  # noqa: PLC0415
    from jwstpipe.operations.spectra.table import TABLE  # noqa: PLC0415

    check_output(out, FORMS, what="a table", overwrite=overwrite)
    return make_of_files(TABLE, [file], out, options, s3=s3)
