"""Point spread functions against the true one, photutils, and crowded fields of known fluxes."""

from itertools import pairwise

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData, NDData
from astropy.table import Table
from astropy.wcs import WCS
from scipy.signal import fftconvolve
from scipy.special import erf

import jwstpipe
from jwstpipe.analysis.photometry.psf.files import psf_text
from jwstpipe.analysis.photometry.psf.groups import MOST, fit_order
from jwstpipe.analysis.photometry.psf.matching import beyond, matching_kernel
from jwstpipe.analysis.photometry.psf.model import Psf, psf_from_text
from jwstpipe.errors import DataError, UsageError
from jwstpipe.numerics.psf.spline import mix_curves, spline_at
from tests.analysis.test_photometry import OMEGA, SCALE, SIGMA, catalogue, places_apart, star, stars
from tests.as_written import as_written
from tests.mosaicking.scenes import header

NOISE = 0.1


def true_psf(over=4, half=12, sigma=SIGMA):
    """Give the share of a Gaussian on whole pixels, at the distances of a grid."""
    d = np.arange(-half * over, half * over + 1) / over
    side = (erf((d + 0.5) / sigma / np.sqrt(2)) - erf((d - 0.5) / sigma / np.sqrt(2))) / 2.0
    return side[:, None] * side[None, :]


