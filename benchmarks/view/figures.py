"""What a view costs the server: processor time, bytes and memory, of 16 Mpx and of 1 Gpx in six channels.

    python benchmarks/view/figures.py [--json]

Each size is measured in a process of its own; processor time is of all threads.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time

from giant import write_giant

from jwstpipe.requests import CompositeRequest
from jwstpipe.sky.box import Box
from jwstpipe.viewer.exact import encoded, exact_window
from jwstpipe.viewer.looks import look_of
from jwstpipe.viewer.readout import set_facts
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.viewed import TILE
from jwstpipe.viewer.viewing import Viewing

WIDTH, HEIGHT = 1200, 800
SIDES = {"16 Mpx": 4096, "1 Gpx": 32_768}


def spent(work):
    before = time.process_time()
    found = work()
    return time.process_time() - before, found


def tiles_of(view, level, box, known):
    """Fetch the tiles of a window that the page does not have yet; gives their bytes."""
    rows = range(box.y0 // TILE, (box.y1 - 1) // TILE + 1)
    columns = range(box.x0 // TILE, (box.x1 - 1) // TILE + 1)
    wanted = [(y, x) for y in rows for x in columns if (y, x) not in known]
    known.update(wanted)
    return sum(len(view.tile(level, y, x, form="plain").content) for y, x in wanted)


def measure(addresses):
    viewing = Viewing(Sources())
    ids = [viewing.sources.add(address).product_id for address in addresses]
    viewing.opened(ids).tile(viewing.opened(ids).images.levels - 1, 0, 0, form="plain")  # kernels are compiled
    figures = {}
    figures["open, CPU s"], _ = spent(lambda: set_facts(viewing.opened(ids).images))
    view, images = viewing.opened(ids), viewing.opened(ids).images
    first, look = spent(lambda: look_of(images, CompositeRequest()))
    look.finish, exact_window(look, 0, Box(0, 0, 64, 64))
    figures["first look, CPU s"] = first
    known = set()
    box = Box.of_shape((HEIGHT, WIDTH), (1061, 37))
    figures["view: tiles, CPU s"], figures["view: bytes"] = spent(lambda: tiles_of(view, 0, box, known))
    quarter = WIDTH // 4
    pans = [Box(box.y0, box.x1 + n * quarter, box.y1, box.x1 + (n + 1) * quarter) for n in range(8)]
    took = spent(lambda: [tiles_of(view, 0, pan, known) for pan in pans])
    figures["pan of a quarter, CPU s"] = took[0] / len(pans)  # chunks are wider than some pans: an average of eight
    figures["pan: bytes"] = sum(took[1]) / len(pans)
    figures["view again, CPU s"], _ = spent(lambda: tiles_of(view, 0, box, set()))
    figures["exact window, CPU s"], _ = spent(lambda: encoded(exact_window(look, 0, box), "png"))
    wishes = [CompositeRequest(channels=(f"F200W=,gamma={1.0 + 0.01 * n:.2f}",)) for n in range(1, 21)]

    def slide():
        for wish in wishes:
            changed = look_of(images, wish)
            changed.as_dict()
            changed.table(2)

    figures["stretch changed, CPU s"] = spent(slide)[0] / len(wishes)
    figures["peak memory, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def main():
    if "--one" in sys.argv:
        print(json.dumps(measure(sys.argv[sys.argv.index("--one") + 1 :])))
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, side in SIDES.items():
            addresses = [str(store) for store in write_giant(f"{folder}/{side}", side)]
            done = subprocess.run(
                [sys.executable, __file__, "--one", *addresses],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            found[name] = json.loads(done.stdout.splitlines()[-1])
    if "--json" in sys.argv:
        print(json.dumps(found))
        return
    small, large = found.values()
    print(f"| six channels, view of {WIDTH} x {HEIGHT} | " + " | ".join(found) + " | ratio |")
    print("|---|---|---|---|")
    for key, value in small.items():
        print(f"| {key} | {value:.4g} | {large[key]:.4g} | {large[key] / value:.2f} |")


if __name__ == "__main__":
    main()
