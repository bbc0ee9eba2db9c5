"""Simulated cubes, written once."""

import numpy as np
import pytest

from jwstpipe.simulate.spectral_cube import CubeScene, SimulatedLine, simulate_cube

LINES = (SimulatedLine(5.340169, 4e-7), SimulatedLine(5.5, 2e-7), SimulatedLine(5.61, 3e-7))
REDSHIFT = 0.001


@pytest.fixture(scope="session")
def disc(tmp_path_factory):
    """A turning disc in three lines, 5.3 to 5.66 um, and what is true of it."""
    path = tmp_path_factory.mktemp("disc") / "disc_s3d.fits"
    scene = CubeScene(lines=LINES, redshift=REDSHIFT, noise=0.5)
    return simulate_cube(path, np.linspace(5.30, 5.66, 400), shape=(28, 24), scene=scene)


@pytest.fixture(scope="session")
def tabulated(tmp_path_factory):
    """Wavelengths in a table, unevenly spaced."""
    path = tmp_path_factory.mktemp("table") / "prism_s3d.fits"
    microns = 1.0 * 1.004 ** np.arange(120)
    scene = CubeScene(lines=(SimulatedLine(1.28216, 1e-5),), instrument="NIRSPEC", resolution=150.0)
    return simulate_cube(path, microns, shape=(12, 10), scene=scene, tabulated=True)
