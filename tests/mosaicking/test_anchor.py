"""Levels fixed to another image, or to a known value of the sky: as the truth has them, and made again without it."""

import numpy as np
import pytest

import jwstpipe
from jwstpipe import open_image
from jwstpipe.errors import DataError, NoCoverageError, UsageError
from jwstpipe.operations.mosaic import MosaicRecipe
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from tests.mosaicking.scenes import write

PLANE = SkyGrid.north_up(150.0, 2.0, 0.1)
SIDE, SKY = 240, 2.5
OFFSETS = {"a.fits": 4.0, "b.fits": -1.5, "c.fits": 0.7}
"""What the images have more than the true sky; c overlaps neither."""


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """Three images with wrong levels, a wide image whose level is true, and what the sky shows."""
    folder = tmp_path_factory.mktemp("anchor")
    random = np.random.default_rng(3)
    y, x = np.mgrid[:300, :900].astype("f8")
    truth = SKY + 40.0 * np.exp(-((x - 330) ** 2 + (y - 150) ** 2) / (2 * 15.0**2))
    names = []
    for (name, offset), x0 in zip(OFFSETS.items(), (20, 200, 600), strict=True):
        box = Box(30, x0, 30 + SIDE, x0 + SIDE)
        data = truth[box.slices] + offset + random.normal(0, 0.05, (SIDE, SIDE))
        names.append(str(write(folder / name, data, PLANE.header(box))))
    wide = Box(0, 0, 300, 900)
    anchor = str(write(folder / "wide.fits", truth + random.normal(0, 0.2, truth.shape), PLANE.header(wide)))
    return names, anchor, truth, folder


def rest(made, truth):
    image = open_image(made.address)
    _, box = image.grid
    return np.asarray(image.read("sci"), float) - truth[box.slices]


def test_an_image_fixes_the_level_of_all_that_it_overlaps(field, tmp_path):
    names, anchor, truth, _folder = field
    made = jwstpipe.mosaic(names, tmp_path / "m.zarr", grid=(PLANE, None), anchor=anchor)
    left = rest(made, truth)
    assert np.abs(np.nanmedian(left[:, :300])) < 0.005
    assert np.abs(np.nanmedian(left[:, 600:])) < 0.005
    assert made.background["gauges"] == ["known"] * len(made.background["gauges"])
    assert "skies are those against wide" in made.notes[-1]


def test_the_mosaic_is_made_again_without_the_image(field, tmp_path):
    names, _anchor, _truth, folder = field
    copy = tmp_path / "anchor.fits"
    copy.write_bytes((folder / "wide.fits").read_bytes())
    made = jwstpipe.mosaic(names, tmp_path / "m.zarr", anchor=str(copy))
    copy.unlink()
    kept = MosaicRecipe(**open_image(made.address).provenance["parameters"]).options
    again = jwstpipe.mosaic(names, tmp_path / "n.zarr", **kept.model_dump(include={"anchor", "sky", "background"}))
    assert (again.product_id, again.digest) == (made.product_id, made.digest)
    plain = jwstpipe.plan_mosaic(names, background="level")
    assert "anchor" not in plain.parameters["options"]


def test_a_value_is_that_of_the_sky_not_of_the_nebula(field, tmp_path):
    names, _anchor, truth, _folder = field
    made = jwstpipe.mosaic(names, tmp_path / "m.zarr", grid=(PLANE, None), background="level", anchor=str(SKY))
    left = rest(made, truth)
    assert np.abs(np.nanmedian(left[:, :300])) < 0.03
    assert np.abs(np.nanmedian(left[:, 600:])) < 0.01
    assert set(made.background["gauges"]) == {"value"}
    ra, dec = (float(value[0]) for value in PLANE.wcs(Box(0, 0, 1, 1)).wcs_pix2world([700.0], [100.0], 0))
    assert made.notes == ()
    region = jwstpipe.mosaic(
        names, tmp_path / "r.zarr", grid=(PLANE, None), background="level", anchor="7", sky_region=(ra, dec, 0.001)
    )
    assert np.nanmedian(rest(region, truth)[:, 600:]) == pytest.approx(7.0 - SKY, abs=0.02)
    # a and b see nothing of it
    assert "the level of 2 images is not fixed" in region.notes[0]


def test_a_value_for_a_field_that_shows_no_sky_is_doubted(field, tmp_path):
    y, x = np.mgrid[:SIDE, :SIDE]
    cloud = SKY * (1.0 + 3.0 * np.exp(-((x - 120) ** 2 + (y - 100) ** 2) / (2 * 90.0**2)))
    noisy = cloud + np.random.default_rng(4).normal(0, 0.05, cloud.shape)
    name = write(tmp_path / "cloud.fits", noisy, PLANE.header(Box(0, 0, SIDE, SIDE)))
    made = jwstpipe.mosaic(name, tmp_path / "m.zarr", background="level", anchor=str(SKY))
    assert "a nebula, and not the sky; say where the sky is with --sky-region" in made.notes[0]


def test_an_anchor_that_cannot_hold_is_refused(field, tmp_path):
    names, anchor, truth, _folder = field
    other = write(tmp_path / "unit.fits", truth, PLANE.header(Box(0, 0, 300, 900)), unit="Jy")
    with pytest.raises(DataError, match=r"unit\.fits: is in Jy, and the images are in MJy/sr"):
        jwstpipe.plan_mosaic(names, anchor=str(other))
    with pytest.raises(UsageError, match="--anchor nan: no level of a sky"):
        jwstpipe.mosaic(names, tmp_path / "m.zarr", background="level", anchor="nan")
    far = write(tmp_path / "far.fits", truth, SkyGrid.north_up(151.0, 2.0, 0.1).header(Box(0, 0, 300, 900)))
    with pytest.raises(NoCoverageError, match=r"far\.fits: overlaps none"):
        jwstpipe.plan_mosaic(names, anchor=str(far))
    with pytest.raises(UsageError, match="fixes levels"):
        jwstpipe.plan_mosaic(names, anchor=anchor, background="plane")
