"""What all flows have in common: named after their job, one request each, runs named after what they do."""

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, TypeVar, cast

from prefect import Flow, flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from jwstpipe import __version__
from jwstpipe.errors import JwstPipeError, UsageError
from jwstpipe.flows.form import AsForm
from jwstpipe.jobs.report import RunReport
from jwstpipe.requests import Request, validated
from jwstpipe.requests.fields.grouped import request_values
from jwstpipe.tasks.steps.failures import failed_state
from jwstpipe.tasks.steps.hidden_secrets import hidden_secrets, hide_in_logs

__all__ = ["job_flow"]

RequestT = TypeVar("RequestT", bound=Request)


def job_flow(function: Callable[[RequestT], RunReport]) -> Flow[[RequestT], RunReport]:
    """Make a flow of a function that carries out one kind of request.

    The function's name is the kind of job; its one parameter is called ``request``, and its model becomes the form.
    A request that the form lets pass and the model does not (values that do not go together) is refused here, before
    anything else: Prefect would write a list of several lines on the page of the run. An error of ours ends the run as
    Failed with its sentence, and is raised to whoever called the flow.

    Nothing is retried here: the archive client, botocore, MongoDB's driver and the Dask scheduler each retry what
    they alone understand, and retries of one layer would multiply with those of another.
    """
    name = function.__name__.replace("_", "-")
    model: type[RequestT] = signature(function).parameters["request"].annotation

    @wraps(function)
    def checked(request: RequestT) -> RunReport | State[Any]:
        hide_in_logs()
        try:
            with hidden_secrets():
                return function(_request(model, request))
        except JwstPipeError as error:
            return failed_state(error)

    def run_name() -> str:
        """Name a run after its request; a request that is refused has a name too."""
        try:
            return f"{name}: {_request(model, flow_run.parameters.get('request')).summary()}"
        except UsageError:
            return name

    arranged: Any = Annotated
    shown: Any = checked  # Prefect draws the form from the signature
    shown.__signature__ = signature(function).replace(
        parameters=[Parameter("request", Parameter.POSITIONAL_OR_KEYWORD, annotation=arranged[model, AsForm(model)])]
    )
    made = flow(
        name=name,
        version=__version__,
        flow_run_name=run_name,
        validate_parameters=False,
        persist_result=False,
        retries=0,
    )
    # an error ends it as a state, and is raised to whoever asks for its result
    return cast("Flow[[RequestT], RunReport]", made(checked))


def _request(model: type[RequestT], given: Any) -> RequestT:
    if isinstance(given, model):
        return given
    if isinstance(given, Mapping):
        return validated(model, **request_values(given))
    raise UsageError(f"request: values of a {model.__name__} are wanted, not {given!r}")
