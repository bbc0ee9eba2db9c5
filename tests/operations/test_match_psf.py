"""An image convolved to another PSF: the PSF of the truth, its flux, its errors, the same for every cutting."""

import shutil

import numpy as np
import pytest
from astropy.io import fits

import jwstpipe
from jwstpipe import open_image
from jwstpipe.cli.main import main
from jwstpipe.errors import DataError, UsageError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.operations.match_psf import stored_kernel
from tests.mosaicking.scenes import header, write

SHAPE, NARROW, WIDE, NOISE = (300, 310), 1.1, 1.9, 0.02


def gaussian(sigma, half=24, over=1):
    y, x = np.mgrid[-half : half + 1, -half : half + 1] / over
    made = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    return made / made.sum() * over**2


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """The same stars through a narrow and a wide PSF, and both PSFs as files."""
    folder = tmp_path_factory.mktemp("psf")
    random = np.random.default_rng(4)
    lattice = np.mgrid[-5:6, -5:6].reshape(2, -1) * 25.0 + random.uniform(-2, 2, (2, 121))
    ys, xs = lattice + np.array([[SHAPE[0] / 2], [SHAPE[1] / 2]])
    flux = 10 ** random.uniform(1.5, 2.5, xs.size)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    images = {}
    for name, sigma in (("narrow", NARROW), ("wide", WIDE)):
        data = np.full(SHAPE, 3.0)
        for cx, cy, light in zip(xs, ys, flux, strict=True):
            data += light * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
        data = data + random.normal(0, NOISE, SHAPE)
        zero = np.zeros(SHAPE, "u4")
        images[name] = str(
            write(folder / f"{name}.fits", data, header(shape=SHAPE), err=np.full(SHAPE, NOISE), dq=zero)
        )
        with fits.open(images[name], mode="update") as opened:
            opened[0].header["FILTER"] = "F090W"
        made = fits.PrimaryHDU(gaussian(sigma, half=64, over=4).astype("f4"))
        made.header["OVERSAMP"] = 4
        made.writeto(folder / f"psf_{name}.fits")
    return images, folder, xs, ys, flux


def planes(address):
    image = open_image(address)
    return {plane: np.asarray(image.read(plane), float) for plane in image.planes}


def test_given_psfs_turn_the_narrow_image_into_the_wide_one(field, tmp_path):
    images, folder, *_ = field
    options = {"to": str(folder / "psf_wide.fits"), "own_psf": str(folder / "psf_narrow.fits")}
    made = jwstpipe.match_psf(images["narrow"], tmp_path / "m.zarr", **options)
    found, wanted = planes(made.address), planes(images["wide"])
    inner = np.s_[20:-20, 20:-20]
    peak = wanted["sci"][inner].max() - 3.0
    assert np.abs(found["sci"] - wanted["sci"])[inner].max() < 0.01 * peak + 5 * NOISE
    # the kernel of two Gaussians is a Gaussian
    kernel = stored_kernel(open_image(made.address))
    truth = gaussian(np.sqrt(WIDE**2 - NARROW**2), half=12)
    assert np.abs(kernel - truth).sum() < 0.02
    assert kernel.sum() == pytest.approx(1.0, abs=1e-12)
    assert made.results["mismatch"] < 0.01
    # fluxes stay, and the error is that of independent noise
    before = planes(images["narrow"])["sci"]
    whole = np.s_[10:-10, 10:-10]  # stars lie 23 px and more from the edge
    assert (found["sci"] - 3.0)[whole].sum() == pytest.approx((before - 3.0)[whole].sum(), rel=1e-4)
    expected = NOISE * np.sqrt((kernel**2).sum())
    assert found["err"][100, 100] == pytest.approx(expected, rel=1e-5)
    blank = np.s_[152:162, 162:172]
    assert found["sci"].shape == before.shape
    assert np.isfinite(found["sci"][blank]).all()
    assert len(made.notes) == 1
    assert "neighbours share noise" in made.notes[0]


