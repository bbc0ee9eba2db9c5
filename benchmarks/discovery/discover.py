"""What `discover TARGET` costs from answers on disk: thousands of rows of thirty filters around one place.

python benchmarks/discovery/discover.py [ROWS]...
"""

import math
import random
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import jwstpipe
from jwstpipe.archive.search.response_cache import Answers
from jwstpipe.discovery.recipes.fields import fields_of
from jwstpipe.discovery.recipes.rows import sort_rows
from jwstpipe.names import FILTER_WAVELENGTHS
from jwstpipe.settings import ArchiveSettings, Settings
from jwstpipe.testing.local_archive.mast import observation_row

RA, DEC, REACH = 151.757, -40.436, 6.0
SIZES = {"NIRCAM": (5.1, 2.2), "MIRI": (1.9, 1.2)}
"""Footprints, arcminutes."""


def rows(count):
    """Scatter footprints over a field of twelve arcminutes, each turned by chance."""
    rng = random.Random(1)
    for number, name in enumerate(rng.choices(sorted(FILTER_WAVELENGTHS)[:30], k=count), start=1):
        instrument = "MIRI" if FILTER_WAVELENGTHS[name] > 5 else "NIRCAM"
        x, y = rng.uniform(-REACH, REACH) / 60, rng.uniform(-REACH, REACH) / 60
        yield observation_row(
            f"jw02733-o{number % 900 + 1:03d}_t001_{instrument.lower()}_{name.lower()}-s{number}",
            ra=RA + x, dec=DEC + y, instrument_name=f"{instrument}/IMAGE", filters=name, calib_level=3,
            t_exptime=1800.0, proposal_id="2733", target_name="NGC-3132", t_min=59740.0, t_max=59740.1,
            s_region=region(RA + x, DEC + y, *SIZES[instrument], rng.uniform(0, 90)),
        ) | {"obs_collection": "JWST"}  # fmt: skip


def region(ra, dec, width, height, turn):
    """Write a turned rectangle; flat, which is exact enough for a benchmark."""
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    corners = []
    for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        x, y = u * width / 120, v * height / 120
        corners.append(f"{ra + (x * c - y * s) / math.cos(math.radians(dec)):.8f} {dec + x * s + y * c:.8f}")
    return f"POLYGON ICRS {' '.join(corners)}"


def one(count):
    """Ask twice, the second time with everything loaded, and tell the parts of the second."""
    found = list(rows(count))
    with TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), archive=ArchiveSettings(offline=True))
        question = {
            "server": settings.archive.server, "service": "Mast.Caom.Filtered.Position",
            "params": {"position": f"{RA}, {DEC}, 0.2"},
        }  # fmt: skip
        Answers(Path(folder, "answers")).keep(question, {"pages": [{"data": found, "fields": []}], "reported": count})
        times = []
        for _ in range(2):
            start = time.process_time()
            recipes = jwstpipe.discover("NGC 3132", radius=0.2, settings=settings)
            times.append(time.process_time() - start)
    start = time.process_time()
    chosen = sort_rows(found).rows
    sorting = time.process_time() - start
    start = time.process_time()
    fields_of(chosen)
    uniting = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count:6,} rows: {times[0]:5.2f} s, again {times[1]:5.2f} s (rows {sorting:4.2f} s, fields {uniting:4.2f} s);"
        f" {len(recipes)} pictures, peak {peak:.0f} MB"
    )


if __name__ == "__main__":
    for wanted in [int(word) for word in sys.argv[1:]] or [10, 500, 5_000]:
        one(wanted)
