"""Positions and fluxes of simulated stars, measured in the files' own planes with astropy's WCS."""

import numpy as np
import pytest
from astropy.wcs import WCS

from jwstpipe.simulate import exposures as programmes
from jwstpipe.simulate.bands import BANDS
from jwstpipe.simulate.combined import combine, combined_science
from jwstpipe.simulate.coverage import GRID_ROLL, grid_over
from jwstpipe.simulate.detector.psf import pixel_psf
from jwstpipe.simulate.plan import ROLL
from tests.simulate.star_field import FLUX_JY, exposures, observed, psf_of, stars

APERTURE = {"NIRCAM": 6, "MIRI": 5}
"""Radius, pixels."""


def measure(image, variance, x, y, radius):
    """Sum, variance of the sum and centroid within `radius` of each position; None near edges and bad pixels."""
    rows, columns = np.indices(image.shape)
    for px, py in zip(x, y, strict=True):
        if not (radius + 5 < px < image.shape[1] - radius - 6 and radius + 5 < py < image.shape[0] - radius - 6):
            continue
        near = np.hypot(columns - px, rows - py) <= radius
        if np.isnan(image[near]).any():
            continue
        total = image[near].sum()
        yield (
            total,
            variance[near].sum(),
            (columns[near] * image[near]).sum() / total,
            (rows[near] * image[near]).sum() / total,
            (px, py),
        )


@pytest.fixture(scope="module")
def measured():
    """For each filter: expected and measured fluxes (Jy), their errors, and offsets of centroids (pixels)."""
    answers, psfs = {}, {}
    for exposure in exposures():
        name, detector = exposure.band.name, exposure.detector
        # far enough apart for the wings of neighbours to stay below the noise
        points = stars(1.9 if detector.channel == "SHORT" else 3.6)
        psf = psfs.setdefault(name, psf_of(exposure))
        header, planes = observed(exposure, psf, points=points)
        x, y = WCS(header).all_world2pix(points.ra, points.dec, 0)
        light = (planes.sci - exposure.sky) * planes.area
        radius = APERTURE[detector.instrument]
        for total, variance, cx, cy, (px, py) in measure(light, planes.err**2, x, y, radius):
            scale = header["PIXAR_SR"] * 1e6 / enclosed(psf, radius, px, py)
            answers.setdefault((name, detector.name), []).append(
                (total * scale / FLUX_JY[detector.instrument], np.sqrt(variance) * scale, cx - px, cy - py)
            )
    return answers


def enclosed(psf, radius, x, y):
    """Flux of a star within the pixels of its aperture, by drawing it alone on an empty image."""
    from jwstpipe.simulate.detector.psf import add_points

    empty = np.zeros((41, 41), np.float32)
    fx, fy = x - np.floor(x) + 20, y - np.floor(y) + 20
    add_points(empty, psf, np.array([fx]), np.array([fy]), np.ones(1), np.array([20]))
    rows, columns = np.indices(empty.shape)
    return float(empty[np.hypot(columns - fx, rows - fy) <= radius].sum())


def test_every_detector_and_filter_sees_stars(measured):
    assert {name for name, _ in measured} == set(BANDS)
    assert {detector for _, detector in measured} == {"NRCB1", "NRCB2", "NRCB3", "NRCB4", "NRCBLONG", "MIRIMAGE"}
    assert min(len(values) for values in measured.values()) >= 3


def test_aperture_fluxes_agree_with_the_truth_within_the_stated_noise(measured):
    """The pull of each flux is unit normal; no filter is off by more than 0.5 %."""
    pulls = []
    for (name, _), values in measured.items():
        ratio, error, *_ = np.array(values).T
        pulls += list((ratio - 1.0) * FLUX_JY[BANDS[name].instrument] / error)
        assert abs(np.mean(ratio) - 1.0) < 0.005 + 4.0 * np.mean(error) / FLUX_JY[BANDS[name].instrument] / np.sqrt(
            ratio.size
        )
    assert np.std(pulls) == pytest.approx(1.0, abs=0.2)
    assert abs(np.mean(pulls)) < 0.25


def test_centroids_meet_the_catalogue_within_a_twentieth_of_a_pixel(measured):
    """Through the file's own WCS, in every detector and filter: so a star has one position in all of them."""
    for (name, detector), values in measured.items():
        _, _, dx, dy = np.array(values).T
        assert np.abs([np.mean(dx), np.mean(dy)]).max() < 0.05, (name, detector)
        limit = 0.15 if name == "F1130W" else 0.08
        assert max(np.abs(dx).max(), np.abs(dy).max()) < limit, (name, detector)


@pytest.mark.parametrize("name", ["F200W", "F444W"])
def test_combined_images_hold_the_same_stars(name):
    """Mean flux within 0.5 %, positions within a twentieth of a pixel, on the grid turned against the detectors."""
    points = stars()
    group = [exposure for exposure in exposures() if exposure.band.name == name]
    grid, detector = grid_over(group), group[0].detector
    psf = pixel_psf(programmes.diffraction(), group[0].band, scale=grid.scale, extent=3.0, turn=ROLL - GRID_ROLL)
    from tests.simulate.star_field import dark_plane

    plane, dark = dark_plane()
    image = combine(group, grid, dark, plane, points, psf, seed=3)
    sky = group[0].band.sky + np.mean([exposure.sky_offset for exposure in group])
    x, y = WCS(combined_science(group, grid)).all_world2pix(points.ra, points.dec, 0)
    found = list(measure(image.sci - sky, image.err**2, x, y, 6))
    ratios = [
        total * detector.pixel_sr * 1e6 / enclosed(psf, 6, *place) / FLUX_JY["NIRCAM"] for total, *_, place in found
    ]
    assert len(found) >= 20
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.005)
    assert np.abs([np.mean([cx - px, cy - py]) for _, _, cx, cy, (px, py) in found]).max() < 0.05
