"""Images of cubes against what was simulated, and against plain numpy."""

import numpy as np
import pytest
from astropy.io import fits

import jwstpipe
from jwstpipe.analysis.cubes.cube import open_cube
from jwstpipe.analysis.cubes.maps import map_of
from jwstpipe.errors import DataError, HeaderError, NoCoverageError, UsageError
from jwstpipe.requests.analysis.cubes import CubeMapRequest
from tests.analysis.cubes.conftest import REDSHIFT

C = 299_792.458
OMEGA = np.radians(0.13 / 3600.0) ** 2


def mapped(path, **words):
    return map_of(open_cube(path), CubeMapRequest(**words))


@pytest.mark.parametrize("how", ["mean", "median", "sum"])
def test_a_range_is_collapsed_as_numpy_does_it(disc, how):
    made = mapped(disc.path, range=(5.32, 5.4), collapse=how)
    inside = (disc.microns >= 5.32) & (disc.microns <= 5.4)
    with fits.open(disc.path) as file:
        samples = file["SCI"].data[inside].astype(float)
    truth = getattr(np, how)(samples, axis=0)
    np.testing.assert_allclose(made.planes["sci"], truth, rtol=2e-6)
    share = {"mean": 1.0, "median": np.sqrt(np.pi / 2), "sum": inside.sum()}[how]
    np.testing.assert_allclose(made.planes["err"][disc.covered], 0.5 * share / np.sqrt(inside.sum()), rtol=1e-6)
    assert (made.planes["n"][disc.covered] == inside.sum()).all()
    assert not made.planes["n"][~disc.covered].any()


def test_the_flux_of_a_line_has_honest_errors(disc):
    made = mapped(disc.path, line="5.340169", redshift=REDSHIFT)
    pulls = ((made.planes["sci"] - disc.fluxes[0]) / made.planes["err"])[disc.covered]
    assert abs(pulls.mean()) < 4.0 / np.sqrt(pulls.size)
    assert 0.9 < pulls.std() < 1.1
    assert made.unit == "W m-2 sr-1"


def test_the_sum_of_a_map_is_the_flux_of_the_line_in_the_extracted_spectrum(disc):
    made = mapped(disc.path, line="5.340169", redshift=REDSHIFT, velocities=(-500, 500), sides=(600, 1200))
    found = jwstpipe.cube_spectrum(disc.path, region="3,3,21,25")
    from_map = made.planes["sci"][3:25, 3:21].astype(float).sum() * OMEGA
    velocity = C * (found.wavelength / (5.340169 * (1 + REDSHIFT)) - 1)
    inside, beside = abs(velocity) <= 500, (abs(velocity) >= 600) & (abs(velocity) <= 1200)
    bare = found.flux - np.polyval(np.polyfit(velocity[beside], found.flux[beside], 1), velocity)
    widths = np.gradient(found.wavelength)
    flux = (bare * 1e-26 * 2.99792458e14 * widths / found.wavelength**2)[inside].sum()
    assert from_map == pytest.approx(flux, rel=1e-6)
    assert from_map == pytest.approx(disc.fluxes[0][3:25, 3:21].sum() * OMEGA, rel=2e-3)


def test_velocities_are_those_of_the_disc_with_honest_errors(disc):
    made = mapped(disc.path, line="5.340169", redshift=REDSHIFT, moment=1, snr=10, velocities=(-400, 400))
    seen = np.isfinite(made.planes["sci"])
    pulls = ((made.planes["sci"] - disc.velocity * (1 + 0.0)) / made.planes["err"])[seen]
    assert seen.sum() > 300
    assert abs(pulls.mean()) < 0.3
    assert 0.85 < pulls.std() < 1.15
    assert made.unit == "km/s"


def test_the_width_of_the_instrument_is_taken_out(disc):
    bright = {"line": "5.340169", "redshift": REDSHIFT, "moment": 2, "snr": 80, "velocities": (-300, 300)}
    made = mapped(disc.path, **bright, resolution=3500.0)
    step = C * np.gradient(disc.microns)[0] / 5.34
    truth = np.sqrt(40.0**2 + step**2 / 12.0)  # samples are means over their width
    assert np.nanmedian(made.planes["sci"]) == pytest.approx(truth, rel=0.05)
    wide = mapped(disc.path, **bright, resolution=1e6)
    assert np.nanmedian(wide.planes["sci"]) == pytest.approx(np.hypot(truth, C / 3500 / 2.3548), rel=0.05)


