"""What all flows have in common: named after their job, one request each, runs named after what they do."""

from collections.abc import Callable
from typing import Any, TypeVar

from prefect import Flow, flow
from prefect.runtime import flow_run

from jwstpipe import __version__
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import Request

__all__ = ["job_flow"]

RequestT = TypeVar("RequestT", bound=Request)


def job_flow(function: Callable[[RequestT], RunReport]) -> Flow[[RequestT], RunReport]:
    """Make a flow of a function that carries out one kind of request.

    The function's name is the kind of job; its one parameter is called ``request``, and its model becomes the form.
    Nothing is retried here: the archive client, botocore, MongoDB's driver and the Dask scheduler each retry what
    they alone understand, and retries of one layer would multiply with those of another.
    """
    name = function.__name__.replace("_", "-")
    return flow(name=name, version=__version__, flow_run_name=_run_name, persist_result=False, retries=0)(function)


def _run_name() -> str:
    """Name a run after its request; a request that is refused later has a name too."""
    given: Any = flow_run.parameters.get("request")
    kind = str(flow_run.flow_name)
    if isinstance(given, Request):
        return f"{kind}: {given.title()}"
    return kind
