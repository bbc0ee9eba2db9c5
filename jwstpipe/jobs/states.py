"""How a job stands, in the words of this project."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from jwstpipe import errors
from jwstpipe.errors import InterruptedRunError, JwstPipeError

__all__ = ["FlowRun", "JobProgress", "JobState", "JobStatus", "moment", "state_of", "types_of"]

JobState = Literal["waiting", "running", "cancelling", "done", "failed", "crashed", "cancelled"]

_STATES: Mapping[str, JobState] = {
    "SCHEDULED": "waiting",
    "PENDING": "waiting",
    "PAUSED": "waiting",
    "RUNNING": "running",
    "CANCELLING": "cancelling",
    "COMPLETED": "done",
    "FAILED": "failed",
    "CRASHED": "crashed",
    "CANCELLED": "cancelled",
}
_ENDED: frozenset[JobState] = frozenset({"done", "failed", "crashed", "cancelled"})
_LEAD = "encountered an exception: "


@dataclass(frozen=True)
class FlowRun:
    """What a Prefect server tells of a run."""

    id: str
    name: str
    flow_id: str
    deployment_id: str | None
    tags: tuple[str, ...]
    idempotency_key: str | None
    state_type: str
    """As ``SCHEDULED``; empty before the first."""

    message: str
    started: datetime | None
    due: datetime | None
    seconds: float
    """In which it has run, by its last state."""

    seconds_so_far: float
    """The same, up to when this was asked."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "FlowRun":
        """Read the answer of a server."""
        state = told.get("state") or {}
        seconds = float(told.get("total_run_time") or 0.0)
        return cls(
            id=told["id"], name=told["name"], flow_id=told["flow_id"], deployment_id=told.get("deployment_id"),
            tags=tuple(told.get("tags") or ()), idempotency_key=told.get("idempotency_key"),
            state_type=state.get("type") or "", message=state.get("message") or "",
            started=moment(told.get("start_time")), due=moment(told.get("expected_start_time")),
            seconds=seconds, seconds_so_far=float(told.get("estimated_run_time") or seconds),
        )  # fmt: skip


def moment(text: str | None) -> datetime | None:
    """Read a time as servers write it."""
    return None if text is None else datetime.fromisoformat(text)


@dataclass(frozen=True)
class JobStatus:
    """How a job stood when it was asked."""

    state: JobState
    message: str
    """Why it waits, failed or was cancelled; one sentence, or empty."""

    started: datetime | None
    seconds: float
    """How long it has been running, or ran."""

    @property
    def ended(self) -> bool:
        """Whether this is its last state."""
        return self.state in _ENDED

    @property
    def bad(self) -> bool:
        """Whether it ended without a result."""
        return self.ended and self.state != "done"

    def error(self, what: str) -> JwstPipeError:
        """Give the error with which the job ended, of the family that its run raised."""
        if self.state == "cancelled":
            return InterruptedRunError(f"{what} was cancelled; nothing half-done is visible")
        name, separator, reason = self.message.partition(": ")
        family = getattr(errors, name, None) if separator and name.isidentifier() else None
        if isinstance(family, type) and issubclass(family, JwstPipeError):
            return family(f"{what} failed: {reason}")
        return JwstPipeError(f"{what} {self.state}: {self.message or 'no reason is known'}")


@dataclass(frozen=True)
class JobProgress:
    """How far a job is."""

    percent: float
    """Of the whole; never falls."""

    stages: dict[str, float]
    """Percent of each stage that has begun, as ``tiles F200W (12 tiles)``."""


def types_of(state: JobState) -> list[str]:
    """Give the types of Prefect's states that are called so here."""
    return [name for name, ours in _STATES.items() if ours == state]


def state_of(run: FlowRun, *, hint: str = "") -> JobStatus:
    """Translate the state of a flow run.

    Parameters
    ----------
    run
        Flow run.
    hint
        Why it waits, where that is known.
    """
    kind = _STATES[run.state_type] if run.state_type else "waiting"
    message = hint if kind == "waiting" else " ".join(run.message.split())
    message = message.partition(_LEAD)[2] if _LEAD in message else message
    seconds = run.seconds_so_far if kind in ("running", "cancelling") else run.seconds
    return JobStatus(kind, "" if kind in ("running", "done") else message, run.started, round(seconds, 1))
