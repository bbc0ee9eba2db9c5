"""Whether a file that is here is still the archive's: one small request, and only where the archive answers.

Reprocessing often changes neither the listed size nor the version of the pipeline; the ETag then tells. Servers behind
one address may name the same bytes differently, so a new ETag counts only when it is given twice, and the names under
which the very bytes came are remembered.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from jwstpipe.archive.transfer.sources.source import ByteSource, SourceInfo, SourceName
from jwstpipe.archive.transfer.state import FileRecord
from jwstpipe.errors import JwstPipeError, NotFoundError
from jwstpipe.settings import ArchiveSettings

__all__ = ["Recheck", "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """Whether a file that is here is still the archive's; without a word it is."""

    outdated: str | None = None
    """Why it is not."""

    remark: str | None = None
    """Why that could not be found out."""


class Recheck:
    """Asks sources about files that are here, until one does not answer; shared by threads."""

    def __init__(self, settings: ArchiveSettings) -> None:
        self._wanted = settings.recheck and not settings.offline
        self._source = settings.source
        self._lock = threading.Lock()
        self._unanswered: str | None = None

    def verdict(self, record: FileRecord, opened: Callable[[SourceName], ByteSource]) -> Verdict:
        """Compare a file with the archive.

        Parameters
        ----------
        record
            What is here.
        opened
            Opens a source of the file; it is asked where the file came from.
        """
        kind: SourceName = "s3" if record.source == "s3" else "https"
        if not self._wanted or self._source not in ("auto", kind):
            return Verdict()
        if self._unanswered is not None:
            return Verdict(remark=self._unanswered)
        try:
            source = opened(kind)
            reason = _difference(record, source.describe())
            if reason is not None and _difference(record, source.describe()) != reason:
                reason = None  # a server that does not agree with itself
        except NotFoundError:
            return Verdict(remark="the archive does not list it there any more")
        except JwstPipeError as error:
            with self._lock:
                self._unanswered = f"not compared with the archive: {error}"
            return Verdict(remark=self._unanswered)
        return Verdict(reason)


def _difference(record: FileRecord, now: SourceInfo) -> str | None:
    if now.size is not None and now.size != record.size:
        return f"size {record.size:,} -> {now.size:,} bytes"
    known = {tag.removeprefix("W/") for tag in (record.etag, *record.other_etags) if tag is not None}
    if now.etag is not None and known:
        return None if now.etag.removeprefix("W/") in known else f"ETag {record.etag} -> {now.etag}"
    if None not in (now.last_modified, record.last_modified) and now.last_modified != record.last_modified:
        return f"date {record.last_modified} -> {now.last_modified}"
    return None
