"""Redshifts that two lines would speak for, were it not for those that are not there."""

import numpy as np
import pytest

from jwstpipe.analysis.spectra.lines.redshift import find_redshift
from jwstpipe.analysis.spectra.resolution import SIGMAS, resolving_power
from jwstpipe.analysis.spectra.spectrum import Spectrum, SpectrumOrigin
from jwstpipe.simulate.spectra import C_KMS, SpectrumScene, simulated_samples

PRISM = SpectrumOrigin(instrument="NIRSpec", grating="PRISM", file="prism")
STARS = ((0.486269, 0.33), (0.496030, 0.34), (0.500824, 1.0), (0.656464, 0.9), (0.953321, 0.2), (0.372850, 0.3))
"""Rest wavelengths (um) and fluxes, of [O III] 5008, of a young galaxy."""


def prism(redshift, flux, *, seed):
    """Simulate a spectrum of the prism, each line as wide as the instrument makes it there."""
    waves = [0.7]
    scale = Spectrum.of([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], unit="Jy", origin=PRISM)
    while waves[-1] < 5.2:
        waves.append(waves[-1] * (1.0 + 1.0 / float(resolving_power(scale, np.array([waves[-1]]))[0]) / 2.2))
    waves = np.array(waves)
    noise = 2e-8
    samples = np.random.default_rng(seed).normal(1e-7, noise, waves.size)
    for rest, share in STARS:
        seen = rest * (1.0 + redshift)
        if waves[0] < seen < waves[-1]:
            width = C_KMS / float(np.interp(seen, waves, resolving_power(scale, waves))) / SIGMAS
            scene = SpectrumScene(((rest, share * flux),), redshift=redshift, sigma_kms=width, continuum=0.0, noise=0.0)
            samples += simulated_samples(waves, scene)[0]
    return Spectrum.of(waves, samples, np.full(waves.size, noise), unit="Jy", origin=PRISM)


@pytest.mark.parametrize("redshift", [1.704, 2.603, 5.3])
def test_a_pair_of_lines_without_their_brighter_sisters_is_not_believed(redshift):
    found = find_redshift([prism(redshift, 2e-20, seed=int(redshift * 100))])
    assert found.value == pytest.approx(redshift, abs=0.006 * (1 + redshift)), found.words
    assert len(found.lines) >= 2
