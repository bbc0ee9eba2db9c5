"""Machine code made callable by llvmlite: linked once in a process, called through ctypes without the GIL.

The functions follow numba's calling convention for CPUs (`numba.core.callconv.CPUCallConv`): a place for the result, a
place for an error, then the arguments; they return a status. `translation` has checked that the arguments are those
that are passed here.
"""

import ctypes
import itertools
import pickle
import sys
import threading
from collections.abc import Callable
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import numpy as np

from jwstpipe.numerics.compiled.arguments import passed_as, words_of
from jwstpipe.numerics.compiled.extensions import extension_path
from jwstpipe.numerics.compiled.kept_code import MachineCode
from jwstpipe.numerics.compiled.packed_call import packed_call

__all__ = ["NotLinkedError", "linked"]

_DONE = {0, -2}
"""Status of a function that returned, and of one that returned None."""

_NUMBERS = itertools.count()

_OFTEN = 32
"""Calls after which packed words save more than it costs to compile what takes them apart."""


class NotLinkedError(Exception):
    """Code that cannot be linked here: numba has to load it."""


class _Raised(ctypes.Structure):
    """What numba's code tells of an exception: class and arguments, pickled when it was compiled."""

    _fields_ = (
        ("pickled", ctypes.c_void_p),
        ("size", ctypes.c_int32),
        ("hash", ctypes.c_void_p),
        ("unwrap", ctypes.c_void_p),
        ("allocated", ctypes.c_int32),
    )


def linked(code: MachineCode, args: tuple[Any, ...]) -> Callable[[tuple[Any, ...]], Any]:
    """Link code, and give the function that calls it with arguments of these kinds.

    Raises
    ------
    NotLinkedError
        It needs what only a process with numba has.
    """
    ways = [passed_as(value) for value in args]
    makers = [make for _, make in filter(None, ways)]
    words = [word for kinds, _ in filter(None, ways) for word in kinds]
    if tuple(word.__name__ for word in words) != code.words:
        raise NotLinkedError(code.symbol)
    run = _Runner(_address(code), [ctypes.c_void_p, ctypes.c_void_p, *words])
    taker = _Tuple([]) if code.returned is None else _taker(code.returned)

    def call(values: tuple[Any, ...]) -> Any:
        result, error = taker.layout(), ctypes.c_void_p()
        status = run(ctypes.addressof(result), ctypes.addressof(error), *words_of(makers, values))
        if status not in _DONE:
            raise _exception(error, code.symbol)
        return None if code.returned is None else taker.taken(result)

    return call


class _Runner:
    """Calls a function through ctypes, and, when it turns out to be called often, with all words packed."""

    def __init__(self, address: int, words: list[Any]) -> None:
        self._address, self._words, self._calls = address, [word.__name__ for word in words], 0
        self._function: Callable[..., int] = ctypes.CFUNCTYPE(ctypes.c_int32, *words)(address)
        self._packed: Callable[[tuple[Any, ...]], int] | None = None
        self._compiling = threading.Lock()

    def __call__(self, *words: Any) -> int:
        """Give the status that the function returns."""
        if self._packed is not None:
            return self._packed(words)
        self._calls += 1
        if self._calls >= _OFTEN and self._compiling.acquire(blocking=False):  # for good: once is enough
            self._packed = packed_call(_session(), self._address, self._words, f"packed{next(_NUMBERS)}")
        return self._function(*words)


def _taker(returned: Any) -> "_Number | _Tuple | _Array":
    if isinstance(returned, list):
        return _Tuple(returned)
    return _Array(returned) if " " in returned else _Number(returned)


class _Number:
    """A number that is returned."""

    def __init__(self, name: str) -> None:
        self.layout: Any = getattr(ctypes, name)

    def taken(self, value: Any) -> Any:
        return getattr(value, "value", value)  # within a tuple ctypes has taken it already


