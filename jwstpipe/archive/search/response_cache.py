"""Answers of the archive kept on disk, each with its age: for questions asked again soon, and for work without network.

An answer is kept under a digest of its question, whole or not at all. What is older than the asker accepts is asked
anew; offline, any age will do, and a question that was never answered is an error with a way out.
"""

import gzip
import json
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from jwstpipe.errors import ArchiveError
from jwstpipe.storage import aside

__all__ = ["Answer", "Answers"]

MOST_KEPT = 500
"""Answers kept; the oldest go first."""


@dataclass(frozen=True)
class Answer:
    """What was answered, and when."""

    content: Any
    """As JSON holds it."""

    asked_at: float
    """Seconds since 1970."""


@dataclass(frozen=True)
class Answers:
    """A folder of answers, and how old one may be."""

    folder: Path

    max_age_s: float = 0.0
    """Oldest answer that is taken in place of asking, seconds; 0 = always ask."""

    offline: bool = False
    """Take any answer, never ask."""

    def recall(self, question: Mapping[str, Any]) -> Answer | None:
        """Give the answer to a question, if one is kept that is young enough.

        Raises
        ------
        ArchiveError
            Offline, and the question was never answered here.
        """
        held = self._load(question) if self.offline or self.max_age_s > 0 else None
        if held is not None and (self.offline or 0 <= time.time() - held.asked_at <= self.max_age_s):
            return held
        if self.offline:
            raise ArchiveError(
                f"offline, and this question was not asked before (no answer to it in {self.folder}); ask it once"
                " without --offline"
            )
        return None

    def kept(self, question: Mapping[str, Any]) -> Answer | None:
        """Give the answer to a question that is kept, of any age; None where there is none."""
        return self._load(question)

    def each_kept(self) -> Iterator[tuple[dict[str, Any], Answer]]:
        """Give every question that was answered, with its answer, in the order of their digests; damaged ones fall out.

        For work without network that makes do with answers to other questions.
        """
        for path in sorted(self.folder.glob("*.json.gz")):
            try:
                entry = json.loads(gzip.decompress(path.read_bytes()))
                yield dict(entry["question"]), Answer(entry["content"], float(entry["asked_at"]))
            except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
                continue

    def keep(self, question: Mapping[str, Any], content: Any) -> Answer:
        """Keep an answer of now."""
        answer = Answer(content, time.time())
        entry = {"question": question, "asked_at": answer.asked_at, "content": content}
        with aside(self._path(question)) as partial:
            partial.write_bytes(gzip.compress(json.dumps(entry).encode(), compresslevel=1))
        self._prune()
        return answer

    def _load(self, question: Mapping[str, Any]) -> Answer | None:
        """Read an entry; one that is damaged counts as none, it will be asked anew."""
        try:
            entry = json.loads(gzip.decompress(self._path(question).read_bytes()))
            if entry["question"] == json.loads(json.dumps(question)):
                return Answer(entry["content"], float(entry["asked_at"]))
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
            return None
        return None

    def _path(self, question: Mapping[str, Any]) -> Path:
        canonical = json.dumps(question, sort_keys=True, separators=(",", ":")).encode()
        return self.folder / f"{blake2b(canonical, digest_size=20).hexdigest()}.json.gz"

    def _prune(self) -> None:
        kept = list(self.folder.glob("*.json.gz"))
        if len(kept) <= MOST_KEPT:
            return
        dated = []
        for path in kept:
            try:
                dated.append((path.stat().st_mtime, path))
            except FileNotFoundError:
                continue  # another process removed it
        for _, path in sorted(dated)[: len(dated) - MOST_KEPT]:
            path.unlink(missing_ok=True)
