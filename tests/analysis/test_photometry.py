"""Photometry against known fluxes, photutils and known noise."""

import json

import numpy as np
import pytest
from astropy.nddata import CCDData
from astropy.table import Table
from astropy.wcs import WCS
from scipy.ndimage import gaussian_filter
from scipy.special import erf

import jwstpipe
from jwstpipe.analysis.photometry.encircled import public_curve
from jwstpipe.analysis.photometry.fluxes import ab_magnitude, flux_scale
from jwstpipe.errors import DataError, NoCoverageError, UsageError
from jwstpipe.numerics.apertures import circle_sums
from jwstpipe.requests.analysis.photometry import PhotometryRequest
from tests.mosaicking.scenes import header, write

SCALE = 0.1
OMEGA = (SCALE / 3600.0 * np.pi / 180.0) ** 2
SIGMA = 1.3


def star(shape, x, y, flux, sigma=SIGMA):
    """Give a Gaussian integrated over pixels: its sum is the flux."""

    def side(n, centre):
        edges = (np.arange(n + 1) - 0.5 - centre) / (sigma * np.sqrt(2.0))
        return np.diff(erf(edges)) / 2.0

    return flux * side(shape[0], y)[:, None] * side(shape[1], x)[None, :]


def stars(shape, places, fluxes, sigma=SIGMA):
    image = np.zeros(shape)
    for (x, y), flux in zip(places, fluxes, strict=True):
        x0, y0 = max(int(x) - 12, 0), max(int(y) - 12, 0)
        part = image[y0 : y0 + 25, x0 : x0 + 25]
        part += star(part.shape, x - x0, y - y0, flux, sigma)
    return image


def places_apart(count, shape, apart, seed=4):
    """Give positions at least so far apart, and from the edges."""
    rng = np.random.default_rng(seed)
    step = int(apart * 1.6)
    ys, xs = np.mgrid[apart : shape[0] - apart : step, apart : shape[1] - apart : step]
    found = np.column_stack([xs.ravel(), ys.ravel()]) + rng.uniform(-0.3 * apart, 0.3 * apart, (xs.size, 2))
    return found[:count]


def catalogue(places, sky_header=None):
    table = Table({"x_centroid": places[:, 0], "y_centroid": places[:, 1]})
    if sky_header is not None:
        table["ra"], table["dec"] = WCS(sky_header).all_pix2world(places, 0).T
    return table


def test_sums_are_those_of_photutils(tmp_path):
    from photutils.aperture import CircularAperture

    rng = np.random.default_rng(0)
    image = rng.normal(5.0, 1.0, (200, 220)).astype("f4")
    places = np.column_stack([rng.uniform(-3, 223, 400), rng.uniform(-3, 203, 400)])
    radii = np.array([0.4, 1.5, 3.3, 8.0])
    x, y = np.ascontiguousarray(places.T)
    sums, areas, lights, variances = circle_sums(image, image, x, y, radii, np.full(400, 1.2))
    for k, radius in enumerate(radii):
        found = CircularAperture(places, radius).do_photometry(image.astype("f8"), method="exact")[0]
        inside = np.isfinite(found)
        assert np.abs(sums[inside, k] - found[inside]).max() < 1e-9 * radius**2
    whole = lights[:, -1] == 1.0
    assert areas[whole] == pytest.approx(np.tile(np.pi * radii**2, (whole.sum(), 1)), rel=1e-12)
    assert (variances[:, 0] <= sums[:, 0] + 1e-9).all()


def test_magnitudes_are_ab_and_tiles_leave_no_trace(tmp_path):
    """A star of known flux on a sky, in MJy/sr: 2048 px are a tile, and one star stands on its edge."""
    shape = (120, 2200)
    places = np.array([[60.3, 50.8], [2047.6, 60.2], [1500.0, 40.0], [700.5, 80.5]])
    jansky = np.array([1e-6, 5e-6, 2e-5, 1e-7])
    values = (stars(shape, places, jansky / (1e6 * OMEGA)) + 3.0).astype("f4")
    cards = header(shape=shape, scale=SCALE)
    image = write(tmp_path / "a.fits", values, cards)
    table = catalogue(places, cards)
    found = jwstpipe.photometry(image, table, aperture=("9px",), annulus=("12px", "20px"), kron=False)
    expected = -2.5 * np.log10(jansky / 3631.0)
    assert found["mag_total"][:3] == pytest.approx(expected[:3], abs=1e-3)
    assert found["total_flux"].unit == "uJy"
    jwstpipe.convert(image, tmp_path / "a.zarr")
    tiled = jwstpipe.photometry(tmp_path / "a.zarr", table, aperture=("9px",), annulus=("12px", "20px"), kron=False)
    assert np.array_equal(tiled["aper_9px_flux"], found["aper_9px_flux"])
    zero = ab_magnitude(np.atleast_1d(flux_scale("MJy/sr").factor(np.array([2.29e-14]))))
    assert zero[0] == pytest.approx(28.0, abs=1e-3)


