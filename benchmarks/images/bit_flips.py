"""How many single wrong bits in an image store are found: by `verify`, and by reading alone.

``python benchmarks/images/bit_flips.py STORE [FLIPS] [SEED]`` works on a copy. A reader looks at what it reads: a bit
in the metadata of an array, which our readers do not need, is found by `verify` only.
"""

import shutil
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from jwstpipe import open_image
from jwstpipe.errors import StoreError
from jwstpipe.images.zarr.verify_store import verify_store


def found_by(function, *arguments) -> bool:
    """Tell whether a call refuses a store."""
    try:
        function(*arguments)
    except StoreError:
        return True
    return False


def read_all(address) -> None:
    """Read planes, levels, headers and manifest."""
    image = open_image(address)
    for plane in image.planes:
        image.read(plane)
    for level in range(1, image.levels):
        image.read(level=level)
    _ = image.primary, image.header, image.manifest


def main() -> None:
    """Flip, look, flip back."""
    source = Path(sys.argv[1])
    flips, seed = (int(word) for word in (*sys.argv[2:], 1000, 13)[:2])
    random = np.random.default_rng(seed)
    verified: Counter[str] = Counter()
    read: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        store = shutil.copytree(source, Path(folder) / source.name)
        wanted = ("0/sci/c", "0/err/c", "0/wht/c", "0/dq/c", "header/sci/c", "header/primary/c", "manifest/c")
        places = [path for part in wanted for path in sorted((store / part).rglob("*")) if path.is_file()]
        for number in range(flips):
            place = places[number % len(places)]
            kind = str(place.relative_to(store)).partition("/c/")[0]
            content = place.read_bytes()
            flipped = bytearray(content)
            flipped[random.integers(len(content))] ^= 1 << random.integers(8)
            place.write_bytes(flipped)
            tried[kind] += 1
            verified[kind] += found_by(verify_store, store)
            read[kind] += found_by(read_all, store)
            place.write_bytes(content)
    for kind, count in tried.items():
        sys.stdout.write(f"{kind:16s} {count:5d} flips, verify finds {verified[kind]:5d}, reading {read[kind]:5d}\n")
    total = sum(tried.values()), sum(verified.values()), sum(read.values())
    sys.stdout.write("all              {} flips, verify finds {}, reading {}\n".format(*total))


if __name__ == "__main__":
    main()
