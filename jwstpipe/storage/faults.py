"""What the operating system or S3 says of a place, as one sentence with a way out."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from jwstpipe.errors import JwstPipeError, NotFoundError, StorageError
from jwstpipe.storage.address import shown

__all__ = ["named_for_people", "storage_errors", "writing_errors"]


@contextmanager
def storage_errors(place: str | Path) -> Iterator[None]:
    """Turn what the operating system or S3 says of a place that is read into one sentence with a way out.

    Raises
    ------
    NotFoundError
        Nothing stands there.
    StorageError
        Anything else.
    """
    try:
        yield
    except JwstPipeError:
        raise
    except FileNotFoundError:
        raise NotFoundError(f"{shown(place)}: not found; check the path") from None
    except _errors() as error:
        raise StorageError(_sentence(place, error)) from None


@contextmanager
def writing_errors(place: str | Path) -> Iterator[None]:
    """Turn what the operating system or S3 says of a place that is written into one sentence with a way out.

    Raises
    ------
    StorageError
        The place cannot be written.
    """
    try:
        yield
    except JwstPipeError:
        raise
    except _errors() as error:
        raise StorageError(_sentence(place, error)) from None


def _errors() -> tuple[type[Exception], ...]:
    """Give the errors of systems and S3; asked for when something failed, so that what touches no S3 starts without."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    return OSError, ClientError, BotoCoreError


def _sentence(place: str | Path, error: Exception) -> str:
    name = shown(place)
    if not isinstance(error, OSError):
        return f"{name}: {error}; check endpoint, bucket and credentials"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{name}: no space left; free some or choose another folder"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{name}: not writable ({os.strerror(error.errno)}); choose another folder or change its rights"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{name}: a part of this path is a file, not a folder; choose another"
    if error.errno == errno.ENOENT:
        return f"{name}: its folder cannot be made; choose another"
    return f"{name}: {error.strerror or error}"


@contextmanager
def named_for_people(names: Mapping[str, str]) -> Iterator[None]:
    """Put the names that people know into errors that name temporary files.

    Parameters
    ----------
    names
        By temporary path, what stands for it; may be filled while the work goes on.

    Raises
    ------
    JwstPipeError
        Of the same family, with the other names.
    """
    try:
        yield
    except JwstPipeError as error:
        text = str(error)
        for path in sorted(names, key=len, reverse=True):
            text = text.replace(path, names[path])
        if text == str(error):
            raise
        raise type(error)(text) from None
