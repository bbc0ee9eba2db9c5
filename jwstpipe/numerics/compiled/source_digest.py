"""What compiled code follows from, as a digest: a kernel is compiled anew when anything that it calls has changed."""

import hashlib
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from jwstpipe.numerics.compiled.c_function import CFunction

__all__ = ["global_names", "source_digest"]


def global_names(code: CodeType) -> Iterator[str]:
    """Give the names that a function looks up outside itself, with those of attributes, in a fixed order."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from global_names(part)


def source_digest(function: Any, options: dict[str, Any]) -> str:
    """Digest a function with all that it calls and all constants that it uses; where its lines stand is nothing.

    Functions are compared by their bytecode, modules and classes by their names.
    """
    found = hashlib.blake2b(digest_size=16)
    for part in _told(function, set()):
        found.update(part.encode())
        found.update(b"\0")
    found.update(repr(sorted(options.items())).encode())
    return found.hexdigest()


def _told(function: Any, seen: set[int]) -> Iterator[str]:
    if id(function) in seen:
        return
    seen.add(id(function))
    yield function.__qualname__
    yield repr(function.__defaults__)
    yield from _code(function.__code__)
    for name in sorted(set(global_names(function.__code__))):
        if name in function.__globals__:
            yield name
            yield from _value(function.__globals__[name], seen)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield name
        yield from _value(cell.cell_contents, seen)


def _code(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr((code.co_names, code.co_varnames, code.co_argcount))
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _code(part)
        elif isinstance(part, frozenset):
            yield repr(sorted(map(repr, part)))
        else:
            yield repr(part)


def _value(value: object, seen: set[int]) -> Iterator[str]:
    function = getattr(value, "py_func", value)
    if isinstance(function, FunctionType):
        yield repr(sorted(getattr(value, "options", {}).items()))
        yield from _told(function, seen)
    elif isinstance(value, ModuleType):
        yield value.__name__
    elif isinstance(value, np.ndarray | np.generic):
        yield f"{value.dtype.str}{value.shape}{value.tobytes().hex()}"
    elif isinstance(value, tuple):
        for part in value:
            yield from _value(part, seen)
    elif isinstance(value, bool | int | float | complex | str | bytes | CFunction) or value is None:
        yield repr(value)
    else:
        name = getattr(value, "__qualname__", type(value).__qualname__)
        yield f"{getattr(value, '__module__', '')}.{name}{getattr(value, '_fields', '')}"
