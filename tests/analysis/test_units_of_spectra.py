"""Units as files spell them, against what they mean."""

import pytest
from astropy import units as u

from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.analysis.spectra.unit_words import known_unit
from jwstpipe.analysis.spectra.units import flux_scale

FLAM = u.erg / u.s / u.cm**2 / u.Angstrom
FLAM_SI = u.W / u.m**2 / u.um


@pytest.mark.parametrize(
    ("text", "meant"),
    [("erg s-1 cm-2 A-1", FLAM), ("erg s^-1 cm^-2 A^-1", FLAM), ("erg/s/cm2/A", FLAM), ("ergs/s/cm^2/AA", FLAM),
     ("erg/s/cm^2/Angstrom", FLAM), ("erg / (Angstrom s cm2)", FLAM), ("FLAM", FLAM),
     ("10**-20 erg/s/cm^2/A", 1e-20 * FLAM), ("1e-20 erg/s/cm2/Angstrom", 1e-20 * FLAM),
     ("10^-17 ergs/s/cm^2/AA", 1e-17 * FLAM), ("1.5E-19*erg/s/cm2/A", 1.5e-19 * FLAM),
     ("(10^-20) erg s-1 cm-2 A-1", 1e-20 * FLAM), ("W/m^2/micron", FLAM_SI), ("W m-2 um-1", FLAM_SI),
     ("erg/s/cm2/Hz", u.erg / u.s / u.cm**2 / u.Hz), ("microJy", u.uJy), ("MicroJansky", u.uJy), ("mJy", u.mJy),
     ("MJy/sr", u.MJy / u.sr), ("MJy sr-1", u.MJy / u.sr), ("mJy/arcsec^2", u.mJy / u.arcsec**2), ("um", u.um)],
)  # fmt: skip
def test_a_unit_is_what_it_means(text, meant):
    assert known_unit(text).to(meant) == pytest.approx(1.0 * u.Unit(meant).to(meant), rel=1e-12)


@pytest.mark.parametrize(
    "text", ["", "None", "furlong/fortnight", "counts of things", "erg/(", "///", "10^", "1e999 Jy("]
)
def test_what_nobody_knows_is_no_unit(text):
    assert known_unit(text) is None


@pytest.mark.parametrize("text", ["uJy", "10**-20 erg/s/cm^2/A", "erg/s/cm2/Hz", "W/m2/um"])
def test_the_flux_of_a_line_is_the_same_in_any_unit(text):
    jansky = 3e-6 * u.Jy
    value = jansky.to_value(known_unit(text), u.spectral_density(2.0 * u.um))
    scale = flux_scale(Spectrum.of([1.9, 2.0, 2.1], [value] * 3, unit=text))
    area = scale.line_flux(value * 1e-3, 2.0, 1e-9)  # a line one nanometre wide, at 2 um
    assert float(area) == pytest.approx(3e-6 * 2.99792458e-12 * 1e-3 / 4.0, rel=1e-6)
    assert scale.unit == "W/m2"
