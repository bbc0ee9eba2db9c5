"""Spectra of a simulated programme: a cube of MIRI's MRS and an extracted spectrum of NIRSpec, of one galaxy."""

from pathlib import Path
from typing import Any

import numpy as np

from jwstpipe.simulate.plan import PROGRAM
from jwstpipe.simulate.spectra import SpectrumScene, simulated_samples, write_x1d
from jwstpipe.simulate.spectral_cube import CubeScene, SimulatedLine, simulate_cube

__all__ = ["REDSHIFT", "simulate_spectroscopy"]

REDSHIFT = 0.0203

OBSERVATION = "901"

CUBE_LINES = (
    SimulatedLine(5.340169, 6e-7, cone_deg=24.0),
    SimulatedLine(5.51118, 5e-7, ring=0.26),
    SimulatedLine(5.6098, 5e-7),
)
"""[Fe II], H2 0-0 S(7) and [Mg V]: a double cone, a ring, a core."""

SPECTRUM_LINES = (
    (1.875613, 8e-18), (1.945087, 5e-19), (1.9634, 9e-19), (2.12183, 1.1e-18), (2.166120, 8e-19), (2.625867, 1.2e-18),
)  # fmt: skip
"""Pa alpha, Br delta, [Si VI], H2 1-0 S(1), Br gamma, Br beta: rest wavelength (um) and flux (W/m2)."""


def simulate_spectroscopy(
    folder: Path, *, target: str, ra: float = 83.8, dec: float = -5.4, seed: int = 1
) -> tuple[Path, Path]:
    """Write the spectra of a programme.

    Parameters
    ----------
    folder
        Where files go; files of the same names are replaced.
    target, ra, dec
        Name and position (degrees ICRS) of the galaxy.
    seed
        Of the noise.

    Returns
    -------
    tuple of Path
        The cube (``_s3d``) and the spectrum (``_x1d``).
    """
    shared: dict[str, Any] = {
        "PROGRAM": PROGRAM, "OBSERVTN": OBSERVATION, "TARGNAME": target, "TARGPROP": target, "TARG_RA": ra,
        "TARG_DEC": dec, "CAL_VER": "1.18.0", "DATE-OBS": "2023-03-04", "TIME-OBS": "05:06:07.8", "EFFEXPTM": 1200.0,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    cube = folder / f"jw{PROGRAM}-o{OBSERVATION}_t001_miri_ch1-short_s3d.fits"
    scene = CubeScene(lines=CUBE_LINES, redshift=REDSHIFT, position=(ra, dec), primary=shared)
    simulate_cube(cube, np.linspace(5.38, 5.76, 380), shape=(40, 40), scene=scene, seed=seed)
    waves = np.arange(1.70, 3.15, 0.00107)
    shown = SpectrumScene(SPECTRUM_LINES, redshift=REDSHIFT, sigma_kms=180.0, continuum=2e-4, slope=0.3, noise=2e-6)
    spectrum = folder / f"jw{PROGRAM}-o{OBSERVATION}_t001_nirspec_f170lp-g235m_x1d.fits"
    header = {**shared, "EXP_TYPE": "NRS_IFU"}
    write_x1d(spectrum, [(waves, *simulated_samples(waves, shown, seed=seed))], header=header)
    return cube, spectrum
