"""The flow of every operation that has none of its own: choose its inputs, make what is missing, tell."""

from functools import lru_cache
from typing import Any

from prefect import Flow

from jwstpipe.flows.job import job_flow
from jwstpipe.jobs.kinds import KINDS
from jwstpipe.jobs.report import RunReport
from jwstpipe.tasks.operation import chosen_inputs, make_of
from jwstpipe.tasks.run_context import job_run

__all__ = ["flow_of"]


@lru_cache
def flow_of(name: str) -> Flow[[Any], RunReport]:
    """Give the flow of a kind of job, as ``contact_sheet``; it is an attribute of this module, too.

    Raises
    ------
    KeyError
        No such kind, or one that is no operation.
    """
    kind = KINDS[name]
    operation = kind.operation
    if operation is None:
        raise KeyError(name)

    def made(request: Any) -> RunReport:
        with job_run(name, request) as run:
            with run.step("choose", percent=5):
                inputs = chosen_inputs(run, request, operation)
            with run.step(operation, percent=95):
                run.made(make_of(run, request, operation, inputs))
            run.files = len(inputs)
        return run.report(name, request)

    made.__name__ = made.__qualname__ = name
    made.__doc__ = kind.summary
    made.__annotations__ = {"request": kind.request, "return": RunReport}
    return job_flow(made)


def __getattr__(name: str) -> Flow[[Any], RunReport]:
    try:
        return flow_of(name)
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no flow {name!r}") from None
