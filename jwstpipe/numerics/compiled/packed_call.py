"""A kernel that is called often, called with one argument: all its words in a row, which a few instructions take apart.

`ctypes` turns each word of a call into an object of its own, a third of a microsecond each, and a kernel of a mosaic
has more than a hundred. The words are packed at once instead; what unpacks them is compiled when that has paid.
"""

import ctypes
import struct
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["packed_call"]

_WORDS = {
    "c_void_p": ("ptr", "Q"),
    "c_char_p": ("ptr", "Q"),
    "c_long": ("i64", "q"),
    "c_longlong": ("i64", "q"),
    "c_ulong": ("i64", "Q"),
    "c_ulonglong": ("i64", "Q"),
    "c_int": ("i32", "i4x"),
    "c_uint": ("i32", "I4x"),
    "c_ubyte": ("i8 zeroext", "B7x"),
    "c_double": ("double", "d"),
    "c_float": ("float", "f4x"),
}
"""Type of a word for LLVM, and its eight bytes for `struct`, by the name of its ctypes class."""

_WORD = 8


def packed_call(session: Any, address: int, words: Sequence[str], name: str) -> Callable[[Sequence[Any]], int] | None:
    """Compile what takes words apart and calls a function with them.

    Parameters
    ----------
    session
        llvmlite's ORC compiler.
    address
        Of the function, which returns an ``int32``.
    words
        Names of the ctypes classes of its arguments.
    name
        Of the new function: another each time.

    Returns
    -------
    callable or None
        Takes the values of the words, pointers as whole numbers; None where a class has no known layout.
    """
    if any(word not in _WORDS for word in words) or struct.calcsize("P") != _WORD:
        return None
    import llvmlite.binding as llvm  # noqa: PLC0415 - loaded when the first kernel runs

    kinds = [_WORDS[word][0] for word in words]
    lines = [f"define i32 @{name}(ptr %words) {{"]
    for number, kind in enumerate(kinds):
        lines.append(f"  %p{number} = getelementptr i8, ptr %words, i64 {_WORD * number}")
        lines.append(f"  %v{number} = load {kind.split()[0]}, ptr %p{number}")
    passed = ", ".join(f"{kind} %v{number}" for number, kind in enumerate(kinds))
    lines += [f"  %status = call i32 inttoptr (i64 {address} to ptr)({passed})", "  ret i32 %status", "}"]
    library = llvm.JITLibraryBuilder().add_ir(llvm.parse_assembly("\n".join(lines)))
    tracker = library.export_symbol(name).link(session, name)
    run = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_char_p)(int(tracker[name]))
    tracker.detach()
    pack = struct.Struct("=" + "".join(_WORDS[word][1] for word in words)).pack
    return lambda values: int(run(pack(*values)))
