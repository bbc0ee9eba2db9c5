"""A whole run against a slow archive: how much longer it takes than its transfer alone.

    python benchmarks/orchestration/streams.py [--size large] [--mb-per-s 20] [--latency 0.1]

The archive is simulated, on loopback: each answer waits for the latency, and all files together come at the speed
given. The transfer alone is the same fetch into an empty folder. Kernels are compiled and modules are loaded before, by
a run of the tiny programme. Goal: 1.15 times the transfer for the large programme. The processor time is that of this
process, in which the archive answers, too: over the cores it is what no order of steps can get below.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jwstpipe.archive.search.products import Product
from jwstpipe.archive.transfer.fetch import fetch
from jwstpipe.cli.server.prefect_server import flush_history, starting_server, use_server
from jwstpipe.ingestion import choose
from jwstpipe.requests import ProcessTargetRequest, SearchRequest
from jwstpipe.settings import Settings, as_environment, load_settings
from jwstpipe.simulate.exposures import simulate_programme
from jwstpipe.testing.local_archive.archive import serve_archive
from jwstpipe.testing.local_archive.faults import Faults

TARGET = "Slow Nebula"
THREADS = 2
GOAL = 1.15


def settings_for(archive: Any, home: Path, mb_per_s: float | None) -> Settings:
    """Give the settings of a site that uses the simulated archive."""
    base = load_settings(home=home)
    source = base.archive.model_copy(
        update={
            "server": archive.server,
            "bucket": archive.bucket,
            "mb_per_s": mb_per_s,
            "s3": base.archive.s3.model_copy(update={"endpoint": archive.s3_endpoint}),
        }
    )
    execution = base.execution.model_copy(update={"workers": THREADS})
    return base.model_copy(update={"archive": source, "execution": execution})


def files_of(settings: Settings) -> tuple[Product, ...]:
    """Give what a run of the target fetches."""
    return choose(SearchRequest(target=TARGET, level=(2,)), settings=settings.archive).products


def run(settings: Settings) -> dict[str, float]:
    """Run the flow in this process; the seconds of its steps."""
    from jwstpipe.flows.process_target import process_target

    os.environ.update(as_environment(settings))
    return process_target(ProcessTargetRequest(target=TARGET, level=2)).seconds


def main() -> None:
    """Measure, and print the ratio."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--size", choices=("tiny", "small", "large"), default="large")
    arguments.add_argument("--mb-per-s", type=float, default=20.0)
    arguments.add_argument("--latency", type=float, default=0.1, help="seconds before each answer")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as name:
        folder = Path(name)
        with starting_server(folder / "prefect") as server:
            simulate_programme(folder / "tiny", size="tiny", target=TARGET)
            simulate_programme(folder / "slow", size=given.size, target=TARGET, products=("cal",))
            server.wait_until_ready()
            use_server(server.api, folder / "prefect", verbose=False, password=server.password)
            with serve_archive(folder / "tiny") as archive:
                run(settings_for(archive, folder / "warm", None))
            with serve_archive(folder / "slow", faults=(Faults(delay_s=given.latency),)) as archive:
                settings = settings_for(archive, folder / "alone", given.mb_per_s)
                files = files_of(settings)
                started = time.perf_counter(), time.process_time()
                fetch(files, folder / "fetched", settings=settings.archive).require_all()
                fetched = time.perf_counter(), time.process_time()
                steps = run(settings_for(archive, folder / "run", given.mb_per_s))
                ended = time.perf_counter(), time.process_time()
            flush_history()
    (alone, alone_cpu), (whole, whole_cpu) = (
        tuple(after - before for before, after in zip(*times, strict=True))
        for times in ((started, fetched), (fetched, ended))
    )
    size = sum(product.size for product in files) / 1e6
    sys.stdout.write(
        f"{len(files)} files, {size:,.0f} MB at {given.mb_per_s:g} MB/s, {1000 * given.latency:.0f} ms an answer\n"
        f"transfer alone {alone:.1f} s, whole run {whole:.1f} s: {whole / alone:.2f} times (goal {GOAL})\n"
        f"processor: transfer alone {alone_cpu:.1f} s, whole run {whole_cpu:.1f} s, over {THREADS} threads"
        f" {whole_cpu / THREADS / alone:.2f} of the transfer's time\n"
        + "".join(f"  {step:20s} {seconds:8.1f} s\n" for step, seconds in steps.items())
    )


if __name__ == "__main__":
    main()
