"""Local files and folders are written aside and renamed: a reader never meets half of one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from jwstpipe.storage.faults import writing_errors

__all__ = ["aside"]


@contextmanager
def aside(target: Path) -> Iterator[Path]:
    """Give a path beside `target` to write to, and rename it there when the block ends well.

    The block may make a file or a folder. What stood at `target` is replaced; on an error nothing changes and the
    partial work is removed.
    """
    target = Path(target)
    partial = target.with_name(f".{target.name}.{uuid4().hex[:12]}.partial")
    with writing_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            _swap(partial, target)
        finally:
            _remove(partial)


def _swap(partial: Path, target: Path) -> None:
    if not target.is_dir():
        partial.replace(target)
        return
    retired = target.with_name(f".{target.name}.{uuid4().hex[:12]}.retired")
    target.replace(retired)
    partial.replace(target)
    shutil.rmtree(retired)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
