"""Images aligned to given positions: moved to their time, in groups, to another filter's stars; or refused."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from PIL import Image

import jwstpipe
from jwstpipe import open_image
from jwstpipe.analysis.catalogues.astrometry import reference_text
from jwstpipe.errors import DataError, NoCoverageError, UsageError
from jwstpipe.execution.workers import ThreadWorkers
from jwstpipe.mosaicking.astrometry.align import align
from jwstpipe.mosaicking.astrometry.joint_reference import joint_reference
from jwstpipe.mosaicking.placement import common_frame
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.requests import MosaicOptions
from tests.mosaicking.scenes import header, write

SHAPE, SCALE = (260, 280), 0.1
WRONG = {"a": (0.21, -0.13), "b": (-0.16, 0.09)}
"""East and north, arcsec, that the headers of each exposure's two detectors are wrong by."""

MJD = 59_945.0
"""2023.0"""


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """Two exposures of two detectors each, wrong together; a catalogue of 2016 whose stars have moved since."""
    folder = tmp_path_factory.mktemp("reference")
    random = np.random.default_rng(7)
    ra, dec = 150.0 + random.uniform(-30, 30, 220) / 3600, 2.0 + random.uniform(-26, 26, 220) / 3600
    motion = random.normal(0.0, 12.0, (2, 220)) + np.array([[40.0], [-30.0]])  # mas a year
    peak = 10 ** random.uniform(0.9, 2, 220)
    names = []
    for exposure, (east, north) in WRONG.items():
        for detector, shift in enumerate(((-110.0, 12.0), (110.0, -8.0))):
            cards = header(shape=SHAPE, scale=SCALE, sip=True, angle=20.0 * (exposure == "b"), shift=shift)
            xs, ys = WCS(cards).all_world2pix(ra, dec, 0)
            y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
            data = random.normal(0, 0.1, SHAPE)
            for cx, cy, height in zip(xs, ys, peak, strict=True):
                if -5 < cx < SHAPE[1] + 5 and -5 < cy < SHAPE[0] + 5:
                    data += height * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 1.4**2))
            cards["CRVAL1"] += east / 3600 / np.cos(np.radians(2.0))
            cards["CRVAL2"] += north / 3600
            names.append(str(write(folder / f"{exposure}{detector}.fits", data, cards)))
            with fits.open(names[-1], mode="update") as opened:
                moment = {"PROGRAM": "01", "OBSERVTN": "001", "VISIT": "001", "VISITGRP": "02", "SEQ_ID": "1"}
                opened[0].header.update({**moment, "ACT_ID": "01", "EXPOSURE": exposure, "MJD-AVG": MJD})
    years = 2023.0 - 2016.0
    then = {
        "ra": ra - motion[0] * years / 3.6e6 / np.cos(np.radians(dec)), "dec": dec - motion[1] * years / 3.6e6,
        "pmra": motion[0], "pmdec": motion[1], "ref_epoch": np.full(220, 2016.0),
    }  # fmt: skip
    Table(then).write(folder / "gaia.ecsv")
    Table({name: then[name] for name in ("ra", "dec")}).write(folder / "still.ecsv")
    return names, ra, dec, folder


def corrections(made):
    """Give east and north that each image was moved by, arcsec; the plane's x runs west."""
    return {
        one["image"]: (-one["shift_mas"][0] / 1000, one["shift_mas"][1] / 1000) for one in made.alignment["corrections"]
    }


def test_a_catalogue_is_moved_to_the_time_of_each_exposure(field, tmp_path):
    names, _ra, _dec, folder = field
    made = jwstpipe.mosaic(names, tmp_path / "m.zarr", align_catalog=str(folder / "gaia.ecsv"))
    assert made.alignment["mode"] == "rotate"  # a reference asks for it
    for name, moved in corrections(made).items():
        assert moved == pytest.approx([-value for value in WRONG[name[0]]], abs=0.004)
    kept = open_image(made.address).provenance["parameters"]["options"]
    assert kept["align_catalog"].startswith("ra,dec,pmra,pmdec,ref_epoch\n")
    still = jwstpipe.mosaic(names, tmp_path / "s.zarr", align_catalog=str(folder / "still.ecsv"))
    east, north = np.array(list(corrections(still).values())).mean(axis=0)
    true_east, true_north = np.array(list(corrections(made).values())).mean(axis=0)
    # seven years of 40 and -30 mas
    assert (true_east - east, true_north - north) == pytest.approx((0.28, -0.21), abs=0.025)


def test_motions_are_known_by_the_names_of_other_archives_and_never_left_out(field, tmp_path):
    names, _ra, _dec, folder = field
    gaia = Table.read(folder / "gaia.ecsv")
    old = np.array(gaia["ra"]) + 1e-3  # moved to 2000, as VizieR gives it beside the position of the epoch
    columns = {"RAJ2000": old, "DEJ2000": gaia["dec"], "RA_ICRS": gaia["ra"], "DE_ICRS": gaia["dec"]}
    columns |= {"pmRA": gaia["pmra"], "pmDE": gaia["pmdec"], "Epoch": gaia["ref_epoch"]}
    Table(columns).write(tmp_path / "vizier.ecsv")
    assert reference_text(str(tmp_path / "vizier.ecsv")) == reference_text(str(folder / "gaia.ecsv"))
    wrong = {
        "has pmra and no pmdec": {"ra": old, "dec": old * 0, "pmRA": old},
        "epoch is 57388, which is no year": {**columns, "Epoch": np.full(len(old), 57388.0)},
    }
    for message, rows in wrong.items():
        Table(rows).write(tmp_path / "wrong.ecsv", overwrite=True)
        with pytest.raises(DataError, match=message):
            jwstpipe.plan_mosaic(names, align_catalog=str(tmp_path / "wrong.ecsv"))


