"""Upkeep of store and catalogue."""

from jwstpipe.requests.base import Request, option

__all__ = ["HousekeepingRequest", "ReconcileRequest"]


class ReconcileRequest(Request):
    """Compare store and catalogue; a dry run tells, and changes nothing."""

    dry_run: bool = option(True, help="tell only; off = do it")
    verify: bool = option(False, help="read every file and compare its digest")
    grace_hours: float = option(24.0, ge=0, le=8760, help="leave alone what is younger than this")


class HousekeepingRequest(Request):
    """Scan for files without records, clear away what died, and collect superseded products after a grace period."""

    dry_run: bool = option(True, help="tell only; off = do it")
    scan: bool = option(True, help="register archive files and finished images that have no record")
    reap: bool = option(True, help="clear away attempts, staged records and leases of runs that died")
    grace_hours: float = option(24.0, ge=0, le=8760, help="leave alone what is younger than this")
    garbage_days: float = option(
        30.0, ge=0, le=3650, help="delete superseded products that no current one was made of after this long"
    )
