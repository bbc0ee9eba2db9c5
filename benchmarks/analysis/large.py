"""Stores of 4096^2, 8192^2 ... pixels: time and peak memory of a detection, as its own process.

    python benchmarks/analysis/large.py [--sides 4096 8192 16384] [--threads 2]

A field of known sources (`scene.py`) is repeated over each store. The time of a pixel should not grow with the image,
and the memory of a process is that of its tiles and of the catalogue.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

sys.path.append(str(Path(__file__).resolve().parents[1] / "mosaic"))
from measured import run
from scene import header_of, write_scene

from jwstpipe.images.zarr.layout import SHARD, plane_spec, root_attributes
from jwstpipe.images.zarr.publish import new_image
from jwstpipe.sky.box import Box
from jwstpipe.sky.wcs.image_wcs import ImageWcs

BASE = 4096


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, nargs="+", default=[4096, 8192, 16384])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for the field; default: a temporary one")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-", dir=chosen.keep) as temporary:
        work = Path(temporary)
        pixels = fits.getdata(write_scene(chosen.keep or work, BASE).image)
        print(f"{'side':>6s} {'wall s':>8s} {'CPU s':>8s} {'s/Mpx':>8s} {'peak MB':>8s} {'catalogue':>10s}")
        for side in chosen.sides:
            store, out = work / f"{side}.zarr", work / f"{side}.parquet"
            write_store(store, pixels, side)
            words = [sys.executable, "-m", "jwstpipe", "detect", str(store), "-o", str(out)]
            cost = run(words, folder=work, env={"JWSTPIPE_EXECUTION__WORKERS": str(chosen.threads)})
            size = side * side / 1e6
            print(
                f"{side:6d} {cost.seconds:8.2f} {cost.cpu_seconds:8.2f} {cost.cpu_seconds / size:8.4f}"
                f" {cost.peak_mb:8.0f} {out.stat().st_size / 1e6:8.1f} MB",
                flush=True,
            )


def write_store(store, pixels, side):
    """Write a store that repeats a field, without levels."""
    header = header_of(side)
    with new_image(store) as writer:
        writer.create_plane("sci", (side, side), plane_spec("sci", unit="MJy/sr"))
        for cell in Box(0, 0, side, side).cells(SHARD):
            part = pixels[cell.y0 % BASE : cell.y0 % BASE + SHARD, cell.x0 % BASE : cell.x0 % BASE + SHARD]
            writer.write_shard("sci", (cell.y0 // SHARD, cell.x0 // SHARD), np.ascontiguousarray(part, np.float32))
        cards = "".join(str(card) for card in header.cards)
        writer.write_header("primary", fits.PrimaryHDU().header.tostring().encode())
        writer.write_header("sci", fits.ImageHDU(header=header, name="SCI").header.tostring().encode())
        entries = [
            {"index": 0, "name": "PRIMARY", "version": 1, "header": "primary"},
            {"index": 1, "name": "SCI", "version": 1, "header": "sci", "plane": "sci"},
        ]
        writer.finish(
            root_attributes(
                kind="image", name=store.name, shape=(side, side), planes=("sci",), unit="MJy/sr", levels=1,
                product_id=f"bench-{side}", provenance={}, fits={"hdus": entries, "omitted": []}, grid=None,
                wcs=ImageWcs(cards),
            )
        )  # fmt: skip


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main()
