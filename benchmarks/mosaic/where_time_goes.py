"""Where the time of a whole mosaic goes: processor seconds of each part, in one process with two threads.

    python benchmarks/mosaic/where_time_goes.py [OUT.fits|OUT.zarr FILE...]

Without words: 24 i2d-like files of 2048^2 with SCI, ERR, DQ and WHT to FITS.

Parts are timed on their own threads, whose wall times add up; "of that" lines lie inside the part above. What is left
is Python between them.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

STARTED = time.process_time()

PARTS = (
    ("jwstpipe.mosaicking.build", "plan_mosaic", "plan: headers, identity, outlines (this thread)"),
    ("jwstpipe.mosaicking.planning", "identify", "  of that, not this thread: digests of the inputs"),
    ("jwstpipe.mosaicking.build", "fill_tile", "tiles"),
    ("jwstpipe.mosaicking.tile", "map_source", "  of that: pixel maps"),
    ("jwstpipe.mosaicking.warp.input_groups", "read_input_window", "  of that: windows of inputs"),
    ("jwstpipe.mosaicking.warp.mapped_source", "add_window", "  of that: interpolate and add"),
    ("jwstpipe.mosaicking.warp.mapped_source", "drizzled", "  of that: drizzle"),
    ("jwstpipe.mosaicking.warp.mapped_source", "add_resampled", "  of that: add what is drizzled"),
    ("jwstpipe.mosaicking.warp.blocks", "_finish", "  of that: sums to samples"),
    ("jwstpipe.mosaicking.warp.sample_digest.PlanesDigest", "add", "  of that: digest of the samples"),
    ("jwstpipe.images.zarr.shards.ShardPacker", "put", "  of that: pack and write"),
    ("jwstpipe.mosaicking.build", "build_pyramid", "levels (this thread)"),
    ("jwstpipe.images.exporting.tiles.TileBands", "add", "  of that: to the FITS file, byte order and writing"),
    ("jwstpipe.images.exporting.tiles.TileBands", "_write_band", "    of that: writing"),
    ("os", "fsync", "FITS: what is left to bring to the disk (this thread)"),
)


def main():
    if len(sys.argv) > 2:
        tell(sys.argv[1], sys.argv[2:])
        return
    from measured import tell_memory
    from scene import write_survey

    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as folder:
        out, names = Path(folder, "m.fits"), write_survey(Path(folder, "in"), 24, planes="i2d")
        command = [sys.executable, __file__, str(out), *map(str, names)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)  # the digests of the inputs are kept
        print("24 i2d of 2048^2 with all planes to FITS, a second time", flush=True)
        subprocess.run(command, check=True)
        tell_memory(*names, out)


def tell(out, names):
    import importlib

    import jwstpipe
    from jwstpipe.execution.workers import ThreadWorkers

    spent, waited, lock = defaultdict(float), defaultdict(float), threading.Lock()

    def timed(function, label):
        def run(*args, **words):
            begun, at = time.thread_time(), time.perf_counter()
            try:
                return function(*args, **words)
            finally:
                with lock:
                    spent[label] += time.thread_time() - begun
                    waited[label] += time.perf_counter() - at

        return run

    for module, name, label in PARTS:
        room, _, kind = module.rpartition(".") if module.rpartition(".")[2][0].isupper() else (module, "", "")
        owner = importlib.import_module(room)
        owner = getattr(owner, kind) if kind else owner
        if hasattr(owner, name):
            setattr(owner, name, timed(getattr(owner, name), label))
    started = time.process_time() - STARTED
    begun = time.perf_counter()
    kernel = "drizzle" if "cal" in names[0] else "bilinear"
    jwstpipe.mosaic(names, out, kernel=kernel, overwrite=True, workers=ThreadWorkers(2))
    wall, whole = time.perf_counter() - begun, time.process_time() - STARTED
    print(f"{'part':56s} {'CPU s':>7s} {'share':>6s} {'wall s':>7s}")
    for label, seconds in [("imports", started), *((label, spent[label]) for _, _, label in PARTS)]:
        if seconds:
            print(f"{label:56s} {seconds:7.2f} {seconds / whole:6.0%} {waited[label]:7.2f}")
    print(f"{'whole, wall without imports':56s} {whole:7.2f} {1:6.0%} {wall:7.2f}")


if __name__ == "__main__":
    main()