def test_one_image_forced_onto_itself_is_the_same():
    rng = np.random.default_rng(1)
    shape = (180, 190)
    places = places_apart(60, shape, 10)
    cards = header(shape=shape, scale=SCALE)
    values = (stars(shape, places, rng.uniform(50, 500, len(places))) + rng.normal(0, 0.1, shape)).astype("f4")
    image = CCDData(values, unit="MJy/sr", wcs=WCS(cards))
    again = CCDData(values.copy(), unit="MJy/sr", wcs=WCS(cards))
    table = catalogue(places, cards)
    both = jwstpipe.photometry([image, again], table, aperture=("0.3", "5px"))
    for name in ("total_flux", "aper_0.3as_flux", "aper_5px_flux", "kron_flux", "mag_total"):
        assert both[f"{name}_image1"] == pytest.approx(both[f"{name}_image2"], rel=1e-12)
    assert np.abs(both["colour_image1_image2"]).max() < 1e-12
    sky_only = table["ra", "dec"]
    from_sky = jwstpipe.photometry(image, sky_only, aperture=("5px",), kron=False)
    assert from_sky["aper_5px_flux"] == pytest.approx(both["aper_5px_flux_image1"], rel=1e-7)


@pytest.fixture(scope="module")
def drizzled():
    """Stars on noise whose pixels go together, as drizzled ones do."""
    rng = np.random.default_rng(9)
    shape = (1100, 1100)
    places = places_apart(800, shape, 22)
    noise = gaussian_filter(rng.normal(0.0, 1.0, shape), 0.9, mode="wrap")
    noise *= 0.05 / noise.std()
    fluxes = rng.uniform(2.0, 30.0, len(places))
    return (stars(shape, places, fluxes) + noise + 1.0).astype("f4"), places, fluxes


def test_kron_ellipses_leave_the_light_of_neighbours():
    """Pairs of a faint and a bright star; each alone has what the mirror leaves of it beside the other."""
    shape = (400, 400)
    faint = places_apart(40, shape, 30)
    bright = faint + np.array([7.5, 0.0])
    places = np.concatenate([faint, bright])
    fluxes = np.concatenate([np.full(len(faint), 20.0), np.full(len(faint), 100.0)])
    values = stars(shape, places, fluxes) + np.random.default_rng(1).normal(0.0, 0.02, shape)
    table = catalogue(places)
    how = {"aperture": "3px", "annulus": ("14px", "18px"), "empty_apertures": 0}
    found = jwstpipe.photometry(values, table, **how)
    alone = jwstpipe.photometry(values - stars(shape, bright, fluxes[len(faint) :]), catalogue(faint), **how)
    wanted = np.median(alone["kron_flux"])
    assert wanted == pytest.approx(20.0, rel=0.03)
    assert np.median(found["kron_flux"][: len(faint)]) == pytest.approx(wanted, rel=0.03)
    assert np.median(found["kron_flux"][len(faint) :]) == pytest.approx(5.0 * wanted, rel=0.03)
    raw = jwstpipe.photometry(values, table, kron_neighbours="none", **how)
    assert np.median(raw["kron_flux"][: len(faint)]) > 1.2 * wanted
    profile = 1.0 - np.exp(-(np.linspace(0, 6, 6001) ** 2) / (2.0 * (SIGMA**2 + 2 / 12)))  # pixels twice: flat inside
    half = np.linspace(0, 6, 6001)[np.searchsorted(profile, 0.5 * wanted / 20.0)]
    assert np.median(alone["half_light"]) == pytest.approx(half, rel=0.02)
    assert np.median(found["half_light"][: len(faint)]) == pytest.approx(half, rel=0.04)


def test_errors_hold_on_drizzled_noise(drizzled):
    from photutils.aperture import CircularAperture

    values, places, fluxes = drizzled
    found = jwstpipe.photometry(values, catalogue(places), aperture=("2px", "4px", "6px"), annulus=("8px", "13px"))
    silent = stars(values.shape, places, fluxes)
    for radius in (2, 4, 6):
        truth = CircularAperture(places, radius).do_photometry(silent)[0]
        flux, error = found[f"aper_{radius}px_flux"], found[f"aper_{radius}px_flux_err"]
        pull = (flux - truth) / error
        assert 0.9 < 1.4826 * np.median(np.abs(pull - np.median(pull))) < 1.1
    told = found.meta["photometry"]["image1"]["noise"]
    assert 0.5 < told["beta"] < 0.8
    naive = jwstpipe.photometry(
        values, catalogue(places), aperture=("4px",), annulus=("8px", "13px"), empty_apertures=0, kron=False
    )
    truth = CircularAperture(places, 4).do_photometry(silent)[0]
    pull = (naive["aper_4px_flux"] - truth) / naive["aper_4px_flux_err"]
    assert np.std(pull) > 1.5  # what independent pixels would promise does not hold


