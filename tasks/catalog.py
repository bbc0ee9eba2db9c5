"""Store and catalogue against each other, and what piles up in them."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta

from prefect import get_run_logger

from jwstpipe.catalog.maintenance.garbage import collect_garbage, find_garbage, reap_leases
from jwstpipe.catalog.maintenance.reconcile import FINDING_KINDS, Finding, FindingKind, repair, survey
from jwstpipe.tasks.run_context import Run
from jwstpipe.tasks.steps.step_task import step_task

__all__ = ["clear_garbage", "clear_leases", "compare", "put_right"]


@step_task("compare")
def compare(
    run: Run, *, verify: bool = False, grace_hours: float, kinds: Collection[FindingKind] = FINDING_KINDS
) -> tuple[Finding, ...]:
    """Find where store and catalogue do not agree, in the ways that are asked for; nothing is changed."""
    everything = survey(run.catalog, run.store, verify=verify, grace=timedelta(hours=grace_hours), now=run.now())
    found = tuple(finding for finding in everything if finding.kind in kinds)
    for (kind, action), count in sorted(Counter((finding.kind, finding.action) for finding in found).items()):
        run.counts[f"{kind}, to {action}"] = count
        get_run_logger().info("%d %s, to %s", count, kind, action)
    for finding in found:
        run.note(f"{finding.kind}: {finding.storage_key or finding.product_id}: {finding.detail}")
    return found


@step_task("put right")
def put_right(run: Run, findings: Sequence[Finding]) -> None:
    """Register, delete and mark as the findings say."""
    done = repair(run.catalog, run.store, findings, now=run.now())
    run.counts |= {"registered": done.registered, "deleted": done.deleted, "marked": done.marked}
    get_run_logger().info(
        "%d registered, %d deleted (%.1f MB), %d marked",
        done.registered, done.deleted, done.bytes_freed / 1e6, done.marked,
    )  # fmt: skip
    for failure in done.failures:
        get_run_logger().warning(failure)
        run.note(failure)


@step_task("garbage")
def clear_garbage(run: Run, *, days: float, dry_run: bool) -> None:
    """Delete superseded products that no current one was made of."""
    garbage = find_garbage(run.catalog, grace=timedelta(days=days), now=run.now())
    run.counts["superseded, not needed"] = len(garbage.products)
    count = 0 if dry_run else collect_garbage(run.catalog, run.store, garbage)
    get_run_logger().info("%d superseded products not needed, %d deleted", len(garbage.products), count)


@step_task("leases")
def clear_leases(run: Run) -> None:
    """Clear away the leases of runs that died."""
    run.counts["leases of dead runs"] = reap_leases(run.catalog, now=run.now())
