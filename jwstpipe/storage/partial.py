"""Local files and folders are written aside and put in their place in one step: a reader never meets half of one.

Whenever a process is killed, the old product stands whole at its place, or the new one does. Two folders change places
in one step where the system can do that (see `exchange`). Elsewhere the old one goes into the partial folder first: a
process that is killed right then leaves the place empty, and the next one that looks there ends the swap (`settle`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jwstpipe.storage.exchange import exchange
from jwstpipe.storage.faults import writing_errors
from jwstpipe.storage.leftovers import locked_folder, remove, retired_name, settle

__all__ = ["aside"]


@contextmanager
def aside(target: Path) -> Iterator[Path]:
    """Give a path to write to, beside `target` and of the same name, and put it there when the block ends well.

    The block may make a file or a folder. What stood at `target` is replaced; on an error nothing changes and the
    partial work is removed. What killed processes left in the folder is swept.
    """
    target = Path(target)
    with writing_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        settle(target.parent)
        folder, descriptor = locked_folder(target)
        try:
            yield folder / target.name
            _swap(folder / target.name, target)
        finally:
            try:
                remove(folder)
            finally:
                os.close(descriptor)


def _swap(partial: Path, target: Path) -> None:
    folders = partial.is_dir(), target.is_dir() and not target.is_symlink()
    if not os.path.lexists(target) or folders == (False, False):
        partial.replace(target)
        return
    if exchange(partial, target):
        return
    target.rename(partial.with_name(retired_name(target.name)))
    partial.rename(target)