@pytest.fixture(scope="module")
def crowded():
    """Bright stars that stand alone, and pairs one to two full widths apart."""
    rng = np.random.default_rng(3)
    shape = (1060, 1060)
    middle = places_apart(700, shape, 24)
    alone, pairs = middle[:90], middle[90:]
    angle, apart = rng.uniform(0, 2 * np.pi, len(pairs)), rng.uniform(3.0, 6.0, len(pairs))
    away = 0.5 * apart[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    places = np.concatenate([alone, pairs + away, pairs - away])
    fluxes = np.concatenate([rng.uniform(200, 600, len(alone)), rng.uniform(8, 80, 2 * len(pairs))])
    values = stars(shape, places, fluxes) + rng.normal(2.0, NOISE, shape)
    return values.astype("f4"), places, fluxes, len(alone)


def spread(values):
    return 1.4826 * np.median(np.abs(values - np.median(values)))


def test_a_psf_built_from_the_image_measures_crowded_pairs(crowded):
    values, places, fluxes, alone = crowded
    moved = places + np.random.default_rng(1).normal(0.0, 0.1, places.shape)
    moved[:alone] = places[:alone]
    found = jwstpipe.photometry(
        values, catalogue(moved), psf="auto", aperture="3px", annulus=("8px", "12px"), kron=False
    )
    told = found.meta["photometry"]["image1"]["psf"]
    assert "built from" in told["source"]
    assert told["fwhm_px"] == pytest.approx(Psf(true_psf(), 4, "").fwhm, rel=0.005)
    assert told["noise_factor"] == pytest.approx(1.0, abs=0.1)
    pairs = np.arange(alone, len(places))
    pull = (found["psf_flux"] - fluxes)[pairs] / found["psf_flux_err"][pairs]
    assert 0.9 < spread(pull) < 1.1
    assert abs(np.median(pull)) < 0.15
    for name, axis in (("psf_x", 0), ("psf_y", 1)):
        place = (found[name] - places[:, axis])[pairs] / found[f"{name}_err"][pairs]
        assert 0.9 < spread(place) < 1.1
    assert np.median(np.abs(found["psf_flux"] / fluxes - 1.0)[:alone]) < 0.01
    assert np.median(found["psf_chi2"]) == pytest.approx(1.0, abs=0.1)
    apertures = (found["aper_3px_flux"] / 0.93 - fluxes)[pairs] / found["aper_3px_flux_err"][pairs]
    assert spread(apertures) > 1.5  # circles take the light of the neighbour


def test_a_given_psf_gives_the_fluxes_of_photutils(crowded, tmp_path):
    from photutils.psf import CircularGaussianPRF, PSFPhotometry

    values, places, _, alone = crowded
    fits.PrimaryHDU(true_psf().astype("f4"), fits.Header({"OVERSAMP": 4})).writeto(tmp_path / "psf.fits")
    some = np.concatenate([first := np.arange(alone, alone + 20), first + (len(places) - alone) // 2])
    where = places[some]
    image = (values - 2.0).astype("f8")
    model = CircularGaussianPRF(fwhm=2.3548 * SIGMA)
    engine = PSFPhotometry(model, (9, 9), aperture_radius=3.0)
    one = Table({"x_init": where[:, 0], "y_init": where[:, 1], "group_id": np.tile(np.arange(1, 21), 2)})
    theirs = engine(image, error=np.full(image.shape, NOISE), init_params=one)
    ours = jwstpipe.photometry(
        image,
        catalogue(where),
        psf=str(tmp_path / "psf.fits"),
        aperture="3px",
        annulus=("11px", "15px"),
        local_sky=False,
        kron=False,
        empty_apertures=0,
    )
    away = (ours["psf_flux"] - theirs["flux_fit"]) / ours["psf_flux_err"]
    assert np.abs(away).max() < 1.0  # other pixels take part: a square there, circles here
    assert spread(away) < 0.35
    single = jwstpipe.photometry(
        image, catalogue(places[:alone]), psf=str(tmp_path / "psf.fits"), aperture="3px", annulus=("11px", "15px"),
        local_sky=False, kron=False, empty_apertures=0,
    )  # fmt: skip
    least = NOISE * np.sqrt(16.0 / (true_psf() ** 2).sum())  # by Cramer and Rao, all pixels of a lone star
    assert np.median(single["psf_flux_err"]) == pytest.approx(least, rel=0.04)


def test_tiles_leave_no_trace_and_positions_are_held(tmp_path):
    """A pair over the edge of a tile: 2048 px are one."""
    shape = (100, 2200)
    places = np.array([[2045.8, 50.2], [2049.1, 51.0], [300.4, 40.2], [1200.0, 60.0]])
    values = stars(shape, places, np.array([50.0, 40.0, 60.0, 5.0]))
    values += np.random.default_rng(0).normal(0.0, NOISE, shape)
    image = CCDData(values.astype("f4"), unit="MJy/sr", wcs=WCS(header(shape=shape, scale=SCALE)))
    fits.PrimaryHDU(true_psf().astype("f4"), fits.Header({"OVERSAMP": 4})).writeto(tmp_path / "psf.fits")
    how = {"psf": str(tmp_path / "psf.fits"), "aperture": "3px", "kron": False, "empty_apertures": 0}
    whole = jwstpipe.photometry(image, catalogue(places), psf_positions="hold", **how)
    assert whole["psf_flux"].unit == "uJy"
    assert whole["psf_x"] == pytest.approx(places[:, 0], abs=1e-12)
    assert np.isnan(whole["psf_x_err"]).all()
    assert whole["psf_flux"] / (OMEGA * 1e12) == pytest.approx([50.0, 40.0, 60.0, 5.0], abs=5 * 0.45)
    alone = jwstpipe.photometry(image[:, 1948:], catalogue(places[:2] - [1948.0, 0.0]), psf_positions="hold", **how)
    assert alone["psf_flux"] / whole["psf_flux"][:2] == pytest.approx([1.0, 1.0], rel=1e-5)


def test_a_matched_star_is_the_wider_one():
    """Stars between pixels: what the kernel makes of the narrow ones is what the wide PSF would have shown."""
    narrow, wide = (Psf(true_psf(sigma=sigma), 4, "") for sigma in (1.1, 1.9))
    kernel = matching_kernel(narrow, wide)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-12)
    for x, y in ((30.0, 30.0), (30.37, 29.81), (29.55, 30.5)):
        made = fftconvolve(star((61, 61), x, y, 1.0, 1.1), kernel, mode="same")
        wanted = star((61, 61), x, y, 1.0, 1.9)
        assert made.sum() == pytest.approx(1.0, abs=1e-4)
        assert np.abs(made - wanted).max() < 0.01 * wanted.max()
    with pytest.raises(UsageError, match="wider one is the target"):
        matching_kernel(wide, narrow)


def test_matched_images_have_the_colours_of_the_stars():
    """Two filters, one sharp and one wide: small circles see the true ratio once both are as wide."""
    shape = (420, 420)
    places = places_apart(60, shape, 30, seed=8)
    fluxes = np.random.default_rng(2).uniform(200, 500, len(places))
    noise = np.random.default_rng(3)
    sharp, wide = (
        CCDData(
            (stars(shape, places, part * fluxes, sigma) + noise.normal(0, 0.02, shape)).astype("f4"),
            unit="MJy/sr", wcs=WCS(header(shape=shape, scale=SCALE)),
        )
        for sigma, part in ((1.2, 1.0), (1.9, 2.0))
    )  # fmt: skip
    how = {"aperture": "2px", "annulus": ("13px", "18px"), "growth": "none", "kron": False, "empty_apertures": 0}
    true = 2.5 * np.log10(2.0)
    plain = jwstpipe.photometry([sharp, wide], catalogue(places), **how)
    found = jwstpipe.photometry([sharp, wide], catalogue(places), psf_match=True, **how)
    assert np.median(plain["colour_image1_image2"]) < true - 0.4
    assert np.median(found["colour_image1_image2"]) == pytest.approx(true, abs=0.01)
    assert found.meta["psf_match"]["widest"] == 2
    far = {**how, "aperture": "12px"}
    before = jwstpipe.photometry(sharp, catalogue(places), **far)["aper_12px_flux"]
    after = jwstpipe.photometry([sharp, wide], catalogue(places), psf_match=True, **far)["aper_12px_flux_image1"]
    assert np.median(after / before) == pytest.approx(
        1.0, abs=3e-3
    )  # wings of PSFs built on noise reach beyond the circle


def test_groups_are_friends_of_friends_and_bounded():
    x = np.array([0.0, 100.0, 3.0, np.nan, 6.0, 101.0])
    order, starts = fit_order(x, np.zeros(6), linked=4.0)
    assert [order[a:b].tolist() for a, b in pairwise(starts)] == [[0, 2, 4], [1, 5]]
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 60, (2, 500))
    order, starts = fit_order(x, y, linked=8.0)
    assert sorted(order.tolist()) == list(range(500))
    assert np.diff(starts).max() <= MOST


FIELD_X, FIELD_Y = (20.0, 190.0, 360.0), (10.0, 250.0)


@pytest.fixture(scope="module")
def varying(tmp_path_factory):
    """Stars that `photutils` drew with a PSF that widens over the field, and its files in three forms."""
    from photutils.psf import GriddedPSFModel

    folder, rng = tmp_path_factory.mktemp("varying"), np.random.default_rng(5)
    places = [(x, y) for y in FIELD_Y for x in FIELD_X]
    cube = np.array([true_psf(4, sigma=1.1 + 0.002 * x + 0.001 * y) for x, y in places])
    meta = {"grid_xypos": places, "oversampling": 4}
    model = GriddedPSFModel(NDData(cube, meta=meta), fill_value=0.0)
    ys, xs = np.mgrid[14:250:19, 14:370:19]
    where = np.column_stack([xs.ravel(), ys.ravel()]) + rng.uniform(-0.5, 0.5, (xs.size, 2))
    flux = 10 ** rng.uniform(2.5, 4.0, len(where))
    image = rng.normal(0.0, 1.0, (260, 380))
    for (x, y), light in zip(where, flux, strict=True):
        v, u = np.mgrid[max(round(y) - 12, 0) : round(y) + 13, max(round(x) - 12, 0) : min(round(x) + 13, 380)]
        image[v, u] += model.evaluate(u, v, light, x, y)
    stpsf = fits.Header({"OVERSAMP": 4} | {f"DET_YX{k}": str((y, x)) for k, (x, y) in enumerate(places)})
    fits.PrimaryHDU(cube, stpsf).writeto(folder / "stpsf.fits")
    numbers = {f"IPSFX{k:02d}": int(x) + 1 for k, x in enumerate(FIELD_X, 1)}
    numbers |= {f"JPSFY{k:02d}": int(y) + 1 for k, y in enumerate(FIELD_Y, 1)}
    fits.PrimaryHDU(cube, fits.Header({"NXPSFS": 3, "NYPSFS": 2} | numbers)).writeto(folder / "stdpsf.fits")
    single = [
        fits.ImageHDU(grid, fits.Header({"OVERSAMP": 4, "PSFX": x, "PSFY": y}))
        for grid, (x, y) in zip(cube, places, strict=True)
    ]
    fits.HDUList([fits.PrimaryHDU(), *single[::-1]]).writeto(folder / "images.fits")
    return image, where, flux, model, folder


def test_a_psf_that_varies_is_that_of_photutils_at_every_place(varying):
    from photutils.psf import GriddedPSFModel

    *_, model, folder = varying
    texts = [psf_text(folder / f"{form}.fits") for form in ("stpsf", "stdpsf", "images")]
    assert texts[0] == texts[1] == texts[2]
    psf = psf_from_text(texts[0], "any")
    theirs = GriddedPSFModel.read(folder / "stdpsf.fits", format="stdpsf")
    assert theirs.grid_xypos.tolist() == model.grid_xypos.tolist()
    x, y = np.array([20.0, 99.3, 190.0, 379.0, -5.0]), np.array([10.0, 77.7, 130.2, 199.0, 300.0])
    places, shares = psf.mix(x, y)
    told = np.empty(3)
    for k in range(len(x)):
        curve = np.empty((1, *psf.curves.shape[1:]))
        as_written(mix_curves)(psf.curves, (places, shares), k, curve, 0)
        for dx, dy in ((0.0, 0.0), (0.4, -1.3), (2.6, 3.1)):
            assert as_written(spline_at)(curve, 0, 4.0, dx, dy, told)
            value = theirs.evaluate(np.array([x[k] + dx]), np.array([y[k] + dy]), 1.0, x[k], y[k])
            assert told[0] == pytest.approx(value[0], abs=2e-6)


def test_stars_are_measured_with_the_psf_of_their_place(varying):
    image, where, flux, _, folder = varying
    fields = {"aperture": "3px", "annulus": ("8px", "11px"), "local_sky": False, "kron": False, "empty_apertures": 0}
    found = jwstpipe.photometry(image, catalogue(where), psf=str(folder / "stpsf.fits"), **fields)
    pulls = (found["psf_flux"] - flux) / found["psf_flux_err"]
    assert 0.85 < spread(pulls) < 1.15
    assert abs(np.median(pulls)) < 0.25
    assert spread((found["psf_x"] - where[:, 0]) / found["psf_x_err"]) == pytest.approx(1.0, abs=0.15)
    assert found.meta["photometry"]["image1"]["psf"]["field"]["places"] == 6
    fits.PrimaryHDU(true_psf(4, sigma=1.65), fits.Header({"OVERSAMP": 4})).writeto(folder / "one.fits")
    worse = jwstpipe.photometry(image, catalogue(where), psf=str(folder / "one.fits"), **fields)
    assert spread((worse["psf_flux"] - flux) / worse["psf_flux_err"]) > 3.0


def test_places_of_psfs_that_are_no_grid_are_refused(tmp_path):
    one = true_psf(2)
    header = fits.Header({"OVERSAMP": 2, "DET_YX0": "(1, 2)", "DET_YX1": "(4, 2)", "DET_YX2": "(4, 9)"})
    fits.PrimaryHDU(np.array([one, one, one]), header).writeto(tmp_path / "three.fits")
    with pytest.raises(DataError, match="3 places in 2 columns and 2 rows"):
        psf_text(tmp_path / "three.fits")
    del header["DET_YX2"]
    fits.PrimaryHDU(np.array([one, one, one]), header).writeto(tmp_path / "none.fits")
    with pytest.raises(DataError, match="here one is missing"):
        psf_text(tmp_path / "none.fits")
    wide = fits.Header({"NXPSFS": 20, "NYPSFS": 10})
    fits.PrimaryHDU(np.zeros((200, 9, 9), "f4"), wide).writeto(tmp_path / "all.fits")
    with pytest.raises(DataError, match="several detectors"):
        psf_text(tmp_path / "all.fits")


def test_files_of_psfs_are_read_or_refused(tmp_path):
    short = fits.ImageHDU(true_psf(2).astype("f4"), fits.Header({"OVERSAMP": 2, "FILTER": "F200W"}))
    fits.HDUList([fits.PrimaryHDU(), short]).writeto(tmp_path / "bands.fits")
    text = psf_text(tmp_path / "bands.fits")
    found = psf_from_text(text, "f200w")
    assert found.over == 2
    assert found.grid == pytest.approx(true_psf(2), abs=1e-7)
    with pytest.raises(UsageError, match="none of F090W"):
        psf_from_text(text, "f090w")
    fits.PrimaryHDU(np.zeros((8, 8), "f4")).writeto(tmp_path / "even.fits")
    with pytest.raises(DataError, match="odd number"):
        psf_text(tmp_path / "even.fits")
    with pytest.raises(UsageError, match="stars stand alone"):
        jwstpipe.photometry(
            np.random.default_rng(0).normal(0, 1, (99, 99)), catalogue(np.array([[50.0, 50.0]])), psf="auto"
        )


@pytest.mark.parametrize(("width", "power"), [(1.5, 1.8), (2.5, 2.5), (4.0, 3.0)])
def test_the_light_outside_of_a_stamp_is_guessed_from_the_wings(width, power):
    y, x = np.mgrid[-48:49, -48:49] / 4.0
    core = width / 2.0 / np.sqrt(2.0 ** (1.0 / power) - 1.0)
    moffat = (1.0 + (x**2 + y**2) / core**2) ** -power
    truth = (1.0 + (12.0 / core) ** 2) ** (1.0 - power)  # outside of a circle, a little more than of the square
    assert beyond(Psf(moffat / moffat.sum() * 16.0, 4, "")) == pytest.approx(truth, rel=0.3)
