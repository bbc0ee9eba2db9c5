"""Forks that end by SIGKILL: ``python -m tests.operations.killed_children FORM SOURCES FOLDER STEP...``.

Everything is loaded once; each child makes a product in ``FOLDER/STEP`` and is killed by its own hand at that step,
with no exception, no cleanup and no word. Prints what killed each.
"""

import json
import os
import signal
import sys
from pathlib import Path

from tests.kill_points import KillPoints
from tests.operations.test_kill_matrix import FORMS


class _Sigkill(KillPoints):
    def take(self, what, where):
        self.taken.append((what, where))
        if len(self.taken) == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def main(form, sources, folder, *steps):
    """Kill a child at each step."""
    name, make, _ = FORMS[form]
    for step in steps:
        child = os.fork()
        if not child:
            place = Path(folder, step)
            with _Sigkill().watching(place, int(step)):
                make(Path(sources), 2, str(place / name), None)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        print(json.dumps({"step": step, "signal": killed}), flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
