"""Start a process whose life is tied to ours: killed hard, we leave no server behind.

On Linux the kernel sends a signal to a process whose parent dies. The process asks for it by itself, so this file runs
first, as a script, and then becomes the command; nothing runs between fork and exec in a parent that has threads. On
other systems a parent that is killed hard leaves its servers behind.
"""

import ctypes
import os
import signal
import sys

__all__ = ["tied"]

_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2); kept when the process becomes another program."""


def tied(command: list[str]) -> list[str]:
    """Give the words that start a command so that it is told to end (SIGTERM) when this process dies."""
    return [sys.executable, "-S", "-E", __file__, str(os.getpid()), *command]


def _become(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            sys.exit(0)
    os.execv(command[0], command)  # noqa: S606 - that is what this script is for


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])