def test_a_missing_sample_is_filled_and_many_make_no_map(disc, tmp_path):
    with fits.open(disc.path) as opened:
        data = opened["SCI"].data
        data[np.argmin(abs(disc.microns - 5.3435)), 14, 12] = np.nan
        data[abs(disc.microns - 5.3455) < 0.002, 14, 13] = np.nan
        opened.writeto(tmp_path / "holes.fits")
    words = {"line": "5.340169", "redshift": REDSHIFT}
    whole, made = mapped(disc.path, **words), mapped(tmp_path / "holes.fits", **words)
    assert made.planes["sci"][14, 12] == pytest.approx(whole.planes["sci"][14, 12], rel=0.05)
    assert made.planes["n"][14, 12] == whole.planes["n"][14, 12] - 1
    assert np.isnan(made.planes["sci"][14, 13])


def test_lines_are_found_by_the_names_of_the_list(disc):
    named, plain = (mapped(disc.path, line=line, redshift=REDSHIFT) for line in ("[Fe II] 5.34", "5.340169"))
    np.testing.assert_array_equal(named.planes["sci"], plain.planes["sci"])
    assert (named.band, plain.band) == ("[Fe II] 5.34", "5.34017 um")


def test_channel_maps_add_up_to_the_line(disc, tmp_path):
    words = {"line": "5.340169", "redshift": REDSHIFT, "velocities": (-360, 360), "sides": (600, 1200)}
    made = jwstpipe.channel_maps(disc.path, tmp_path / "ch.zarr", 3, collapse="sum", **words)
    total = sum(jwstpipe.open_image(one.address).read().astype(float) for one in made)
    whole = mapped(disc.path, collapse="sum", **words)
    np.testing.assert_allclose(total, whole.planes["sci"], rtol=1e-5, atol=1e-3)
    red = jwstpipe.open_image(made[2].address).read() - jwstpipe.open_image(made[0].address).read()
    right = disc.velocity > 60
    assert np.nanmean(red[right]) > 0 > np.nanmean(red[disc.velocity < -60])


def test_three_moments_come_at_once(disc, tmp_path):
    words = {"line": "5.340169", "redshift": REDSHIFT}
    made = jwstpipe.moment_maps(disc.path, tmp_path / "feii.zarr", **words)
    assert [one.address.rpartition("/")[2] for one in made] == ["feii_m0.zarr", "feii_m1.zarr", "feii_m2.zarr"]
    for moment, one in enumerate(made):
        np.testing.assert_array_equal(
            jwstpipe.open_image(one.address).read(), mapped(disc.path, moment=moment, **words).planes["sci"]
        )
    with pytest.raises(UsageError, match="name it with --line"):
        jwstpipe.moment_maps(disc.path, tmp_path / "x.zarr")


def test_images_are_stores_like_any_other_and_so_are_their_pictures(disc, tmp_path):
    made = jwstpipe.cube(disc.path, tmp_path / "m0.zarr", line="[Fe II]=5.340169", redshift=REDSHIFT)
    image = jwstpipe.open_image(made.address)
    assert image.unit == "W m-2 sr-1"
    assert image.wcs.pixel_to_world(3, 20).separation(open_cube(disc.path).wcs.pixel_to_world(3, 20)).arcsec < 1e-8
    jwstpipe.thumbnail(made.address, tmp_path / "m0.png", size=64)
    jwstpipe.cube(disc.path, tmp_path / "m1.fits", line="5.5", redshift=REDSHIFT)
    picture = jwstpipe.composite([made.address, tmp_path / "m1.fits"], tmp_path / "both.png")
    assert [used.filter for used in picture.channels] == ["[Fe II]", "5.5 um"]  # by wavelength, blue first
    again = jwstpipe.cube(disc.path, tmp_path / "m0.zarr", line="[Fe II]=5.340169", redshift=REDSHIFT)
    assert again.reused


def test_what_a_cube_does_not_hold_is_said(disc, tmp_path):
    with pytest.raises(NoCoverageError, match="does not reach 7 um"):
        mapped(disc.path, line="7.0")
    with pytest.raises(NoCoverageError, match=r"continuum of 5\.305 um .* Choose nearer --sides, or --no-continuum"):
        mapped(disc.path, line="5.305")
    with pytest.raises(UsageError, match="no line of the list"):
        mapped(disc.path, line="unobtainium")
    with pytest.raises(UsageError, match="behind = stands its rest wavelength"):
        mapped(disc.path, line="mine=blue")
    with fits.open(disc.path) as opened:
        opened["SCI"].header["BUNIT"] = "DN/s"
        opened.writeto(tmp_path / "dn.fits")
        opened["SCI"].data[:] = np.nan
        opened.writeto(tmp_path / "nan.fits")
    with pytest.raises(HeaderError, match=r"its unit is DN/s, not a surface brightness"):
        mapped(tmp_path / "dn.fits", line="5.340169")
    assert np.isfinite(mapped(tmp_path / "dn.fits").planes["sci"]).any()
    for words in ({}, {"index": 4}, {"collapse": "median"}):
        with pytest.raises(DataError, match="data"):
            mapped(tmp_path / "nan.fits", **words)