@pytest.fixture(scope="module")
def mosaics(tmp_path_factory):
    """A mosaic of five turned and shifted exposures of stars, and that of the same exposures without their noise."""
    folder, rng = tmp_path_factory.mktemp("drizzled"), np.random.default_rng(11)
    shape = (560, 560)
    sky = header(shape=shape, scale=SCALE)
    places = places_apart(500, shape, 15)
    fluxes = rng.uniform(20.0, 300.0, len(places))
    where = WCS(sky).all_pix2world(places, 0)
    made = []
    for kind in ("noisy", "silent"):
        exposures = []
        for number in range(5):
            own = header(shape=shape, scale=SCALE, angle=7.0 * number, shift=(3.37 * number - 7, 5.71 - 2.23 * number))
            values = stars(shape, WCS(own).all_world2pix(where, 0), fluxes)
            if kind == "noisy":
                values += np.random.default_rng(number).normal(0.0, 1.0, shape)
            one = np.ones(shape)
            exposures.append(
                write(folder / f"{kind}{number}.fits", values, own, err=one, var_rnoise=one, exposure=10.0)
            )
        out = folder / f"{kind}.zarr"
        jwstpipe.mosaic(exposures, out, scale_arcsec=0.08)
        made.append(out)
    return *made, where


def test_errors_hold_on_a_mosaic_of_our_own_drizzle(mosaics):
    """Drizzling is linear: what differs between the two mosaics is their noise, with all of its correlations."""
    noisy, silent, where = mosaics
    table = Table({"ra": where[:, 0], "dec": where[:, 1]})
    fields = {"aperture": ("2px", "4px", "6px"), "annulus": ("9px", "13px"), "kron": False}
    found = jwstpipe.photometry(noisy, table, **fields)
    truth = jwstpipe.photometry(silent, table, **fields, empty_apertures=0)
    inside = np.isfinite(found["aper_6px_flux"])
    assert inside.sum() > 300
    widths = {}
    for radius in (2, 4, 6):
        name = f"aper_{radius}px_flux"
        pull = np.asarray((found[name] - truth[name]) / found[f"{name}_err"])[inside]
        widths[radius] = float(pull.std())
    assert all(0.9 < width < 1.1 for width in widths.values()), widths


def test_the_curve_of_growth_is_that_of_the_stars():
    from photutils.aperture import CircularAperture

    rng = np.random.default_rng(2)
    shape = (500, 500)
    places = places_apart(80, shape, 24)
    fluxes = rng.uniform(200.0, 500.0, len(places))
    values = (stars(shape, places, fluxes) + rng.normal(0.0, 0.02, shape)).astype("f4")
    image = CCDData(values, unit="MJy/sr", wcs=WCS(header(shape=shape, scale=SCALE)))
    table = catalogue(places)
    found = jwstpipe.photometry(image, table, ee=(50.0, 80.0), annulus=("17px", "22px"), growth="image", kron=False)
    told = found.meta["photometry"]["image1"]
    silent = stars(shape, places, fluxes)
    for percent in (50, 80):
        radius = told["radii_px"][f"ee{percent}"]
        inside = CircularAperture(places, radius).do_photometry(silent)[0] / fluxes
        assert np.median(inside) == pytest.approx(percent / 100.0, abs=0.005)
    assert "measured on" in told["curve_of_growth"]
    assert found["total_flux"] / (fluxes * OMEGA * 1e12) == pytest.approx(np.ones(len(places)), abs=0.02)
    with pytest.raises(UsageError, match="no public curve"):
        jwstpipe.photometry(image, table, growth="table")


def test_public_and_given_curves(tmp_path):
    curve = public_curve("F200W")
    assert curve.at(0.3) == pytest.approx(0.875)
    assert curve.radius_of(0.832) == pytest.approx(0.2, rel=1e-6)
    assert curve.effective(0.3, (0.6, 0.9)) == pytest.approx(0.875 - (curve.at(0.9) - curve.at(0.6)) * 0.09 / 0.45)
    Table({"radius": [0.1, 0.2, 0.4], "ee": [0.5, 0.75, 1.0]}).write(tmp_path / "curve.ecsv")
    shape = (60, 60)
    values = CCDData(star(shape, 30.0, 30.0, 100.0), unit="MJy/sr", wcs=WCS(header(shape=shape, scale=SCALE)))
    found = jwstpipe.photometry(
        values, catalogue(np.array([[30.0, 30.0]])), ee=(75.0,), growth_table=str(tmp_path / "curve.ecsv")
    )
    told = found.meta["photometry"]["image1"]
    assert told["radii_px"]["ee75"] == pytest.approx(2.0, rel=1e-6)
    assert "given table" in told["curve_of_growth"]
    assert found["total_flux"][0] == pytest.approx(found["aper_ee75_flux"][0] / told["encircled_energy"]["ee75"])


