"""Upkeep of store and catalogue."""

from pydantic import Field

from jwstpipe.requests.base import Request

__all__ = ["HousekeepingRequest", "ReconcileRequest"]


class ReconcileRequest(Request):
    """Compare store and catalogue; a dry run tells, and changes nothing."""

    dry_run: bool = Field(True, description="tell only; off = register, delete and mark what was found")
    verify: bool = Field(False, description="read every file and compare its digest")
    grace_hours: float = Field(24.0, ge=0, le=8760, description="leave alone what is younger than this")


class HousekeepingRequest(Request):
    """Scan for files without records, clear away what died, and collect superseded products after a grace period."""

    dry_run: bool = Field(True, description="tell only; off = do it")
    scan: bool = Field(True, description="register archive files and finished images that have no record")
    reap: bool = Field(True, description="clear away attempts, staged records and leases of runs that died")
    grace_hours: float = Field(24.0, ge=0, le=8760, description="leave alone what is younger than this")
    garbage_days: float = Field(
        30.0, ge=0, le=3650, description="delete superseded products that no current one was made of after this long"
    )
