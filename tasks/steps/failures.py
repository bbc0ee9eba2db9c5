"""How an error of ours ends a step and its run: one sentence, no traceback, and told once on the page of the run."""

import logging
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Failed

from jwstpipe.errors import JwstPipeError

__all__ = ["SaidOnce", "failed_state", "failure_sentence"]

FINISHED = "Finished in state Failed("
"""How Prefect begins the line with which a step or a run ends badly."""

BEFORE_IT = "Task run failed with state: Failed("
"""How it begins another one just before that, with the innards of the state."""

MOST_RUNS = 64
"""Runs whose sentences a process keeps in mind; one that serves flows has a process for each run."""


def failure_sentence(error: BaseException) -> str:
    """Say in one line why something failed, with the family of the error in front."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def failed_state(error: JwstPipeError) -> State[Any]:
    """Give the state in which an error of ours leaves a step or a run; whoever asks for its result meets the error.

    Raised through Prefect's engines, it would be logged by each of them with its whole traceback.
    """
    return Failed(message=failure_sentence(error), data=error)


class SaidOnce(logging.Filter):
    """Keeps tracebacks of our errors, and the second line about the same one, from the page of a run."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, set[str]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten what tells of an error of ours to its sentence; let it pass where it is the first."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, JwstPipeError):
            record.msg, record.args = failure_sentence(error), None
            record.exc_info = record.exc_text = None
            sentence = record.msg
        elif record.getMessage().startswith(BEFORE_IT):
            return False
        elif record.getMessage().startswith(FINISHED):
            sentence = record.getMessage().removeprefix(FINISHED)
        else:
            return True
        run = str(getattr(record, "flow_run_id", ""))
        said = self._said.setdefault(run, set())
        while len(self._said) > MOST_RUNS:
            del self._said[next(iter(self._said))]
        letters = "".join(filter(str.isalnum, sentence))  # a state is shown with quotes, and what they ask for
        if letters in said:
            return False
        said.add(letters)
        return True
