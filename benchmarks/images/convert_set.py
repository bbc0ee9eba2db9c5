"""Convert a set of 2048 x 2048 exposures, beside a bare loop that reads SCI with astropy and writes it with zarr.

    python benchmarks/images/convert_set.py [--files 48] [--threads 2] [--folder DIR]

Both sides use the same codec, chunks, shards and number of threads, on the same files, in turn. Printed: seconds,
megabytes of samples and of shards, and the ratio of the times for each byte; the target is at most 1.3.
"""

import argparse
import json
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import zarr
from astropy.io import fits
from numcodecs import blosc
from zarr.codecs import BloscCodec

from jwstpipe import convert
from jwstpipe.images.zarr.layout import CHUNK, CODEC, SHARD

DISTINCT = 6
"""Files made; the set goes through them again and again."""

SIDE = 2048


def write_exposure(path, seed):
    """Write a file of the planes of a calibrated exposure: sky, stars, noise, flags."""
    random = np.random.default_rng(seed)
    sci = random.normal(0.3, 0.02, (SIDE, SIDE)).astype("f4")
    y, x = random.integers(16, SIDE - 16, (2, 300))
    bump = np.exp(-(np.hypot(*np.mgrid[-8:9, -8:9]) ** 2) / 8).astype("f4")
    for row, column, flux in zip(y, x, 10 ** random.uniform(0, 3, 300), strict=True):
        sci[row - 8 : row + 9, column - 8 : column + 9] += flux * bump
    bad = random.random(sci.shape) < 0.003
    sci[bad] = np.nan
    noise = (0.02 * random.uniform(0.9, 1.1, sci.shape)).astype("f4")
    planes = {
        "SCI": sci,
        "ERR": noise,
        "DQ": bad.astype("u4"),
        "AREA": np.broadcast_to(np.linspace(0.98, 1.02, SIDE, dtype="f4"), sci.shape),
        "VAR_POISSON": (noise**2 / 2).astype("f4"),
        "VAR_RNOISE": (noise**2 / 2).astype("f4"),
    }
    hdus = [fits.PrimaryHDU(), *(fits.ImageHDU(np.ascontiguousarray(data), name=name) for name, data in planes.items())]
    header = hdus[1].header
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = 187.7, 12.4, 1024.5, 1024.5
    header["CDELT1"], header["CDELT2"] = -0.031 / 3600, 0.031 / 3600
    fits.HDUList(hdus).writeto(path)


def bare(source, target):
    """Read SCI with astropy and write it with zarr."""
    with fits.open(source, memmap=True) as opened:
        data = opened["SCI"].data
        array = zarr.create_array(
            target,
            shape=data.shape,
            dtype="f4",
            chunks=(CHUNK, CHUNK),
            shards=(SHARD, SHARD),
            compressors=BloscCodec(cname=CODEC.cname, clevel=CODEC.clevel, shuffle="bitshuffle"),
            fill_value=float("nan"),
        )
        array[...] = data
    return data.nbytes


def ours(source, target):
    """Convert the whole file."""
    made = convert(source, target)
    return len(made.planes) * SIDE * SIDE * 4


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def timed(work, sources, folder, threads):
    """Do a batch in threads; give seconds, bytes of samples and bytes on disk."""
    targets = [folder / f"{number}.zarr" for number in range(len(sources))]
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        samples = list(pool.map(work, sources, targets))
    seconds = time.perf_counter() - started
    stored = sum(size_of(target) for target in targets)
    for target in targets:
        shutil.rmtree(target)
    return np.array([seconds, sum(samples), stored])


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--files", type=int, default=48)
    words.add_argument("--threads", type=int, default=2)
    words.add_argument("--folder", type=Path, default=None)
    options = words.parse_args()
    blosc.set_nthreads(options.threads)
    zarr.config.set({"threading.max_workers": options.threads})
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        files = [folder / f"exposure{number}.fits" for number in range(DISTINCT)]
        for number, path in enumerate(files):
            write_exposure(path, number)
        for work in (bare, ours):  # compiled kernels and the page cache are warm for both
            timed(work, files[:1], folder, 1)
        totals = {bare: np.zeros(3), ours: np.zeros(3)}
        batches = [files] * max(options.files // DISTINCT, 1)
        for number, batch in enumerate(batches):
            for work in (bare, ours) if number % 2 else (ours, bare):
                totals[work] += timed(work, batch, folder, options.threads)
    report = {
        work.__name__: {"seconds": round(t[0], 2), "MB_samples": round(t[1] / 1e6), "MB_stored": round(t[2] / 1e6)}
        for work, t in totals.items()
    }
    b, o = totals[bare], totals[ours]
    report |= {
        "files": len(batches) * DISTINCT,
        "threads": options.threads,
        "ratio_per_byte_of_samples": round((o[0] / o[1]) / (b[0] / b[1]), 3),
        "ratio_per_byte_stored": round((o[0] / o[2]) / (b[0] / b[2]), 3),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
