"""Where machine code is kept: beside the sources, as Python's own bytecode is, or in the user's cache.

A file is found by the function, the kinds of its arguments, the machine and the versions of what compiled it, and the
digest of all that the code follows from. One that was made of older sources is removed when it is replaced.
"""

import hashlib
import json
import os
import sys
from collections.abc import Hashable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

from jwstpipe.numerics.compiled.arguments import kinds_of

__all__ = ["MachineCode", "find_code", "keep_code"]

_FORM = "kernel 2"
_DIGEST_SIZE = 16
_MOST_BYTES = 32 << 20


Returned = Any
"""None, a ctypes name, or dtype and number of dimensions of an array as ``"<f4 2"``; of a tuple the list of these."""


@dataclass(frozen=True)
class MachineCode:
    """An object file, and how what is in it is called."""

    symbol: str
    """Name of the function; empty = it can only be called through numba."""

    words: tuple[str, ...]
    """ctypes of the words of all arguments."""

    returned: Returned
    """What it returns."""

    image: bytes
    """The object file."""


class Compiled(Protocol):
    """A function whose code is kept."""

    py_func: Any

    @property
    def digest(self) -> str:
        """What the code follows from."""
        ...


def find_code(function: Compiled, args: tuple[Any, ...]) -> MachineCode | None:
    """Give the code that was kept for arguments of these kinds; None = none, or none that is whole."""
    name = "-".join(_name(function, args))
    for folder in _folders(function):
        try:
            with Path(folder, name).open("rb") as file:
                content = file.read(_MOST_BYTES)
        except OSError:
            continue
        digest, rest = content[:_DIGEST_SIZE], content[_DIGEST_SIZE:]
        head, _, image = rest.partition(b"\n")
        if digest == hashlib.blake2b(rest, digest_size=_DIGEST_SIZE).digest():
            known = json.loads(head)
            return MachineCode(known["symbol"], tuple(known["words"]), known["returned"], image)
    return None


def keep_code(function: Compiled, args: tuple[Any, ...], code: MachineCode) -> None:
    """Keep code for the next process, if there is a folder that can be written."""
    *same, _ = name = _name(function, args)
    head = {key: value for key, value in asdict(code).items() if key != "image"}
    rest = json.dumps(head).encode() + b"\n" + code.image
    for folder in _folders(function):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            older = list(folder.glob("-".join(same) + "-*"))
            with NamedTemporaryFile(dir=folder, prefix="kernel-", delete=False) as file:
                file.write(hashlib.blake2b(rest, digest_size=_DIGEST_SIZE).digest() + rest)
            Path(file.name).replace(folder / "-".join(name))
            for one in older:
                if one.name != "-".join(name):
                    one.unlink(missing_ok=True)
        except OSError:
            continue
        return


def _name(function: Compiled, args: tuple[Any, ...]) -> tuple[str, str, str, str]:
    code = function.py_func.__code__
    kinds = repr([_text(one) for one in kinds_of(args)])
    return (
        f"{Path(code.co_filename).stem}.{function.py_func.__qualname__.replace('<locals>', '')}",
        _short(kinds),
        _machine(),
        f"{_short(function.digest)}.kernel",
    )


def _text(kind: Hashable) -> str:
    """Write a kind so that every process writes the same."""
    if isinstance(kind, tuple):
        return f"({','.join(_text(one) for one in kind)})"
    return kind.__qualname__ if isinstance(kind, type) else str(getattr(kind, "str", kind))


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@cache
def _machine() -> str:
    """Digest the processor and the versions of Python, numba and LLVM: code for one does not serve another."""
    import llvmlite  # noqa: PLC0415 - loaded when the first kernel runs
    import llvmlite.binding as llvm  # noqa: PLC0415

    numba = find_spec("numba")
    assert numba is not None
    assert numba.origin is not None
    version = Path(numba.origin).with_name("_version.py").read_text(encoding="utf-8")
    machine = (llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), llvm.get_process_triple())
    return _short(repr((_FORM, version, llvmlite.__version__, machine, sys.version, sys.platform)))


def _folders(function: Compiled) -> Iterator[Path]:
    yield Path(function.py_func.__code__.co_filename).parent / "__pycache__"
    home = os.environ.get("XDG_CACHE_HOME")
    yield (Path(home) if home else Path.home() / ".cache") / "jwstpipe" / "kernels"
