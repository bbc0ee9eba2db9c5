"""No password gets into Prefect's database: neither by the words of an error that nobody foresaw, nor by a log."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.logging.handlers import APILogHandler

from jwstpipe.errors import JwstPipeError
from jwstpipe.redaction import redacted
from jwstpipe.tasks.steps.failures import SaidOnce

__all__ = ["hidden_secrets", "hide_in_logs"]


@contextmanager
def hidden_secrets() -> Iterator[None]:
    """Take secrets out of errors of other libraries, which Prefect would write on the page of the run.

    Our own errors never hold any.

    Raises
    ------
    RuntimeError
        In the place of an error whose words, or the words of what led to it, held a secret.
    """
    try:
        yield
    except JwstPipeError:
        raise
    except Exception as error:
        text = traceback.format_exc()
        if redacted(text) == text:
            raise
        raise RuntimeError(redacted(f"{type(error).__name__}: {error}")) from None


class _HideSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without secrets."""
        text = record.getMessage()
        shown = redacted(text)
        if shown != text:
            record.msg, record.args = shown, None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = redacted("".join(traceback.format_exception(*record.exc_info)).rstrip())
        return True


def hide_in_logs() -> None:
    """Make what this process logs to a Prefect server go through the same function; called at the start of each run."""
    for name in ("", "prefect", *list(logging.root.manager.loggerDict)):
        for handler in logging.getLogger(name).handlers:
            if isinstance(handler, APILogHandler) and not any(isinstance(one, _HideSecrets) for one in handler.filters):
                handler.addFilter(SaidOnce())
                handler.addFilter(_HideSecrets())
