"""Commands around the archive: search, ingest, names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer

from jwstpipe.cli.context import choices_of, settings_of
from jwstpipe.cli.output import data, json_data, progress_bars, remark
from jwstpipe.errors import NotFoundError
from jwstpipe.requests import SearchRequest, validated

__all__ = ["COMMANDS"]

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]
Target = Annotated[str | None, typer.Argument(metavar="TARGET", help="name of an object, as 'NGC 3132'")]
Ra = Annotated[float | None, typer.Option(help="right ascension, degrees")]
Dec = Annotated[float | None, typer.Option(help="declination, degrees")]
Radius = Annotated[float, typer.Option(help="radius, degrees")]
ObsId = Annotated[str | None, typer.Option("--obs-id", help="observation id, with * as wildcard")]
Program = Annotated[int | None, typer.Option(help="programme number")]
Instrument = Annotated[str | None, typer.Option(help="NIRCam, MIRI, NIRISS, NIRSpec or FGS")]
Filters = Annotated[
    list[str] | None, typer.Option("--filter", "--filters", help="as F090W; several by commas or again")
]
Level = Annotated[list[int] | None, typer.Option(help="MAST calibration level: 1 raw, 2 exposures, 3 combined; again")]
Suffix = Annotated[list[str] | None, typer.Option(help="kinds of files, as i2d or cal; again")]


def split(words: Sequence[str] | None) -> tuple[str, ...]:
    """Take words apart at commas."""
    return tuple(part.strip() for word in words or () for part in word.split(",") if part.strip())


def search(
    context: typer.Context,
    target: Target = None,
    *,
    ra: Ra = None,
    dec: Dec = None,
    radius: Radius = 0.2,
    obs_id: ObsId = None,
    program: Program = None,
    instrument: Instrument = None,
    filters: Filters = None,
    level: Level = None,
    as_json: Json = False,
) -> None:
    """Find JWST observations by target, position, observation or programme."""
    from jwstpipe.archive.query import search as search_archive

    request = validated(
        SearchRequest,
        target=target, ra=ra, dec=dec, radius=radius, obs_id=obs_id, program=program, instrument=instrument,
        filters=split(filters), **({"level": tuple(level)} if level else {}),
    )  # fmt: skip
    with progress_bars(quiet=choices_of(context).quiet) as report:
        found = search_archive(request, settings=settings_of(context).archive, report=report)
    _tell_gaps(found)
    if not len(found.observations):
        raise NotFoundError(
            f"no public JWST images found for {_wanted(request)}; try a larger --radius or other filters"
        )
    if as_json:
        for row in found.observations:
            json_data(_plain_row(row))
        return
    data(f"{'obs_id':48s} {'instrument':14s} {'filters':14s} level {'ra':>11s} {'dec':>11s} {'exposure s':>10s}")
    for row in found.observations:
        data(
            f"{row['obs_id']!s:48s} {row['instrument_name']!s:14s} {row['filters']!s:14s} {row['calib_level']!s:>5s}"
            f" {row['s_ra']:11.6f} {row['s_dec']:11.6f} {row['t_exptime']:10.1f}"
        )


def _tell_gaps(found: Any) -> None:
    if not found.complete:
        remark(f"incomplete: {found.cut}")
    if found.withheld:
        remark(f"{found.withheld} matching observations are not public yet")


def _wanted(request: SearchRequest) -> str:
    wishes = request.model_dump(exclude_defaults=True)
    return ", ".join(f"{key} {value}" for key, value in wishes.items())


def _plain_row(row: Any) -> dict[str, Any]:
    return {name: _plain(row[name]) for name in row.colnames}


def _plain(value: Any) -> Any:
    if np.ma.is_masked(value):
        return None
    item = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(item, float) and not np.isfinite(item) else item


def ingest(
    context: typer.Context,
    target: Target = None,
    *,
    ra: Ra = None,
    dec: Dec = None,
    radius: Radius = 0.2,
    obs_id: ObsId = None,
    program: Program = None,
    instrument: Instrument = None,
    filters: Filters = None,
    level: Level = None,
    suffix: Suffix = None,
    source: Annotated[
        Literal["auto", "s3", "https"] | None, typer.Option(help="where bytes come from; auto: S3, else HTTPS")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="list files and bytes, fetch nothing")] = False,
    as_json: Json = False,
) -> None:
    """Fetch files of the archive into the store and register them in the catalogue."""
    from jwstpipe.archive.products import tally
    from jwstpipe.ingestion import choose, ingest_products

    settings = settings_of(context)
    archive = settings.archive if source is None else settings.archive.model_copy(update={"source": source})
    request = validated(
        SearchRequest,
        target=target, ra=ra, dec=dec, radius=radius, obs_id=obs_id, program=program, instrument=instrument,
        filters=split(filters), suffix=split(suffix), **({"level": tuple(level)} if level else {}),
    )  # fmt: skip
    with progress_bars(quiet=choices_of(context).quiet) as report:
        choice = choose(request, settings=archive, report=report)
        _tell_gaps(choice.found)
        if not choice.products:
            raise NotFoundError(f"no files found for {_wanted(request)}; try other --level, --suffix or --filter")
        if dry_run:
            _show_plan(tally(choice.products), as_json=as_json)
            return
        own = settings.model_copy(update={"archive": archive})
        done = ingest_products(choice.products, settings=own, report=report)
    for entry in done.entries:
        record = entry.record
        if as_json:
            told = {"file_name", "product_id", "storage_key", "file_size", "digest"}
            json_data({**record.model_dump(include=told), "bytes_moved": entry.bytes_moved})
        else:
            data(f"{record.storage_key}  {record.file_size:,} bytes  {'fetched' if entry.bytes_moved else 'was here'}")
    remark(
        f"{len(done.entries)} files registered, {sum(entry.bytes_moved for entry in done.entries) / 1e6:.1f} MB moved"
    )
    done.require_all()


def _show_plan(lines: Sequence[Any], *, as_json: bool) -> None:
    for line in lines:
        if as_json:
            json_data({"level": line.level, "filters": list(line.filters), "files": line.files, "bytes": line.size})
        else:
            data(f"level {line.level}  {'+'.join(line.filters):16s} {line.files:6d} files {line.size / 1e6:12.1f} MB")
    total = sum(line.size for line in lines)
    remark(f"{sum(line.files for line in lines)} files, {total / 1e6:.1f} MB in all; nothing was fetched")


def names(
    files: Annotated[list[str], typer.Argument(metavar="FILE...")],
    *,
    as_json: Json = False,
) -> None:
    """Tell what JWST file names say, without opening the files."""
    from jwstpipe.names import as_json as name_facts
    from jwstpipe.names import parse_name

    for file in files:
        name = parse_name(Path(file).name)
        if as_json:
            json_data(name_facts(name))
            continue
        facts = name_facts(name)
        told = " ".join(
            f"{key}={value}" for key, value in facts.items() if value not in (None, "", []) and key != "name"
        )
        data(f"{Path(file).name}  {told}")


COMMANDS = {"search": search, "ingest": ingest, "names": names}
