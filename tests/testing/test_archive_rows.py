import json
from pathlib import Path

import pytest
from astropy.coordinates import SkyCoord

from jwstpipe.testing.local_archive.headers import archive_name, filter_band_nm
from jwstpipe.testing.local_archive.listing import archive_rows
from tests.testing.archive_folder import CALS, I2DS, fill, write_file

DATA = Path(__file__).parents[2].parent / "shared" / "data"
F090W = "jw02733-o001_t001_nircam_clear-f090w"


def test_real_headers_become_rows():
    folder = DATA / "jwst"
    if not folder.is_dir():
        pytest.skip(f"no real JWST files at {folder}")
    rows = archive_rows(folder)
    row = next(row for row in rows.observations if row["obs_id"] == "jw01288015001_04101_00001_mirimage")
    assert (row["filters"], row["instrument_name"], row["target_name"]) == (
        "F1130W",
        "MIRI/IMAGE",
        "ORIBAR-IMAGING-MIRI",
    )
    assert (row["calib_level"], row["t_min"], row["t_exptime"]) == (2, 59840.70134440324, 82.019)
    # the centre of S_REGION, whose corners are 15 arcsec apart: 0.05 arcsec from the reference pixel
    place = SkyCoord(row["s_ra"], row["s_dec"], unit="deg")
    assert place.separation(SkyCoord(83.83139235620139, -5.41381646593673, unit="deg")).arcsec < 0.1
    slit = next(row for row in rows.observations if row["calib_level"] == 3)
    assert (slit["instrument_name"], slit["filters"]) == ("NIRSPEC/SLIT", "F100LP;G140M")
    assert slit["dataproduct_type"] == "spectrum"


def test_files_that_cannot_be_listed_are_named(tmp_path):
    fill(tmp_path)
    (tmp_path / "notes.fits").write_text("not FITS at all")
    (tmp_path / "jw02733001001_02101_00009_nrca1_cal.fits").write_text("<html>")
    outside = tmp_path.parent / f"{tmp_path.name}-outside_cal.fits"
    write_file(outside, "f090w", ra=1.0, dec=2.0)
    (tmp_path / "jw02733001001_02101_00008_nrca1_cal.fits").symlink_to(outside)
    rows = archive_rows(tmp_path)
    assert sorted(rows.ignored) == ["jw02733001001_02101_00009_nrca1_cal.fits", "notes.fits"]
    assert len(rows.observations) == len(CALS) + len(I2DS)
    assert not any("_00008_" in name for name in rows.files)


def test_an_association_beside_the_files_names_the_members(tmp_path):
    fill(tmp_path)
    member = "jw02733001001_02101_00002_nrca1_cal.fits"
    product = {"name": F090W, "members": [{"expname": member, "exptype": "science"}]}
    path = tmp_path / "jw02733-o001_20230118t025851_image3_00042_asn.json"
    path.write_text(json.dumps({"products": [product]}))
    rows = archive_rows(tmp_path)
    parent = next(row["obsid"] for row in rows.observations if row["obs_id"] == F090W)
    listed = {row["productFilename"] for row in rows.products if row["parent_obsid"] == parent}
    assert path.name in listed
    assert {name for name in listed if name in CALS} == {member}


@pytest.mark.parametrize(
    ("name", "obs_id", "level", "observation"),
    [
        ("jw02733001001_0210a_00001-seg001_nrca1_uncal.fits", "jw02733001001_0210a_00001-seg001_nrca1", 1, "001"),
        ("jw02733002001_02103_00001_mirimage_o002_crf.fits", "jw02733002001_02103_00001_mirimage", 2, "002"),
        ("JW02733-O001_T001_NIRCAM_CLEAR-F090W_I2D.FITS", F090W, 3, "001"),
        ("jw02733-c1001_t000_niriss_clear-f150w_i2d.fits", "jw02733-c1001_t000_niriss_clear-f150w", 3, ""),
        ("jw01176-o003_t007_niriss_gr150r_f150w_i2d.fits", "jw01176-o003_t007_niriss_gr150r_f150w", 3, "003"),
    ],
)
def test_names_are_taken_apart(name, obs_id, level, observation):
    found = archive_name(name)
    assert (found.obs_id, found.calib_level, found.observation) == (obs_id, level, observation)


def test_other_names_are_not_taken():
    for name in ("hlsp_ceers_jwst_nircam_f150w_i2d.fits", "jw02733001001_gs-track_2022193101500_cal.fits", "m31.fits"):
        assert archive_name(name) is None


def test_bands_follow_from_filter_names():
    for name, middle in {"F090W": 900, "F1130W": 11300, "F405N": 4050, "F150W2": 1500}.items():
        low, high = filter_band_nm(name)
        assert low < middle < high
    assert filter_band_nm("GRISMR") is None
