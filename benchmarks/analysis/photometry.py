"""Forced apertures against photutils: time of both, and the largest difference of their sums.

python -m benchmarks.analysis.photometry [SOURCES] [FILTERS]

Both measure the same positions with the same four radii, exactly, in one process and one thread; images are in memory.
photutils is timed on the first filter and its time multiplied, because it takes minutes.
"""

import argparse
import time

import numpy as np
from astropy.table import Table
from photutils.aperture import CircularAperture, aperture_photometry

import jwstpipe
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.images.memory import as_image
from jwstpipe.numerics.apertures import circle_sums

RADII = (1.5, 3.0, 5.0, 8.0)
SIDE = 4096
MOST = 1.5
"""Bar: at most so many times the time of photutils."""


def main() -> None:
    """Time both and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", type=int, nargs="?", default=100_000)
    parser.add_argument("filters", type=int, nargs="?", default=6)
    chosen = parser.parse_args()
    rng = np.random.default_rng(1)
    places = rng.uniform(20, SIDE - 20, (chosen.sources, 2))
    images = [rng.normal(5.0, 1.0, (SIDE, SIDE)).astype("f4") for _ in range(chosen.filters)]
    x, y = np.ascontiguousarray(places.T)
    radii, width, nothing = np.array(RADII), np.full(len(x), 1.2), np.empty((0, 0), "f4")
    circle_sums(images[0], nothing, x[:2], y[:2], radii, width[:2])  # compiled before the clock runs
    started = time.perf_counter()
    sums = [circle_sums(image, nothing, x, y, radii, width)[0] for image in images]
    ours = time.perf_counter() - started
    table = Table({"x_centroid": x, "y_centroid": y})
    started = time.perf_counter()
    jwstpipe.photometry(
        [as_image(image) for image in images], table, aperture=[f"{radius}px" for radius in RADII], kron=False,
        workers=ThreadWorkers(1),
    )  # fmt: skip
    whole = time.perf_counter() - started
    exact = images[0].astype("f8")
    apertures = [CircularAperture(places, radius) for radius in RADII]
    started = time.perf_counter()
    found = aperture_photometry(exact, apertures, method="exact")
    theirs = (time.perf_counter() - started) * chosen.filters
    apart = max(
        float(np.abs(sums[0][:, k] / np.asarray(found[f"aperture_sum_{k}"]) - 1.0).max()) for k in range(len(RADII))
    )
    print(f"{chosen.sources:,} sources x {chosen.filters} filters x {len(RADII)} radii")
    print(f"sums alone            {ours:8.2f} s   {ours / theirs:.3f} of photutils")
    print(f"sky, errors and table {whole:8.2f} s   {whole / theirs:.3f} of photutils' sums alone")
    print(f"photutils' sums       {theirs:8.2f} s")
    print(f"largest difference    {apart:.1e} of a sum")
    if ours > MOST * theirs or apart > 1e-6:
        raise SystemExit("slower, or other sums, than they may be")


if __name__ == "__main__":
    main()
