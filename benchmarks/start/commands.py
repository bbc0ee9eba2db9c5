"""How long a command takes before it does anything: whole processes of the small ones, others to their first pixel.

    python benchmarks/start/commands.py [--times 7]

Each in turn, medians and the best, files and modules in the page cache, kernels compiled. `mosaic` and `composite` are
timed from the start of their process to the first read of samples: headers, and what a file is known again by, are
read in pieces of at most four kilobytes. Python alone, and with the libraries that say what words mean and that hold
pixels, stands above: no command of ours can begin sooner.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from astropy.io import fits

SIDE = 2048

TO_FIRST_PIXEL = """
import os, sys, time

def told(*words):
    os.write(2, f"first pixel {time.monotonic()} {time.process_time()}".encode())
    os._exit(0)

def telling(descriptor, length, offset, read=os.pread):
    return told() if length > 4096 else read(descriptor, length, offset)

os.pread = telling
if sys.argv[1] == "mosaic":
    import jwstpipe.fits.readers.row_reader
    jwstpipe.fits.readers.row_reader.read_swapped = told
from jwstpipe.cli.main import main
main(sys.argv[1:])
"""
"""Samples of stores come by `os.pread`, those of FITS files by a kernel of ours, whose module is loaded for it."""


@dataclass(frozen=True)
class Start:
    """A process to be started again and again."""

    label: str
    words: list[str]
    most_s: float | None = None
    """What it may take, by the clock."""

    code: int = 0
    to_first_pixel: bool = False
    kept: bool = True
    """With what an earlier command has kept; a picture that is looked at again reads no samples at all."""

    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)

    def once(self, folder: Path) -> None:
        """Start it, and note what it took."""
        command = ["-c", TO_FIRST_PIXEL, *self.words] if self.to_first_pixel else self.words
        with (folder / "log.txt").open("wb") as log:
            begun = time.monotonic()
            more = {} if self.kept else {"JWSTPIPE_S3__CACHE_MB": "0"}
            child = subprocess.Popen(
                [sys.executable, *command], cwd=folder, env=os.environ | more, stdout=log, stderr=log
            )
            _, status, usage = os.wait4(child.pid, 0)
            wall, cpu = time.monotonic() - begun, usage.ru_utime + usage.ru_stime
        child.returncode = os.waitstatus_to_exitcode(status)
        said = (folder / "log.txt").read_text(errors="replace")
        if child.returncode != self.code:
            sys.exit(f"{self.label}: ended with {child.returncode}\n{said[-2000:]}")
        if self.to_first_pixel:
            _, found, told = said.rpartition("first pixel ")
            if not found:
                sys.exit(f"{self.label}: read no samples\n{said[-2000:]}")
            moment, cpu = map(float, told.split())
            wall = moment - begun
        self.walls.append(wall)
        self.cpus.append(cpu)


def write_images(folder: Path) -> list[str]:
    """Write two plain images with their position, and convert them to stores."""
    for number in range(2):
        header = fits.Header()
        header.update(
            CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=83.8, CRVAL2=-5.4, CRPIX1=SIDE / 2 + number, CRPIX2=SIDE / 2,
            CDELT1=-8.6e-6, CDELT2=8.6e-6, BUNIT="MJy/sr",
        )  # fmt: skip
        samples = np.random.default_rng(number).normal(1, 0.1, (SIDE, SIDE)).astype("f4")
        primary = fits.PrimaryHDU()
        primary.header.update(TELESCOP="JWST", INSTRUME="NIRCAM", FILTER=("F200W", "F090W")[number])
        name = f"{number}_i2d"
        fits.HDUList([primary, fits.ImageHDU(samples, header, name="SCI")]).writeto(folder / f"{name}.fits")
        command = [sys.executable, "-m", "jwstpipe", "-q", "convert", f"{name}.fits", "-o", f"{name}.zarr"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return ["0_i2d", "1_i2d"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=7)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory(prefix="jwstpipe-bench-") as name:
        folder = Path(name)
        images = write_images(folder)
        ours = ["-m", "jwstpipe"]
        files, stores = [f"{one}.fits" for one in images], [f"{one}.zarr" for one in images]
        mosaic = ["mosaic", *files, "--mix", "-o", "m.fits", "--overwrite"]
        picture = ["composite", *stores, "-o", "c.png", "--overwrite"]
        starts = [
            Start("python alone", ["-c", "pass"]),
            Start("with typer, pydantic, numpy", ["-c", "import typer, pydantic, numpy"]),
            Start("--help", [*ours, "--help"], 0.2),
            Start("info", [*ours, "info", files[0]], 0.5),
            Start("names", [*ours, "names", "jw02733001001_02101_00001_nrca1_cal.fits"], 0.5),
            Start("a wrong path", [*ours, "info", "nowhere.fits"], 0.5, code=3),
            Start("mosaic, first pixel", mosaic, 0.7, to_first_pixel=True),
            Start("composite, first pixel", picture, 0.7, to_first_pixel=True, kept=False),
        ]
        for command in (mosaic, picture):  # what is kept from one command to the next, is
            words = [sys.executable, *ours, "-q", *command]
            subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        for _ in range(times):
            for start in starts:
                start.once(folder)
    print(f"{'median of ' + str(times):28s} {'wall s':>7s} {'best':>7s} {'CPU s':>7s} {'best':>7s} {'most':>6s}")
    for one in starts:
        most = f"{one.most_s:6.1f}" if one.most_s else ""
        print(
            f"{one.label:28s} {np.median(one.walls):7.2f} {min(one.walls):7.2f} {np.median(one.cpus):7.2f}"
            f" {min(one.cpus):7.2f} {most}"
        )


if __name__ == "__main__":
    main()
