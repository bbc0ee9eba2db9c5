"""Cores repaired before resampling: against the star that was there, through the real mosaic engine."""

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.images.open import open_image
from jwstpipe.operations.inputs.align_inputs import aligned
from jwstpipe.render.cores.repair import find_patches, patched_copy
from tests.render.render_images import tan_header

SHAPE = (120, 140)
LOST = DQ_BITS["SATURATED"] | DQ_BITS["DO_NOT_USE"]


def write_star(path, *, flagged, rotation=0.0, name="F200W", height=1.0, lost=True):
    y, x = np.indices(SHAPE)
    distance = np.hypot(y - 60, x - 70)
    truth = 10 + height * 5000.0 / (1 + (distance / 3) ** 2) ** 1.5
    sci = (truth + np.random.default_rng(0).normal(0, 0.5, SHAPE)).astype(np.float32)
    dq = np.zeros(SHAPE, np.uint32)
    core = distance < (5 if lost else 0)
    if flagged:
        sci[core] = 0.5  # junk that looks like data
        dq[core] = LOST
    else:
        sci[core] = np.nan
    primary = fits.Header([("TELESCOP", "JWST"), ("INSTRUME", "NIRCAM"), ("FILTER", name), ("PUPIL", "CLEAR")])
    header = tan_header(SHAPE, rotation=rotation)
    del header["NAXIS1"], header["NAXIS2"]
    fits.HDUList(
        [fits.PrimaryHDU(header=primary), fits.ImageHDU(sci, header, name="SCI"), fits.ImageHDU(dq, name="DQ")]
    ).writeto(path)
    return truth, core


@pytest.mark.parametrize("flagged", [False, True])
def test_copy_is_filled_and_marked_and_the_image_is_not_touched(tmp_path, flagged):
    truth, core = write_star(tmp_path / "a.fits", flagged=flagged)
    before = (tmp_path / "a.fits").read_bytes()
    image = open_image(tmp_path / "a.fits")
    (patch,) = find_patches(image)
    assert int(patch.mask.sum()) == int(core.sum())
    count = patched_copy(image, tmp_path / "b.zarr", [patch], workers=ThreadWorkers(1))
    assert count == int(core.sum())
    copy = open_image(tmp_path / "b.zarr")
    values = copy.read("sci")
    assert np.isfinite(values).all()
    assert values[~core] == pytest.approx(image.read("sci")[~core])
    assert 0.3 < values[60, 70] / truth[60, 70] < 2.0
    assert (np.diff(values[60, 70:78]) < 0).all()
    assert np.array_equal(copy.read("dq") == DQ_BITS["FLUX_ESTIMATED"], core)
    assert (tmp_path / "a.fits").read_bytes() == before


def test_nothing_lost_means_no_copy(tmp_path):
    write_star(tmp_path / "a.fits", flagged=False)
    with fits.open(tmp_path / "a.fits", mode="update") as hdus:
        hdus["SCI"].data = np.nan_to_num(hdus["SCI"].data, nan=99.0)
    image = open_image(tmp_path / "a.fits")
    assert patched_copy(image, tmp_path / "b.zarr", find_patches(image), workers=ThreadWorkers(1)) == 0
    assert not (tmp_path / "b.zarr").exists()


@pytest.mark.parametrize("laying", ["whole", "levels"])
def test_images_of_two_grids_have_no_dark_cores_after_resampling(tmp_path, laying):
    write_star(tmp_path / "a.fits", flagged=False)
    write_star(tmp_path / "b.fits", flagged=True, rotation=25.0, name="F444W")
    with aligned([tmp_path / "a.fits", tmp_path / "b.fits"], workers=ThreadWorkers(2), laying=laying) as found:
        for image, count in zip(found.images, found.counts, strict=True):
            values = image.read("sci")
            assert count() > 50
            peak = np.unravel_index(np.nanargmax(values), values.shape)
            around = values[peak[0] - 8 : peak[0] + 9, peak[1] - 8 : peak[1] + 9]
            assert np.isfinite(around).all()
            assert around.max() > 1500
            assert around[8, 8] == around.max()


def test_flagged_junk_on_one_grid_is_repaired_too(tmp_path):
    write_star(tmp_path / "a.fits", flagged=True)
    write_star(tmp_path / "b.fits", flagged=False, name="F444W")
    with aligned([tmp_path / "a.fits", tmp_path / "b.fits"], workers=ThreadWorkers(2)) as found:
        assert found.counts[0]() > 50
        assert found.counts[1]() == 0
        assert found.images[0].read("sci")[60, 70] > 1500


@pytest.mark.parametrize("rotation", [0.0, 25.0])
def test_a_core_that_one_image_lost_is_filled_on_the_same_pixels_in_all(tmp_path, rotation):
    """Its colour then is that of its wings, right to the centre; alone, the other's own core would shine through."""
    write_star(tmp_path / "a.fits", flagged=True, height=0.5)
    write_star(tmp_path / "b.fits", flagged=False, rotation=rotation, name="F444W", lost=False)
    with fits.open(tmp_path / "b.fits", mode="update") as hdus:  # a core far brighter than the wings of either say
        y, x = np.indices(SHAPE)
        hdus["SCI"].data += (40_000 * (np.hypot(y - 60, x - 70) < 3)).astype(np.float32)
    with aligned([tmp_path / "a.fits", tmp_path / "b.fits"], workers=ThreadWorkers(2)) as found:
        first, second = found.images
        estimated = [image.read("dq") & DQ_BITS["FLUX_ESTIMATED"] for image in found.images]
        assert np.array_equal(*estimated)
        filled = estimated[0] > 0
        assert filled.sum() >= 60
        ratio = (first.read("sci")[filled] - 10) / (second.read("sci")[filled] - 10)
        assert np.median(ratio) == pytest.approx(0.5, rel=0.1)
        assert np.ptp(ratio) < 0.2
        assert found.counts[0]() > 50
        assert found.counts[1]() == 0
