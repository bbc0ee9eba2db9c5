"""`JobFeed`: how jobs stand, told as it changes (server-sent events), looked up once for all who listen."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from jwstpipe.viewer.server.asking import BusyError

__all__ = ["JobFeed"]

PERIOD = 1.5
"""Seconds between two looks."""

PATIENCE = 10.0
"""The same where no server answers."""

LIFE = 24.0
"""Seconds that an answer lasts; then the page asks again. Below what any answer may take."""

LISTENERS = 24


class JobFeed:
    """What is told to pages that listen.

    Parameters
    ----------
    look
        Gives how the jobs of a user stand.
    """

    def __init__(self, look: Callable[[str | None], Awaitable[dict[str, Any]]]) -> None:
        self._look = look
        self._lock = asyncio.Lock()
        self._told: dict[str | None, tuple[float, str]] = {}
        self._listening = 0

    async def lines(self, user: str | None) -> AsyncIterator[bytes]:
        """Tell how jobs stand now, and whenever that changes.

        Raises
        ------
        BusyError
            Too many listen.
        """
        if self._listening >= LISTENERS:
            raise BusyError(f"{LISTENERS} pages listen already; try again")
        return self._lines(user)

    async def _lines(self, user: str | None) -> AsyncIterator[bytes]:
        self._listening += 1
        seen, end = "", time.monotonic() + LIFE
        try:
            while time.monotonic() < end:
                told = await self._latest(user)
                if told != seen:
                    yield f"event: jobs\ndata: {told}\n\n".encode()
                    seen = told
                await asyncio.sleep(PERIOD)
        finally:
            self._listening -= 1

    async def _latest(self, user: str | None) -> str:
        async with self._lock:
            until, told = self._told.get(user, (0.0, ""))
            if time.monotonic() >= until:
                found = await self._look(user)
                told = json.dumps(found)
                self._told = {key: one for key, one in self._told.items() if one[0] > time.monotonic()}
                self._told[user] = (time.monotonic() + (PATIENCE if found["note"] else 0.9 * PERIOD), told)
            return told
