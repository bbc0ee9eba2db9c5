"""How a job stands, in the words of this project."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from jwstpipe import errors
from jwstpipe.errors import InterruptedRunError, JwstPipeError

__all__ = ["JobProgress", "JobState", "JobStatus", "state_of", "types_of"]

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


def types_of(state: JobState) -> tuple[Any, ...]:
    """Give the types of Prefect's states that are called so here."""
    from prefect.client.schemas.objects import StateType  # noqa: PLC0415 - Prefect loads only when a server is asked

    return tuple(StateType(name) for name, ours in _STATES.items() if ours == state)


def state_of(run: Any, *, hint: str = "") -> JobStatus:
    """Translate the state of a flow run.

    Parameters
    ----------
    run
        Flow run, as Prefect's client gives it.
    hint
        Why it waits, where that is known.
    """
    state = run.state
    kind = _STATES[state.type.value] if state is not None else "waiting"
    message = hint if kind == "waiting" else " ".join(str(state.message or "").split())
    message = message.partition(_LEAD)[2] if _LEAD in message else message
    seconds = run.total_run_time.total_seconds() if kind not in ("running", "cancelling") else _so_far(run)
    return JobStatus(kind, "" if kind in ("running", "done") else message, _plain(run.start_time), round(seconds, 1))


def _plain(moment: Any) -> datetime | None:
    """Give the standard library's kind of time, whichever kind Prefect uses at the moment."""
    return None if moment is None else datetime.fromisoformat(moment.isoformat())


def _so_far(run: Any) -> float:
    return float((run.estimated_run_time or run.total_run_time).total_seconds())
