"""Servers whose life is tied to the command that started them."""

import subprocess
import sys

import psutil
import pytest

from tests.waiting import LIMIT_SECONDS

PARENT = """
import subprocess, sys
from jwstpipe.cli.server.parent_death import tied
child = subprocess.Popen(
    tied([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]), stdout=subprocess.PIPE,
    start_new_session=True,
)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_process_ends_with_the_one_that_started_it_even_when_that_is_killed_hard():
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        assert "time.sleep" in child.cmdline()[-1]
        parent.kill()
    child.wait(timeout=LIMIT_SECONDS)