def test_negative_fluxes_stay_and_holes_are_told():
    rng = np.random.default_rng(3)
    values = rng.normal(0.0, 1.0, (200, 200)).astype("f4")
    values[95:106, 95:106] -= 3.0
    values += star((200, 200), 40.0, 40.0, 3000.0).astype("f4")
    values[42, 42] = np.nan
    values[148:153, 148:153] = np.nan
    places = np.array([[100.0, 100.0], [40.0, 40.0], [150.0, 150.0], [1.0, 100.0]])
    image = CCDData(values, unit="uJy", mask=np.isnan(values))
    found = jwstpipe.photometry(image, catalogue(places), aperture=("4px",), kron=False)
    assert found["aper_4px_flux"][0] < -50.0
    assert np.isnan(found["mag_aper_4px"][0])
    assert found["limit_aper_4px"][0] == pytest.approx(-2.5 * np.log10(2e-6 * found["aper_4px_flux_err"][0] / 3631.0))
    held = 1.0 - np.exp(-16.0 / (2.0 * SIGMA**2))
    assert found["aper_4px_flux"][1] == pytest.approx(3000.0 * held, rel=0.02)
    assert 0.0 < found["aper_bad"][1] < 0.05
    assert found["flags"][1] & 32
    assert np.isnan(found["aper_4px_flux"][2])
    assert found["flags"][3] & 8


def test_a_file_with_lineage_and_sentences(command, tmp_path):
    shape = (150, 160)
    places = places_apart(20, shape, 12)
    cards = header(shape=shape, scale=SCALE)
    noise = np.random.default_rng(5).normal(0.0, 0.05, shape)
    image = write(tmp_path / "a.fits", stars(shape, places, np.full(len(places), 30.0)) + noise, cards)
    code, told, said = command("photometry", image, "-o", tmp_path / "b.parquet", "--aperture", "0.3,5px", "--json")
    assert (code, said) == (0, "")
    made = json.loads(told)
    assert made["sources"] == pytest.approx(len(places), abs=1)
    again = jwstpipe.photometry_to_file(image, tmp_path / "c.ecsv", aperture=("0.3", "5px"))
    assert again.product_id == made["product_id"]
    table = Table.read(tmp_path / "c.ecsv")
    assert table.meta["jwstpipe"]["product_id"] == made["product_id"]
    assert table["aper_0.3as_flux"].unit == "uJy"
    forced = jwstpipe.photometry_to_file(image, tmp_path / "d.ecsv", catalogue=tmp_path / "b.parquet", aperture="5px")
    first = Table.read(tmp_path / "d.ecsv").meta["jwstpipe"]["inputs"][0]
    assert first["product_id"] == made["product_id"]
    assert forced.sources == made["sources"]
    Table({"name": ["a"], "flux": [1.0]}).write(tmp_path / "nowhere.ecsv")
    Table({"ra": [10.0], "dec": [-80.0]}).write(tmp_path / "away.ecsv")
    code, _, said = command("photometry", image, "-o", tmp_path / "e.ecsv", "--catalogue", tmp_path / "nowhere.ecsv")
    assert code == 6
    assert "ra and dec" in said
    code, _, said = command("photometry", image, "-o", tmp_path / "e.ecsv", "--catalogue", tmp_path / "away.ecsv")
    assert code == 3
    assert "lies on it" in said
    code, _, said = command("photometry", image, "-o", tmp_path / "e.ecsv", "--aperture", "-3")
    assert code == 2
    code, _, said = command("photometry", image, "-o", tmp_path / "b.parquet")
    assert code == 7
    with pytest.raises(UsageError, match="no WCS, so that"):
        jwstpipe.photometry(noise, catalogue(places), aperture=0.3)
    with pytest.raises(NoCoverageError):
        jwstpipe.photometry(noise, catalogue(places + 1000.0))
    with pytest.raises(DataError, match="no rows"):
        jwstpipe.photometry(noise, catalogue(places)[:0])
    with pytest.raises(ValueError, match="inner radius comes first"):
        PhotometryRequest(annulus=("5px", "3px"))
