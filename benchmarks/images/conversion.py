"""Conversion of a 2048 x 2048 exposure with all planes: plain, gzip and fpack, beside a bare read-and-write loop.

    python benchmarks/images/conversion.py [--times 5]

The bare loop reads every plane with astropy and writes it with zarr, the same codec, chunks and shards, one thread:
what a script would do, without digests, levels, headers and manifest. In turn, in one process; medians. The packed
files are unpacked anew each time.
"""

import argparse
import gzip
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import zarr
from astropy.io import fits
from convert_set import write_exposure
from numcodecs import blosc
from zarr.codecs import BloscCodec

from jwstpipe import convert
from jwstpipe.fits.readers.unpacked_files import unpacked_files
from jwstpipe.images.zarr.layout import CHUNK, CODEC, SHARD


def bare(source, target):
    """Read all planes with astropy and write them with zarr."""
    with fits.open(source, memmap=False) as opened:
        for hdu in opened[1:]:
            array = zarr.create_array(
                target / hdu.name.lower(), shape=hdu.data.shape, dtype=hdu.data.dtype.newbyteorder("="),
                chunks=(CHUNK, CHUNK), shards=(SHARD, SHARD), fill_value=0,
                compressors=BloscCodec(cname=CODEC.cname, clevel=CODEC.clevel, shuffle="bitshuffle"),
            )  # fmt: skip
            array[...] = hdu.data


def ours(source, target):
    unpacked_files.cache_clear()
    convert(source, target)


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--times", type=int, default=5)
    times = words.parse_args().times
    blosc.set_nthreads(1)
    zarr.config.set({"threading.max_workers": 1})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = folder / "x.fits"
        write_exposure(plain, 1)
        (folder / "x.fits.gz").write_bytes(gzip.compress(plain.read_bytes(), 1))
        with fits.open(plain) as opened:
            packed = [fits.CompImageHDU(hdu.data, hdu.header, compression_type="RICE_1") for hdu in opened[1:]]
            fits.HDUList([opened[0], *packed]).writeto(folder / "x.fits.fz")
        works = {"bare loop": (bare, plain)} | {
            label: (ours, folder / f"x.fits{end}") for label, end in (("plain", ""), ("gzip", ".gz"), ("fpack", ".fz"))
        }
        spent = {label: [] for label in works}
        for _ in range(times + 1):  # the first is to warm up
            for label, (work, source) in works.items():
                begun, busy = time.perf_counter(), time.process_time()
                work(source, folder / "out.zarr")
                spent[label].append((time.perf_counter() - begun, time.process_time() - busy))
                shutil.rmtree(folder / "out.zarr")
        base = np.median(spent["bare loop"][1:], axis=0)
        print(f"{'':12s} {'wall s':>7s} {'CPU s':>7s} {'wall / bare':>12s} {'CPU / bare':>11s}")
        for label, values in spent.items():
            wall, busy = np.median(values[1:], axis=0)
            print(f"{label:12s} {wall:7.2f} {busy:7.2f} {wall / base[0]:12.2f} {busy / base[1]:11.2f}")


if __name__ == "__main__":
    main()
