"""Stars of known flux on a dark sky, exposed by each detector: the truth that measurements must meet."""

from dataclasses import replace

import numpy as np

from jwstpipe.simulate import exposures as programmes
from jwstpipe.simulate.bands import BANDS
from jwstpipe.simulate.cards import exposure_science
from jwstpipe.simulate.detector.psf import pixel_psf
from jwstpipe.simulate.observe import expose
from jwstpipe.simulate.plan import LAYOUTS, Target, plan_exposures
from jwstpipe.simulate.plane import Plane
from jwstpipe.simulate.sky.catalogue import Stars

FLUX_JY = {"NIRCAM": 3e-5, "MIRI": 4e-4}
TARGET = Target("DARK SKY", 359.9995, 61.3)
"""Beside the seam of right ascension, far from the equator: where sloppy projections fail."""


def layout():
    return replace(LAYOUTS["tiny"], filters=tuple(BANDS))


def exposures(*, seed=3):
    return plan_exposures(layout(), tuple(BANDS.values()), TARGET, seed=seed)


def stars(spacing=1.9):
    """Stars on a loose lattice that covers the field (spacing in arcsec), each at its own place within a pixel."""
    rng = np.random.default_rng(11)
    reach = int(6.0 / spacing)
    lattice = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(float) * spacing
    x, y = (axis.ravel() + rng.uniform(-0.2, 0.2, axis.size) for axis in lattice)
    ra, dec = Plane(TARGET.ra, TARGET.dec, 1.0, 1).to_sky(x, y)
    flux = {name: np.full(x.size, FLUX_JY[band.instrument]) for name, band in BANDS.items()}
    return Stars(ra, dec, np.full(x.size, 5000.0), flux)


def dark_plane():
    return Plane(TARGET.ra, TARGET.dec, 0.5, 61), np.zeros((61, 61), np.float32)


def psf_of(exposure):
    return pixel_psf(programmes.diffraction(), exposure.band, scale=exposure.detector.scale, extent=3.0)


def observed(exposure, psf, *, points, seed=3, **options):
    """Expose points on a dark sky; returns header of SCI and planes."""
    plane, dark = dark_plane()
    header = exposure_science(exposure)
    return header, expose(exposure, header, dark, plane, points, psf, seed=seed, **options)


def no_stars():
    return Stars(np.empty(0), np.empty(0), np.empty(0), {name: np.empty(0) for name in BANDS})
