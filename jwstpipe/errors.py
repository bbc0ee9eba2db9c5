"""What can go wrong, by family: each error also is the fitting builtin and carries the command's exit code.

A message names the file or service, the value that is wrong and the way out, in one line: the command line shows it
as it is.
"""

from importlib.util import find_spec
from typing import Any, ClassVar

from jwstpipe.redaction import redacted

__all__ = [
    "ArchiveError",
    "ConflictError",
    "DataError",
    "FitsError",
    "HeaderError",
    "InterruptedRunError",
    "JwstPipeError",
    "MissingExtraError",
    "NoCoverageError",
    "NotFoundError",
    "PartialError",
    "ServiceError",
    "StorageError",
    "StoreError",
    "StoreVersionError",
    "TargetNotFoundError",
    "TimedOutError",
    "TransferError",
    "TransformError",
    "UsageError",
    "require_extra",
]


EXTRAS = {
    "server": frozenset({"cryptography", "dask", "distributed", "fastapi", "httpx", "prefect", "sqlalchemy"}),
    "plot": frozenset({"matplotlib"}),
}
"""What is installed on demand, by the extra that has it, and the packages that nothing else of jwstpipe needs."""


class JwstPipeError(Exception):
    """Root of all errors that jwstpipe raises on purpose; secrets in addresses do not get into its message."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*(redacted(value) if isinstance(value, str) else value for value in arguments))


class UsageError(JwstPipeError, ValueError):
    """The request itself is wrong: a bad option, an unknown name, a value out of range."""

    exit_code = 2


class MissingExtraError(JwstPipeError, ImportError):
    """A part of jwstpipe that is installed on demand is asked for, and is not there."""

    exit_code = 2

    @classmethod
    def of(cls, error: ModuleNotFoundError) -> "MissingExtraError | None":
        """Say how to install what an import did not find; None where that belongs to no extra."""
        package = str(error.name).partition(".")[0]
        extra = next((extra for extra, packages in EXTRAS.items() if package in packages), None)
        if extra is None:
            return None
        return cls(f"this needs {package}, which is not installed; pip install 'jwstpipe[{extra}]'")


def require_extra(package: str) -> None:
    """Ask, before the work, for a package that is installed on demand.

    Raises
    ------
    MissingExtraError
        It is not installed; the message says how to.
    """
    if find_spec(package) is None and (missing := MissingExtraError.of(ModuleNotFoundError(name=package))):
        raise missing


class NotFoundError(JwstPipeError, LookupError):
    """Nothing answers to what was asked for."""

    exit_code = 3


class TargetNotFoundError(NotFoundError):
    """No resolver knows this target name."""


class NoCoverageError(NotFoundError):
    """The images do not cover the part of the sky that was asked for."""


class PartialError(JwstPipeError, RuntimeError):
    """Some of the work is done and kept, some failed; the message counts both."""

    exit_code = 4


class ServiceError(JwstPipeError, ConnectionError):
    """A service does not answer, or answers with an error that a later attempt may not meet."""

    exit_code = 5


class TimedOutError(JwstPipeError, TimeoutError):
    """What was waited for has not happened yet."""

    exit_code = 5


class ArchiveError(ServiceError):
    """The archive (MAST or its S3 mirror) is down or fails."""


class TransferError(ServiceError):
    """A file could not be fetched whole."""


class StorageError(JwstPipeError, OSError):
    """A place to write cannot be written: full, read-only, missing rights, no bucket."""

    exit_code = 5


class DataError(JwstPipeError, ValueError):
    """The bytes are not what they claim to be, or not what the work needs."""

    exit_code = 6


class FitsError(DataError):
    """A file that is not FITS, is truncated, or has no image."""


class HeaderError(DataError):
    """A header lacks a keyword that the work needs, or holds nonsense."""


class TransformError(DataError):
    """A WCS is missing, or maps to nothing."""


class StoreError(DataError):
    """A folder that is not an image store, or one that was never finished."""


class StoreVersionError(StoreError):
    """An image store of a layout newer than this version reads, or too old for what is asked of it."""


class ConflictError(JwstPipeError, FileExistsError):
    """Something else already stands under this name."""

    exit_code = 7


class InterruptedRunError(JwstPipeError, RuntimeError):
    """The work was cancelled; nothing half-done is visible."""

    exit_code = 130
