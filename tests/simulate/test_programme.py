"""Whole programmes: files, names, headers, coverage, determinism."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from jwstpipe.errors import UsageError
from jwstpipe.names import parse_name
from jwstpipe.simulate.bands import BANDS
from jwstpipe.simulate.coverage import context, corners, grid_over
from jwstpipe.simulate.exposures import simulate_programme
from jwstpipe.simulate.plan import LAYOUTS, Target, plan_exposures
from jwstpipe.simulate.plane import gnomonic
from tests.simulate.conftest import FILTERS

CAL_PLANES = ["PRIMARY", "SCI", "ERR", "DQ", "AREA", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT"]
I2D_PLANES = ["PRIMARY", "SCI", "ERR", "CON", "WHT", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT"]


def of_level(programme, level):
    return [file for file in programme.files if file.level == level]


def test_programme_holds_every_exposure_and_one_image_for_each_filter(programme):
    assert len(of_level(programme, 2)) == 2 * (4 + 1 + 1)
    assert {file.filter for file in of_level(programme, 3)} == set(FILTERS)
    assert sorted(file.path.name for file in programme.files) == sorted(
        path.name for path in programme.files[0].path.parent.iterdir()
    )
    assert len(programme.scene.stars) > 30


def test_names_follow_the_grammar_and_agree_with_the_headers(programme):
    for file in programme.files:
        name, header = parse_name(file.path.name), fits.getheader(file.path)
        assert name.kind == ("exposure" if file.level == 2 else "stage3")
        assert name.level == ("L2b" if file.level == 2 else "L3")
        assert header["FILENAME"] == file.path.name == f"{file.obs_id}_{file.suffix}.fits"
        assert (header["FILTER"], header["INSTRUME"]) == (file.filter, file.instrument)
        assert header["DETECTOR"] == file.detector
        assert (name.program, name.observation) == (header["PROGRAM"], header["OBSERVTN"])
        if file.level == 2:
            assert name.detector == header["DETECTOR"].lower()
            assert (name.visit, name.activity) == (header["VISIT"], header["ACT_ID"])
            assert int(name.exposure) == int(header["EXPOSURE"])


def test_files_verify_and_their_sums_are_right(programme):
    for file in programme.files:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with fits.open(file.path, checksum=True) as hdus:
                hdus.verify("exception")
                assert all("CHECKSUM" in hdu.header and "DATASUM" in hdu.header for hdu in hdus)
                assert [hdu.name for hdu in hdus] == (CAL_PLANES if file.level == 2 else I2D_PLANES)
                assert hdus["SCI"].header["BUNIT"] == hdus["ERR"].header["BUNIT"] == "MJy/sr"
                assert hdus["SCI"].data.shape == file.shape
                assert {hdu.data.dtype.kind + str(hdu.data.dtype.itemsize) for hdu in hdus[1:]} <= {"f4", "u4", "i4"}
                wcs = WCS(hdus["SCI"].header)
        assert wcs.has_celestial
        assert (wcs.sip is not None) == (file.level == 2)


def test_regions_are_the_footprints_of_the_wcs(programme):
    for file in programme.files[::5] + programme.files[-1:]:
        header = fits.getheader(file.path, "SCI")
        words = header["S_REGION"].split()
        region = np.array(words[2:], float).reshape(4, 2)
        height, width = file.shape
        x, y = np.array([-0.5, width - 0.5, width - 0.5, -0.5]), np.array([-0.5, -0.5, height - 0.5, height - 0.5])
        assert words[:2] == ["POLYGON", "ICRS"]
        assert np.abs(region - np.stack(WCS(header).all_pix2world(x, y, 0), axis=1)).max() < 2e-9


def test_combined_images_have_data_where_they_have_weight(programme):
    for file in of_level(programme, 3):
        with fits.open(file.path) as hdus:
            empty = hdus["WHT"].data == 0
            context = hdus["CON"].data
            assert np.array_equal(np.isnan(hdus["SCI"].data), empty)
            assert np.array_equal((context != 0).any(axis=0), ~empty)
            count = np.bitwise_count(context.view(np.uint32)).sum(axis=0)
            level = hdus["WHT"].data[~empty] / count[~empty]
            assert np.allclose(level, level[0], rtol=1e-5)
            assert np.allclose(hdus["VAR_RNOISE"].data[~empty] * hdus["WHT"].data[~empty], 1.0, rtol=1e-5)
        assert 0.02 < empty.mean() < 0.5


def test_context_bits_name_the_exposures_that_see_a_pixel(programme):
    """Each pixel asked of the exposures' own WCS, with astropy: inside the part that sees the sky or not."""
    rng = np.random.default_rng(0)
    for name, shade in (("F200W", None), ("F770W", (14, 89))):
        combined = next(file for file in of_level(programme, 3) if file.filter == name)
        members = [file for file in of_level(programme, 2) if file.filter == name]
        with fits.open(combined.path) as hdus:
            wcs, bits = WCS(hdus["SCI"].header), hdus["CON"].data.astype(np.uint32)
        x, y = rng.integers(0, combined.shape[1], 400), rng.integers(0, combined.shape[0], 400)
        ra, dec = wcs.all_pix2world(x, y, 0)
        unseen = bits[0, y, x] == 0
        covered = np.zeros(x.size, bool)
        for bit, member in enumerate(members):
            px, py = WCS(fits.getheader(member.path, "SCI")).all_world2pix(ra, dec, 0, quiet=True)
            size, (left, bottom) = member.shape[0], (3.5, 3.5 if shade is None else -0.5)
            depth = np.minimum.reduce([px - left, size - 1 - left - px, py - bottom, size - 1 - bottom - py])
            if shade is not None:
                depth = np.minimum(depth, np.maximum(px - (shade[0] - 0.5), (shade[1] - 0.5) - py))
            covered |= depth > 0.1
            judged = (np.abs(depth) > 0.1) & ~unseen
            assert np.array_equal((bits[0, y, x] >> bit & 1 == 1)[judged], (depth > 0)[judged])
        assert (unseen & covered).mean() < 0.01  # saturated cores, which no exposure sees