def test_stars_of_another_field_are_no_reference_however_many(field, tmp_path):
    names, *_ = field
    random = np.random.default_rng(8)
    other = {"ra": 150.0 + random.uniform(-30, 30, 4000) / 3600, "dec": 2.0 + random.uniform(-26, 26, 4000) / 3600}
    Table(other).write(tmp_path / "other.ecsv")
    with pytest.raises(NoCoverageError, match=r"other\.ecsv: no image has 5 stars in common with it"):
        jwstpipe.mosaic(names, tmp_path / "m.zarr", align_catalog=str(tmp_path / "other.ecsv"))


def test_detectors_of_an_exposure_are_moved_as_one(field, tmp_path):
    names, _ra, _dec, folder = field
    options = {"align_catalog": str(folder / "gaia.ecsv"), "align": "shift"}
    apart = jwstpipe.mosaic(names, tmp_path / "a.zarr", **options).alignment["corrections"]
    made = jwstpipe.mosaic(names, tmp_path / "m.zarr", align_together="exposure", **options)
    shifts = {one["image"]: one["shift_mas"] for one in made.alignment["corrections"]}
    assert shifts["a0.fits"] == shifts["a1.fits"] != shifts["b0.fits"] == shifts["b1.fits"]
    assert apart[0]["shift_mas"] != apart[1]["shift_mas"]
    assert corrections(made)["a0.fits"] == pytest.approx([-value for value in WRONG["a"]], abs=0.004)
    # one correction for all cannot mend two exposures that are wrong by other amounts
    with pytest.raises(DataError, match=r"after alignment overlaps still differ by \d+\.\d mas rms \(limit 100\)"):
        jwstpipe.mosaic(names, tmp_path / "v.zarr", align_together="visit", **options)


def test_the_stars_of_another_filters_mosaic_are_a_reference(field, tmp_path):
    names, _ra, _dec, folder = field
    first = jwstpipe.mosaic(names[:2], tmp_path / "one.zarr", align_catalog=str(folder / "gaia.ecsv"))
    made = jwstpipe.mosaic(names[2:], tmp_path / "other.zarr", align_catalog=first.address, align="shift")
    for moved in corrections(made).values():
        assert moved == pytest.approx([-value for value in WRONG["b"]], abs=0.006)


def test_motions_without_a_time_are_refused_and_ids_stay(field, tmp_path):
    names, _ra, _dec, folder = field
    with fits.open(names[0]) as opened:
        del opened[0].header["MJD-AVG"]
        opened.writeto(tmp_path / "late.fits")
    with pytest.raises(DataError, match=r"late\.fits: does not say when it was taken"):
        jwstpipe.mosaic([tmp_path / "late.fits"], tmp_path / "m.zarr", align_catalog=str(folder / "gaia.ecsv"))
    plan = jwstpipe.plan_mosaic(names, align="shift", align_catalog=str(folder / "still.ecsv"))
    assert {"align_together", "align_rms_arcsec"} & set(plan.parameters["options"]) == set()
    assert MosaicOptions().align_together == "image"


def test_what_is_left_of_each_star_is_a_table_and_a_map(field, tmp_path):
    names, _ra, _dec, folder = field
    options = {"align": "shift", "align_catalog": str(folder / "gaia.ecsv")}
    jwstpipe.mosaic(names, tmp_path / "m.zarr", residuals=tmp_path / "left.ecsv", **options)
    table = Table.read(tmp_path / "left.ecsv")
    assert set(table["other"]) >= {"reference"}
    left = np.hypot(table["dx_mas"], table["dy_mas"])
    assert np.median(left) < 8.0
    truth = np.array(Table.read(folder / "gaia.ecsv")["ra"])
    assert np.abs(np.asarray(table["ra"])[:, None] - truth).min(axis=1).max() * 3600 < 0.5
    jwstpipe.mosaic(names, tmp_path / "m.zarr", residuals=tmp_path / "left.png", **options)
    with Image.open(tmp_path / "left.png") as picture:
        colours = {colour for _, colour in picture.getcolors(1 << 16)}
    assert {(120, 176, 255), (255, 170, 90)} <= colours
    with pytest.raises(UsageError, match="residuals are those of aligned images"):
        jwstpipe.mosaic(names, tmp_path / "n.zarr", residuals=tmp_path / "none.png")


def test_exposures_of_all_filters_are_solved_together(field):
    names, _ra, _dec, _folder = field
    grid = common_frame(names)
    workers = ThreadWorkers(2)
    options = MosaicOptions(align="shift")
    reference = joint_reference(names, options=options, grid=grid, workers=workers)
    moved = {}
    for band in (names[:2], names[2:]):  # as if each exposure were one of another filter
        plan = plan_mosaic(band, options=MosaicOptions(align="shift", align_catalog=reference), grid=grid)
        _corrected, found = align(plan, workers=workers)
        moved |= {one["image"][0]: np.array([-1, 1]) * one["shift_mas"] / 1000 for one in found.corrections}
    assert moved["a"] - moved["b"] == pytest.approx(np.subtract(WRONG["b"], WRONG["a"]), abs=0.006)
    # nobody knows which of them is right: together they keep their mean
    assert moved["a"] + moved["b"] == pytest.approx([0.0, 0.0], abs=0.01)
    alone = [name for name in names if "a0" in name]
    assert joint_reference(alone, options=options, grid=grid, workers=workers) is None
