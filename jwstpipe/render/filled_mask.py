"""The pixels of a picture that show otherwise than the data, as a FITS mask beside it."""

from pathlib import Path

import numpy as np

from jwstpipe.errors import UsageError
from jwstpipe.render.files.picture import open_picture
from jwstpipe.render.geometry.frame import Frame
from jwstpipe.render.geometry.placement import place_on_sky
from jwstpipe.render.rendering import Scene, read_channels
from jwstpipe.sky.box import Box

__all__ = ["check_mask", "write_mask"]

_ROWS, _COLUMNS = 512, 2048


def check_mask(out: Path | str) -> Path:
    """Refuse a name that does not end in .fits.

    Raises
    ------
    UsageError
        It does not.
    """
    path = Path(out)
    if path.suffix.lower() != ".fits":
        raise UsageError(f"{path}: the mask of repaired cores is a FITS file; end its name in .fits")
    return path


def write_mask(scene: Scene, frame: Frame, out: Path | str) -> int:
    """Write the mask of a picture: 1 where a core or hole was filled in any channel, at the level that was rendered.

    Parameters
    ----------
    scene, frame
        Of the picture.
    out
        Local ``.fits``: uint8 (y, x), with the WCS of the window.

    Returns
    -------
    int
        Pixels that are 1.
    """
    path, box = check_mask(out), frame.source
    placement = place_on_sky(scene.layers[0].image, Frame(frame.level, box, box.shape))
    total = 0
    with open_picture(path, box.shape, colour=False, cards="" if placement is None else placement.cards) as sink:
        for top in range(box.y1, box.y0, -_ROWS):
            band = Box(max(top - _ROWS, box.y0), box.x0, top, box.x1)
            cells = [Box(band.y0, x0, band.y1, min(x0 + _COLUMNS, band.x1)) for x0 in range(band.x0, band.x1, _COLUMNS)]
            rows = np.concatenate([read_channels(scene, cell).repaired for cell in cells], axis=1).astype(np.uint8)
            total += int(rows.sum())
            sink.write(rows[::-1])
    return total
