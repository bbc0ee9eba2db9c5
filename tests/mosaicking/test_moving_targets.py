"""A planet among the stars: sharp in a mosaic that follows it, as simulated; refused where nobody knows its place."""

import json

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from typer.testing import CliRunner

import jwstpipe
from jwstpipe import open_image
from jwstpipe.analysis.pixels.history import contributions
from jwstpipe.cli.start.app import app
from jwstpipe.errors import DataError, UsageError
from jwstpipe.mosaicking.placement import common_frame
from jwstpipe.operations.mosaic import MosaicRecipe
from jwstpipe.requests import MosaicOptions
from jwstpipe.simulate.exposures import simulate_programme
from jwstpipe.simulate.planet import Planet
from jwstpipe.viewer.outlines import outlines_of

EAST, NORTH = 30.0, -18.75
PLANET = Planet(EAST, NORTH, radius_arcsec=0.3, brightness=900.0)
"""10 mas a second, nearly as Jupiter goes: the faster, the larger the sky that is to be simulated."""


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    return simulate_programme(
        tmp_path_factory.mktemp("planet"), size="tiny", seed=3, target="Planet X", ra=150.0, dec=20.0,
        filters=("F335M", "F444W"), products=("cal",), dithers=3, planet=PLANET,
    )  # fmt: skip


def files(programme, band="F444W"):
    return [str(one.path) for one in programme.files if one.filter == band]


def sky_of(image):
    """Give samples, and the WCS by astropy, of an image."""
    header = image.header.copy()
    return np.asarray(image.read("sci"), float), WCS(header)


def centroid(image, *, reach_arcsec=0.75):
    """Measure where the planet lies, arcsec east and north of where the header of the mosaic says that it stands."""
    data, wcs = sky_of(image)
    ra, dec = image.primary["MT_AVRA"], image.primary["MT_AVDEC"]
    scale = float(np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix)))) * 3600
    x, y = wcs.all_world2pix(ra, dec, 0)
    rows, columns = np.indices(data.shape)
    far = np.hypot(columns - x, rows - y) * scale
    level = np.nanmedian(data[(far > reach_arcsec) & (far < reach_arcsec + 0.4)])
    lost = ~np.isfinite(data) & (far < reach_arcsec)
    assert lost.sum() < 30
    for row, column in zip(*np.nonzero(lost), strict=True):
        data[row, column] = np.nanmean(data[row - 1 : row + 2, column - 1 : column + 2])
    # the upper part of the disc: stars and clouds around it lie below
    light = np.where(far < reach_arcsec, np.maximum(data - level - 0.25 * PLANET.brightness, 0.0), 0.0)
    return tuple(scale * (light * axis).sum() / light.sum() - scale * at for axis, at in ((columns, x), (rows, y)))


def test_the_planet_is_sharp_and_lies_where_the_header_says(programme, tmp_path):
    grid = common_frame(files(programme))
    places = []
    for number, name in enumerate(files(programme)):
        made = jwstpipe.mosaic(name, tmp_path / f"{number}.zarr", grid=grid)
        places.append(centroid(open_image(made.address)))
    together = jwstpipe.mosaic(files(programme), tmp_path / "all.zarr", grid=grid)
    places.append(centroid(open_image(together.address)))
    assert np.abs(places).max() < 0.005  # arcsec: as the telescope's issue asks
    assert "placed by Planet X" in together.notes[0]
    assert together.notes[0].endswith("stars trail")
    moved = float(together.notes[0].split("moved by ")[1].split()[0])
    targets = SkyCoord([one.target.ra for one in programme.exposures], [one.target.dec for one in programme.exposures],
                       unit="deg")  # fmt: skip
    of_band = [k for k, one in enumerate(programme.exposures) if one.band.name == "F444W"]
    assert moved == pytest.approx(targets[of_band[0]].separation(targets[of_band[-1]]).arcsec, abs=0.01)


def test_a_pixel_knows_where_it_was_in_each_exposure(programme, tmp_path):
    made = jwstpipe.mosaic(files(programme), tmp_path / "all.zarr")
    image = open_image(made.address)
    ra, dec = image.primary["MT_AVRA"], image.primary["MT_AVDEC"]
    x, y = (round(float(value)) for value in WCS(image.header.copy()).all_world2pix(ra, dec, 0))
    where = {one["product_id"]: name for one, name in zip(image.provenance["inputs"], files(programme), strict=True)}
    found, note = contributions(image, x, y, ra, dec, where=where.get)
    assert (len(found), note) == (3, "")
    for one in found:
        opened = fits.getheader(one.address, 1)
        true = WCS(opened).all_world2pix(opened["MT_RA"], opened["MT_DEC"], 0)
        assert (one.x, one.y) == pytest.approx(tuple(float(value) for value in true), abs=1e-3)
    drawn = outlines_of(image, where=where.get)["outlines"]
    middles = np.array([np.mean(one["outline"], axis=0) for one in drawn])
    assert np.abs((middles - (ra, dec)) * 3600).max() < 3.0  # throws of the dithers, not the way of the planet


