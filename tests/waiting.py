"""Waiting for a state, never for a time: limits are for what hangs, on machines far slower than ours."""

import socket
import time
from contextlib import closing

LIMIT_SECONDS = 600
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two questions: a server that is asked without a pause has no time left for its work."""


def wait_for(what, question, seconds=LIMIT_SECONDS):
    """Ask until the answer is true, and give it."""
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} within {seconds} s"
        time.sleep(pause)
        pause = min(1.3 * pause, LONGEST_PAUSE)


def wait_for_port(port, process):
    """Wait until a process listens; one that has ended never will."""

    def answers():
        assert process.poll() is None, f"ended with code {process.returncode}"
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(f"an answer on port {port}", answers)