def test_same_seed_gives_the_same_bytes_in_any_number_of_threads(tmp_path):
    options = {"size": "tiny", "filters": ("F444W",), "products": ("cal", "i2d")}
    first = simulate_programme(tmp_path / "a", seed=5, **options)
    second = simulate_programme(tmp_path / "b", seed=5, workers=2, **options)
    other = simulate_programme(tmp_path / "c", seed=6, **options)
    for a, b, c in zip(first.files, second.files, other.files, strict=True):
        assert a == replace(b, path=a.path)
        assert a.path.read_bytes() == b.path.read_bytes() != c.path.read_bytes()


def test_skies_of_files_are_the_planned_ones(programme):
    planned = {exposure.obs_id: exposure for exposure in programme.exposures}
    for file in of_level(programme, 2):
        exposure = planned[file.obs_id]
        assert file.sky == exposure.band.sky + file.sky_offset == exposure.sky
    offsets = [file.sky_offset / BANDS[file.filter].sky for file in of_level(programme, 2)]
    assert 0.02 < np.std(offsets) < 0.15


@pytest.mark.parametrize("size", ["tiny", "small", "large"])
def test_the_scene_reaches_beyond_every_exposure(size):
    """All corners of all detectors, dithers and roll included, lie on the raster: no edge is ever repeated."""
    layout = replace(LAYOUTS[size], filters=tuple(BANDS))
    target = Target("X", 83.8, -5.4)
    half = 0.5 * layout.view_arcsec * 1.12
    for exposure in plan_exposures(layout, tuple(BANDS.values()), target, seed=1):
        x, y = gnomonic(*corners(exposure), target.ra, target.dec)
        assert max(np.abs(x).max(), np.abs(y).max()) < half


def test_dithers_fill_the_gaps_between_detectors():
    """In the middle of the small programme's field no short-wave pixel is missed, and most are seen twice or more."""
    layout = LAYOUTS["small"]
    group = plan_exposures(layout, (BANDS["F200W"],), Target("X", 83.8, -5.4), seed=1)
    grid = grid_over(group)
    count = np.bitwise_count(context(group, grid).view(np.uint32)).sum(axis=0)
    reach = int(0.4 * layout.field_arcsec / grid.scale)
    middle = count[grid.row - reach : grid.row + reach, grid.column - reach : grid.column + reach]
    assert middle.min() >= 1
    assert (middle == 1).mean() < 0.2
    assert middle.max() == 4


def test_wrong_requests_are_refused_before_anything_is_made(tmp_path):
    for options, word in (
        ({"size": "huge"}, "tiny, small, large"),
        ({"filters": ("F999W",)}, "F999W"),
        ({"filters": ()}, "at least one filter"),
        ({"dithers": 0}, "1 to 99"),
        ({"products": ("rate",)}, "cal, i2d"),
        ({"workers": 0}, "worker"),
        ({"target": "Große Wolke"}, "printable ASCII"),
        ({"target": " "}, "printable ASCII"),
        ({"residual_cosmic_rays": 2.0}, "0 to 0.1"),
    ):
        with pytest.raises(UsageError, match=word):
            simulate_programme(tmp_path / "never", **options)
    assert not (tmp_path / "never").exists()
