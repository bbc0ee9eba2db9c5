"""Real data: 2MASS J, H and K of the galactic centre, on one grid."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from jwstpipe.render.composite import Channel, composite
from tests.render.render_images import MemoryImage

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "galactic-centre-2mass"


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"real data are not here: {FOLDER}")
def test_galactic_centre_in_jhk(tmp_path):
    """Blue to red by wavelength; a dark neutral floor; few blown pixels; the centre is redder than the field."""
    channels = []
    for band in "khj":
        with fits.open(FOLDER / f"gc_2mass_{band}.fits") as hdus:
            data = hdus[0].data.astype(np.float32)
            channels.append(Channel(MemoryImage(data, f"gc_2mass_{band}.fits", hdus[0].header, hdus[0].header)))
    picture = composite(channels, tmp_path / "centre.png")
    assert [(one.filter, one.colour) for one in picture.channels] == [
        ("J", "#0000ff"),
        ("H", "#00ff00"),
        ("K", "#ff0000"),
    ]
    with Image.open(tmp_path / "centre.png") as image:
        pixels = np.asarray(image)[::-1].astype(float)
    assert pixels.shape == (720, 721, 3)
    dark = np.percentile(pixels, 2, axis=(0, 1))
    assert dark.max() < 40
    assert np.ptp(dark) < 25
    assert ((pixels >= 254).all(axis=2)).mean() < 0.005
    middle = np.median(pixels, axis=(0, 1))
    assert 50 < middle.mean() < 130
    centre = pixels[290:320, 335:365].mean(axis=(0, 1))  # Sgr A*, by its position in the header's WCS
    assert centre[0] / centre[2] > 1.3 * middle[0] / middle[2]
