"""How far a transfer is: bytes of each file and of all, rate over a window, time left; told a few times a second.

What is told never runs backwards, whatever has to be fetched again.
"""

import threading
import time
from collections import deque

from jwstpipe.progress import Progress, Reporter

__all__ = ["ProgressMeter"]

SHORTEST_GAP_S = 0.1
WINDOW_S = 5.0
"""Time over which the rate is measured."""


class ProgressMeter:
    """Counts bytes of several files; shared by threads."""

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._size: dict[str, int] = {}
        self._here: dict[str, int] = {}
        self._moved: dict[str, int] = {}
        self._busy: set[str] = set()
        self._shown: dict[str, int] = {}
        self._last_report = 0.0
        self._all_here = 0
        self._all_moved = 0
        self._window: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def expect(self, key: str, size: int) -> None:
        """Note how large a file will be; may be corrected later."""
        with self._lock:
            self._size[key] = size

    def place(self, key: str, here: int) -> None:
        """Set how much of a file is here, as after a resume or a fresh start."""
        with self._lock:
            self._set(key, here)
            self._report_when_due()

    def add(self, key: str, count: int) -> None:
        """Count bytes that came over the network."""
        with self._lock:
            self._busy.add(key)
            self._set(key, self._here.get(key, 0) + count)
            self._moved[key] = self._moved.get(key, 0) + count
            self._all_moved += count
            self._report_when_due()

    def finish(self, key: str, size: int) -> None:
        """Note that a file is whole."""
        with self._lock:
            self._size[key] = size
            self._set(key, size)
            if key in self._busy:
                self._busy.discard(key)
                self._report_file(key)
            self._report_when_due()

    def moved(self, key: str) -> int:
        """Tell how many bytes came over the network for a file, repeated ones too."""
        with self._lock:
            return self._moved.get(key, 0)

    def report_now(self) -> None:
        """Report now."""
        with self._lock:
            self._report_when_due(at_once=True)

    def _set(self, key: str, here: int) -> None:
        self._all_here += here - self._here.get(key, 0)
        self._here[key] = here

    def _report_when_due(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if not at_once and now - self._last_report < SHORTEST_GAP_S:
            return
        self._last_report = now
        self._window.append((now, self._all_moved))
        while len(self._window) > 2 and now - self._window[1][0] >= WINDOW_S:
            self._window.popleft()
        since, before = self._window[0]
        rate = (self._all_moved - before) / (now - since) if now > since else 0.0
        shown = self._shown[""] = max(self._shown.get("", 0), self._all_here)
        total = max(sum(self._size.values()), shown)
        left = (total - self._all_here) / rate if rate > 0 else None
        self._report(Progress("transfer", shown, total, "bytes", rate=rate, left_s=left))
        for key in self._busy:
            self._report_file(key)

    def _report_file(self, key: str) -> None:
        shown = self._shown[key] = max(self._shown.get(key, 0), self._here.get(key, 0))
        name = key.rpartition("/")[2]
        self._report(Progress("transfer", shown, max(self._size.get(key, 0), shown), "bytes", item=name))
