"""One command on one hostile input in a process of its own: how it ended, how long it took, what memory it had.

    python benchmarks/hostile/alone.py COMMAND WORD... -- FILE...      e.g. info -- *.fits; sources -- *.vot

Each process is forked from one that has loaded what commands load, so that a thousand of them cost little. A finding is
an exit code that has no meaning, or 1; a death; more than one sentence; words of a library; more than 20 s or 1 GB.
"""

import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

MOST_SECONDS = 20.0
MOST_MEGABYTES = 1024
MEANINGS = (0, 2, 3, 4, 5, 6, 7)
FOREIGN = ("Traceback", "Warning", "WARNING:", "INFO:", "unexpected", "Error:", "Exception ignored")
"""Words that are not ours to say."""


@dataclass(frozen=True)
class Ending:
    """How a command ended."""

    code: int
    """Exit code; of a death less the number of the signal."""

    seconds: float
    megabytes: int
    said: str
    """All of stderr."""

    @property
    def finding(self) -> str:
        """Say what is wrong about it; empty where nothing is."""
        if self.seconds > MOST_SECONDS:
            return f"took {self.seconds:.0f} s"
        if self.megabytes > MOST_MEGABYTES:
            return f"took {self.megabytes} MB"
        if self.code not in MEANINGS:
            return f"ended with {self.code}: {self.said[-300:]!r}"
        foreign = next((word for word in FOREIGN if word in self.said), None)
        if foreign is not None or "\x1b" in self.said:
            return f"said {foreign or 'an escape'}: {self.said[:300]!r}"
        if self.code and sum(line.startswith("jwstpipe: ") for line in self.said.splitlines()) != 1:
            return f"did not say why in one sentence: {self.said[:300]!r}"
        return ""


def load() -> None:
    """Load what commands load, once, for all processes; nothing of it starts a thread."""
    import astropy.io.votable
    import astropy.table
    import astropy.wcs
    import zarr

    import jwstpipe.api.measure
    import jwstpipe.cli.main
    import jwstpipe.cli.start.app
    import jwstpipe.images.convert
    import jwstpipe.mosaicking.planning

    del astropy, jwstpipe, zarr


def alone(words: Sequence[str], folder: str | None = None) -> Ending:
    """Run a command in a process of its own, in a folder, until it ends or the time is over."""
    with tempfile.TemporaryFile() as told:
        begun = time.perf_counter()
        process = os.fork()
        if process == 0:
            _child(list(map(str, words)), told.fileno(), folder)
        while True:
            gone, status, used = os.wait4(process, os.WNOHANG)
            if gone:
                break
            if time.perf_counter() - begun > MOST_SECONDS + 5:
                os.kill(process, signal.SIGKILL)
            time.sleep(0.002)
        seconds = time.perf_counter() - begun
        told.seek(0)
        said = told.read(1 << 20).decode("utf-8", errors="replace")
    return Ending(os.waitstatus_to_exitcode(status), seconds, used.ru_maxrss >> 10, said)


def _child(words: list[str], told: int, folder: str | None) -> None:
    code = 99
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.dup2(told, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        if folder is not None:
            os.chdir(folder)
        from jwstpipe.cli.main import main

        try:
            main(words)
            code = 0
        except SystemExit as ending:
            code = ending.code if isinstance(ending.code, int) else 0
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    at = sys.argv.index("--")
    load()
    worst = (0.0, 0)
    for file in sys.argv[at + 1 :]:
        ending = alone([*sys.argv[1:at], file])
        worst = max(worst[0], ending.seconds), max(worst[1], ending.megabytes)
        line = ending.said.strip().splitlines()[-1:] or [""]
        print(f"{file}: {ending.code}, {ending.seconds:.2f} s, {ending.megabytes} MB", line[0][:200])
        if ending.finding:
            print(f"    FINDING: {ending.finding}")
    print(f"worst: {worst[0]:.1f} s, {worst[1]} MB")
