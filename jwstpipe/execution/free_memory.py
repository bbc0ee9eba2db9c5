"""Give memory that was freed back to the system.

The allocator of glibc keeps what threads freed for the next array of theirs. After a stage whose jobs worked on whole
tiles that is several times what the next stage needs.
"""

import ctypes
import sys

__all__ = ["give_back_memory"]


def give_back_memory() -> None:
    """Return free pages of all threads to the system, where the allocator can do that (glibc); a few milliseconds."""
    if not sys.platform.startswith("linux"):
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other libraries of C do without
    if trim is not None:
        trim(0)
