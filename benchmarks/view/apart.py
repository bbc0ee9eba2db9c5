"""What it takes to look at six images of 1 Gpx that lie on six different grids.

    python benchmarks/view/apart.py

Nothing is resampled but what is looked at; wall time and processor time of all threads, after the kernels are loaded.
"""

import resource
import tempfile
import time

from giant import write_giant

from jwstpipe.images.levels import level_for_side, level_shape
from jwstpipe.requests import CompositeRequest
from jwstpipe.sky.box import Box
from jwstpipe.viewer.exact import exact_window
from jwstpipe.viewer.looks import look_of
from jwstpipe.viewer.readout import set_facts
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.viewed import TILE
from jwstpipe.viewer.viewing import Viewing

SIDE, TURN = 32_768, 2.0
WIDTH, HEIGHT = 1200, 800


def told(name, work):
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    print(f"| {name} | {time.perf_counter() - wall:.2f} | {time.process_time() - cpu:.2f} |")
    return found


def opened(addresses):
    viewing = Viewing(Sources())
    ids = [viewing.sources.add(address).product_id for address in addresses]
    view = viewing.opened(ids)
    set_facts(view.images)
    return view


def overview(view):
    """Everything, on the screen."""
    look = look_of(view.images, CompositeRequest())
    level = level_for_side(max(view.images.shape), WIDTH) + 1  # at most 2400 px a side are more than a window has
    exact_window(look, level, Box.of_shape(level_shape(view.images.shape, level)))
    return look


def tiles(view, level, box):
    for y in range(box.y0 // TILE, (box.y1 - 1) // TILE + 1):
        for x in range(box.x0 // TILE, (box.x1 - 1) // TILE + 1):
            view.tile(level, y, x, form="plain")


def main():
    with tempfile.TemporaryDirectory() as folder:
        small = opened(write_giant(f"{folder}/small", 2048, turn=TURN))
        exact_window(overview(small), 0, Box(900, 900, 1000, 1000))
        tiles(small, 0, Box(900, 900, 1000, 1000))
        addresses = write_giant(f"{folder}/large", SIDE, turn=TURN)
        print("| six images of 1 Gpx on six grids | wall, s | CPU, s |\n|---|---|---|")
        view = told("open", lambda: opened(addresses))
        look = told("picture of all of it", lambda: overview(view))
        rows, columns = view.images.shape
        box = Box.of_shape((HEIGHT, WIDTH), (rows // 2, columns // 2))
        told("tiles of a view, a pixel on a pixel", lambda: tiles(view, 0, box))
        told("its exact picture", lambda: exact_window(look, 0, box))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"\n{columns} x {rows} px; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
