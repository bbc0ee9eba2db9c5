"""What images and tables do not say is told in a sentence, with the exit code that belongs to it."""

import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from jwstpipe.analysis.catalogues.files import read_catalogue
from jwstpipe.errors import DataError
from tests.analysis.fields import star_field
from tests.mosaicking.scenes import header, write


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    image = star_field(150, seed=2, snr=(60, 800), per_mpx=500, missing=0).image
    here = header(shape=image.shape)
    write(folder / "good.fits", image, here)
    fits.PrimaryHDU(image).writeto(folder / "bare.fits")
    bright = fits.Header({"BUNIT": "MJy/sr"})
    fits.PrimaryHDU(image, bright).writeto(folder / "placeless.fits")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(image, here, name="SCI")]).writeto(folder / "unitless.fits")
    write(folder / "counts.fits", image, here, unit="DN/s")
    write(folder / "nan.fits", np.full_like(image, np.nan), here)
    write(folder / "flat.fits", np.full_like(image, 3.0), here)
    Table({"name": ["a", "b"], "flux": [1.0, 2.0]}).write(folder / "placeless.ecsv")
    Table({"ra": [10.0], "dec": [5.0]}).write(folder / "far.ecsv")
    Table({"ra": np.zeros(0), "dec": np.zeros(0)}).write(folder / "empty.ecsv")
    return folder


MISSING = [
    ("bare.fits", "bare.fits has no WCS", "bare.fits: no unit"),
    ("placeless.fits", "placeless.fits has no WCS", "placeless.fits: no WCS"),
    ("unitless.fits", "unitless.fits has no unit: fluxes are sums", "unitless.fits: no unit; its columns are sums"),
    ("counts.fits", "'DN/s' of counts.fits is no flux", "counts.fits: the unit 'DN/s' is no flux"),
]


@pytest.mark.parametrize(("name", "found", "measured"), MISSING)
def test_what_an_image_does_not_say_is_told(command, files, tmp_path, name, found, measured):
    code, told, said = command("detect", files / name, "-o", tmp_path / "s.ecsv", "--mesh", "32")
    assert code == 0, said
    assert said.count("note:") == 1
    assert found in said
    table = read_catalogue(tmp_path / "s.ecsv")
    assert len(table) > 3
    assert ("ra" in table.colnames) == (name in {"unitless.fits", "counts.fits"})
    words = ("photometry", files / name, "--catalogue", tmp_path / "s.ecsv", "-o", tmp_path / "f.ecsv")
    code, told, said = command(*words, "--aperture", "3px", "--json")
    assert code == 0, said
    assert measured in " ".join(json.loads(told)["notes"])


def test_an_image_that_says_all_needs_no_note(command, files, tmp_path):
    code, _, said = command("detect", files / "good.fits", "-o", tmp_path / "s.ecsv", "--mesh", "32")
    assert code == 0
    assert "note" not in said
    code, _, said = command("photometry", files / "good.fits", "-o", tmp_path / "f.ecsv")
    assert code == 0
    assert "note" not in said


