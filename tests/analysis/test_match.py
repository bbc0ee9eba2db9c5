"""Matches and astrometric checks against known positions, astropy's and those of stars that move."""

import json

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.time import Time
from astropy.wcs import WCS

import jwstpipe
from jwstpipe.errors import DataError, UsageError
from jwstpipe.requests.analysis.match import MatchRequest
from jwstpipe.sky.sphere import matched, moved, offsets
from tests.analysis.test_photometry import places_apart, stars
from tests.mosaicking.scenes import header, write

FIELD = (83.8, -69.1, 0.05)


def field(count, seed=1):
    rng = np.random.default_rng(seed)
    dec = FIELD[1] + rng.uniform(-1, 1, count) * FIELD[2]
    ra = FIELD[0] + rng.uniform(-1, 1, count) * FIELD[2] / np.cos(np.radians(dec))
    return ra, dec


def test_moves_and_distances_are_those_of_astropy():
    ra, dec = field(50)
    places = SkyCoord(ra, dec, unit="deg")
    there = SkyCoord(*moved(ra, dec, np.full(50, 3.0), np.full(50, -2.0)), unit="deg")
    step = places.spherical_offsets_to(there)
    assert step[0].arcsec == pytest.approx(np.full(50, 3.0), abs=1e-6)
    assert step[1].arcsec == pytest.approx(np.full(50, -2.0), abs=1e-6)
    east, north = offsets((there.ra.deg, there.dec.deg), (ra, dec))
    assert (east, north) == (pytest.approx(np.full(50, 3.0), abs=1e-6), pytest.approx(np.full(50, -2.0), abs=1e-6))


def test_pairs_are_one_to_one_and_the_closest_first():
    ra, dec = np.array([10.0, 10.0, 20.0, np.nan]), np.array([0.0, 1e-5, 5.0, 1.0])
    other = np.array([10.0, 20.0, 30.0]), np.array([0.9e-5, 5.0 + 2e-5, 0.0])
    found = matched((ra, dec), other, within=0.1)
    assert found.first.tolist() == [1, 2]
    assert found.second.tolist() == [0, 1]
    assert found.arcsec == pytest.approx([0.1e-5 * 3600, 2e-5 * 3600], rel=1e-3)


def test_a_match_finds_offset_and_false_rate():
    rng = np.random.default_rng(3)
    ra, dec = field(800)
    chosen = rng.permutation(800)[:500]
    shifted = moved(ra[chosen], dec[chosen], 0.7 + rng.normal(0, 0.01, 500), -0.4 + rng.normal(0, 0.01, 500))
    strangers = field(300, seed=8)
    first = Table({"id": np.arange(800), "RAJ2000": np.append(ra, [])[:800], "DEJ2000": dec})
    second = Table({"ra": np.append(shifted[0], strangers[0]), "dec": np.append(shifted[1], strangers[1])})
    second["flux"] = np.arange(800.0)
    joined = jwstpipe.match(first, second, within=0.1)
    facts = joined.meta["match"]
    true = chosen[joined["flux"][joined["flux"] < 500].astype(int)] == joined["id"][joined["flux"] < 500]
    assert true.sum() >= 498
    assert (facts.offset_east_mas, facts.offset_north_mas) == (
        pytest.approx(-700.0, abs=3.0), pytest.approx(400.0, abs=3.0)
    )  # fmt: skip
    assert facts.scatter_mas == pytest.approx(10.0, rel=0.1)
    area = (2 * FIELD[2] * 3600.0) ** 2
    assert facts.false_matches == pytest.approx(800 * 800 / area * np.pi * 0.1**2, rel=1.0)
    alone = jwstpipe.match(first, Table({"ra": [1.0], "dec": [1.0]}))
    assert len(alone) == 0
    with pytest.raises(DataError, match="no positions on the sky"):
        jwstpipe.match(first, Table({"x": [1.0]}))
    with pytest.raises(ValueError, match="greater than 0"):
        MatchRequest(within=0.0)


