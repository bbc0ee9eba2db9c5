"""Steps of flows as Prefect tasks, which take what they are given as it is."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.utilities.annotations import quote

from jwstpipe.errors import JwstPipeError
from jwstpipe.tasks.steps.failures import failed_state
from jwstpipe.tasks.steps.hidden_secrets import hidden_secrets

__all__ = ["step_task"]

ParametersT = ParamSpec("ParametersT")
ResultT = TypeVar("ResultT")


def step_task(
    name: str, *, run_name: str | None = None
) -> Callable[[Callable[ParametersT, ResultT]], Callable[ParametersT, ResultT]]:
    """Make a task of a function that is called in a flow with thousands of records.

    Prefect looks for futures in everything that a task is given, field by field of each record and twice; our flows
    hand over values, so that it need not look. Prefect caches nothing: the catalogue knows what is made.

    Parameters
    ----------
    name
        Name of the task, as the run page shows it.
    run_name
        Name of its runs, with parameters in braces; default: the task's name and a number.
    """

    def decorate(function: Callable[ParametersT, ResultT]) -> Callable[ParametersT, ResultT]:
        @wraps(function)
        def discreet(*args: ParametersT.args, **kwargs: ParametersT.kwargs) -> ResultT | State[Any]:
            try:
                with hidden_secrets():
                    return function(*args, **kwargs)
            except JwstPipeError as error:
                return failed_state(error)

        made = task(name=name, task_run_name=run_name, cache_policy=NO_CACHE)(discreet)

        @wraps(function)
        def call(*args: ParametersT.args, **kwargs: ParametersT.kwargs) -> ResultT:
            given = [quote(value) for value in args]
            named = {key: quote(value) for key, value in kwargs.items()}
            ended: Any = made(*given, **named)  # type: ignore[arg-type]  # quotes are taken off before the call
            if isinstance(ended, State):
                ended.result()  # raises the error that ended it
            return cast("ResultT", ended)

        call.task = made  # type: ignore[attr-defined]  # for those who run it beside others, or ask how it is retried
        return call

    return decorate
