"""`jwstpipe catalog`: what do we have? find, show, stats, stale, tag, archive, delete, export, import."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jwstpipe.cli.archive import split
from jwstpipe.cli.context import settings_of
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.errors import NotFoundError, PartialError, UsageError
from jwstpipe.requests import validated

if TYPE_CHECKING:
    from jwstpipe.catalog.catalog import Catalog
    from jwstpipe.catalog.models import ProductRecord
    from jwstpipe.catalog.query import RecordQuery
    from jwstpipe.settings import Settings

__all__ = ["GROUP"]

GROUP = typer.Typer(
    name="catalog", help="What do we have: find, show, count, tag, delete, export.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="machine-readable")]
Home = Annotated[Path | None, typer.Option(help="folder of catalogue and store")]
User = Annotated[str | None, typer.Option(help="who asks: own, shared and public records only; '' = public ones")]
Kind = Annotated[list[str] | None, typer.Option(help="archive, image, mosaic, picture, thumbnail; again")]
Level = Annotated[list[str] | None, typer.Option(help="L1, L2a, L2b, L3, unknown; again")]
Status = Annotated[list[str] | None, typer.Option(help="published (default), staged, superseded, all")]
Target = Annotated[str | None, typer.Option(help="name of the target; blanks and case do not matter")]
Instrument = Annotated[list[str] | None, typer.Option(help="as NIRCam; again")]
Filters = Annotated[list[str] | None, typer.Option("--filter", "--filters", help="as F090W; by commas or again")]
Program = Annotated[int | None, typer.Option(help="programme number")]
ObsId = Annotated[str | None, typer.Option("--obs-id", help="observation id of the archive")]
Observation = Annotated[str | None, typer.Option(help="observation base id, as jw02733001001")]
Detector = Annotated[str | None, typer.Option(help="as nrca1")]
Tag = Annotated[list[str] | None, typer.Option(help="has this tag; again = has all of them")]
Text = Annotated[str | None, typer.Option(help="part of file name, target or description")]
Ra = Annotated[float | None, typer.Option(help="middle of a cone, degrees")]
Dec = Annotated[float | None, typer.Option(help="middle of a cone, degrees")]
Radius = Annotated[float, typer.Option(help="radius of the cone, degrees")]
Since = Annotated[str | None, typer.Option(help="entered since this time, as 2026-01-31 or 2026-01-31T12:00Z")]
Before = Annotated[str | None, typer.Option(help="entered before this time")]
ObservedSince = Annotated[str | None, typer.Option(help="observed since this time")]
ObservedBefore = Annotated[str | None, typer.Option(help="observed before this time")]
Archived = Annotated[bool | None, typer.Option("--archived/--not-archived", help="only archived ones, or only others")]


@contextmanager
def opened(
    context: typer.Context, *, home: Path | None, user: str | None = None
) -> Iterator[tuple["Catalog", "Settings"]]:
    """Open the catalogue of this call, as a user sees it."""
    from jwstpipe.catalog.catalog import open_catalog

    settings = settings_of(context, home=home)
    with open_catalog(settings.catalog_address) as catalog:
        yield (catalog if user is None else catalog.as_user(user)), settings


def query_of(
    *,
    kind: list[str] | None = None, level: list[str] | None = None, status: list[str] | None = None,
    target: str | None = None, instrument: list[str] | None = None, filters: list[str] | None = None,
    program: int | None = None, obs_id: str | None = None, observation: str | None = None, detector: str | None = None,
    tag: list[str] | None = None, text: str | None = None, ra: float | None = None, dec: float | None = None,
    radius: float = 0.1, since: str | None = None, before: str | None = None, observed_since: str | None = None,
    observed_before: str | None = None, archived: bool | None = None,
) -> "RecordQuery":  # fmt: skip
    """Make a query of the options of a command."""
    from jwstpipe.catalog.query import RecordQuery

    wanted = tuple(split(status)) or ("published",)
    cone = {"ra": ra, "dec": dec, "radius": radius} if ra is not None or dec is not None else {}
    return validated(
        RecordQuery,
        kind=split(kind), level=split(level), status=() if "all" in wanted else wanted, target=target,
        instrument=split(instrument), filter=split(filters), program=program, obs_id=obs_id,
        observation_base_id=observation, detector=detector, tags=split(tag), text=text, archived=archived, **cone,
        created_since=_moment(since), created_before=_moment(before), observed_since=_moment(observed_since),
        observed_before=_moment(observed_before),
    )  # fmt: skip


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"not a time: {text!r}; write it as 2026-01-31 or 2026-01-31T12:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


@GROUP.command()
def find(
    context: typer.Context,
    words: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="part of name, target, description")] = None,
    *,
    kind: Kind = None, level: Level = None, status: Status = None, target: Target = None, instrument: Instrument = None,
    filters: Filters = None, program: Program = None, obs_id: ObsId = None, observation: Observation = None,
    detector: Detector = None, tag: Tag = None, text: Text = None, ra: Ra = None, dec: Dec = None, radius: Radius = 0.1,
    since: Since = None, before: Before = None, observed_since: ObservedSince = None,
    observed_before: ObservedBefore = None, archived: Archived = None,
    sort: Annotated[str, typer.Option(help="newest oldest observed file_name target level filter largest")] = "newest",
    limit: Annotated[int, typer.Option(min=0, help="most records; 0 = all")] = 50,
    skip: Annotated[int, typer.Option(min=0, help="records to pass over")] = 0,
    user: User = None, home: Home = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Find records."""
    from typing import get_args

    from jwstpipe.catalog.query import SortKey

    if sort not in get_args(SortKey):
        raise UsageError(f"--sort is one of {', '.join(get_args(SortKey))}, not {sort!r}")
    query = query_of(
        kind=kind, level=level, status=status, target=target, instrument=instrument, filters=filters, program=program,
        obs_id=obs_id, observation=observation, detector=detector, tag=tag, text=text or words, ra=ra, dec=dec,
        radius=radius, since=since, before=before, observed_since=observed_since, observed_before=observed_before,
        archived=archived,
    )  # fmt: skip
    with opened(context, home=home, user=user) as (catalog, _):
        found = catalog.find(query, sort=sort, limit=limit, skip=skip)  # type: ignore[arg-type]
        count = catalog.count(query)
    if not count:
        raise NotFoundError("the catalogue has no such records; try fewer conditions, or --status all")
    if not as_json:
        data(f"{'id':32s} {'kind':9s} {'level':7s} {'instrument':10s} {'filter':8s} {'size':>10s} file name")
    for record in found:
        json_data(record.model_dump(mode="json")) if as_json else data(_line(record))
    if len(found) < count:
        remark(f"{len(found)} of {count}; more with --limit and --skip")


