"""Does time grow with the work alone, and memory not at all? 12, 48 and 192 exposures; one thread and two.

What an exposure more costs is counted from one line to the next: the start of the compiled code, the same for every
mosaic, is in the first.

python benchmarks/mosaic/scaling.py [--counts 12 48 192]
"""

import argparse
import json
import tempfile
from pathlib import Path

from measured import best, ours
from scene import write_survey


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[12, 48, 192])
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    print(f"{'exposures':>9s} {'threads':>7s} {'wall s':>8s} {'build s':>8s} {'ms/exposure more':>16s} {'peak MB':>8s}")
    walls = {}
    before = (0, 0.0)
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        work = Path(temporary)
        names = write_survey(work / "survey", max(chosen.counts), side=chosen.side, spacing=0.5)
        for count in chosen.counts:
            for threads in sorted({1, chosen.threads}) if count == max(chosen.counts) else (chosen.threads,):
                command, env = ours(names[:count], work / "out.zarr", "--json", threads=threads)
                found = best(command, folder=work, env=env)
                receipt = json.loads((work / "log.txt").read_text().splitlines()[-1])
                walls[count, threads] = receipt["seconds"]
                more = 1000 * (receipt["seconds"] - before[1]) / (count - before[0])
                shown = f"{more:16.1f}" if threads == chosen.threads else f"{'':16s}"
                print(
                    f"{count:9d} {threads:7d} {found.seconds:8.2f} {receipt['seconds']:8.2f} {shown}"
                    f" {found.peak_mb:8.0f}"
                )
            before = (count, walls[count, chosen.threads])
    most = max(chosen.counts)
    if chosen.threads > 1:
        print(f"\n1 -> {chosen.threads} threads: {walls[most, 1] / walls[most, chosen.threads]:.2f} times (build)")


if __name__ == "__main__":
    main()
