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

ROW, BOX_HEIGHT, LETTER, GAP, LANE = 66, 32, 8.2, 22, 18
"""Distance of rows, height of a box, width of a letter, room between boxes, room that a passing line takes."""

SWEEPS, STEPS = 40, 160
"""Passes over the rows that order them, and that place what is in them."""

LEFT, MARGIN = 190, 34
"""Room for the words at the left, and around the whole."""

FAMILIES = {
    "how it is asked for": ("#fde8d7", "#c2571a", ("deployments", "cli", "viewer", "api", "flows", "tasks")),
    "a world to try it on": ("#ece6f7", "#6d4fae", ("simulate", "testing")),
    "what is to be made": ("#fdf1cc", "#a67c00", ("jobs", "ingestion", "operations")),
    "how it is made": ("#dff1e1", "#2f7d3b", ("render", "mosaicking", "analysis")),
    "what is kept": ("#dbecfa", "#1f6aa5", ("archive", "catalog", "images")),
    "what it stands on": ("#e8edf2", "#51677d", ()),
}
"""Fill, line and rooms of each family; rooms that are named nowhere are the ground."""

STYLE = """
  text { font: 500 14px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1d2530 }
  .room { text-anchor: middle }
  .family { font-size: 13px; font-style: italic; fill: #5a6775 }
  .line { fill: none; stroke: #8a9bad; stroke-width: 1.3; opacity: .85 }
  .line:hover { stroke: #c2410c; stroke-width: 3; opacity: 1 }
"""

Node = str | tuple[str, str, int]
"""A room, or the place where a line from room to room passes a row."""


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


def rows_with_lanes(layers: list[list[str]], lines: list[tuple[str, str]]) -> tuple[list[list[Node]], list[tuple[Node, Node]]]:
    """Give every row its rooms and a lane for each line that passes it, and the pieces of lines from row to row."""
    level = {room: number for number, rooms in enumerate(layers) for room in rooms}
    rows: list[list[Node]] = [list(rooms) for rooms in layers]
    pieces: list[tuple[Node, Node]] = []
    for room, used in lines:
        path: list[Node] = [room]
        for number in range(level[room] + 1, level[used]):
            lane = (room, used, number)
            rows[number].append(lane)
            path.append(lane)
        path.append(used)
        pieces += zip(path, path[1:], strict=False)
    return rows, pieces


def neighbours(pieces: list[tuple[Node, Node]]) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    """Give the nodes above and below each node."""
    above: dict[Node, list[Node]] = {}
    below: dict[Node, list[Node]] = {}
    for upper, lower in pieces:
        above.setdefault(lower, []).append(upper)
        below.setdefault(upper, []).append(lower)
    return above, below


def ordered(rows: list[list[Node]], pieces: list[tuple[Node, Node]]) -> list[list[Node]]:
    """Order each row so that few lines cross: by the mean place of neighbours, down and up, the best order kept."""
    above, below = neighbours(pieces)
    best, fewest = [list(row) for row in rows], crossings(rows, below)
    for sweep in range(SWEEPS):
        side, numbers = (above, range(1, len(rows))) if sweep % 2 == 0 else (below, range(len(rows) - 2, -1, -1))
        for number in numbers:
            near = rows[number - 1] if sweep % 2 == 0 else rows[number + 1]
            place = {node: at for at, node in enumerate(near)}
            own = {node: at for at, node in enumerate(rows[number])}

            means = {}
            for node in own:
                found = [place[other] for other in side.get(node, ())]
                means[node] = sum(found) / len(found) if found else own[node] * len(place) / len(own)
            rows[number].sort(key=means.__getitem__)
        count = crossings(rows, below)
        if count < fewest:
            best, fewest = [list(row) for row in rows], count
    return best


def crossings(rows: list[list[Node]], below: dict[Node, list[Node]]) -> int:
    """Count the crossings of lines."""
    count = 0
    for upper, lower in zip(rows, rows[1:], strict=False):
        place = {node: at for at, node in enumerate(lower)}
        ends = [place[used] for node in upper for used in sorted(below.get(node, ()), key=place.__getitem__)]
        count += sum(first > second for at, first in enumerate(ends) for second in ends[at + 1 :])
    return count


def width_of(node: Node) -> float:
    """Give the width that a node takes in its row."""
    return max(72.0, LETTER * len(node) + 24) if isinstance(node, str) else 0.0


def placed(rows: list[list[Node]], pieces: list[tuple[Node, Node]]) -> dict[Node, float]:
    """Choose the middle of each node: near the mean of its neighbours, in the order of its row, with room between."""
    above, below = neighbours(pieces)
    x = {node: float(60 * at) for row in rows for at, node in enumerate(row)}
    for step in range(STEPS):
        for row in rows if step % 2 == 0 else reversed(rows):
            wanted = []
            for node in row:
                near = [*above.get(node, ()), *below.get(node, ())]
                pull = [x[other] for other in near for _ in range(1 if isinstance(node, str) else 4)]
                wanted.append((sum(pull) + x[node]) / (len(pull) + 1))
            x.update(zip(row, spaced(row, wanted), strict=True))
    return x