def _line(record: "ProductRecord") -> str:
    image = record.image_info
    return (
        f"{record.product_id:32s} {record.kind:9s} {record.processing_level:7s}"
        f" {(image.instrument if image else None) or '-':10s} {(image.filter if image else None) or '-':8s}"
        f" {_size(record.file_size):>10s} {record.file_name}"
        f"{'' if record.status == 'published' else f' [{record.status}]'}{' (!)' if record.warnings else ''}"
    )


def _size(size: int | None) -> str:
    if size is None:
        return "-"
    return (
        f"{size / 1e9:.2f} GB" if size >= 10**9 else f"{size / 1e6:.2f} MB" if size >= 10**6 else f"{size / 1e3:.1f} kB"
    )


@GROUP.command()
def show(
    context: typer.Context,
    products: Annotated[list[str], typer.Argument(metavar="PRODUCT|FILE...")],
    *, user: User = None, home: Home = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show whole records, by id, file name, storage key or a file of the product."""
    from jwstpipe.catalog.carried_id import find_product

    with opened(context, home=home, user=user) as (catalog, settings):
        for number, word in enumerate(products):
            record = find_product(catalog, word, s3=settings.s3).record
            if as_json:
                json_data(record.model_dump(mode="json"))
                continue
            if number:
                data()
            for key, value in record.model_dump(mode="json").items():
                _tell(key, value)


def _tell(key: str, value: Any, indent: str = "") -> None:
    if value in (None, "", [], {}):
        return
    if isinstance(value, dict):
        data(f"{indent}{key}:")
        for inner, item in value.items():
            _tell(inner, item, indent + "  ")
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        data(f"{indent}{key}:")
        for item in value:
            told = ", ".join(f"{name} {text}" for name, text in item.items() if text not in (None, "", {}))
            data(f"{indent}  - {told}")
    else:
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        data(f"{indent}{key:{max(1, 24 - len(indent))}s} {shown}")


@GROUP.command()
def stats(
    context: typer.Context,
    *,
    kind: Kind = None, level: Level = None, status: Status = None, target: Target = None, instrument: Instrument = None,
    filters: Filters = None, program: Program = None, tag: Tag = None, ra: Ra = None, dec: Dec = None,
    radius: Radius = 0.1, user: User = None, home: Home = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Count records and bytes by kind, instrument, filter, level, status and size."""
    from dataclasses import asdict

    query = query_of(
        kind=kind, level=level, status=status or ["all"], target=target, instrument=instrument, filters=filters,
        program=program, tag=tag, ra=ra, dec=dec, radius=radius,
    )  # fmt: skip
    with opened(context, home=home, user=user) as (catalog, _):
        found = catalog.stats(query)
    if as_json:
        json_data(asdict(found))
        return
    data(f"{'all':14s} {'':16s} {found.total.records:8d} {_size(found.total.bytes):>12s}")
    for name in ("kind", "instrument", "filter", "level", "status", "size"):
        for value, share in getattr(found, f"by_{name}").items():
            data(f"{name:14s} {value or '(none)':16s} {share.records:8d} {_size(share.bytes):>12s}")


@GROUP.command()
def stale(context: typer.Context, *, user: User = None, home: Home = None, as_json: Json = False) -> None:
    """List the products that are not current any more, and why."""
    from dataclasses import asdict

    from jwstpipe.catalog.staleness import stale_products
    from jwstpipe.remake import ALGORITHMS, product_stands
    from jwstpipe.storage import open_store

    with opened(context, home=home, user=user) as (catalog, settings):
        store = open_store(settings.store_root, s3=settings.s3)
        found = stale_products(
            catalog, algorithms=ALGORITHMS, present=lambda key, form: product_stands(store, key, form)
        )
        records = catalog.get_many(found)
    for key, reasons in found.items():
        record = records[key]
        if as_json:
            json_data({"product_id": key, "kind": record.kind, "file_name": record.file_name,
                       "reasons": [asdict(reason) for reason in reasons]})  # fmt: skip
            continue
        data(f"{key} {record.kind:9s} {record.file_name}")
        for reason in reasons:
            data(f"    {reason.cause}: {reason.file_name}: {reason.detail}")
    remark(f"{len(found)} products are stale")


@GROUP.command()
def tag(
    context: typer.Context,
    tags: Annotated[list[str], typer.Argument(metavar="TAG...", help="to add, or with --remove to take away")],
    *,
    product: Annotated[list[str] | None, typer.Option(help="id, name or file of a product; again")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="take the tags away")] = False,
    kind: Kind = None, level: Level = None, status: Status = None, target: Target = None, instrument: Instrument = None,
    filters: Filters = None, program: Program = None, text: Text = None, user: User = None, home: Home = None,
) -> None:  # fmt: skip
    """Add tags to products, or to all that the conditions choose."""
    from jwstpipe.catalog.bulk import tag_records
    from jwstpipe.catalog.carried_id import find_product

    query = query_of(kind=kind, level=level, status=status, target=target, instrument=instrument, filters=filters,
                     program=program, text=text)  # fmt: skip
    with opened(context, home=home, user=user) as (catalog, settings):
        if product:
            chosen = [find_product(catalog, word, s3=settings.s3).record.product_id for word in product]
            for key in chosen:
                catalog.amend(key, **({"remove_tags": tags} if remove else {"add_tags": tags}))  # type: ignore[arg-type]
            count = len(chosen)
        else:
            _require_conditions(query)
            count = tag_records(catalog, query, **({"remove": tags} if remove else {"add": tags}))
    remark(f"{count} records {'lost' if remove else 'have'} {', '.join(tags)}")


