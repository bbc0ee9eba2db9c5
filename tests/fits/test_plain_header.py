"""Headers read and changed without astropy say what astropy says, card for card."""

from string import ascii_uppercase, digits

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from jwstpipe.fits.plain.changed_cards import changed_cards
from jwstpipe.fits.plain.plain_header import PlainHeader, plain_header
from jwstpipe.fits.plain.written_header import written_header
from tests.letters import PRINTABLE

TEXT = st.text(PRINTABLE, max_size=60).map(str.rstrip)
VALUES = st.one_of(
    TEXT, st.booleans(), st.integers(-(10**15), 10**15), st.floats(allow_nan=False, allow_infinity=False), st.none()
)
KEYWORDS = st.builds(
    str.__add__, st.sampled_from(ascii_uppercase), st.text(ascii_uppercase + digits + "_-", max_size=7)
).filter(lambda word: word not in {"END", "HISTORY"})


def cards_of(header: fits.Header) -> str:
    return header.tostring(sep="", endcard=False, padding=False)


@settings(max_examples=50)
@given(st.dictionaries(KEYWORDS, st.tuples(VALUES, st.sampled_from(["", "a comment", "x / y"])), max_size=12))
def test_values_are_those_of_astropy(values):
    header = fits.Header()
    for keyword, (value, comment) in values.items():
        header[keyword] = (value, comment if len(str(value)) < 30 else "")
    text = header.tostring(sep="", endcard=True, padding=False)
    found, header = PlainHeader.of(text), fits.Header.fromstring(text)
    assert found is not None
    for keyword in header:
        expected = header[keyword]
        expected = None if isinstance(expected, fits.card.Undefined) else expected
        assert (found[keyword], type(found[keyword])) == (expected, type(expected))
    assert found.get("NOTHERE", 5) == 5


@settings(max_examples=50)
@given(st.dictionaries(KEYWORDS, st.tuples(VALUES, st.sampled_from(["", "a comment", "x / y"])), max_size=12))
def test_headers_are_written_as_astropy_writes_them(said):
    header = fits.Header()
    said = {key: (value, comment if len(str(value)) < 30 else "") for key, (value, comment) in said.items()}
    for keyword, one in said.items():
        header[keyword] = one
    assert written_header(said) == header.tostring(padding=False).encode()
    assert written_header(said, block=2880) == header.tostring().encode()


def test_what_is_unusual_is_left_to_astropy():
    long = fits.Header({"LONG": "word " * 30, "SHORT": 3})
    found = plain_header(long.tostring())
    assert isinstance(found, PlainHeader)
    assert (found["LONG"], found["SHORT"]) == (long["LONG"], 3)
    odd = "ODD     = (1.0, 2.0)".ljust(80) + "END".ljust(80)
    assert isinstance(plain_header(odd), fits.Header)
    twice = "TWICE   =                    1".ljust(80) + "TWICE   =                    2".ljust(80) + "END".ljust(80)
    assert plain_header(twice)["TWICE"] == fits.Header.fromstring(twice)["TWICE"]


NUMBERS = [0.0, 1200.5, -8.6e-06, 1.0 / 3.0, -1.23456789012345678e-10, 1e22, 123456789.123456789, -2.5e-300]


@pytest.mark.parametrize("number", NUMBERS)
def test_changed_cards_are_those_of_astropy(number):
    header = fits.Header()
    header["NAXIS1"] = (100, "columns")
    header["CTYPE1"] = ("RA---TAN-SIP", "projection / axis 1")
    header["CTYPE2"] = ("DEC--TAN", "")
    header["CRPIX1"] = (50, "a whole number")
    header["CDELT1"] = (0.5, "left out")
    header["EMPTY"] = (None, "no value")
    values = {
        "NAXIS1": 77,
        "CRPIX1": number,
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "EMPTY": "now",
        "CD1_1": number,
    }
    found = changed_cards(cards_of(header), values, left_out=lambda keyword: keyword.startswith("CD"))
    expected = fits.Header.fromstring(cards_of(header))
    del expected["CDELT1"]
    for keyword, value in values.items():
        expected[keyword] = value
    assert found == cards_of(expected)


def test_cards_that_only_astropy_can_change_are_told():
    header = cards_of(fits.Header({"A": 1, "B": "text"}))
    keep = {"left_out": lambda keyword: False}
    assert changed_cards(header + header[:80], {"A": 2}, **keep) is None
    assert changed_cards(header, {"B": "it's"}, **keep) is None
    assert changed_cards(header + "COMMENT a".ljust(80), {"A": 2}, **keep) is None
    assert changed_cards(header, {"A": float(np.float32(0.1))}, **keep) is not None
