"""`compiled`: a function compiled by numba, whose machine code the next process runs without importing numba.

numba's import and the setting up of its types cost more than a second, a hundred times what it takes to load the code
that it made. So the code of each kernel is kept by the types of its arguments; a process that finds it links it with
llvmlite alone. What has no kept code, or arguments that only numba can pass (lists, records, big-endian samples), is
compiled and called by numba as ever.

    >>> import numpy as np
    >>> @compiled()
    ... def total(values):
    ...     found = 0.0
    ...     for value in values:
    ...         found += value
    ...     return found
    >>> total(np.arange(4.0))
    6.0
"""

import inspect
import os
from collections.abc import Callable
from functools import cached_property, update_wrapper
from threading import RLock
from typing import Any, TypeVar, cast

from jwstpipe.numerics.compiled.arguments import Kinds, kinds_of
from jwstpipe.numerics.compiled.kept_code import find_code, keep_code
from jwstpipe.numerics.compiled.linking import NotLinkedError, linked
from jwstpipe.numerics.compiled.source_digest import source_digest

__all__ = ["Kernel", "compiled"]

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_COMPILING = RLock()
"""One thread compiles at a time, as in numba."""


class Kernel:
    """A function that numba compiles; calls release the GIL.

    Attributes
    ----------
    py_func
        The function as it is written.
    options
        Options of `numba.njit`.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self.py_func: Any = function
        self.options = options
        self._calls: dict[Kinds, Callable[[tuple[Any, ...]], Any]] = {}
        self._count = function.__code__.co_argcount + function.__code__.co_kwonlyargcount
        update_wrapper(self, function)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Run it, compiled for the types of the arguments."""
        if named or len(args) != self._count:
            args = self._completed(args, named)
        call = self._calls.get(kinds_of(args)) or self._prepared(args)
        return call(args)

    def __reduce__(self) -> str:
        return str(self.py_func.__qualname__)

    @cached_property
    def dispatcher(self) -> Any:
        """The same as numba's own object, for kernels that call this one.

        numba keeps nothing of it: it would not see that something further down the calls has changed.
        """
        from jwstpipe.numerics.compiled.translation import dispatcher_of  # noqa: PLC0415 - it imports numba

        return dispatcher_of(self, kept=False)

    @cached_property
    def _kept_by_numba(self) -> Any:
        from jwstpipe.numerics.compiled.translation import dispatcher_of  # noqa: PLC0415 - as above

        return dispatcher_of(self, kept=True)

    @cached_property
    def digest(self) -> str:
        """What the compiled code follows from: the text of the function, of all that it calls, its constants."""
        return source_digest(self.py_func, self.options)

    def _completed(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        missing, usual = self._count - len(args), self.py_func.__defaults__ or ()
        if not named and 0 < missing <= len(usual):
            return args + usual[-missing:]
        bound = inspect.signature(self.py_func).bind(*args, **named)
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    def _prepared(self, args: tuple[Any, ...]) -> Callable[[tuple[Any, ...]], Any]:
        """Find the code for arguments of these types, or compile it."""
        kinds = kinds_of(args)
        with _COMPILING:
            if kinds not in self._calls:
                self._calls[kinds] = self._found(args) or self._by_numba
        return self._calls[kinds]

    def _found(self, args: tuple[Any, ...]) -> Callable[[tuple[Any, ...]], Any] | None:
        if any(name.startswith("NUMBA_") and name not in _HARMLESS for name in os.environ):
            return None  # who sets up numba gets numba
        try:
            code = find_code(self, args)
            if code is None:
                from jwstpipe.numerics.compiled.translation import translated  # noqa: PLC0415 - it imports numba

                code = translated(self, args)
                keep_code(self, args, code)
            return linked(code, args) if code.symbol else None
        except NotLinkedError:
            return None

    def _by_numba(self, args: tuple[Any, ...]) -> Any:
        return self._kept_by_numba(*args)


_HARMLESS = {"NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS"}


def compiled(**options: Any) -> Callable[[FunctionT], FunctionT]:
    """Compile a function with numba, in nopython mode and without the GIL; its code is kept.

    Parameters
    ----------
    options
        More options of `numba.njit`, as ``error_model="numpy"``.
    """

    def made(function: FunctionT) -> FunctionT:
        return cast("FunctionT", Kernel(function, {"nogil": True, **options}))

    return made
