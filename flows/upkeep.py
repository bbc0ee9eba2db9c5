"""Upkeep: store and catalogue agree, what died is cleared away, what nobody needs goes."""

from jwstpipe.catalog.maintenance.reconcile import FindingKind
from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests.archive.upkeep import HousekeepingRequest, ReconcileRequest
from jwstpipe.tasks.catalog import clear_garbage, clear_leases, compare, put_right
from jwstpipe.tasks.run_context import job_run

__all__ = ["housekeeping", "reconcile"]

SCANNED: frozenset[FindingKind] = frozenset({"unregistered"})
REAPED: frozenset[FindingKind] = frozenset({"unfinished", "duplicate", "abandoned"})


@job_flow
def reconcile(request: ReconcileRequest) -> RunReport:
    """Compare store and catalogue both ways, and put right what does not agree.

    A dry run, the default, tells what would be done and changes nothing.
    """
    with job_run("reconcile", request) as run:
        with run.step("compare", percent=70):
            findings = compare(run, verify=request.verify, grace_hours=request.grace_hours)
        with run.step("put right", percent=30):
            if not request.dry_run:
                put_right(run, findings)
    return run.report("reconcile", request)


@job_flow
def housekeeping(request: HousekeepingRequest) -> RunReport:
    """Register files without records, clear away what dead runs left, and collect what is superseded.

    A dry run, the default, tells what would be done and changes nothing.
    """
    kinds = (SCANNED if request.scan else frozenset()) | (REAPED if request.reap else frozenset())
    with job_run("housekeeping", request) as run:
        with run.step("compare", percent=50):
            findings = compare(run, grace_hours=request.grace_hours, kinds=kinds) if kinds else ()
        with run.step("put right", percent=30):
            if kinds and not request.dry_run:
                put_right(run, findings)
                if request.reap:
                    clear_leases(run)
        with run.step("garbage", percent=20):
            clear_garbage(run, days=request.garbage_days, dry_run=request.dry_run)
    return run.report("housekeeping", request)
