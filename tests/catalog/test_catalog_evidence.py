"""What headers say, and where name, header and archive disagree."""

import pytest

from jwstpipe.catalog.records.header_facts import disagreements, header_facts
from jwstpipe.names import parse_name
from tests.catalog.test_catalog_archive_record import ROW, build

NAME = "jw02733001001_0210a_00003-seg002_nrca1_cal.fits"
CARDS = {
    "PROGRAM": "02733", "OBSERVTN": "001", "VISIT": "001", "VISITGRP": "02", "SEQ_ID": "1", "ACT_ID": "0A",
    "EXPOSURE": "3", "EXSEGNUM": 2, "EXSEGTOT": 4, "DETECTOR": "NRCA1", "INSTRUME": "NIRCAM", "FILTER": "F444W",
    "PUPIL": "F405N", "S_PHOTOM": "COMPLETE", "S_WCS": "COMPLETE", "FILENAME": NAME,
}  # fmt: skip


def test_a_header_says_what_a_name_would():
    facts, name = header_facts(CARDS), parse_name(NAME)
    assert (facts.observation_base_id, facts.exposure_id) == (name.observation_base_id, name.exposure_id)
    assert (facts.level, facts.detector, facts.exposure, facts.segment) == ("L2b", "nrca1", 3, 2)
    assert facts.filters == ("F405N", "F444W")
    assert disagreements(name, facts, {"calib_level": 2, "proposal_id": "2733"}) == ()


@pytest.mark.parametrize(
    ("cards", "level"),
    [({"S_RAMP": "COMPLETE"}, "L2a"), ({"FILENAME": "x_uncal.fits"}, "L1"), ({}, None), ({"S_RAMP": "SKIPPED"}, None),
     ({"S_RESAMP": "COMPLETE", "ASNTABLE": "jw1-o001_t_image3_001_asn.json"}, "L3"),
     ({"S_RESAMP": "COMPLETE", "ASNTABLE": "jw1-o001_t_image2_001_asn.json"}, "L2b"),
     ({"FILENAME": "jw02733-o001_t001_nircam_clear-f090w_i2d.fits"}, "L3")],
)  # fmt: skip
def test_levels_of_headers(cards, level):
    assert header_facts(cards).level == level


@pytest.mark.parametrize(
    ("changes", "row", "words"),
    [({"DETECTOR": "NRCA2"}, {}, "detector: the name says nrca1, the header says nrca2"),
     ({"PROGRAM": "2734"}, {}, "programme: the name says 02733, the header says 2734"),
     ({"INSTRUME": "MIRI"}, {}, "instrument: the name says NIRCam, the header says MIRI"),
     ({"S_PHOTOM": "", "S_WCS": "", "S_RAMP": "COMPLETE"}, {}, "level: the name says L2b, the header says L2a"),
     ({}, {"filters": "F200W"}, "filter: the header says F405N, the archive says F200W"),
     ({}, {"proposal_id": "1"}, "programme: the name says 2733, the archive says 1"),
     ({}, {"calib_level": 3}, "level: the name says L2b (calib_level 2), the archive says 3")],
)  # fmt: skip
def test_a_disagreement_is_told_with_both_values(changes, row, words):
    assert words in disagreements(parse_name(NAME), header_facts({**CARDS, **changes}), row)


def test_warnings_stand_on_the_record():
    row = {**ROW, "productFilename": NAME, "dataURI": f"mast:JWST/product/{NAME}", "calib_level": 2}
    assert build(row, CARDS).warnings == ()
    assert build({**row, "calib_level": 3}, {**CARDS, "DETECTOR": "NRCA2"}).warnings == (
        "level: the name says L2b (calib_level 2), the archive says 3",
        "detector: the name says nrca1, the header says nrca2",
    )


def test_the_header_decides_where_the_name_cannot():
    row = {"dataURI": "mast:JWST/product/mine.fits", "obs_id": "x", "productFilename": "mine.fits"}
    record = build(row, CARDS)
    told = (record.processing_level, record.detector, record.exposure_number, record.segment)
    assert told == (
        "L2b",
        "nrca1",
        "00003",
        "002",
    )
    ids = (record.observation_base_id, record.exposure_id, record.program)
    assert ids == (
        "jw02733001001",
        "jw02733001001_0210a",
        2733,
    )


def test_positions_come_from_the_middle_of_the_wcs():
    wcs = {"NAXIS1": 1001, "NAXIS2": 1001, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 501.0, "CRPIX2": 501.0,
           "CRVAL1": 0.0, "CRVAL2": 60.0, "CDELT1": -1e-4, "CDELT2": 1e-4}  # fmt: skip
    record = build(ROW, wcs)
    assert record.ra % 360 == pytest.approx(0.0, abs=1e-7) or record.ra == pytest.approx(360.0, abs=1e-7)
    assert record.dec == pytest.approx(60.0, abs=1e-3)
    assert build(ROW).ra == pytest.approx(151.75708)
