"""Shifts and turns that were put into the WCS of images are found, mended, and refused where they are absurd."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

import jwstpipe
from jwstpipe import open_image
from jwstpipe.errors import DataError, NoCoverageError
from jwstpipe.requests import MosaicOptions
from tests.mosaicking.scenes import header, write

SHAPE, SCALE = (300, 320), 0.1
MISPLACED = {1: (0.23, -0.11, 0.0), 2: (-0.07, 0.31, 0.02), 3: (0.0, 0.0, -0.015)}
"""East and north, arcsec, and turn, degrees, that the headers are wrong by."""


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """Four exposures of the same stars, three of them with a wrong WCS, and the truth."""
    folder = tmp_path_factory.mktemp("field")
    random = np.random.default_rng(12)
    ra = 150.0 + random.uniform(-30, 30, 160) / 3600
    dec = 2.0 + random.uniform(-30, 30, 160) / 3600
    peak = 10 ** random.uniform(0.7, 2, 160)
    names = []
    for number in range(4):
        cards = header(
            shape=SHAPE, scale=SCALE, sip=True, angle=17.0 * number, shift=(40.0 * (number % 2), 30.0 * (number // 2))
        )
        xs, ys = WCS(cards).all_world2pix(ra, dec, 0)
        y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
        data = random.normal(0, 0.1, SHAPE)
        for cx, cy, height in zip(xs, ys, peak, strict=True):
            if -5 < cx < SHAPE[1] + 5 and -5 < cy < SHAPE[0] + 5:
                data += height * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 1.4**2))
        names.append(write(folder / f"{number}.fits", data, _misplaced(cards, *MISPLACED.get(number, (0, 0, 0)))))
    Table({"RA": ra, "Dec": dec}).write(folder / "truth.csv")
    return names, ra, dec, folder


def _misplaced(cards, east, north, turn):
    wrong = cards.copy()
    wrong["CRVAL1"] += east / 3600 / np.cos(np.radians(2.0))
    wrong["CRVAL2"] += north / 3600
    t = np.radians(turn)
    cd = np.array([[cards["CD1_1"], cards["CD1_2"]], [cards["CD2_1"], cards["CD2_2"]]])
    turned = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]) @ cd
    (wrong["CD1_1"], wrong["CD1_2"]), (wrong["CD2_1"], wrong["CD2_2"]) = turned.tolist()
    return wrong


def make(field, folder, **options):
    made = jwstpipe.mosaic(field[0], folder / "out.zarr", options=MosaicOptions(**options), overwrite=True)
    return made, made.alignment


def test_shifts_between_images_are_measured_and_reported(field, tmp_path):
    _made, found = make(field, tmp_path, align="check")
    pair = next(entry for entry in found["overlaps"] if entry["images"] == ["0.fits", "1.fits"])
    # stars of image 1 seem 0.23" east (smaller x) and 0.11" south: image 0 minus image 1 on the plane
    assert pair["offset_mas"] == pytest.approx([230.0, 110.0], abs=3.0)
    assert pair["stars"] > 10
    assert found["corrections"] == []
    assert found["rms_before_mas"] > 100


def test_shifts_and_turns_are_mended_together(field, tmp_path):
    _, shifted = make(field, tmp_path, align="shift")
    _made, turned = make(field, tmp_path, align="rotate")
    assert turned["rms_after_mas"] < 2.0 < shifted["rms_before_mas"] / 20
    # a header turned from east to north by an angle is mended by the same angle on the plane, whose x runs west
    turns = {entry["image"]: entry["turn_arcsec"] for entry in turned["corrections"]}
    assert turns["2.fits"] - turns["0.fits"] == pytest.approx(0.02 * 3600, abs=6.0)
    assert turns["3.fits"] - turns["0.fits"] == pytest.approx(-0.015 * 3600, abs=6.0)


def test_a_catalogue_gives_true_positions(field, tmp_path):
    names, ra, dec, folder = field
    options = MosaicOptions(align="rotate", align_catalog=str(folder / "truth.csv"))
    jwstpipe.mosaic(names, tmp_path / "out.zarr", options=options, fits=tmp_path / "out.fits")
    with fits.open(tmp_path / "out.fits") as opened:
        data, wcs = opened["SCI"].data.astype("f8"), WCS(opened["SCI"].header)
    offsets = []
    for x, y in zip(*wcs.all_world2pix(ra, dec, 0), strict=True):
        column, row = round(float(x)), round(float(y))
        cut = data[row - 4 : row + 5, column - 4 : column + 5]
        far = np.hypot(*(np.array(wcs.all_world2pix(ra, dec, 0)) - np.array([[x], [y]])))
        if cut.shape == (9, 9) and np.isfinite(cut).all() and cut.max() > 20 and np.sort(far)[1] > 12:
            rows, columns = np.mgrid[row - 4 : row + 5, column - 4 : column + 5]
            offsets.append(((cut * columns).sum() / cut.sum() - x, (cut * rows).sum() / cut.sum() - y))
    assert len(offsets) > 5
    assert np.abs(np.median(offsets, axis=0)).max() * SCALE < 0.004


def test_an_absurd_correction_is_refused_with_its_numbers(field, tmp_path):
    with pytest.raises(DataError, match=r"\d\.fits: alignment would move it by 0\.\d+ arcsec \(limit 0\.15"):
        make(field, tmp_path, align="shift", align_limit_arcsec=0.15)


def test_a_catalogue_of_another_place_is_refused(field, tmp_path):
    Table({"ra": np.linspace(10, 10.1, 20), "dec": np.linspace(5, 5.1, 20)}).write(tmp_path / "far.csv")
    with pytest.raises(NoCoverageError, match=r"far\.csv: no image has 5 stars in common"):
        make(field, tmp_path, align="shift", align_catalog=str(tmp_path / "far.csv"))


def test_alignment_changes_the_identity_of_tiles_and_is_kept_in_the_receipt(field, tmp_path):
    plain, none = make(field, tmp_path)
    mended, _found = make(field, tmp_path, align="shift")
    assert none is None
    assert plain.digest != mended.digest
    assert open_image(mended.address).provenance["receipt"]["alignment"]["mode"] == "shift"
