"""Records of archive files: the metadata rules, on rows as MAST gives them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from jwstpipe.catalog.records.archive_record import needs_refresh, record_from_archive, refreshed
from jwstpipe.catalog.records.plain_values import mast_metadata
from jwstpipe.errors import DataError
from jwstpipe.identity import archive_product_id

DATA = Path(__file__).parents[2].parent / "shared" / "data"
IMPORTED = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
DIGEST = "ab" * 32
NAME = "jw02733-o001_t001_nircam_f405n-f444w_i2d.fits"

# An observation row and a product row of NGC 3132 in the shape of the archive's answers.
ROW = {
    "intentType": "science",
    "obs_collection": "JWST",
    "provenance_name": "CALJWST",
    "instrument_name": "NIRCAM/IMAGE",
    "project": "JWST",
    "filters": "F444W;F405N",
    "wavelength_region": "INFRARED",
    "target_name": "NGC 3132",
    "target_classification": None,
    "obs_id": "jw02733-o001_t001_nircam_f405n-f444w",
    "s_ra": 151.75708,
    "s_dec": -40.43655,
    "dataproduct_type": "image",
    "proposal_pi": "Pontoppidan, Klaus M.",
    "calib_level": 3,
    "t_min": 59733.5,
    "t_max": 59733.75,
    "t_exptime": 1674.984,
    "em_min": 3880.0,
    "em_max": 4986.0,
    "obs_title": "NIRCam and MIRI imaging of the Southern Ring",
    "t_obs_release": 59772.0,
    "proposal_id": "2733",
    "jpegURL": None,
    "dataRights": "PUBLIC",
    "mtFlag": False,
    "srcDen": float("nan"),
    "obsid": 87602009,
    "dataURI": f"mast:JWST/product/{NAME}",
    "productFilename": NAME,
    "prvversion": "1.11.4",
    "size": 1_192_389_120,
    "mast_seen": "yes",
}


def build(row=ROW, header=None, **changes):
    values = {
        "storage_key": f"mast/{ROW['obs_id']}/{NAME}",
        "digest": DIGEST,
        "file_size": 123,
        "imported": IMPORTED,
        "run_id": "run-1",
    }
    return record_from_archive(row, header, **{**values, **changes})


def test_every_field_of_mast_is_kept_under_its_name():
    metadata = build().metadata
    assert metadata["mast_target_name"] == "NGC 3132"
    assert metadata["mast_t_min"] == 59733.5
    assert metadata["mast_t_obs_release"] == 59772
    assert isinstance(metadata["mast_t_obs_release"], int)
    assert metadata["mast_mtFlag"] is False
    assert metadata["mast_seen"] == "yes"
    absent = {key for key in ROW if key != "mast_seen" and f"mast_{key}" not in metadata}
    assert absent == {"target_classification", "jpegURL", "srcDen"}
    assert "mast_mast_seen" not in metadata


def test_what_is_always_there():
    metadata = build().metadata
    assert metadata["mast_obs_id"] == ROW["obs_id"]
    assert metadata["source"] == "MAST"
    assert metadata["import_date"] == "2026-05-06T07:08:09.000Z"
    assert metadata["processing_level"] == "L3"


def test_values_of_every_sort():
    masked = np.ma.masked_array([1.0], mask=[True])[0]
    metadata = mast_metadata(
        {
            "a": np.int32(5),
            "b": np.float64(2.0),
            "c": np.bool_(True),
            "d": masked,
            "e": {"x": None, "y": [1, None]},
            "f": [None, 2.5],
            "g": np.array([1, 2]),
            "h": 1e300,
            "i": "",
        }
    )
    assert metadata == {
        "mast_a": 5,
        "mast_b": 2,
        "mast_c": True,
        "mast_e": '{"x": "", "y": [1, ""]}',
        "mast_f": '["", 2.5]',
        "mast_g": "[1, 2]",
        "mast_h": 1e300,
        "mast_i": "",
    }
    assert metadata["mast_c"] is True


def test_the_typed_part():
    record = build()
    image = record.image_info
    assert (image.target_name, image.instrument, image.filter, image.wavelength) == (
        "NGC 3132",
        "NIRCam",
        "F405N",
        4.052,
    )
    assert (image.exposure_time, image.wavelength_range, image.calibration_level) == (1674.984, "INFRARED", 3)
    assert (image.proposal_id, image.proposal_pi) == ("2733", "Pontoppidan, Klaus M.")
    assert image.observation_title == "NIRCam and MIRI imaging of the Southern Ring"
    assert (record.program, record.processing_level, record.data_type, record.is_viewable) == (
        2733,
        "L3",
        "image",
        True,
    )
    assert (record.kind, record.status, record.file_format, record.version) == ("archive", "staged", "fits", "1.11.4")
    assert record.observation_base_id == "jw02733-o001_t001_nircam"
    assert record.product_id == archive_product_id(ROW["dataURI"], "1.11.4", DIGEST)


def test_exposures_have_their_parts():
    name = "jw02733001001_0210a_00003-seg002_nrca1_cal.fits.gz"
    row = {**ROW, "productFilename": name, "dataURI": f"mast:JWST/product/{name}", "calib_level": 2}
    record = build(row)
    assert (record.exposure_id, record.exposure_number, record.segment, record.detector) == (
        "jw02733001001_0210a",
        "00003",
        "002",
        "nrca1",
    )
    assert (record.processing_level, record.file_format) == ("L2b", "fits")


@pytest.mark.parametrize(
    ("changes", "mjd"),
    [
        ({}, 59733.5),
        ({"t_min": None}, 59733.75),
        ({"t_min": 0, "t_max": "not a number"}, 59772.0),
        ({"t_min": -1, "t_max": float("nan"), "t_obs_release": "59772.5"}, 59772.5),
    ],
)
def test_the_first_time_that_is_one_dates_the_observation(changes, mjd):
    date = build({**ROW, **changes}).image_info.observation_date
    assert abs((date - Time(mjd, format="mjd", scale="utc").to_datetime(timezone=UTC)).total_seconds()) < 0.001


def test_the_header_dates_what_mast_does_not():
    row = {key: value for key, value in ROW.items() if not key.startswith("t_")}
    header = {"DATE-OBS": "2022-06-03", "TIME-OBS": "12:34:56.789", "EFFEXPTM": 12.5}
    image = build(row, header).image_info
    assert image.observation_date == datetime(2022, 6, 3, 12, 34, 56, 789_000, tzinfo=UTC)
    assert image.exposure_time == 12.5
    assert build(row, {"DATE-OBS": "soon"}).image_info.observation_date is None
    assert build(row).image_info.observation_date is None


def test_coarse_position_until_the_header_is_read():
    assert build().image_info.wcs == {"CRVAL1": 151.75708, "CRVAL2": -40.43655}
    assert build().image_info.coordinate_system == "ICRS"
    assert build({**ROW, "s_ra": None}).image_info.wcs is None


def test_unparsable_numbers_leave_the_field_empty():
    image = build({**ROW, "t_exptime": "long", "calib_level": "three", "em_min": "x"}).image_info
    assert (image.exposure_time, image.calibration_level) == (None, None)
    assert build({**ROW, "calib_level": -1}).image_info.calibration_level is None


def test_tags_sharing_and_owner():
    record = build()
    assert record.tags == ("mast-import", ROW["obs_id"], "NIRCam")
    assert (record.is_public, record.user_id) == (True, None)


def test_a_level_on_which_name_and_archive_disagree_is_said():
    record = build({**ROW, "calib_level": 2})
    assert record.processing_level == "L3"
    assert record.metadata["calib_level_disagreement"] == "the name says L3 (3), the archive says 2"
    assert "calib_level_disagreement" not in build().metadata


def test_a_name_outside_the_grammar_falls_back_to_the_observation():
    row = {**ROW, "productFilename": "hlsp_x_i2d.fits", "dataURI": "mast:HLSP/hlsp_x_i2d.fits"}
    assert build(row).observation_base_id == ROW["obs_id"]


def test_a_row_that_names_another_file_than_its_address_is_refused():
    with pytest.raises(DataError, match=r"its row names the file 'hlsp_x_i2d\.fits'"):
        build({**ROW, "productFilename": "hlsp_x_i2d.fits"})


def test_a_row_that_names_no_file_is_refused():
    with pytest.raises(DataError, match="dataURI or obs_id"):
        build({"obs_id": "x"})
    with pytest.raises(DataError, match="dataURI or obs_id"):
        build({"dataURI": "mast:x"})
    with pytest.raises(DataError, match="storage key"):
        build(storage_key="../x")


def test_a_refresh_fills_what_was_missing_and_keeps_what_is_the_users():
    poor = build({"dataURI": ROW["dataURI"], "obs_id": ROW["obs_id"], "prvversion": "1.11.4"})
    poor = poor.model_copy(update={"description": "mine", "is_public": False, "tags": (*poor.tags, "nice")})
    assert needs_refresh(poor)
    rich = refreshed(poor, ROW, imported=IMPORTED)
    assert not needs_refresh(rich)
    assert rich.image_info == build().image_info
    assert (rich.description, rich.is_public, rich.product_id) == ("mine", False, poor.product_id)
    assert "nice" in rich.tags
    assert (rich.storage_key, rich.digest, rich.created, rich.run_id) == (
        poor.storage_key,
        poor.digest,
        poor.created,
        "run-1",
    )
    assert refreshed(rich, {}, imported=IMPORTED).metadata["mast_obs_id"] == ROW["obs_id"]


def test_a_record_survives_the_catalogue(embedded):
    record = build()
    embedded.publish(record)
    assert embedded.get(record.product_id) == record.model_copy(update={"status": "published"})


def test_recorded_rows_of_the_archive():
    path = DATA / "mast" / "caom.json"
    if not path.is_file():
        pytest.skip(f"no recorded archive answers at {path}")
    rows = json.loads(path.read_text())["data"]
    for row in rows:
        record = build({**row, "dataURI": f"mast:HST/product/{row['obs_id']}_drz.fits"})
        kept = {key: value for key, value in row.items() if value is not None}
        assert {key.removeprefix("mast_") for key in record.metadata if key.startswith("mast_")} == {*kept, "dataURI"}
        assert record.image_info.proposal_id == row["proposal_id"]
        expected = Time(row["t_min"], format="mjd", scale="utc").to_datetime(timezone=UTC)
        assert abs((record.image_info.observation_date - expected).total_seconds()) < 0.001
    assert len(rows) > 5


def test_the_header_of_an_official_file_replaces_the_coarse_position():
    path = DATA / "official-models" / "jw02733001001_02101_00001_nrca1_cal.fits"
    if not path.is_file():
        pytest.skip(f"no official file at {path}")
    with fits.open(path) as hdus:
        primary, science = hdus[0].header, hdus["SCI"].header
    row = {
        "dataURI": f"mast:JWST/product/{path.name}",
        "obs_id": "jw02733001001_02101_00001_nrca1",
        "s_ra": 1.0,
        "s_dec": 2.0,
    }
    record = build(row, {**primary, **science})
    image = record.image_info
    assert image.wcs["CRVAL1"] == science["CRVAL1"]
    assert image.wcs["CTYPE1"] == science["CTYPE1"]
    assert image.wcs["CD1_1"] == science["CD1_1"]
    assert image.wcs["A_2_0"] == science["A_2_0"]
    assert (image.width, image.height, image.units) == (384, 384, "MJy/sr")
    assert (image.target_name, image.instrument, image.filter, image.wavelength) == ("M87", "NIRCam", "F200W", 1.989)
    assert image.exposure_time == 311.0
    assert record.program == 2733
