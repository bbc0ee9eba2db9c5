import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from jwstpipe.sky.regions import distance_to_region_deg, separation_deg


def test_separations_are_those_of_astropy_everywhere():
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, (2, 200)), np.degrees(np.arcsin(rng.uniform(-1, 1, (2, 200))))
    truth = SkyCoord(ra[0], dec[0], unit="deg").separation(SkyCoord(ra[1], dec[1], unit="deg")).deg
    ours = [separation_deg(a, d, b, e) for a, d, b, e in zip(ra[0], dec[0], ra[1], dec[1], strict=True)]
    assert np.allclose(ours, truth, rtol=0, atol=1e-10)
    assert separation_deg(10, 20, 10, 20 + 1e-9) == pytest.approx(1e-9, rel=1e-6)


def square(ra, dec, half):
    """A square on the sky, by offsets along great circles from its centre."""
    centre = SkyCoord(ra, dec, unit="deg")
    corners = [centre.directional_offset_by(angle * u.deg, half * np.sqrt(2) * u.deg) for angle in (45, 135, 225, 315)]
    return "POLYGON ICRS " + " ".join(f"{c.ra.deg:.12f} {c.dec.deg:.12f}" for c in corners)


@pytest.mark.parametrize(
    "place", [(150.0, 2.0), (0.01, -30.0), (359.995, 60.0), (80.0, 89.95), (200.0, -89.99), (10.0, 90.0)]
)
def test_distance_to_a_square_footprint(place):
    """Inside 0; beyond the middle of a side the distance to the side; beyond a corner that to the corner."""
    centre = SkyCoord(*place, unit="deg")
    region = square(*place, 0.05)
    for angle, out, expected in [
        (0, 0.0, 0.0), (45, 0.069, 0.0), (90, 0.049, 0.0),
        (0, 0.06, 0.01), (90, 0.25, 0.2), (180, 0.051, 0.001), (270, 0.15, 0.1),
        (45, 0.05 * np.sqrt(2) + 0.03, 0.03), (225, 0.05 * np.sqrt(2) + 0.001, 0.001),
    ]:  # fmt: skip
        point = centre.directional_offset_by(angle * u.deg, out * u.deg)
        assert distance_to_region_deg(point.ra.deg, point.dec.deg, region) == pytest.approx(expected, abs=2e-6)


def test_the_order_of_corners_does_not_matter():
    words = square(10.0, 10.0, 0.1).split()
    corners = [words[i : i + 2] for i in range(2, len(words), 2)]
    back = "POLYGON " + " ".join(" ".join(corner) for corner in reversed(corners))
    closed = back + " " + " ".join(corners[-1])
    for region in (back, closed):
        assert distance_to_region_deg(10.0, 10.0, region) == 0.0
        assert distance_to_region_deg(10.0, 10.3, region) == pytest.approx(0.2, abs=1e-5)


def test_the_other_side_of_the_sky_is_not_inside():
    assert distance_to_region_deg(190.0, -10.0, square(10.0, 10.0, 0.1)) > 179


def test_several_shapes_circles_and_frames():
    two = square(10.0, 10.0, 0.1) + " " + square(12.0, 10.0, 0.1).replace("ICRS", "J2000")
    assert distance_to_region_deg(12.05, 10.0, two) == 0.0
    circle = "CIRCLE ICRS 210.90789448  54.57587474 0.625"
    assert distance_to_region_deg(210.80227, 54.34895, circle) == 0.0
    assert distance_to_region_deg(210.90789448, 55.57587474, circle) == pytest.approx(0.375, abs=1e-9)


@pytest.mark.parametrize(
    "text", ["", "POLYGON", "POLYGON 1 2 3 4", "CIRCLE 1 2", "nonsense 1 2 3", "POLYGON nan 1 2 3 4 5"]
)
def test_what_cannot_be_read_is_no_distance(text):
    assert distance_to_region_deg(1.0, 2.0, text) is None
