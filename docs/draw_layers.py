"""Draw the picture of the layers, docs/layers.svg, from the contract of import-linter and the imports that there are.

    python docs/draw_layers.py

A row is a layer of the contract in pyproject.toml; a line goes from a room down to one that it imports. Lines that
follow from others are left out: where a uses b and b uses c, no line goes from a to c.
"""

import sys
import tomllib
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "layers.svg"
PACKAGE = "jwstpipe"

WIDTH, ROW, TOP, BOX_HEIGHT, GAP, LETTER = 1000, 74, 34, 30, 24, 8.6

STYLE = """
  text { font: 14px ui-monospace, monospace; text-anchor: middle; fill: #1d2530 }
  rect { fill: #eef3f8; stroke: #5b7692; rx: 5 }
  path { fill: none; stroke: #9fb2c4; stroke-width: 1 }
  path:hover { stroke: #c2410c; stroke-width: 3 }
"""


def contract() -> list[list[str]]:
    """Read the rooms of each layer, the uppermost first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(found["layers"] for found in settings["contracts"] if found["type"] == "layers")
    return [[room.strip().removeprefix(f"{PACKAGE}.") for room in layer.split("|")] for layer in layers]


def imports(rooms: list[str]) -> dict[str, set[str]]:
    """Find the rooms that each room imports."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for module in graph.modules:
        importer = room_of(module)
        if importer in found:
            used = {room_of(imported) for imported in graph.find_modules_directly_imported_by(module)}
            found[importer] |= used & set(rooms) - {importer}
    return found


def room_of(module: str) -> str:
    """Name the room of a module."""
    return module.split(".")[1] if "." in module else ""


def reduced(found: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Leave out what follows from the rest.

    Raises
    ------
    ValueError
        Rooms import each other in a circle.
    """
    reach: dict[str, set[str]] = {}

    def below(room: str, path: tuple[str, ...] = ()) -> set[str]:
        if room in path:
            raise ValueError(f"a circle: {' > '.join((*path, room))}")
        if room not in reach:
            reach[room] = set().union(*({used} | below(used, (*path, room)) for used in found[room]), set())
        return reach[room]

    for room in found:
        below(room)
    return sorted(
        (room, used)
        for room, all_used in found.items()
        for used in all_used
        if not any(used in reach[other] for other in all_used - {used})
    )


def draw() -> str:
    """Give the picture as SVG."""
    layers = contract()
    places: dict[str, tuple[float, float, float]] = {}
    for number, rooms in enumerate(layers):
        widths = [max(60.0, LETTER * len(room) + 18) for room in rooms]
        x = (WIDTH - sum(widths) - GAP * (len(rooms) - 1)) / 2
        for room, width in zip(rooms, widths, strict=True):
            places[room] = (x + width / 2, TOP + number * ROW, width)
            x += width + GAP
    lines = []
    for room, used in reduced(imports(list(places))):
        (x0, y0, _), (x1, y1, _) = places[room], places[used]
        start, end = y0 + BOX_HEIGHT / 2, y1 - BOX_HEIGHT / 2
        middle = (start + end) / 2
        curve = f"M{x0:.0f} {start:.0f}C{x0:.0f} {middle:.0f} {x1:.0f} {middle:.0f} {x1:.0f} {end:.0f}"
        lines.append(f'<path d="{curve}"><title>{escape(room)} uses {escape(used)}</title></path>')
    boxes = [
        f'<rect x="{x - width / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" width="{width:.0f}" height="{BOX_HEIGHT}"/>'
        f'<text x="{x:.0f}" y="{y + 5:.0f}">{escape(room)}</text>'
        for room, (x, y, width) in places.items()
    ]
    height = 2 * TOP + (len(layers) - 1) * ROW
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    title = "<title>The rooms of jwstpipe: each uses what is below</title>"
    ground = f'<path d="M0 0H{WIDTH}V{height}H0Z" style="fill:#fff;stroke:none"/>'
    return "\n".join([head, title, f"<style>{STYLE}</style>", ground, *lines, *boxes, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    sys.stdout.write(f"{PICTURE}\n")
