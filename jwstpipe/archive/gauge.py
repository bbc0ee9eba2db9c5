"""How many bytes of a transfer are here: summed over files and threads, told a few times a second, never backwards."""

import threading
import time

from jwstpipe.progress import Progress, Reporter

__all__ = ["Gauge"]

SHORTEST_GAP_S = 0.1


class Gauge:
    """Counts bytes of several files; shared by threads."""

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._size: dict[str, int] = {}
        self._here: dict[str, int] = {}
        self._moved: dict[str, int] = {}
        self._shown = 0
        self._told = 0.0

    def expect(self, key: str, size: int) -> None:
        """Note how large a file will be; may be corrected later."""
        with self._lock:
            self._size[key] = size

    def place(self, key: str, here: int) -> None:
        """Set how much of a file is here, as after a resume or a fresh start."""
        with self._lock:
            self._here[key] = here
            self._tell()

    def add(self, key: str, count: int) -> None:
        """Count bytes that came over the network."""
        with self._lock:
            self._here[key] = self._here.get(key, 0) + count
            self._moved[key] = self._moved.get(key, 0) + count
            self._tell()

    def moved(self, key: str) -> int:
        """Tell how many bytes came over the network for a file, repeated ones too."""
        with self._lock:
            return self._moved.get(key, 0)

    def tell(self) -> None:
        """Report now."""
        with self._lock:
            self._tell(at_once=True)

    def _tell(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if not at_once and now - self._told < SHORTEST_GAP_S:
            return
        self._told = now
        self._shown = max(self._shown, sum(self._here.values()))
        self._report(Progress("transfer", self._shown, max(sum(self._size.values()), self._shown), "bytes"))