def test_among_the_stars_the_planet_trails_and_the_engine_says_so(programme, tmp_path):
    made = jwstpipe.mosaic(files(programme), tmp_path / "sky.zarr", follow="sky", combine="max")
    data, wcs = sky_of(open_image(made.address))
    assert "MT_AVRA" not in open_image(made.address).primary
    assert made.notes == ("images of a moving target are placed by the stars, as asked: the target trails",)
    for one in programme.exposures:
        if one.band.name == "F444W":
            x, y = wcs.all_world2pix(one.target.ra, one.target.dec, 0)
            assert data[round(float(y)), round(float(x))] > 0.8 * PLANET.brightness


def test_all_filters_and_a_mosaic_that_grows_have_the_planet_in_one_place(programme, tmp_path):
    short, long = files(programme, "F335M"), files(programme)
    grid = common_frame([*short, *long])
    for name, inputs in (("short", short), ("long", long)):
        made = jwstpipe.mosaic(inputs, tmp_path / f"{name}.zarr", grid=grid)
        image = open_image(made.address)
        assert (image.primary["MT_AVRA"], image.primary["MT_AVDEC"]) == grid[0].crval
        assert np.abs(centroid(image)).max() < 0.005
    first = jwstpipe.mosaic(long[:2], tmp_path / "grown.zarr")
    grown = jwstpipe.mosaic(long, tmp_path / "grown.zarr", update=True)
    again = jwstpipe.mosaic(long, tmp_path / "anew.zarr", grid=(open_image(first.address).grid[0], None))
    assert grown.digest == again.digest
    # a mosaic of mosaics knows the place from their headers
    both = jwstpipe.mosaic([tmp_path / "short.zarr", tmp_path / "long.zarr"], tmp_path / "both.zarr", mix=True)
    assert np.abs(centroid(open_image(both.address))).max() < 0.005


def test_an_ephemeris_takes_the_place_of_keywords_and_stands_in_the_product(programme, tmp_path):
    bare = [without(name, tmp_path, "MT_RA", "MT_DEC") for name in files(programme)]
    with pytest.raises(DataError, match=r"does not say where that was \(MT_RA and MT_DEC\); give its positions with"):
        jwstpipe.mosaic(bare, tmp_path / "m.zarr")
    start = programme.exposures[0].start_mjd
    hours = np.arange(-2, 4) / 2.0
    there = SkyCoord(150.0, 20.0, unit="deg").directional_offset_by(
        np.arctan2(EAST, NORTH) * units.rad, np.hypot(EAST, NORTH) * hours * units.arcsec
    )
    days = start + 2400000.5 + hours / 24 + 69.184 / 86400
    Table({"jdtdb": days, "ra": there.ra.deg, "dec": there.dec.deg}).write(tmp_path / "eph.csv")
    table = str(tmp_path / "eph.csv")
    made = jwstpipe.mosaic(bare, tmp_path / "m.zarr", ephemeris=table)
    image = open_image(made.address)
    assert np.abs(centroid(image)).max() < 0.005
    kept = MosaicRecipe(**image.provenance["parameters"]).options
    assert kept.follow == "target"
    assert kept.ephemeris.startswith("mjd,ra,dec\n")
    (tmp_path / "eph.csv").unlink()
    again = jwstpipe.mosaic(bare, tmp_path / "again.zarr", **kept.model_dump(include={"follow", "ephemeris"}))
    assert (again.product_id, again.digest) == (made.product_id, made.digest)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"mjd": [1.0, 2.0], "ra": [1.0, 1.0], "dec": [1.0, 1.0]}, "reaches from MJD 1.00000 to 2.00000, and jw0"),
        ({"ra": [1.0, 1.0], "dec": [1.0, 1.0]}, "no times: needs a column mjd, jd or time"),
        ({"mjd": [1.0, 1.0], "ra": [1.0, 2.0], "dec": [1.0, 1.0]}, "two positions at MJD 1.0"),
        ({"mjd": [1.0], "ra": [1.0], "dec": [1.0]}, "needs 2 to 20,000"),
        ({"time": ["soon", "later"], "ra": [1.0, 2.0], "dec": [1.0, 1.0]}, "holds no dates"),
    ],
)
def test_an_ephemeris_that_does_not_tell_is_refused_with_the_reason(programme, tmp_path, rows, message):
    Table(rows).write(tmp_path / "e.ecsv")
    with pytest.raises(DataError, match=message):
        jwstpipe.plan_mosaic(files(programme), ephemeris=str(tmp_path / "e.ecsv"))
    with pytest.raises(UsageError, match="leave one of them out"):
        jwstpipe.plan_mosaic(files(programme), follow="sky", ephemeris=str(tmp_path / "e.ecsv"))