@GROUP.command()
def archive(
    context: typer.Context,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="take them out of the archive again")] = False,
    kind: Kind = None, level: Level = None, status: Status = None, target: Target = None, instrument: Instrument = None,
    filters: Filters = None, program: Program = None, tag: Tag = None, before: Before = None, text: Text = None,
    user: User = None, home: Home = None,
) -> None:  # fmt: skip
    """Mark what the conditions choose as archived."""
    from jwstpipe.catalog.bulk import archive_records

    query = query_of(kind=kind, level=level, status=status, target=target, instrument=instrument, filters=filters,
                     program=program, tag=tag, before=before, text=text)  # fmt: skip
    _require_conditions(query)
    with opened(context, home=home, user=user) as (catalog, _):
        count = archive_records(catalog, query, archived=not undo)
    remark(f"{count} records are {'not archived any more' if undo else 'archived'}")


@GROUP.command()
def delete(
    context: typer.Context,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="delete; without it everything is only named")] = False,
    cascade: Annotated[bool, typer.Option("--cascade", help="delete what was made of them too")] = False,
    keep_files: Annotated[bool, typer.Option("--keep-files", help="forget the records, leave the files")] = False,
    kind: Kind = None, level: Level = None, status: Status = None, target: Target = None, instrument: Instrument = None,
    filters: Filters = None, program: Program = None, observation: Observation = None, tag: Tag = None,
    before: Before = None, archived: Archived = None, text: Text = None, user: User = None, home: Home = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Delete what the conditions choose; what depends on it is named first."""
    from jwstpipe.catalog.bulk import delete_records, plan_deletion
    from jwstpipe.storage import open_store

    query = query_of(kind=kind, level=level, status=status, target=target, instrument=instrument, filters=filters,
                     program=program, observation=observation, tag=tag, before=before, archived=archived,
                     text=text)  # fmt: skip
    _require_conditions(query)
    with opened(context, home=home, user=user) as (catalog, settings):
        plan = plan_deletion(catalog, query)
        if not plan.records:
            raise NotFoundError("the catalogue has no such records; nothing to delete")
        _show_deletion(plan, as_json=as_json, cascade=cascade, done=yes)
        if yes:
            store = None if keep_files else open_store(settings.store_root, s3=settings.s3)
            count = delete_records(catalog, plan, store, cascade=cascade)
            remark(f"{count} products deleted")


def _show_deletion(plan: Any, *, as_json: bool, cascade: bool, done: bool) -> None:
    if as_json:
        named = {
            "products": [record.product_id for record in plan.records],
            "dependents": [record.product_id for record in plan.dependents],
        }
        json_data({**named, "bytes": plan.bytes, "cascade": cascade, "deleted": done})
        return
    data(f"{len(plan.records)} products, {_size(plan.bytes)}:")
    for record in plan.records:
        data(f"  {_line(record)}")
    if plan.dependents:
        fate = "are deleted too" if cascade else "stay, and lose their inputs (--cascade deletes them too)"
        data(f"{len(plan.dependents)} products were made of them and {fate}:")
        for record in plan.dependents:
            data(f"  {_line(record)}")
    if not done:
        remark("nothing was deleted; say --yes to do it")


def _require_conditions(query: "RecordQuery") -> None:
    if not query.model_dump(exclude_defaults=True):
        raise UsageError("say which records: give at least one condition, as --level L2b")


@GROUP.command()
def export(
    context: typer.Context,
    out: Annotated[str, typer.Argument(metavar="[OUT.jsonl|.csv|.ecsv|.fits]", help="none: JSON lines, stdout")] = "-",
    *,
    kind: Kind = None, level: Level = None, status: Status = None, target: Target = None, instrument: Instrument = None,
    filters: Filters = None, program: Program = None, tag: Tag = None, user: User = None, home: Home = None,
) -> None:  # fmt: skip
    """Write records as JSON lines (everything), CSV, ECSV or a FITS table (what fits in columns)."""
    from jwstpipe.catalog.exchange import record_line, records_csv, records_table
    from jwstpipe.storage import aside

    query = query_of(kind=kind, level=level, status=status or ["all"], target=target, instrument=instrument,
                     filters=filters, program=program, tag=tag)  # fmt: skip
    ending = "jsonl" if out == "-" else Path(out).suffix.lstrip(".").lower()
    if ending not in ("jsonl", "json", "csv", "ecsv", "fits"):
        raise UsageError(f"{out}: records are written as .jsonl, .csv, .ecsv or .fits")
    with opened(context, home=home, user=user) as (catalog, _):
        records = catalog.find(query, sort="oldest")
    if out == "-":
        for record in records:
            data(record_line(record))
        return
    with aside(Path(out)) as partial:
        if ending in ("jsonl", "json"):
            partial.write_text("".join(f"{record_line(record)}\n" for record in records), encoding="utf-8")
        elif ending == "csv":
            with partial.open("w", encoding="utf-8", newline="") as stream:
                records_csv(records, stream)
        else:
            records_table(records).write(partial, format="ascii.ecsv" if ending == "ecsv" else "fits")
    remark(f"{len(records)} records written to {out}")


@GROUP.command("import")
def import_records(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="IN.jsonl|.csv|-")],
    *, user: User = None, home: Home = None,
) -> None:  # fmt: skip
    """Enter records that `export` wrote; all are checked before the first is entered."""
    from jwstpipe.catalog.exchange import import_lines, import_table
    from jwstpipe.storage import storage_errors

    with storage_errors(source):
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    with opened(context, home=home, user=user) as (catalog, _):
        if source.endswith(".csv"):
            count = import_table(catalog, text, name=source)
        else:
            count = import_lines(catalog, text.splitlines(), name=source)
    remark(f"{count} records entered")


@GROUP.command()
def reconcile(
    context: typer.Context,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="do it; without it everything is only told")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="read every file and compare its digest")] = False,
    grace: Annotated[float, typer.Option(help="leave alone what is younger than this many hours")] = 24.0,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Compare store and catalogue both ways: orphans, half-made attempts, missing and altered files."""
    from dataclasses import asdict
    from datetime import timedelta

    from jwstpipe.catalog.reconcile import repair, survey
    from jwstpipe.storage import open_store

    with opened(context, home=home) as (catalog, settings):
        store = open_store(settings.store_root, s3=settings.s3)
        found = survey(catalog, store, verify=verify, grace=timedelta(hours=grace))
        for finding in found:
            if as_json:
                json_data(asdict(finding))
            else:
                data(
                    f"{finding.kind:12s} {finding.action:8s} {_size(finding.bytes):>10s}"
                    f" {finding.storage_key or finding.product_id}: {finding.detail}"
                )
        if not apply:
            remark(f"{len(found)} findings; nothing was changed{', say --apply to put them right' if found else ''}")
            return
        done = repair(catalog, store, found)
    remark(
        f"{done.registered} registered, {done.deleted} deleted ({_size(done.bytes_freed)}), {done.marked} marked"
        f"{f', {len(done.failures)} failed' if done.failures else ''}"
    )
    for failure in done.failures:
        remark(f"  {failure}")
    if done.failures:
        raise PartialError(f"{len(done.failures)} findings could not be put right, first {done.failures[0]}")
