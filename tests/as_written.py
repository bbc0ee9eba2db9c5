"""A kernel as it is written, in Python: for those that have machine code of their own only when a test calls them."""

from types import FunctionType

from jwstpipe.numerics.compiled.kernel import Kernel


def as_written(kernel):
    """Give the function of a kernel, and of all kernels that it calls: compiling one takes seconds, and numba's memory.

    For kernels that run inside of others, which tests run compiled.
    """
    function = kernel.py_func
    known = function.__globals__
    called = {name: as_written(known[name]) for name in function.__code__.co_names
              if isinstance(known.get(name), Kernel)}  # fmt: skip
    return FunctionType(function.__code__, known | called, function.__name__, function.__defaults__)
