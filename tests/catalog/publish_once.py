"""Publish a file and its image, and die at a chosen step; run as a process of its own by the test of crashes.

Every statement of SQL and every change in the file system is a step. The process imports everything once and forks
for each attempt, so that an attempt costs no start-up.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from jwstpipe.catalog.catalog import open_catalog
from jwstpipe.catalog.maintenance.adopt import adopt_file
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.operations.convert import CONVERT, ConvertRecipe
from jwstpipe.operations.make import make_missing as making
from jwstpipe.operations.make.make_products import Order, make_products
from jwstpipe.storage import open_store

KEY = "mast/jw02733001001_02101_00001_nrca1/jw02733001001_02101_00001_nrca1_cal.fits"
CHANGES = frozenset({"os.rename", "os.mkdir", "os.remove", "os.rmdir"})


class Steps:
    """Counts steps from the moment it is armed, and kills the process at one of them."""

    def __init__(self, last):
        self.last, self.count, self.armed = last, 0, False
        self.lock = threading.Lock()

    def step(self):
        with self.lock:
            self.count += self.armed
            if self.armed and self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, event, arguments):
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in CHANGES or writes:
            self.step()


def publish(folder, content, last):
    making.LEASE_SECONDS = 1.0
    steps = Steps(last)
    sys.addaudithook(steps.audit)
    store = open_store(folder / "store")
    with open_catalog(folder / "catalog.sqlite") as catalog:
        catalog.database.connection.set_trace_callback(lambda statement: steps.step())
        steps.armed = True
        run = making.OperationRun(catalog, store, ThreadWorkers(1), "run")
        if not store.exists(KEY):
            store.write_bytes(KEY, content)
        record = adopt_file(store, KEY, now=run.now())
        catalog.publish(record)
        make_products(run, CONVERT, [Order(ConvertRecipe(), (record,), f"{Path(record.file_name).stem}.zarr")])
        steps.armed = False
    return steps.count


def attempt(folder, content, last):
    """Publish in a child of its own; give the steps that it took, or None if it died."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        count = publish(folder, content, last)
        os.write(writing, str(count).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        told = stream.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert status == 0, status
    return int(told)


def main(folder, source, points):
    content = Path(source).read_bytes()
    total = attempt(folder / "whole", content, 0)
    died = {}
    for number in range(points):
        last = 1 + round(number * (total - 1) / (points - 1))
        place = folder / f"step{last:04d}"
        died[place.name] = attempt(place, content, last) is None
        assert attempt(place, content, 0) is not None
    sys.stdout.write(json.dumps({"steps": total, "died": died}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
