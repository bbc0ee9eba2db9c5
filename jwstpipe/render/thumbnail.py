"""The verb `thumbnail`: one image, small and grey, for lists and previews."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jwstpipe.display.colour.names import WHITE
from jwstpipe.display.tone.balanced import automatic_stretches
from jwstpipe.display.tone.statistics import measure_sky
from jwstpipe.display.tone.stretch import Stretch
from jwstpipe.errors import UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_for_pixels, read_level
from jwstpipe.images.passband import passband
from jwstpipe.render.cores.holes import CoreLimits
from jwstpipe.render.files.avm import provenance_packet
from jwstpipe.render.files.picture import check_picture, open_picture, quantised
from jwstpipe.render.geometry.coverage import covered_near
from jwstpipe.render.geometry.frame import choose_frame
from jwstpipe.render.geometry.resize import resampled, taps
from jwstpipe.render.layers import PlannedChannel
from jwstpipe.render.rendering import layer_brightness
from jwstpipe.requests import Stretch as StretchKind
from jwstpipe.sky.box import Box

__all__ = ["Thumbnail", "thumbnail"]

_MOSTLY_EMPTY = 0.5
"""Images of which less is covered are shown without their empty surroundings, as mosaics of whole tiles have them."""

THUMBNAIL_PIXELS = 1 << 20
"""Most pixels of the level that its statistics are taken from."""


@dataclass(frozen=True)
class Thumbnail:
    """Receipt of a thumbnail."""

    path: Path
    """File that was written."""

    width: int
    """Columns."""

    height: int
    """Rows."""

    level: int
    """Level of the image that was rendered."""

    stretch: Stretch
    """Curve and absolute limits."""

    holes: int
    """Enclosed holes that were filled for display."""


def thumbnail(
    image: SkyImage,
    out: Path | str,
    *,
    size: int = 256,
    stretch: StretchKind = "zscale",
    provenance: Mapping[str, Any] | None = None,
) -> Thumbnail:
    """Make a small grey picture of a whole image.

    Parameters
    ----------
    image
        Any image; one without a pyramid is averaged block by block while it is read.
    out
        Local ``.png`` or ``.jpg``.
    size
        Longest side, pixels.
    stretch
        Its limits are automatic. Brightness goes to the screen as it is, as image viewers show it.
    provenance
        What it is and was made of, written into its metadata; see `jwstpipe.identity.provenance_document`.

    Returns
    -------
    Thumbnail
        Size, level, stretch. Uncovered pixels are black; row 0 of the image is the bottom.

    Raises
    ------
    UsageError
        A size below 1 or an unknown extension.
    DataError
        No pixel holds data.
    StorageError
        The file cannot be written.
    """
    if not 1 <= size <= 8192:
        raise UsageError(f"{out}: the size of a thumbnail is from 1 to 8192 px, not {size}")
    path = check_picture(out, (1, 1), bits=8)
    level = level_for_pixels(image.shape, THUMBNAIL_PIXELS)
    values = read_level(image, level=level)
    statistics = measure_sky(values, level=level, name=image.address)
    (limits,) = automatic_stretches(stretch, [statistics])
    layer = PlannedChannel(image, passband(image), WHITE, 1.0, (1.0, 1.0, 1.0), statistics, limits)
    whole = Box.of_shape(image.shape)
    covered = covered_near(np.isfinite(values), level, image.shape) if statistics.coverage < _MOSTLY_EMPTY else whole
    frame = choose_frame(covered or whole, size=size, enlarge=True)
    brightness, holes = layer_brightness(layer, frame.box, level=frame.level, cores=CoreLimits())
    grey = np.nan_to_num(brightness, nan=0.0)[..., None]
    rows, columns = taps(frame.box.shape[0], frame.shape[0]), taps(frame.box.shape[1], frame.shape[1])
    first, last = rows.span(0, frame.shape[0])
    small = resampled(grey[first:last], rows, columns, 0, frame.shape[0])
    packet = provenance_packet(frame.shape, provenance)
    with open_picture(path, frame.shape, colour=False, packet=packet, provenance=provenance) as sink:
        sink.write(quantised(small[::-1, :, 0], 8))
    return Thumbnail(path, frame.shape[1], frame.shape[0], frame.level, limits, len(holes))