REFUSED = [
    (("stats", "nan.fits"), 6, "all 22,500 pixels of sci there are NaN"),
    (("stats", "good.fits", "--region", "900,900,910,910"), 3, "lies outside"),
    (("stats", "good.fits", "--region", 'icrs;circle(10,5,3")'), 3, "has no pixels"),
    (("stats", "bare.fits", "--region", 'icrs;circle(150,2,3")'), 6, "no celestial WCS"),
    (("stats", "good.fits", "--region", "label:999@good.fits"), 3, "has no label 999"),
    (("detect", "nan.fits", "-o", "o.ecsv"), 6, "no noise can be measured"),
    (("detect", "flat.fits", "-o", "o.ecsv"), 6, "no noise can be measured"),
    (("detect", "good.fits", "-o", "o.ecsv", "--threshold", "1", "--max-sources", "3"), 2, "raise the threshold"),
    (("segmentation", "nan.fits", "-o", "o.fits"), 6, "no noise can be measured"),
    (("photometry", "nan.fits", "-o", "o.ecsv"), 6, "no noise can be measured"),
    (("photometry", "good.fits", "--catalogue", "placeless.ecsv", "-o", "o.ecsv"), 6, "no positions"),
    (("photometry", "good.fits", "--catalogue", "far.ecsv", "-o", "o.ecsv"), 3, "none of the 1 positions lies on it"),
    (("photometry", "good.fits", "--catalogue", "empty.ecsv", "-o", "o.ecsv"), 6, "has no rows"),
    (("match", "far.ecsv", "placeless.ecsv", "-o", "o.ecsv"), 6, "no positions on the sky"),
    (("match", "far.ecsv", "empty.ecsv", "-o", "o.ecsv"), 6, "none of its 0 rows has a position"),
    (("astrometry", "nan.fits", "--reference", "far.ecsv"), 6, "no noise can be measured"),
    (("astrometry", "good.fits", "--reference", "placeless.ecsv"), 6, "no positions on the sky"),
    (("background", "nan.fits", "-o", "o.fits"), 6, "no sky can be measured"),
    (("background", "flat.fits", "-o", "o.fits"), 6, "no sky can be measured"),
    (("filter", "nan.fits", "-o", "o.fits"), 6, "all pixels are NaN"),
    (("completeness", "nan.fits"), 6, "no noise can be measured"),
]


@pytest.mark.parametrize(("words", "status", "sentence"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_cannot_be_measured_is_refused(command, files, monkeypatch, words, status, sentence):
    monkeypatch.chdir(files)
    code, _, said = command(*words)
    assert (code, sentence in said) == (status, True), said
    assert said.count("jwstpipe: ") == 1
    assert not any((files / name).exists() for name in ("o.ecsv", "o.fits"))


def test_a_threshold_that_finds_nothing_is_no_error(command, files, tmp_path):
    code, told, said = command("detect", files / "good.fits", "-o", tmp_path / "s.ecsv", "--threshold", "1000")
    assert code == 0
    assert "0 sources" in told
    assert "lower --threshold" in said
    assert len(read_catalogue(tmp_path / "s.ecsv")) == 0


def test_what_single_precision_does_not_hold_is_refused(command, files, tmp_path):
    """Noise of 1e-3 on 1e8 has one value in single precision: it would give a product of steps, in silence."""
    values = 1e8 + np.random.default_rng(3).normal(0.0, 1e-3, (150, 150))
    image = tmp_path / "level.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(values, header(shape=values.shape), name="SCI")]).writeto(image)
    Table({"x_centroid": [50.0], "y_centroid": [60.0]}).write(tmp_path / "at.ecsv")
    psf = tmp_path / "psf.fits"
    fits.PrimaryHDU(np.outer(*[np.exp(-(np.arange(-12, 13) ** 2) / 8.0)] * 2).astype("f4")).writeto(psf)
    for words in (
        ("detect", image, "-o", tmp_path / "s.ecsv"),
        ("photometry", image, "--catalogue", tmp_path / "at.ecsv", "-o", tmp_path / "f.ecsv", "--aperture", "3px"),
        ("background", image, "-o", tmp_path / "b.zarr"),
        ("filter", image, "-o", tmp_path / "g.zarr"),
        ("match-psf", image, "-o", tmp_path / "m.zarr", "--to", psf, "--own-psf", psf),
        ("segmentation", image, "-o", tmp_path / "l.fits"),
        ("completeness", image),
    ):
        code, _, said = command(*words)
        assert code == DataError.exit_code, said
        assert "take 100000000" in said
        assert "in double precision first" in said
    with fits.open(image, mode="update") as hdus:
        hdus["SCI"].data = values - 1e8
    code, _, said = command("detect", image, "-o", tmp_path / "s.ecsv")
    assert code == 0, said
