"""From a function to machine code, by numba: the only module of kernels that imports it."""

from types import FunctionType
from typing import Any

import numba
from numba.core import types
from numba.core.compiler import Flags, compile_extra
from numba.core.compiler_lock import global_compiler_lock
from numba.core.datamodel.packer import ArgPacker
from numba.core.datamodel.registry import default_manager

from jwstpipe.numerics.compiled.arguments import passed_as
from jwstpipe.numerics.compiled.c_function import CFunction
from jwstpipe.numerics.compiled.kept_code import MachineCode
from jwstpipe.numerics.compiled.source_digest import global_names

__all__ = ["dispatcher_of", "translated"]

_LAID_OUT = {
    "i64": {"c_long", "c_longlong", "c_ulong", "c_ulonglong"},
    "i32": {"c_int", "c_uint"},
    "i8": {"c_ubyte", "c_byte"},
    "i1": {"c_ubyte"},
    "double": {"c_double"},
    "float": {"c_float"},
}

_RETURNED = {
    types.float64: "c_double",
    types.float32: "c_float",
    types.int64: "c_int64",
    types.int32: "c_int32",
    types.uint8: "c_uint8",
    types.uint32: "c_uint32",
    types.uint64: "c_uint64",
    types.boolean: "c_bool",
}

_BY_NUMBA = MachineCode("", (), None, b"")


def dispatcher_of(kernel: Any, *, kept: bool) -> Any:
    """Give numba's object of a kernel; kernels and functions of ours that it calls become numba's too.

    Parameters
    ----------
    kernel
        The kernel.
    kept
        Whether numba keeps what it compiles, by the date of the file.
    """
    return _dispatcher(kernel.py_func, {"cache": True, **kernel.options} if kept else kernel.options)


def _dispatcher(function: Any, options: dict[str, Any]) -> Any:
    names = function.__globals__
    package = _package(function)
    changed = {name: _called(names[name], package) for name in set(global_names(function.__code__)) if name in names}
    copy = FunctionType(
        function.__code__, {**names, **changed}, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    return numba.njit(**options)(copy)


def _package(function: Any) -> str:
    return str(function.__module__ or "").partition(".")[0]


def _called(value: Any, package: str) -> Any:
    """Give what stands for a global of a kernel; functions of the same package are compiled with it."""
    if isinstance(value, CFunction):
        kinds = [getattr(types, name) for name in value.arguments]
        return types.ExternalFunction(value.name, getattr(types, value.returned)(*kinds))
    if hasattr(value, "dispatcher") and hasattr(value, "options"):
        return value.dispatcher
    ours = isinstance(value, FunctionType) and _package(value) == package
    return _dispatcher(value, {"nogil": True}) if ours else value


def translated(kernel: Any, args: tuple[Any, ...]) -> MachineCode:
    """Compile a kernel for the types of arguments; without symbol, if only numba can call it with them.

    Raises
    ------
        The function cannot be compiled for them.
    """
    ways = [passed_as(value) for value in args]
    if any(way is None for way in ways):
        return _BY_NUMBA
    words = tuple(word.__name__ for way in ways if way is not None for word in way[0])
    dispatcher = kernel.dispatcher
    if not hasattr(dispatcher, "targetdescr"):  # numba is switched off
        return _BY_NUMBA
    kinds = tuple(numba.typeof(value) for value in args)
    laid_out = [str(word) for word in ArgPacker(default_manager, kinds).argument_types]
    if len(laid_out) != len(words) or not all(map(_alike, laid_out, words)):
        return _BY_NUMBA
    flags: Any = Flags()
    dispatcher.targetdescr.options.parse_as_flags(flags, dispatcher.targetoptions)
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    with global_compiler_lock:
        made = compile_extra(
            dispatcher.typingctx, dispatcher.targetctx, dispatcher.py_func, kinds, None, flags, {}
        )  # fmt: skip
    try:
        returned = _returned(made.signature.return_type)
    except KeyError:
        return _BY_NUMBA
    return MachineCode(made.fndesc.mangled_name, words, returned, made.library._get_compiled_object())  # noqa: SLF001


def _returned(kind: Any) -> Any:
    """Say how a result is laid out; KeyError where only numba can take it."""
    if kind == types.none:
        return None
    if type(kind) in {types.Tuple, types.UniTuple}:
        return [_returned(part) for part in kind]
    if type(kind) is types.Array and kind.mutable:
        return f"{numba.np.numpy_support.as_dtype(kind.dtype).str} {kind.ndim}"
    return _RETURNED[kind]


def _alike(laid_out: str, word: str) -> bool:
    """Tell whether a word of numba's is passed as one of ours."""
    if laid_out.endswith("*") or laid_out == "ptr":
        return word == "c_void_p"
    return word in _LAID_OUT.get(laid_out, set())
