"""Arguments as compiled code takes them: what kind each is, and the machine words that stand for it."""

import ctypes
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np

__all__ = ["Kinds", "Passed", "kinds_of", "passed_as", "read_only", "words_of"]

Kinds = tuple[Hashable, ...]
"""What the code of a kernel depends on, one entry an argument."""

ArrayT = TypeVar("ArrayT", bound=np.ndarray[Any, Any])

Passed = tuple[list[Any], Callable[[Any], tuple[Any, ...]]]
"""ctypes of the words that stand for an argument, and the function that makes them."""

_C_ORDER = 0x1

_ARRAY_FLAGS = _C_ORDER | 0x2 | 0x100 | 0x400
"""NumPy's bits for C order, Fortran order, aligned, writeable: what numba tells arrays apart by."""

_IN_C_ORDER = _ARRAY_FLAGS & ~0x2
"""The same of an array in C order: whether it is in Fortran order, too, as rows and single samples are, is nothing."""


def kinds_of(args: tuple[Any, ...]) -> Kinds:
    """Tell the kinds of arguments: equal kinds run the same code."""
    return tuple([_kind_of(value) for value in args])


def _kind_of(value: Any) -> Any:
    if type(value) is np.ndarray:
        flags = value.flags.num
        return value.dtype, value.ndim, flags & (_IN_C_ORDER if flags & _C_ORDER else _ARRAY_FLAGS)
    return (type(value), *kinds_of(value)) if isinstance(value, tuple) else type(value)


def read_only(values: ArrayT) -> ArrayT:
    """Give a view that cannot be written: samples that sometimes can be, and sometimes not, are then of one kind."""
    view = values.view()
    view.flags.writeable = False
    return view


def passed_as(value: object) -> Passed | None:
    """Tell how an argument is passed, as numba lays it out; None = only numba can pass it.

    An array is two words for its owner, of which the callee needs none, its size, the size of an item, its address, its
    shape and strides; a tuple, named or not, is its entries.
    """
    if type(value) is np.ndarray:
        if value.dtype.kind not in "biuf" or not value.dtype.isnative or value.dtype.itemsize not in {1, 4, 8, 2}:
            return None
        return [*_ARRAY_HEAD, *[ctypes.c_ssize_t] * (2 * value.ndim)], _array_words
    if isinstance(value, tuple):
        parts = [passed_as(one) for one in value]
        if any(one is None for one in parts):
            return None
        known = [one for one in parts if one is not None]
        makers = [make for _, make in known]
        return [word for words, _ in known for word in words], lambda entries: words_of(makers, entries)
    if value is None:
        return [ctypes.c_void_p], lambda _: (0,)
    word = _SCALARS.get(type(value))
    return None if word is None else ([word[0]], word[1])


def words_of(makers: Sequence[Callable[[Any], tuple[Any, ...]]], values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give the words of some arguments in a row."""
    words: list[Any] = []
    for make, value in zip(makers, values, strict=True):
        words += make(value)
    return tuple(words)


_ARRAY_HEAD = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_void_p]


def _array_words(array: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    try:  # a fourth of the time that `ctypes.data` takes, where the array lends its memory
        address = _address_of(_lent(array))
    except (TypeError, ValueError):  # read-only, not in C order, or empty
        address = array.ctypes.data
    return (0, 0, array.size, array.itemsize, address, *array.shape, *array.strides)


_address_of = ctypes.addressof
_lent: Any = ctypes.c_char.from_buffer


def _whole(value: Any) -> tuple[Any, ...]:
    return (int(value),)


def _real(value: Any) -> tuple[Any, ...]:
    return (float(value),)


_SCALARS: dict[type, tuple[Any, Callable[[Any], tuple[Any, ...]]]] = {
    bool: (ctypes.c_uint8, _whole),
    int: (ctypes.c_int64, _whole),
    float: (ctypes.c_double, _real),
    np.bool_: (ctypes.c_uint8, _whole),
    np.float32: (ctypes.c_float, _real),
    np.float64: (ctypes.c_double, _real),
    np.int32: (ctypes.c_int32, _whole),
    np.int64: (ctypes.c_int64, _whole),
    np.uint8: (ctypes.c_uint8, _whole),
    np.uint32: (ctypes.c_uint32, _whole),
    np.uint64: (ctypes.c_uint64, _whole),
}