def test_the_flux_of_each_star_is_kept_to_a_ten_thousandth(field, tmp_path):
    _images, folder, xs, ys, flux = field
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    alone = np.zeros(SHAPE)
    cx, cy, light = xs[60], ys[60], flux[60]
    alone += light * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * NARROW**2)) / (2 * np.pi * NARROW**2)
    name = write(tmp_path / "star.fits", alone, header(shape=SHAPE))
    options = {"to": str(folder / "psf_wide.fits"), "own_psf": str(folder / "psf_narrow.fits")}
    found = planes(jwstpipe.match_psf(name, tmp_path / "m.zarr", **options).address)["sci"]
    assert found[np.hypot(x - cx, y - cy) < 20].sum() == pytest.approx(light, rel=1e-4)
    assert np.nansum(found * x) / np.nansum(found) == pytest.approx(cx, abs=1e-3)


@pytest.mark.exhaustive("tests/analysis/test_psf.py::test_matched_images_have_the_colours_of_the_stars")
def test_psfs_are_built_from_stars_and_the_product_needs_no_other_image(field, tmp_path):
    images, *_ = field
    made = jwstpipe.match_psf(images["narrow"], tmp_path / "m.zarr", to=images["wide"])
    own, wide = made.results["fwhm_px"]
    widths = np.array([NARROW, WIDE]) * 2.3548
    assert (own, wide) == pytest.approx(np.sqrt(widths**2 + 0.5), abs=0.2)  # a pixel wider
    found, wanted = planes(made.address)["sci"], planes(images["wide"])["sci"]
    inner = np.s_[30:-30, 30:-30]
    assert np.abs(found - wanted)[inner].max() < 0.03 * (wanted[inner].max() - 3.0)
    kept = open_image(made.address).provenance["parameters"]
    assert kept["to"].startswith("psf 1\n")
    again = jwstpipe.match_psf(images["narrow"], tmp_path / "n.zarr", workers=ThreadWorkers(3), **kept)
    assert (again.product_id, again.results["digest"]) == (made.product_id, made.results["digest"])


def test_what_cannot_be_matched_is_refused_with_the_reason(field, tmp_path):
    images, folder, *_ = field
    out = tmp_path / "m.zarr"
    with pytest.raises(UsageError, match="name it with --to"):
        jwstpipe.match_psf(images["narrow"], out)
    with pytest.raises(UsageError, match="the wider one is the target"):
        jwstpipe.match_psf(
            images["wide"], out, to=str(folder / "psf_narrow.fits"), own_psf=str(folder / "psf_wide.fits")
        )
    for name, across, along in (("flat", 1.6, 1.1), ("high", 1.2, 1.9), ("huge", 6.0, 6.0)):
        y, x = np.mgrid[-64:65, -64:65] / 4
        made = fits.PrimaryHDU(np.exp(-0.5 * ((x / across) ** 2 + (y / along) ** 2)).astype("f4"))
        made.header["OVERSAMP"] = 4
        made.writeto(tmp_path / f"{name}.fits")
    given = {"own_psf": str(tmp_path / "flat.fits")}
    with pytest.raises(UsageError, match="narrower in some direction or in its wings: noise would be"):
        jwstpipe.match_psf(images["narrow"], out, to=str(tmp_path / "high.fits"), **given)
    with pytest.raises(UsageError, match=r"a kernel of 13 px leaves \d+ % of the light elsewhere .* --kernel-half"):
        jwstpipe.match_psf(images["narrow"], out, to=str(tmp_path / "huge.fits"), kernel_half=6, **given)
    other = write(tmp_path / "coarse.fits", np.ones((50, 50)), header(shape=(50, 50), scale=0.2))
    with pytest.raises(UsageError, match="has other pixels than"):
        jwstpipe.match_psf(images["narrow"], out, to=str(other))
    with pytest.raises(DataError, match="holds no kernel"):
        stored_kernel(open_image(images["narrow"]))
    assert not out.exists()


def test_the_command_writes_several_images_into_a_folder(field, tmp_path, capsys):
    images, folder, *_ = field
    words = ["match-psf", images["narrow"], str(tmp_path / "copy.fits"), "-o", str(tmp_path / "out")]
    shutil.copy(images["narrow"], tmp_path / "copy.fits")
    with pytest.raises(SystemExit) as ended:
        main([*words, "--to", str(folder / "psf_wide.fits"), "--own-psf", str(folder / "psf_narrow.fits")])
    assert ended.value.code == 0
    assert "fwhm px" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["copy_matched.zarr", "narrow_matched.zarr"]
