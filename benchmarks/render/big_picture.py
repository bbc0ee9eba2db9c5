"""Full-resolution pictures, side by side with STIFF: time per channel and pixel, and peak memory.

    python benchmarks/render/big_picture.py [--folder DIR] [--columns 12000 --rows 14000] [--repeat 2]

Then four channels of 4096^2, and a second look: six channels of 2000 x 2400 at 1200 px, another hue of one of them.
Without a folder the inputs, 8 GB of full size, are made and removed. Whole processes.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits
from isal import isal_zlib
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "mosaic"))

from measured import memory_seconds

from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.images.convert import convert

FILTERS = ("F090W", "F187N", "F200W", "F335M", "F444W", "F470N")
HUES = ("#8040ff", "#00ff80", "#c0ff00", "#ff8000", "#ff0000")
"""Of the channels that keep theirs: all together can be neutral, as those of pictures can."""

BAND = 500


def make_fits(path: Path, shape, seed: int, name: str) -> None:
    """Noise, a smooth nebula and stars, written band by band."""
    rng = np.random.default_rng(seed)
    header = fits.Header(
        [("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2), ("NAXIS1", shape[1]), ("NAXIS2", shape[0]),
         ("TELESCOP", "JWST"), ("INSTRUME", "NIRCAM"), ("FILTER", name), ("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"),
         ("CRVAL1", 83.8), ("CRVAL2", -5.4), ("CRPIX1", shape[1] / 2), ("CRPIX2", shape[0] / 2),
         ("CDELT1", -8.6e-6), ("CDELT2", 8.6e-6), ("RADESYS", "ICRS")]
    )  # fmt: skip
    stars = np.random.default_rng(7)
    count = shape[0] * shape[1] // 20_000
    xs, ys, flux = (
        stars.integers(8, shape[1] - 8, count),
        stars.integers(8, shape[0] - 8, count),
        stars.pareto(1.0, count),
    )
    stamp = np.exp(-(np.add.outer(np.arange(-7, 8) ** 2, np.arange(-7, 8) ** 2)) / 6.0)
    columns = np.sin(np.arange(shape[1]) / shape[1] * 9 + seed)
    with path.open("wb") as stream:
        stream.write(header.tostring().encode())
        for start in range(0, shape[0], BAND):
            rows = np.arange(start, min(start + BAND, shape[0]))
            band = rng.normal(1.0, 0.05, (len(rows), shape[1])).astype(np.float32)
            band += np.outer(np.cos(rows / shape[0] * 7) ** 2, columns**2).astype(np.float32)
            for x, y, f in zip(xs, ys, flux, strict=True):
                if start + 7 <= y < start + len(rows) - 8:
                    band[y - start - 7 : y - start + 8, x - 7 : x + 8] += (f * stamp).astype(np.float32)
            stream.write(band.astype(">f4").tobytes())
        stream.write(b"\0" * (-stream.tell() % 2880))


def inputs(folder: Path, shape, filters) -> list[tuple[Path, Path]]:
    """Make FITS files and image stores that are not there yet."""
    found = []
    for seed, name in enumerate(filters):
        base = f"{name.lower()}_{shape[1]}x{shape[0]}"
        image, store = folder / f"{base}.fits", folder / f"{base}.zarr"
        if not image.exists():
            make_fits(image.with_suffix(".part"), shape, seed, name)
            image.with_suffix(".part").rename(image)
        if not store.exists():
            convert(image, store, planes="science", workers=ThreadWorkers(2))
        found.append((image, store))
    return found


def run(command, folder: Path) -> tuple[float, float, float]:
    """Run a process; wall seconds, peak resident GB (its own, not those of earlier ones), seconds of processors."""
    started = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, {**os.environ}, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, str(folder / "log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ])  # fmt: skip
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - started
    if status:
        print((folder / "log").read_text()[-2000:])
        raise SystemExit(f"{command[0]} failed with status {status}")
    return seconds, usage.ru_maxrss / 1e6, usage.ru_utime + usage.ru_stime


def warm(paths) -> None:
    """Read what is measured next into the page cache."""
    for path in paths:
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file():
                with file.open("rb") as stream:
                    while stream.read(1 << 24):
                        pass


UNPACKED = (
    "import functools, jwstpipe.render.composite as made; from jwstpipe.cli.main import main;"
    " opened = made.open_picture; made.open_picture = lambda *a, **k: opened(*a, **{**k, 'packed': False}); main()"
)
"""The same command with a TIFF that is not packed, as the first edition of the rules of pictures had it."""


def stiff(files, out, packing):
    """Sixteen bits with a pyramid; LZW is what it does by itself."""
    return [
        "stiff", *map(str, files[::-1]), "-OUTFILE_NAME", str(out), "-BITS_PER_CHANNEL", "16", "-IMAGE_TYPE",
        "TIFF-PYRAMID", "-COMPRESSION_TYPE", packing, "-WRITE_XML", "N",
    ]  # fmt: skip


def ours(images, out, *options, run=""):
    return [
        sys.executable,
        *(("-c", run) if run else ("-m", "jwstpipe")),
        "-q",
        "composite",
        *map(str, images),
        "-o",
        str(out),
        "--overwrite",
        *options,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keep the inputs there; default: a temporary one")
    parser.add_argument("--columns", type=int, default=12_000)
    parser.add_argument("--rows", type=int, default=14_000)
    parser.add_argument("--repeat", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        beside_stiff(folder, (arguments.rows, arguments.columns), arguments.repeat)
        four_channels(folder, max(arguments.repeat, 3))
        second_look(folder, max(arguments.repeat, 5))


def beside_stiff(folder: Path, shape: tuple[int, int], repeat: int) -> None:
    """Six filters to TIFF, and three of them by stiff: packed with packed, plain with plain."""
    made = inputs(folder, shape, FILTERS)
    pixels = shape[0] * shape[1] / 1e6
    stores, files = [store for _, store in made], [image for image, _ in made]
    wide = ("--bits", "16")
    jobs = {
        "ours, 6 filters": (ours(stores, folder / "ours.tif", *wide), stores, 6),
        "ours, not packed": (ours(stores, folder / "ours.tif", *wide, run=UNPACKED), stores, 6),
    }
    if shutil.which("stiff"):
        jobs |= {
            f"stiff, 3 filters, {packing}": (stiff(files[:3], folder / "stiff.tif", packing), files[:3], 3)
            for packing in ("LZW", "ADOBE-DEFLATE", "NONE")
        }
    else:
        print("stiff is not installed: apt-get install stiff")
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for _ in range(repeat):
        for name, (command, read, channels) in jobs.items():
            warm(read)
            seconds, peak, busy = run(command, folder)
            per = 1e3 / channels / pixels
            size = Path(command[command.index("-o" if "-o" in command else "-OUTFILE_NAME") + 1]).stat().st_size
            print(
                f"{name:32s} {seconds:7.1f} s  peak {peak:5.2f} GB  {per * seconds:6.2f} ms/channel/Mpx, "
                f"{per * busy:6.2f} of a processor; {size / 1e9:.2f} GB"
            )
            results[name].append((per * seconds, per * busy))
    best = {name: np.min(values, axis=0) for name, values in results.items()}
    for title, one, other in (
        (
            "ours takes {} times what stiff takes, per channel and pixel (as both come, packed)",
            "ours, 6 filters",
            "LZW",
        ),
        ("packed by deflate, both: {} times", "ours, 6 filters", "ADOBE-DEFLATE"),
        ("not packed, both: {} times", "ours, not packed", "NONE"),
    ):
        if f"stiff, 3 filters, {other}" in best:
            clock, busy = best[one] / best[f"stiff, 3 filters, {other}"]
            print(f"{title.format(f'{clock:.2f}')}, {busy:.2f} of its processor time")
    bytes_of = 6 * 4 * pixels * 1e6 + (folder / "ours.tif").stat().st_size
    print(
        f"samples and pixels in memory: {1e3 * memory_seconds(bytes_of) / 6 / pixels:.2f} ms/channel/Mpx to copy them"
    )


def four_channels(folder: Path, times: int) -> None:
    """Four channels of 4096^2 to each kind of file, and what reading and packing alone would take."""
    four = [store for _, store in inputs(folder, (4096, 4096), FILTERS[:4])]
    warm(four)
    for out in ("four.jpg", "four.png", "four.tif"):
        best = min(run(ours(four, folder / out), folder) for _ in range(times))
        print(
            f"4 filters of 4096 x 4096 to {out[5:]:4s} {best[0]:7.2f} s  peak {best[1]:5.2f} GB, {best[2]:.2f} s CPU"
            " (whole process)"
        )
    with Image.open(folder / "four.png") as opened:
        rows = np.asarray(opened.convert("RGB")).tobytes()
    begun = time.perf_counter()
    isal_zlib.compress(rows, 1)
    packed = time.perf_counter() - begun
    print(
        f"what bounds four channels: samples copied in memory {memory_seconds(4 * 4 * 4096**2):.2f} s, pixels deflated"
        f" {packed:.2f} s"
    )


def second_look(folder: Path, times: int) -> None:
    """Ask for a picture again, with another hue: what is kept of the first one is used."""
    six = [store for _, store in inputs(folder, (2400, 2000), FILTERS)]
    run(ours(six, folder / "look.png", "--size", "1200"), folder)
    spent = []
    for number in range(times):
        colours = (f"#{40 + number:02x}80ff", *HUES)
        looks = [
            word for store, colour in zip(six, colours, strict=True) for word in ("--channel", f"{store}={colour}")
        ]
        spent.append(run(ours((), folder / "look.png", *looks, "--size", "1200"), folder)[2])
    print(f"second look at 1200 px, six channels of 2000 x 2400: {np.median(spent):.2f} s CPU, best {min(spent):.2f}")
    bare = min(run([sys.executable, "-c", "import numpy, pydantic, typer"], folder)[2] for _ in range(times))
    print(f"numpy, pydantic, typer alone: {bare:.2f} s CPU")


if __name__ == "__main__":
    main()
