"""What counts as a plain header astropy reads without a word, every card of it."""

import warnings

from astropy.io import fits
from astropy.io.fits.verify import VerifyError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jwstpipe.fits.headers import parse_header
from jwstpipe.fits.plain.standard_cards import all_standard
from tests.letters import PRINTABLE

KEYWORDS = st.sampled_from(
    [
        "SIMPLE",
        "A",
        "CRVAL1",
        "DP1",
        "D2IM1",
        "TITLE",
        "COMMENT",
        "HISTORY",
        "",
        "CONTINUE",
        "HIERARCH",
        "END",
        "1X",
        "-A",
        "a",
        "B C",
    ]
)
TEXTS = st.text(PRINTABLE, max_size=70)
VALUES = st.one_of(
    st.sampled_from(
        ["", "T", "F", "1", "-1.5E+3", "1.D0", ".5", "5.", ".", "1E", "(1, 2)", "''", "'", "'a&'", "'it''s'", "TRUE"]
    ),
    st.sampled_from(["'AXIS.1: 2.5'", "'NAXES: 1'", "'A.: x'", "'X: 1 '"]),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    TEXTS.map(lambda text: f"'{text}'"),
    TEXTS,
)
JOINTS = st.sampled_from(["= ", "=", "  ", " =", "", "=  "])
CARDS = st.builds(
    lambda keyword, joint, value, pad, comment: f"{keyword:<8}{joint}{value}{pad}{comment}"[:80].ljust(80),
    KEYWORDS, JOINTS, VALUES, st.sampled_from(["", " ", "    "]), st.sampled_from(["", "/", "/ it's", "// x & y'"]),
)  # fmt: skip
GOOD = f"{'SIMPLE  =                    T / standard':<80}{'BITPIX  = -32':<80}{'NAXIS   = 0':<80}"
END = f"{'END':<80}"


def read_whole(text):
    """Whether astropy reads every card, and writes it, without a complaint."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            for card in fits.Header.fromstring(text).cards:
                assert card.image
                assert card.value is not card
        except (VerifyError, ValueError, Warning):
            return False
    return True


@settings(max_examples=600)
@example(["TITLE   = 'a long one &'".ljust(80), "CONTINUE  'goes on' / here".ljust(80)])
@example(["A       = 5".ljust(80), "CONTINUE  'of nothing'".ljust(80)])
@given(st.lists(CARDS, max_size=4))
def test_a_plain_header_is_read_whole(cards):
    text = GOOD + "".join(cards) + END
    if all_standard(text):
        assert read_whole(text)


def test_headers_of_jwst_are_plain(tiny_world):
    programme, _ = tiny_world
    for file in programme.files[:4]:
        with fits.open(file.path) as hdus:
            for hdu in hdus:
                assert all_standard(hdu.header.tostring(padding=False))


def test_real_headers_read_the_same_with_and_without_a_second_look(shared_data):
    found = 0
    for path in sorted(shared_data.rglob("*.fits"))[:60]:
        with fits.open(path) as hdus:
            for hdu in hdus:
                text = hdu.header.tostring(padding=False)
                if all_standard(text):
                    assert read_whole(text)
                    assert parse_header(text.encode("ascii")).tostring(padding=False) == text
                    found += 1
    assert found > 20
