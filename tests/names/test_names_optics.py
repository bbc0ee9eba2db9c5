"""Filters and instruments, against the tables of the reference."""

import re

import pytest

from jwstpipe.names import (
    FILTER_WAVELENGTHS,
    canonical_instrument,
    effective_filter,
    filter_wavelength,
    imaging_filters,
    observing_mode,
)


@pytest.mark.parametrize(
    ("compound", "effective", "wavelength"),
    [
        ("F444W;F405N", "F405N", 4.052),
        ("F405N;F444W", "F405N", 4.052),
        ("F150W2;F162M", "F162M", 1.626),
        ("F322W2;F323N", "F323N", 3.237),
        ("CLEAR;F090W", "F090W", 0.901),
        ("f277w", "F277W", 2.762),
        ("F158M", "F158M", 1.58),
        ("F380M", "F380M", 3.83),
        ("F2300C", "F2300C", 22.75),
    ],
)
def test_effective_filter_sets_the_wavelength(compound, effective, wavelength):
    assert effective_filter(compound) == effective
    assert filter_wavelength(compound) == wavelength


def test_elements_that_are_no_imaging_filters():
    assert imaging_filters("CLEAR;GRISMR") == ()
    assert imaging_filters(["F170LP", "G235H", "MASKRND", "GDHS0", "WLP8", "CLEARP"]) == ()
    assert effective_filter("") is None
    assert filter_wavelength("CLEAR") is None


def test_the_archive_band_answers_for_an_unknown_filter():
    assert filter_wavelength("F999W", em_min=4000.0, em_max=9000.0) == pytest.approx(6.0)
    assert filter_wavelength("F200W", em_min=4000.0, em_max=9000.0) == 1.989
    assert filter_wavelength("F999W", em_min=0.0, em_max=9000.0) is None


def test_the_table_is_sane():
    assert len(FILTER_WAVELENGTHS) == 44
    for name, wavelength in FILTER_WAVELENGTHS.items():
        nominal = int(re.match(r"F([0-9]+)[WMNC]", name)[1])
        assert wavelength == pytest.approx(nominal / 100, rel=0.11), name


@pytest.mark.parametrize("text", ["NIRCAM/IMAGE", "nircam", "NIRCam", " NIRCAM "])
def test_instrument_spellings(text):
    assert canonical_instrument(text) == "NIRCam"


def test_instrument_modes():
    assert observing_mode("NIRSPEC/MSA") == "MSA"
    assert observing_mode("NIRCAM") is None
    assert canonical_instrument("WFPC2/WFC") is None
    assert canonical_instrument(None) is None
