"""Store and catalogue against each other."""

from typing import Annotated

import typer

from jwstpipe.cli.arguments import Home, Json
from jwstpipe.cli.catalog.format import size_text
from jwstpipe.cli.catalog.opened import opened
from jwstpipe.cli.output import data, json_data, remark
from jwstpipe.cli.tables import aligned
from jwstpipe.errors import DataError, PartialError

__all__ = ["reconcile"]


def reconcile(
    context: typer.Context,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="do it; without it everything is only told")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="read every file and compare its digest")] = False,
    grace: Annotated[float, typer.Option(min=0, help="leave alone what is younger than this many hours")] = 24.0,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Compare store and catalogue both ways: orphans, half-made attempts, missing and altered files (exit 6).

    Examples: jwstpipe catalog reconcile --verify; jwstpipe catalog reconcile --apply --grace 0
    """
    from dataclasses import asdict
    from datetime import timedelta

    from jwstpipe.catalog.maintenance.reconcile import repair, survey
    from jwstpipe.storage import open_store

    with opened(context, home=home) as (catalog, settings):
        store = open_store(settings.store_root, s3=settings.s3)
        found = survey(catalog, store, verify=verify, grace=timedelta(hours=grace))
        if as_json:
            for finding in found:
                json_data(asdict(finding))
        elif found:
            table = [["finding", "repair", "size", "what"]]
            for finding in found:
                what = f"{finding.storage_key or finding.product_id}: {finding.detail}"
                table.append([finding.kind, finding.action, size_text(finding.bytes), what])
            for line in aligned(table, right=(2,)):
                data(line)
        if not apply:
            remark(f"{len(found)} findings; nothing was changed{', say --apply to put them right' if found else ''}")
            altered = [finding for finding in found if finding.kind == "altered"]
            if altered:
                raise DataError(
                    f"{len(altered)} products are not as they were written, first {altered[0].storage_key}:"
                    f" {altered[0].detail}"
                )
            return
        done = repair(catalog, store, found)
    remark(
        f"{done.registered} registered, {done.deleted} deleted ({size_text(done.bytes_freed)}), {done.marked} marked"
        f"{f', {len(done.failures)} failed' if done.failures else ''}"
    )
    for failure in done.failures:
        remark(f"  {failure}")
    if done.failures:
        raise PartialError(f"{len(done.failures)} findings could not be put right, first {done.failures[0]}")