class _Tuple:
    """A tuple that is returned."""

    def __init__(self, entries: list[Any]) -> None:
        self.takers = [_taker(one) for one in entries]
        fields = [(f"_{number}", taker.layout) for number, taker in enumerate(self.takers)]
        self.layout: Any = type("Tuple", (ctypes.Structure,), {"_fields_": fields})
        self.names = [name for name, _ in fields]

    def taken(self, value: Any) -> Any:
        return tuple(taker.taken(getattr(value, name)) for taker, name in zip(self.takers, self.names, strict=True))


class _Array:
    """An array that is returned: numba's own function makes it NumPy's, and its memory goes with it."""

    def __init__(self, name: str) -> None:
        dtype, dimensions = name.split()
        self.dtype, self.dimensions = np.dtype(dtype), int(dimensions)
        words = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_void_p]
        words += [ctypes.c_ssize_t] * (2 * self.dimensions)
        kept = [(f"_{number}", word) for number, word in enumerate(words)]
        self.layout: Any = type("Array", (ctypes.Structure,), {"_fields_": kept})
        integer, python = ctypes.c_int, ctypes.py_object
        known = _memory_functions()
        self.adapt = ctypes.PYFUNCTYPE(python, ctypes.c_void_p, python, integer, integer, python)(
            known["NRT_adapt_ndarray_to_python_acqref"]
        )
        self.release = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(known["NRT_MemInfo_release"])

    def taken(self, value: Any) -> Any:
        array = self.adapt(ctypes.byref(value), np.ndarray, self.dimensions, 1, self.dtype)
        owner = value._0  # noqa: SLF001 - the first word of the layout
        if owner is None:
            return array.copy()  # it lies in an argument, which may go before it
        self.release(owner)  # the array has taken a share of its own
        return array


def _exception(error: ctypes.c_void_p, symbol: str) -> BaseException:
    """Give the exception that the code raised."""
    if error.value:
        raised = _Raised.from_address(error.value)
        if not raised.unwrap:
            kind, arguments, *_ = pickle.loads(ctypes.string_at(raised.pickled, raised.size))  # noqa: S301 - our code
            raised_by_it: BaseException = kind(*(arguments or ()))
            return raised_by_it
    return RuntimeError(f"compiled code failed: {symbol}")


def _address(code: MachineCode) -> int:
    """Link the code of one kernel; it stays until the process ends."""
    import llvmlite.binding as llvm  # noqa: PLC0415 - loaded when the first kernel runs

    library = llvm.JITLibraryBuilder().add_object_img(code.image).add_current_process()
    for name, address in _memory_functions().items():
        library.import_symbol(name, address)
    try:
        tracker = library.export_symbol(code.symbol).link(_session(), f"kernel{next(_NUMBERS)}")
    except RuntimeError as error:
        raise NotLinkedError(code.symbol) from error
    address = int(tracker[code.symbol])
    tracker.detach()  # or it would take the code with it
    return address


@cache
def _session() -> Any:
    import llvmlite.binding as llvm  # noqa: PLC0415

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    return llvm.create_lljit_compiler(machine, suppress_errors=True)


@cache
def _memory_functions() -> dict[str, int]:
    """Give the addresses of numba's functions that compiled code calls: arrays of its own, arrays in another shape."""
    memory = _extension("numba.core.runtime._nrt_python").c_helpers
    helpers = _extension("numba._helperlib").c_helpers
    return {f"NRT_{name}": int(address) for name, address in memory.items() if not name.startswith("_")} | {
        f"numba_{name}": int(helpers[name]) for name in ("attempt_nocopy_reshape",)
    }


def _extension(name: str) -> Any:
    """Load an extension module of numba's without the packages around it.

    Raises
    ------
    NotLinkedError
        It is not where it was.
    """
    if name in sys.modules:
        return sys.modules[name]
    path = extension_path(name)
    spec = None if path is None else spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NotLinkedError(name)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
