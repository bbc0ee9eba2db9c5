"""What many workers and many tiles cost the driver and the scheduler, with tiles that do nothing or take a known time.

    python benchmarks/orchestration/scaling.py [--tiles 1000 10000 50000] [--workers 1 2]

1. Empty tiles, as many as asked, through one worker process: time and driver's processor time a tile, memory of the
   driver before and after. The jobs are as large as those of a mosaic of real exposures, and so are the receipts.
2. Tiles that hold a worker for a fifth of a second without needing its processor, through N processes of one thread:
   efficiency against one. (On a machine of few cores the processor itself would be measured otherwise.)

docs/scaling.md draws the conclusions.
"""

import argparse
import pickle
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
from distributed import Client, LocalCluster

from jwstpipe.execution.workers import Workers, open_workers
from jwstpipe.mosaicking.tile import TileReceipt
from jwstpipe.settings import ExecutionSettings

JOB_BYTES = 4_000
"""A tile's job with some ten inputs, pickled."""

HELD_S = 0.2


@dataclass(frozen=True)
class Job:
    """A tile that is not computed."""

    number: int
    held_s: float
    filling: bytes


def tile(job: Job) -> TileReceipt:
    """Hold the worker, and give a receipt like that of a tile with ten inputs."""
    threading.Event().wait(job.held_s)
    sources = tuple(f"{job.number:032x}{source:032x}" for source in range(10))
    return TileReceipt((job.number, 0), f"{job.number:064x}", 1 << 20, sources, 1e-4, 0, f"{job.number:064x}", 0.2)


def timed(workers: Workers, count: int, held_s: float, keep: Callable[[TileReceipt], None]) -> tuple[float, float]:
    """Run so many tiles; seconds by the clock, and of this process's processor."""
    jobs = {f"{number}_0": Job(number, held_s, bytes(JOB_BYTES)) for number in range(count)}
    wall, cpu = time.perf_counter(), time.process_time()
    for _, receipt in workers.each(tile, jobs, name="tiles"):
        keep(receipt)
    return time.perf_counter() - wall, time.process_time() - cpu


def empty_tiles(counts: list[int]) -> None:
    """Measure what a tile costs beyond its work."""
    own = psutil.Process()
    for count in counts:
        with open_workers(ExecutionSettings(cluster="processes", workers=1)) as workers:
            timed(workers, 200, 0.0, lambda _: None)
            before = own.memory_info().rss
            kept: list[TileReceipt] = []
            wall, cpu = timed(workers, count, 0.0, kept.append)
            after = own.memory_info().rss
        size = len(pickle.dumps(kept[0]))
        sys.stdout.write(
            f"{count:7,} empty tiles: {1000 * wall / count:.2f} ms a tile, {1000 * cpu / count:.2f} ms of the driver"
            f" with its scheduler; {(after - before) / 1e6:.0f} MB more, {(after - before) / count / 1e3:.1f} kB a tile"
            f" (job {JOB_BYTES / 1e3:.0f} kB, receipt {size / 1e3:.1f} kB)\n"
        )


def bare_dask(count: int) -> None:
    """Run as many functions that do nothing by Dask alone, as its manual has it: what no layer above can be below."""
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.gather(client.map(abs, range(200)))
        wall, cpu = time.perf_counter(), time.process_time()
        client.gather(client.map(abs, range(200, 200 + count)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    sys.stdout.write(f"bare Dask: {1000 * wall / count:.2f} ms a task, {1000 * cpu / count:.2f} ms of the driver\n")


def held_workers(counts: list[int]) -> None:
    """Measure how busy N workers are kept."""
    alone = None
    for count in counts:
        with open_workers(ExecutionSettings(cluster="processes", workers=count)) as workers:
            timed(workers, 20 * count, 0.0, lambda _: None)
            tiles = 100 * count
            wall, _ = timed(workers, tiles, HELD_S, lambda _: None)
        rate = tiles / wall / count
        alone = alone or rate
        sys.stdout.write(f"{count} workers: {rate * HELD_S:.3f} of the ideal, {rate / alone:.3f} of one worker's\n")


def main() -> None:
    """Measure both."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tiles", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    arguments.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    given = arguments.parse_args()
    empty_tiles(given.tiles)
    bare_dask(min(given.tiles))
    held_workers(given.workers)


if __name__ == "__main__":
    main()
