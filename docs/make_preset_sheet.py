"""Make docs/presets-*.jpg: the same images in every preset, side by side.

usage: python docs/make_preset_sheet.py OUT.jpg IMAGE... [--size 420]
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from jwstpipe.render.overlay.marks import Text, draw_band
from jwstpipe.operations.composite import composite
from jwstpipe.display.presets.load import load_preset, preset_names
from jwstpipe.requests import CompositeRequest

ORDER = ("balanced", "auto", "natural", "nasa-press", "high-contrast", "faint-emission", "scientific")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("images", nargs="+")
    parser.add_argument("--size", type=int, default=420)
    parser.add_argument("--columns", type=int, default=4)
    arguments = parser.parse_args()
    assert set(ORDER) == set(preset_names())
    pictures = []
    with TemporaryDirectory() as folder:
        for name in ORDER:
            path = Path(folder) / f"{name}.png"
            made = composite(arguments.images, path, options=CompositeRequest(preset=name, size=arguments.size))
            print(f"{name:15s} {made.quality.score:.1f}")
            pictures.append(np.asarray(Image.open(path).convert("RGB")))
    height, width = (max(one.shape[axis] for one in pictures) + gap for axis, gap in ((0, 30), (1, 6)))
    rows = -(-len(pictures) // arguments.columns)
    sheet = np.full((rows * height, arguments.columns * width, 3), 24, np.uint8)
    marks = []
    for number, (name, picture) in enumerate(zip(ORDER, pictures, strict=True)):
        top, left = number // arguments.columns * height, number % arguments.columns * width
        sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        marks.append(Text(left + width / 2, top + height - 15, load_preset(name).title, 18, "mm"))
    Image.fromarray(draw_band(sheet, 0, marks)).save(arguments.out, quality=80, optimize=True)


if __name__ == "__main__":
    main()