def test_positions_that_cannot_be_those_of_the_target_are_refused(programme, tmp_path):
    names = files(programme)
    first = fits.getheader(names[0], 1)
    stale = [without(name, tmp_path, MT_RA=first["MT_RA"], MT_DEC=first["MT_DEC"]) for name in names]
    with pytest.raises(DataError, match=r"has the MT_RA and MT_DEC of jw\S+, [\d,]+ s before or after it"):
        jwstpipe.plan_mosaic(stale)
    far = [without(name, tmp_path, MT_DEC=first["MT_DEC"] + 3 + k) for k, name in enumerate(names)]
    with pytest.raises(DataError, match=r"shows the sky 3 deg from where its moving target was by its header"):
        jwstpipe.plan_mosaic(far)
    aside = [without(name, tmp_path, MT_DEC=first["MT_DEC"] + (1 + k) / 60) for k, name in enumerate(names)]
    assert jwstpipe.plan_mosaic(aside).notes[0].endswith("stars trail; by its header none of the images holds it")
    # those of two exposures exchanged: TARG_RA and TARG_DEC tell; without them the way of the target, of three
    places = [{key: fits.getheader(name, 1)[key] for key in ("MT_RA", "MT_DEC")} for name in names]
    exchanged = [without(names[0], tmp_path, **places[1]), without(names[1], tmp_path, **places[0]), names[2]]
    said = r"jw\S+: its MT_RA and MT_DEC fit {} at the time of jw\S+, and those of that one fit at its own"
    with pytest.raises(DataError, match=said.format("TARG_RA and TARG_DEC")):
        jwstpipe.plan_mosaic(exchanged[:2])
    bare = [without(name, tmp_path, "TARG_RA", "TARG_DEC") for name in exchanged]
    with pytest.raises(DataError, match=said.format("the way of the target")):
        jwstpipe.plan_mosaic(bare)
    every = [without(name, tmp_path, "TARG_RA", "TARG_DEC") for name in (*files(programme, "F335M"), *names)]
    assert jwstpipe.plan_mosaic(every, mix=True).notes[0].startswith("placed by Planet X")
    every[2] = without(every[2], tmp_path, MT_DEC=fits.getheader(every[2], 1)["MT_DEC"] + 9 / 3600)
    with pytest.raises(DataError, match=every[2] + r": by its MT_RA and MT_DEC the target leaves the path"):
        jwstpipe.plan_mosaic(every, mix=True)
    # a moon that goes round once in 42 hours, told twice a day
    days = programme.exposures[0].start_mjd + np.arange(-5, 6) / 2
    turned = 2 * np.pi * days / 1.77
    moon = {"mjd": days, "ra": 150.0 + 0.03 * np.cos(turned), "dec": 20.0 + 0.03 * np.sin(turned)}
    Table(moon).write(tmp_path / "moon.csv")
    with pytest.raises(
        DataError, match=r"moon\.csv: has steps of 12 h, between which .* is known to [\d.]+ arcsec only"
    ):
        jwstpipe.plan_mosaic(names, ephemeris=str(tmp_path / "moon.csv"))


def test_images_of_other_targets_are_refused_beside_it(programme, tmp_path):
    names = files(programme)
    fixed = without(names[0], tmp_path, TARGTYPE="FIXED")
    with pytest.raises(DataError, match="follows a moving target"):
        jwstpipe.plan_mosaic([fixed, *names[1:]])
    other = without(names[0], tmp_path, TARGNAME="Planet Y")
    with pytest.raises(DataError, match="make a mosaic of each"):
        jwstpipe.plan_mosaic([other, *names[1:]])


def test_ordinary_images_keep_their_ids_whatever_follows(programme, tmp_path):
    fixed = [without(name, tmp_path, "MT_RA", "MT_DEC", TARGTYPE="FIXED") for name in files(programme)]
    plain, asked = (jwstpipe.plan_mosaic(fixed, follow=word) for word in ("auto", "sky"))
    assert plain.id == asked.id
    assert {"follow", "ephemeris"} & set(plain.parameters["options"]) == set()
    assert all("follow" not in source.identity() for source in plain.sources)
    assert plain.options == MosaicOptions()
    with pytest.raises(DataError, match=r"--follow sky to place it by the stars"):
        jwstpipe.plan_mosaic(fixed, follow="target")


def test_footprints_lie_around_the_target(programme):
    told = CliRunner().invoke(app, ["footprints", *files(programme), "--json"])
    centres = [np.mean(one["outline"], axis=0) for one in json.loads(told.stdout)["images"]]
    told = CliRunner().invoke(app, ["footprints", *files(programme), "--follow", "sky", "--json"])
    of_sky = [np.mean(one["outline"], axis=0) for one in json.loads(told.stdout)["images"]]
    assert np.ptp(centres, axis=0).max() * 3600 < 5.0 < np.ptp(of_sky, axis=0).max() * 3600


def without(name, folder, *lost, **changed):
    """Write a copy of a file without some keywords, or with other values of them."""
    path = folder / name.rpartition("/")[2]
    with fits.open(name) as opened:
        for hdu in opened[:2]:
            for key in lost:
                hdu.header.remove(key, ignore_missing=True)
            hdu.header.update({key: value for key, value in changed.items() if key in hdu.header})
        opened.writeto(path, overwrite=True)
    return str(path)
