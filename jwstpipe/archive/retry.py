"""Patience: which failures pass by themselves, when to ask again, and how a wait is cut short."""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from jwstpipe.errors import InterruptedRunError, ServiceError

__all__ = ["CancellationToken", "Throttle", "TransientError", "pause_s", "retry"]

T = TypeVar("T")

FIRST_WAIT_S = 1.0
"""Wait before the second attempt; doubled for each further one."""

LONGEST_WAIT_S = 30.0
"""Longest wait of our own choice."""

LONGEST_ASKED_WAIT_S = 300.0
"""Longest wait accepted when the server names one (``Retry-After``); beyond it the attempt counts as failed."""

POLL_S = 0.05
"""How often a wait looks whether it was cut short."""


class TransientError(ServiceError):
    """A failure that a later attempt may not meet."""

    def __init__(self, message: str, *, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        """Seconds that the server asks to wait, where it does."""


class CancellationToken:
    """Tells workers to leave; a sign raised above is seen below, not the other way round."""

    def __init__(self, above: "CancellationToken | threading.Event | None" = None) -> None:
        self._above = above
        self._own = threading.Event()

    def set(self) -> None:
        """Raise the sign."""
        self._own.set()

    def is_set(self) -> bool:
        """Tell whether it is raised, here or above."""
        return self._own.is_set() or (self._above is not None and self._above.is_set())

    def check(self) -> None:
        """Leave if the sign is raised.

        Raises
        ------
        InterruptedRunError
            It is raised.
        """
        if isinstance(self._above, CancellationToken):
            self._above.check()
        if self.is_set():
            raise InterruptedRunError("the transfer was stopped; run it again to go on where it was")

    def rest(self, seconds: float) -> None:
        """Wait, unless the sign is raised meanwhile (`InterruptedRunError`)."""
        end = time.monotonic() + seconds
        self.check()
        while (left := end - time.monotonic()) > 0:
            self._own.wait(min(left, POLL_S))
            self.check()


class Throttle:
    """Keeps bytes of all threads together under a rate; shared by threads."""

    def __init__(self, bytes_per_s: float | None) -> None:
        self._rate = bytes_per_s
        self._lock = threading.Lock()
        self._free_at = 0.0

    def take(self, count: int, stop: CancellationToken) -> None:
        """Wait until `count` bytes that came may be followed by others."""
        if self._rate is None:
            return
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self._rate
            wait_s = self._free_at - now
        stop.rest(wait_s)


def pause_s(failures: int, asked_s: float | None = None) -> float:
    """Choose the wait after the n-th failure in a row: doubling, with jitter, never shorter than the server asks.

    Jitter (between half and all of the wait) keeps many workers from coming back at the same moment.
    """
    ours = min(FIRST_WAIT_S * 2.0 ** (failures - 1), LONGEST_WAIT_S) * random.uniform(0.5, 1.0)  # noqa: S311
    return max(ours, asked_s or 0.0)


def retry(call: Callable[[], T], *, attempts: int, stop: CancellationToken | None = None) -> T:
    """Call until it does not fail in passing.

    Parameters
    ----------
    call
        What to do; raises `TransientError` for what may be tried again.
    attempts
        Calls in all.
    stop
        Cuts the waits short.

    Raises
    ------
    TransientError
        The last one, when all attempts failed.
    InterruptedRunError
        `stop` was raised.
    """
    sign = stop or CancellationToken()
    for failures in range(1, attempts):
        try:
            return call()
        except TransientError as error:
            rest_after(error, failures, sign)
    return call()


def rest_after(error: TransientError, failures: int, stop: CancellationToken) -> None:
    """Wait as a failure deserves; one that asks for a longer wait than we accept is raised again."""
    if error.wait_s is not None and error.wait_s > LONGEST_ASKED_WAIT_S:
        raise error
    stop.rest(pause_s(failures, error.wait_s))
