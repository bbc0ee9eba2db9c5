"""Spectra in the types of others."""

import numpy as np
import pytest

from jwstpipe.analysis.spectra.spectrum import Spectrum
from jwstpipe.errors import DataError, UsageError


def test_a_spectrum_goes_to_specutils_with_its_mask():
    import specutils  # brings much along, which only one of the processes that run tests needs

    spectrum = Spectrum.of([1.0, 1.1, 1.2, 1.3], [1.0, np.nan, 3.0, 4.0], [0.1, 0.1, 0.0, 0.2], unit="mJy")
    theirs = spectrum.to_specutils()
    assert isinstance(theirs, specutils.Spectrum)
    assert theirs.spectral_axis.to_value("um") == pytest.approx([1.0, 1.1, 1.2, 1.3])
    assert theirs.flux.unit == "mJy"
    assert theirs.mask.tolist() == [False, True, True, False]
    assert theirs.uncertainty.array[3] == 0.2


def test_without_specutils_a_sentence_says_so(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "specutils", None)
    with pytest.raises(UsageError, match="specutils is not installed"):
        Spectrum.of([1.0], [1.0], unit="Jy").to_specutils()


def test_a_unit_that_nobody_knows_goes_to_nobody():
    with pytest.raises(DataError, match="astropy knows no unit 'furlong'"):
        Spectrum.of([1.0], [1.0], unit="furlong").to_specutils()