def test_a_check_finds_offset_rotation_and_motion(tmp_path, command):
    """Stars of 2016.0 that moved by up to 200 mas a year; the catalogue is turned, stretched and shifted."""
    rng = np.random.default_rng(4)
    shape = (400, 420)
    cards = header(shape=shape, scale=0.1, ra=FIELD[0], dec=FIELD[1])
    ra, dec = field(300, seed=5)
    pm = rng.normal(0.0, 80.0, (2, 300))
    star = SkyCoord(
        ra * u.deg, dec * u.deg, distance=1.0 * u.kpc, pm_ra_cosdec=pm[0] * u.mas / u.yr, pm_dec=pm[1] * u.mas / u.yr,
        obstime=Time(2016.0, format="jyear"),
    )  # fmt: skip
    now = star.apply_space_motion(new_obstime=Time(2024.5, format="jyear"))
    x, y = offsets((now.ra.deg, now.dec.deg), (np.full(300, FIELD[0]), np.full(300, FIELD[1])))
    turn, stretch = np.radians(2.0 / 3600.0), 30e-6
    east = 0.030 + x * stretch + y * turn + rng.normal(0, 0.002, 300)
    north = -0.050 + y * stretch - x * turn + rng.normal(0, 0.002, 300)
    seen = moved(now.ra.deg, now.dec.deg, east, north)
    Table({"id": np.arange(300), "ra": seen[0], "dec": seen[1], "flags": np.zeros(300, int)}).write(
        tmp_path / "seen.ecsv"
    )
    Table({"ra": ra, "dec": dec, "pmra": pm[0], "pmdec": pm[1], "ref_epoch": np.full(300, 2016.0)}).write(
        tmp_path / "gaia.ecsv"
    )
    words = {"reference": str(tmp_path / "gaia.ecsv"), "epoch": 2024.5}
    found = jwstpipe.astrometry(tmp_path / "seen.ecsv", tmp_path / "pairs.ecsv", **words)
    assert found.used > 285
    assert found.offset_east_mas == pytest.approx(30.0, abs=1.0)
    assert found.offset_north_mas == pytest.approx(-50.0, abs=1.0)
    assert found.rotation_arcsec == pytest.approx(2.0, abs=0.5)
    assert found.scale_ppm == pytest.approx(30.0, abs=3.0)
    assert found.rms_mas == pytest.approx(2.0, abs=0.4)
    assert found.verdict == "shifted"
    assert len(Table.read(tmp_path / "pairs.ecsv")) == found.pairs
    still = jwstpipe.astrometry(tmp_path / "seen.ecsv", reference=words["reference"], epoch=2016.0, offset_within=0)
    assert still.rms_mas > 50.0  # 8.5 years of motion that were not taken out
    with pytest.raises(UsageError, match="--epoch"):
        jwstpipe.astrometry(tmp_path / "seen.ecsv", reference=words["reference"])
    assert jwstpipe.astrometry(tmp_path / "seen.ecsv", tolerance=100.0, **words).verdict == "good"
    places = places_apart(60, shape, 12)
    values = stars(shape, places, np.full(len(places), 80.0)) + rng.normal(0, 0.05, shape)
    image = write(tmp_path / "a.fits", values, cards)
    lon, lat = WCS(cards).all_pix2world(places, 0).T
    Table({"ra": lon, "dec": lat}).write(tmp_path / "true.ecsv")
    code, told, _ = command("astrometry", image, "--reference", tmp_path / "true.ecsv", "--json")
    facts = json.loads(told)
    assert (code, facts["verdict"]) == (0, "good")
    assert abs(facts["offset_east_mas"]) < 1.0
    code, _, _ = command("astrometry", image, "--reference", tmp_path / "none.ecsv")
    assert code == 3
    code, told, _ = command("match", tmp_path / "seen.ecsv", tmp_path / "gaia.ecsv", "-o", tmp_path / "m.ecsv")
    assert code == 0
    assert "of 300 and 300 rows" in told
