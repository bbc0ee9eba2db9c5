"""`Kept`: values that were costly to make, within a bound; whoever asks for one that is being made waits for it."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

__all__ = ["Kept"]

ValueT = TypeVar("ValueT")


class Kept(Generic[ValueT]):
    """The values that were asked for last; safe for threads.

    Parameters
    ----------
    room
        Sum of the sizes of all that is kept.
    size
        Of a value; default: each counts one.
    """

    def __init__(self, room: int, *, size: Callable[[ValueT], int] = lambda _: 1) -> None:
        self._room, self._size = room, size
        self._used = 0
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, Future[ValueT]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], ValueT]) -> ValueT:
        """Give the value of a key; it is made once, however many ask. A failure is told to all, and not kept."""
        with self._lock:
            future = self._found.get(key)
            mine = future is None
            if future is None:
                future = self._found[key] = Future()
            self._found.move_to_end(key)
        if mine:
            try:
                value = make()
            except BaseException as error:
                with self._lock:
                    del self._found[key]
                future.set_exception(error)
                raise
            future.set_result(value)
            self._make_room(self._size(value))
        return future.result()

    def peek(self, key: Hashable) -> ValueT | None:
        """Give the value of a key that is there already, else None."""
        with self._lock:
            future = self._found.get(key)
            if future is None or not future.done():
                return None
            self._found.move_to_end(key)
        return future.result()

    def _make_room(self, added: int) -> None:
        with self._lock:
            self._used += added
            for key in list(self._found):
                if self._used <= self._room or len(self._found) == 1:
                    break
                future = self._found[key]
                if future.done():
                    del self._found[key]
                    self._used -= self._size(future.result())
