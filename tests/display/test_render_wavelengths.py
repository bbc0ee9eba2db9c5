"""Which filter shaped an image, from its headers."""

import pytest
from astropy.io.fits import Header

from jwstpipe.errors import UsageError
from jwstpipe.images.passband import header_filter, known_wavelength, passband
from jwstpipe.names.passband import wavelength_um
from tests.render.render_images import MemoryImage, starfield


@pytest.mark.parametrize(
    ("cards", "name"),
    [
        ({"FILTER": "F444W", "PUPIL": "F405N"}, "F405N"),
        ({"FILTER": "F150W2", "PUPIL": "F162M"}, "F162M"),
        ({"FILTER": "F322W2", "PUPIL": "F323N"}, "F323N"),
        ({"FILTER": "F212N", "PUPIL": "CLEAR"}, "F212N"),
        ({"FILTER": "F200W", "PUPIL": "MASKRND"}, "F200W"),
        ({"FILTER": "CLEAR", "PUPIL": "F150W"}, "F150W"),
        ({"FILTER": "F277W", "PUPIL": "CLEARP"}, "F277W"),
        ({"FILTER": "GR150C", "PUPIL": "F115W"}, "F115W"),
        ({"FILTER": "F444W", "PUPIL": "GRISMR"}, "F444W"),
        ({"FILTER": "F444W;F405N"}, "F405N"),
        ({"FILTER": "f470n-f444w"}, "F470N"),
        ({"FILTER": "F150W2/F164N"}, "F164N"),
        ({"FILTER": "F1130W"}, "F1130W"),
        ({"BAND": "K       "}, "K"),
        ({"FILTER": "CLEAR", "PUPIL": "CLEAR"}, None),
        ({"FILTER": 3}, None),
        ({}, None),
    ],
)
def test_header_filter(cards, name):
    assert header_filter(Header(cards)) == name


def test_wavelengths():
    assert wavelength_um("F090W") == 0.901
    assert wavelength_um("f405n") == 4.052
    assert [wavelength_um(name) for name in "jhk"] == [1.235, 1.662, 2.159]
    assert wavelength_um("F606W") is None
    for name in ("F158M", "F380M", "F1065C", "F1140C", "F1550C", "F2300C", "F2550W"):
        digits = int("".join(c for c in name if c.isdigit()))
        assert wavelength_um(name) == pytest.approx(digits / 100, rel=0.02)


def test_band_is_found_in_either_header():
    image = MemoryImage(starfield((20, 20)), primary=Header(), header=Header([("BAND", "H"), ("DATASET", "2MASS")]))
    band = passband(image)
    assert (band.facility, band.filter, band.wavelength_um) == ("2MASS", "H", 1.662)


@pytest.mark.parametrize("cards", [[("FILTER", "F606W")], []])
def test_unknown_filter_names_the_file_and_the_way_out(cards):
    image = MemoryImage(starfield((20, 20)), address="hubble.fits", primary=Header(cards))
    with pytest.raises(UsageError, match=r"hubble\.fits: .*--channel hubble\.fits=COLOUR"):
        known_wavelength(image, passband(image))
