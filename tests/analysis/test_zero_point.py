"""A zero point that is off by a known factor is found, and one that holds is said to be good."""

import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from typer.testing import CliRunner

import jwstpipe
from jwstpipe.cli.start.app import app
from jwstpipe.errors import DataError, UsageError
from tests.mosaicking.scenes import header, write

SHAPE, SCALE, SIGMA = (330, 330), 0.06, 1.4
WRONG = 1.08
"""What the light of the second image is multiplied with."""


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zero")
    random = np.random.default_rng(8)
    xs, ys = (axis.ravel() * 40.0 + 25.0 + random.uniform(-3, 3, 64) for axis in np.mgrid[:8, :8])
    magnitude = random.uniform(20.0, 22.0, 64)
    steradian = (SCALE / 3600 * np.pi / 180) ** 2
    light = 3631.0 * 10 ** (-0.4 * magnitude) / (steradian * 1e6)  # MJy/sr, summed over pixels
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    data = random.normal(0.0, 0.02, SHAPE)
    for cx, cy, flux in zip(xs, ys, light, strict=True):
        data += flux * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * SIGMA**2)) / (2 * np.pi * SIGMA**2)
    cards = header(shape=SHAPE, scale=SCALE)
    for name, factor in (("good", 1.0), ("wrong", WRONG)):
        write(folder / f"{name}.fits", data * factor, cards, err=np.full(SHAPE, 0.02))
        with fits.open(folder / f"{name}.fits", mode="update") as opened:
            opened[1].header["PIXAR_SR"] = steradian
    ra, dec = WCS(cards).all_pix2world(xs, ys, 0)
    Table({"ra": ra, "dec": dec, "m": magnitude}).write(folder / "stars.ecsv")
    return folder


def test_an_offset_is_found_and_a_good_zero_point_is_good(field):
    standards = str(field / "stars.ecsv")
    good = jwstpipe.check_zero_point(field / "good.fits", standards=standards, magnitude="m")
    assert good.verdict == "good"
    assert good.offset_mag == pytest.approx(0.0, abs=0.01)
    assert good.used > 50
    wrong = jwstpipe.check_zero_point(field / "wrong.fits", standards=standards, magnitude="m")
    assert wrong.verdict == "off"
    assert wrong.offset_mag - good.offset_mag == pytest.approx(-2.5 * np.log10(WRONG), abs=1e-3)
    assert wrong.factor * WRONG == pytest.approx(good.factor, rel=2e-3)
    vega = jwstpipe.check_zero_point(field / "good.fits", standards=standards, magnitude="m", to_ab=0.5)
    assert vega.offset_mag == pytest.approx(good.offset_mag - 0.5, abs=1e-6)


def test_the_command_tells_it(field):
    words = ["zero-point", str(field / "wrong.fits"), "--standards", str(field / "stars.ecsv"), "--magnitude", "m"]
    told = CliRunner().invoke(app, [*words, "--json"])
    assert json.loads(told.stdout)["verdict"] == "off"
    assert "would agree" in CliRunner().invoke(app, words).stdout


def test_what_cannot_be_checked_is_refused(field, tmp_path):
    with pytest.raises(UsageError, match="name them with --standards"):
        jwstpipe.check_zero_point(field / "good.fits")
    with pytest.raises(UsageError, match="has no column 'mag'"):
        jwstpipe.check_zero_point(field / "good.fits", standards=str(field / "stars.ecsv"))
    stars = Table.read(field / "stars.ecsv")
    stars[:3].write(tmp_path / "few.ecsv")
    with pytest.raises(DataError, match=r"few\.ecsv has too few bright stars on it that stand alone"):
        jwstpipe.check_zero_point(field / "good.fits", standards=str(tmp_path / "few.ecsv"), magnitude="m")
    stars["m"].unit = "Jy"
    stars.write(tmp_path / "jy.ecsv")
    with pytest.raises(DataError, match="the column m is in Jy, and is read in mag"):
        jwstpipe.check_zero_point(field / "good.fits", standards=str(tmp_path / "jy.ecsv"), magnitude="m")
    other = tmp_path / "dn.fits"
    with fits.open(field / "good.fits") as opened:
        opened[1].header["BUNIT"] = "DN/s"
        del opened[1].header["PIXAR_SR"]
        opened.writeto(other)
    with pytest.raises(DataError, match="says nothing of Jy"):
        jwstpipe.check_zero_point(other, standards=str(field / "stars.ecsv"), magnitude="m")
