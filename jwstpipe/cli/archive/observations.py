"""Commands around the archive: search, ingest, refresh-metadata."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from jwstpipe.cli.arguments import Json
from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.cli.request_options import request_options
from jwstpipe.cli.tables import aligned
from jwstpipe.errors import NotFoundError, PartialError
from jwstpipe.requests import IngestRequest, RefreshMetadataRequest, SearchRequest

__all__ = ["ingest", "refresh_metadata", "search", "show_ingested"]

Offline = Annotated[bool, typer.Option("--offline", help="answers kept on disk, of any age; nothing is asked")]
MaxAge = Annotated[
    float | None, typer.Option("--max-age", help="oldest answer that is taken from disk, seconds; 0 = ask anew")
]


@request_options(SearchRequest, arguments={"target": "TARGET"})
def search(
    context: typer.Context,
    *,
    request: SearchRequest,
    files: Annotated[bool, typer.Option("--files", help="list the files, not the observations")] = False,
    offline: Offline = False,
    max_age: MaxAge = None,
    as_json: Json = False,
) -> None:
    """Find JWST observations, or their files, by target, position, observation, programme or release date.

    Examples: jwstpipe search "NGC 3132" --filter F090W; jwstpipe search --program 2733 --level 3 --files
    """
    from jwstpipe.archive.search.products import product_table
    from jwstpipe.archive.search.search import search as search_archive
    from jwstpipe.ingestion import answers_of, choose

    settings = settings_of(context)
    archive = settings.archive.model_copy(update={"offline": offline or settings.archive.offline})
    answers = answers_of(settings.model_copy(update={"archive": archive}), max_age_s=max_age)
    with progress_bars(quiet=choices_of(context).quiet) as report:
        if files or request.suffix:
            choice = choose(request, settings=archive, answers=answers, report=report)
            found, rows, gaps = choice.found, product_table(choice.products), choice.gaps
        else:
            found = search_archive(request, settings=archive, answers=answers, report=report)
            rows, gaps = found.observations, () if found.complete else (f"incomplete: {found.cut}",)
    _report_gaps(found, gaps)
    if not len(rows):
        what = (
            "files" if files or request.suffix else "public JWST images" if not request.spectra else "JWST observations"
        )
        raise NotFoundError(f"no {what} found for {_wanted(request)}; try a larger --radius or other filters")
    _show_rows(rows, as_json=as_json)


def _show_rows(rows: Any, *, as_json: bool) -> None:
    """Write observations or files: every field as JSON, the telling ones as text."""
    if as_json:
        for row in rows:
            json_data(_plain_row(row))
        return
    if "productFilename" in rows.colnames:
        table = [["type", "level", "filters", "MB", "file"]]
        for row in rows:
            size = f"{(_plain(row['size']) or 0) / 1e6:,.1f}"
            kind, level = str(row["productType"]), str(row["calib_level"])
            table.append([kind, level, _text(row, "filters"), size, str(row["productFilename"])])
        right: tuple[int, ...] = (3,)
    else:
        table = [["instrument", "filters", "level", "RA (deg)", "Dec", "exposure (s)", "observation"]]
        for row in rows:
            place = (f"{row['s_ra']:.5f}", f"{row['s_dec']:+.5f}", f"{row['t_exptime']:,.0f}")
            made = (_text(row, "instrument_name"), _text(row, "filters"), str(row["calib_level"]))
            table.append([*made, *place, str(row["obs_id"])])
        right = (3, 4, 5)
    for line in aligned(table, right=right):
        data(line)


def _text(row: Any, name: str) -> str:
    value = _plain(row[name]) if name in row.colnames else None
    return "" if value is None else str(value)


def _report_gaps(found: Any, gaps: Sequence[str]) -> None:
    for gap in gaps:
        remark(gap)
    if found.age_s >= 1.0:
        remark(f"the archive answered {_ago(found.age_s)} ago; --max-age 0 asks anew")
    if found.withheld:
        remark(f"{found.withheld} matching observations are not public yet")


def _ago(seconds: float) -> str:
    for name, length in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds:.0f} seconds"


def _wanted(request: SearchRequest) -> str:
    given = request.model_dump(exclude_defaults=True, exclude={"source", "max_files", "max_gigabytes"})
    words = {key: ",".join(map(str, value)) if isinstance(value, tuple) else str(value) for key, value in given.items()}
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in words.items())


def _plain_row(row: Any) -> dict[str, Any]:
    return {name: _plain(row[name]) for name in row.colnames}


def _plain(value: Any) -> Any:
    import numpy as np

    if np.ma.is_masked(value):
        return None
    item = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(item, float) and not np.isfinite(item) else item


@request_options(IngestRequest, arguments={"target": "TARGET"}, unless="from_existing")
def ingest(
    context: typer.Context,
    *,
    request: IngestRequest,
    limit_rate: Annotated[float | None, typer.Option("--limit-rate", help="most megabytes a second")] = None,
    from_existing: Annotated[
        Path | None, typer.Option("--from-existing", help="register the files of this folder; nothing is asked")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="list files and bytes, fetch nothing")] = False,
    offline: Offline = False,
    max_age: MaxAge = 0.0,
    as_json: Json = False,
) -> None:
    """Fetch files of the archive into the store and register them in the catalogue.

    Examples: jwstpipe ingest "NGC 3132" --filter F090W --dry-run; jwstpipe ingest --program 2733 --level 2
    """
    from jwstpipe.ingestion import answers_of, choose, ingest_products, require_within

    settings = settings_of(context)
    if from_existing is not None:
        _register_existing(context, settings, from_existing, as_json=as_json)
        return
    archive = settings.archive.model_copy(
        update={
            "offline": offline or settings.archive.offline,
            "source": request.source or settings.archive.source,
            "mb_per_s": limit_rate or settings.archive.mb_per_s,
        }
    )
    own = settings.model_copy(update={"archive": archive})
    with progress_bars(quiet=choices_of(context).quiet) as report:
        choice = choose(request, settings=archive, answers=answers_of(own, max_age_s=max_age), report=report)
        _report_gaps(choice.found, choice.gaps)
        if not choice.products:
            raise NotFoundError(f"no files found for {_wanted(request)}; try other --level, --suffix or --filter")
        if dry_run:
            _show_plan(choice.products, as_json=as_json)
            return
        require_within(choice, request)
        done = ingest_products(choice.products, settings=own, report=report)
    show_ingested(done, as_json=as_json)
    done.require_all()


def _register_existing(context: typer.Context, settings: Any, folder: Path, *, as_json: bool) -> None:
    from jwstpipe.ingestion import register_existing

    with progress_bars(quiet=choices_of(context).quiet) as report:
        done = register_existing(folder, settings=settings, report=report)
    for record in done.registered:
        if as_json:
            json_data(record.model_dump(include={"file_name", "product_id", "storage_key", "file_size", "digest"}))
        else:
            data(f"{record.storage_key}  {record.file_size:,} bytes  registered")
    for failure in done.failures:
        remark(f"failed: {failure.reason}")
    remark(f"{len(done.registered)} files registered, {len(done.known)} were known; no bytes moved")
    if done.failures:
        raise PartialError(f"{len(done.failures)} files are not whole or not JWST's, first {done.failures[0].reason}")


@request_options(RefreshMetadataRequest, arguments={"obs_id": "[OBS_ID]..."})
def refresh_metadata(
    context: typer.Context,
    *,
    request: RefreshMetadataRequest,
    as_json: Json = False,
) -> None:
    """Read anew what MAST and the headers say of files in the catalogue.

    Examples: jwstpipe refresh-metadata --program 2733; jwstpipe refresh-metadata --all
    """
    from jwstpipe.catalog.catalog import open_catalog
    from jwstpipe.ingestion import refresh_records, stale_records
    from jwstpipe.storage import open_store

    settings = settings_of(context)
    store = open_store(settings.store_root, s3=settings.s3)
    with open_catalog(settings.catalog_address) as catalog, progress_bars(quiet=choices_of(context).quiet) as report:
        records = stale_records(catalog, request)
        done = refresh_records(records, settings=settings.archive, store=store, catalog=catalog, report=report)
    for record in done.refreshed:
        if as_json:
            json_data(record.model_dump(mode="json", include={"file_name", "product_id", "processing_level"}))
        else:
            data(f"{record.file_name}  read anew")
    for word, names in (("not listed any more", done.unlisted), ("the archive has another version", done.newer)):
        for name in names:
            remark(f"{name}: {word}")
    for shown in done.remarks:
        remark(shown)
    remark(f"{len(done.refreshed)} of {len(records)} records read anew")


def show_ingested(done: Any, *, as_json: bool) -> None:
    """Write what came, what was here, and what was replaced and why."""
    for entry in done.entries:
        record = entry.record
        if as_json:
            shown = {"file_name", "product_id", "storage_key", "file_size", "digest"}
            more = {"bytes_moved": entry.bytes_moved, "source": entry.source, "replaced": entry.replaced}
            json_data({**record.model_dump(include=shown), **more})
        else:
            state = "was here" if not entry.bytes_moved else f"fetched by {entry.source}"
            data(f"{record.storage_key}  {record.file_size:,} bytes  {state}")
        for shown in filter(None, (entry.replaced and f"replaced, {entry.replaced}", entry.remark)):
            remark(f"{record.file_name}: {shown}")
    for failure in done.failures:
        remark(f"failed: {failure.reason}")
    if reasons := [entry.fell_back for entry in done.entries if entry.fell_back]:
        remark(f"{len(reasons)} files did not come from the first choice of source, the first because: {reasons[0]}")
    moved = sum(entry.bytes_moved for entry in done.entries)
    if done.entries and not moved:
        remark(f"no bytes moved: all {len(done.entries)} files were here")
    else:
        here = sum(not entry.bytes_moved for entry in done.entries)
        remark(f"{len(done.entries)} files registered, {here} of them were here; {moved / 1e6:.1f} MB moved")


def _show_plan(products: Sequence[Any], *, as_json: bool) -> None:
    from jwstpipe.archive.search.products import tally

    lines = tally(products)
    for line in lines:
        if as_json:
            json_data({"level": line.level, "filters": list(line.filters), "files": line.files, "bytes": line.size})
        else:
            data(f"level {line.level}  {'+'.join(line.filters):16s} {line.files:6d} files {line.size / 1e6:12.1f} MB")
    total = sum(line.size for line in lines)
    unsized = sum(product.size == 0 for product in products)
    more = f" and {unsized} files of unknown size" if unsized else ""
    remark(f"{sum(line.files for line in lines)} files, {total / 1e6:.1f} MB{more} in all; nothing was fetched")