def spaced(row: list[Node], wanted: list[float]) -> list[float]:
    """Give the places nearest to those wanted that keep their order and their distance (isotonic regression)."""
    offsets = [0.0]
    for left, right in zip(row, row[1:], strict=False):
        between = GAP if isinstance(left, str) and isinstance(right, str) else LANE
        offsets.append(offsets[-1] + (width_of(left) + width_of(right)) / 2 + between)
    blocks: list[list[float]] = []  # mean and number of nodes that have been pushed together
    for value, offset in zip(wanted, offsets, strict=True):
        blocks.append([value - offset, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, count = blocks.pop()
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + mean * count) / (blocks[-1][1] + count), blocks[-1][1] + count]
    means = [mean for mean, count in blocks for _ in range(int(count))]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def family_of(room: str) -> str:
    """Name the family of a room."""
    return next((name for name, (_, _, rooms) in FAMILIES.items() if room in rooms), list(FAMILIES)[-1])


def draw() -> str:
    """Give the picture as SVG."""
    layers = contract()
    lines = reduced(imports([room for rooms in layers for room in rooms]))
    rows, pieces = rows_with_lanes(layers, lines)
    rows = ordered(rows, pieces)
    x = placed(rows, pieces)
    start = min(x[node] - width_of(node) / 2 for node in x) - LEFT - MARGIN
    x = {node: place - start for node, place in x.items()}
    y = {node: MARGIN + BOX_HEIGHT / 2 + number * ROW for number, row in enumerate(rows) for node in row}
    width = max(x[node] + width_of(node) / 2 for node in x) + MARGIN
    height = 2 * MARGIN + BOX_HEIGHT + (len(rows) - 1) * ROW
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">'
    arrow = (
        '<marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#8a9bad"/></marker>'
    )
    return "\n".join(
        [
            head,
            "<title>The rooms of jwstpipe: each uses what is below</title>",
            f"<style>{STYLE}</style><defs>{arrow}</defs>",
            f'<rect width="{width:.0f}" height="{height}" fill="#fff"/>',
            *bands(layers, width),
            *(line(room, used, layers, x, y) for room, used in lines),
            *(box(room, x[room], y[room]) for rooms in layers for room in rooms),
            "</svg>",
            "",
        ]
    )


def bands(layers: list[list[str]], width: float) -> list[str]:
    """Draw a pale band behind the rows of each family, with its name at the left."""
    drawn = []
    families = [family_of(rooms[0]) for rooms in layers]
    for first, family in enumerate(families):
        if first and families[first - 1] == family:
            continue
        last = first
        while last + 1 < len(families) and families[last + 1] == family:
            last += 1
        top = MARGIN + first * ROW - (ROW - BOX_HEIGHT) / 2 + 3
        high = (last - first + 1) * ROW - 6
        fill, stroke, _ = FAMILIES[family]
        drawn.append(
            f'<rect x="10" y="{top:.0f}" width="{width - 20:.0f}" height="{high:.0f}" rx="10" fill="{fill}" opacity=".4"/>'
            f'<rect x="10" y="{top:.0f}" width="5" height="{high:.0f}" rx="2" fill="{stroke}" opacity=".7"/>'
            f'<text class="family" x="28" y="{top + high / 2 + 4:.0f}">{escape(family)}</text>'
        )
    return drawn


def line(room: str, used: str, layers: list[list[str]], x: dict[Node, float], y: dict[Node, float]) -> str:
    """Draw the line from a room to one that it uses, through the lanes of the rows between."""
    level = {one: number for number, rooms in enumerate(layers) for one in rooms}
    path = [(x[room], y[room] + BOX_HEIGHT / 2)]
    for number in range(level[room] + 1, level[used]):
        lane = (room, used, number)
        path += [(x[lane], y[lane] - BOX_HEIGHT / 2), (x[lane], y[lane] + BOX_HEIGHT / 2)]
    path.append((x[used], y[used] - BOX_HEIGHT / 2 - 1))
    drawn = f"M{path[0][0]:.0f} {path[0][1]:.0f}"
    for (x0, y0), (x1, y1) in zip(path, path[1:], strict=False):
        middle = (y0 + y1) / 2
        drawn += f"C{x0:.0f} {middle:.0f} {x1:.0f} {middle:.0f} {x1:.0f} {y1:.0f}"
    told = f"<title>{escape(room)} uses {escape(used)}</title>"
    return f'<path class="line" marker-end="url(#end)" d="{drawn}">{told}</path>'


def box(room: str, x: float, y: float) -> str:
    """Draw a room."""
    fill, stroke, _ = FAMILIES[family_of(room)]
    width = width_of(room)
    return (
        f'<rect x="{x - width / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" width="{width:.0f}" height="{BOX_HEIGHT}" rx="7"'
        f' fill="{fill}" stroke="{stroke}"/><text class="room" x="{x:.0f}" y="{y + 5:.0f}">{escape(room)}</text>'
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    sys.stdout.write(f"{PICTURE}\n")
