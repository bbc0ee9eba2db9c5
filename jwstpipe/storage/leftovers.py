"""What a killed process left beside its products: found by name, known as dead by its lock, finished or swept.

Whoever writes aside holds a lock (flock) on what it writes to, and the system lets go of it when the process ends,
however it ends. So a partial folder or file that nobody locks belongs to nobody. On file systems without such locks it
is left for a day, in case its owner lives on another machine.
"""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import time
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

__all__ = ["locked_file", "locked_folder", "partial_name", "partial_owner", "remove", "retired_name", "settle"]

_NAME = re.compile(r"\.(.+)\.[0-9a-f]{12}\.(partial|retired)")
_PROBE = re.compile(r"\.probe-[0-9a-f]{12}")
_RETIRED = "retired"
_DAY = 86_400


def partial_name(name: str) -> str:
    """Invent a name for the work on `name`; the same for files and folders."""
    return f".{name}.{uuid4().hex[:12]}.partial"


def retired_name(name: str) -> str:
    """Name what stood at `name`, in the partial folder: while it is there, a swap is under way."""
    return f"{name}.{_RETIRED}"


def partial_owner(name: str) -> str | None:
    """Tell whose work a partial name stands for; None for any other name."""
    parts = _NAME.fullmatch(name)
    return parts[1] if parts is not None and parts[2] == "partial" else None


def locked_folder(target: Path) -> tuple[Path, int]:
    """Make a folder beside a target to write to, and lock it; give it with its descriptor, to be closed at the end."""
    while True:
        folder = target.with_name(partial_name(target.name))
        folder.mkdir()
        descriptor = os.open(folder, os.O_RDONLY)
        if _held(descriptor, folder):
            return folder, descriptor
        os.close(descriptor)


def locked_file(target: Path) -> tuple[Path, int]:
    """Make a file beside a target to write to, and lock it; give it with its descriptor, to be closed at the end."""
    while True:
        partial = target.with_name(partial_name(target.name))
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        if _held(descriptor, partial):
            return partial, descriptor
        os.close(descriptor)


def _held(descriptor: int, path: Path) -> bool:
    """Lock what was just made; False where it was swept before, as another thread or process may that saw no lock."""
    with contextlib.suppress(OSError):  # file systems without locks; there nothing new is swept
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # who is about to sweep it has it for an instant
    with contextlib.suppress(OSError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def settle(folder: Path) -> None:
    """Finish what a killed process had begun to swap in a folder, and sweep what it left; others' work is not touched.

    A process looks once into each folder: it may hold ten thousand files that are written one by one.

    Parameters
    ----------
    folder
        Folder of products; one that is not there has no leftovers.
    """
    _settle(folder.resolve(), os.getpid())


@lru_cache(maxsize=4096)
def _settle(folder: Path, process: int) -> None:
    del process
    try:
        with os.scandir(folder) as entries:
            hidden = [entry.name for entry in entries if entry.name.startswith(".")]
    except OSError:  # not there, or not ours to look at
        return
    for name in sorted(hidden):
        with contextlib.suppress(OSError):  # swept by another process at the same time, or not ours to remove
            if _NAME.fullmatch(name):
                _settle_one(folder / name)
            elif _PROBE.fullmatch(name):  # empty, and there for an instant
                (folder / name).unlink()


def _settle_one(left: Path) -> None:
    parts = _NAME.fullmatch(left.name)
    assert parts is not None
    descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        if not _dead(descriptor):
            return
        target = left.with_name(parts[1])
        if parts[2] == _RETIRED:  # of a version that swapped by two renames
            _adopt(left, target)
        elif (left / retired_name(target.name)).exists():
            _adopt(left / target.name, target)
            _adopt(left / retired_name(target.name), target)
        remove(left)
    finally:
        os.close(descriptor)


def _dead(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        return time.time() - os.fstat(descriptor).st_mtime > _DAY
    return True


def _adopt(whole: Path, target: Path) -> None:
    if whole.exists() and not os.path.lexists(target):
        whole.rename(target)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
