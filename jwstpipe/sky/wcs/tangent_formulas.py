"""The tangent plane of FITS, position by position: pixels to the sky and back.

Projection and rotation are those of Calabretta and Greisen 2002 (paper II, sections 2.1 and 5.1.3), the distortion is
the polynomial of Shupe et al. 2005 (SIP). Operations stand in the order in which wcslib does them, so that both give
the same bits: products do not change with what evaluates their headers. Plain functions on numbers: Python runs them
for a few positions, and `tangent_kernels` compiles them for many.
"""

import math
from typing import Any

__all__ = ["distort", "from_sky", "to_sky"]

CRPIX_X, CRPIX_Y, CRVAL_LON, POLE, POLE_SINE, POLE_COSINE, XX, XY, YX, YY, STRETCHED = range(11)
"""What the numbers of a place are: reference pixel, its longitude, its distance from the pole with sine and cosine, the
matrix, and whether that is one of scales alone."""

PI = math.pi
WHOLE_TURN = 360.0
HALF_TURN = 180.0
NEAR_AXIS = 1e-5
"""Where a difference of two near numbers is taken by the formula that loses less."""

NEAR_POLE = 0.99
"""Sine of the latitude beyond which the latitude comes from its cosine."""


def sine_cosine(angle: float) -> tuple[float, float]:
    """Give sine and cosine of degrees."""
    radians = angle * PI / HALF_TURN
    return math.sin(radians), math.cos(radians)


def direction(y: float, x: float) -> float:
    """Give the angle of a vector, degrees."""
    return math.atan2(y, x) * HALF_TURN / PI


def turned(lon: float, lat: float, pole: float, sine: float, cosine: float) -> tuple[float, float]:
    """Turn a position into the system whose pole is `pole` degrees away (paper II, equation 2).

    Longitudes count from the half circle between the poles; the turn is its own inverse.
    """
    sin_lat, cos_lat = sine_cosine(lat)
    sin_lon, cos_lon = sine_cosine(lon)
    x = sin_lat * sine - cos_lat * cosine * cos_lon
    if abs(x) < NEAR_AXIS:
        x = -sine_cosine(lat + pole)[1] + cos_lat * cosine * (1.0 - cos_lon)
    y = -cos_lat * sin_lon
    longitude = direction(y, x)
    if x == 0.0 and y == 0.0:
        longitude = lon + HALF_TURN if pole < 90.0 else -lon
    if lon % HALF_TURN == 0.0:
        latitude = lat + cos_lon * pole
        if latitude > 90.0:
            latitude = HALF_TURN - latitude
        if latitude < -90.0:
            latitude = -HALF_TURN - latitude
        return longitude, latitude
    z = sin_lat * cosine + cos_lat * sine * cos_lon
    if abs(z) > NEAR_POLE:
        across = math.sqrt(x * x + y * y)
        latitude = math.acos(min(across, 1.0)) * HALF_TURN / PI
        return longitude, latitude if z >= 0.0 else -latitude
    return longitude, math.asin(z) * HALF_TURN / PI


def added(u: float, v: float, terms: Any) -> float:
    """Evaluate a polynomial of SIP by Horner's rule, terms (power of u, power of v)."""
    order = terms.shape[0] - 1
    total = 0.0
    for i in range(order, -1, -1):
        inner = terms[i, order - i]
        for j in range(order - i - 1, -1, -1):
            inner = v * inner + terms[i, j]
        total = inner if i == order else u * total + inner
    return total


def to_sky(place: Any, x: Any, y: Any, lon: Any, lat: Any) -> None:
    """Write longitude and latitude, degrees, of 1-based focal-plane positions."""
    for i in range(x.size):
        u, v = x[i] - place[CRPIX_X], y[i] - place[CRPIX_Y]
        right, up = place[XX] * u + place[XY] * v, place[YX] * u + place[YY] * v
        radius = math.sqrt(right * right + up * up)
        around = direction(right, -up) if radius != 0.0 else 0.0
        away = direction(HALF_TURN / PI, radius)
        longitude, lat[i] = turned(around - HALF_TURN, away, place[POLE], place[POLE_SINE], place[POLE_COSINE])
        longitude += place[CRVAL_LON]
        if longitude < 0.0:
            longitude += WHOLE_TURN
        if longitude > WHOLE_TURN:
            longitude -= WHOLE_TURN
        lon[i] = longitude


def from_sky(place: Any, inverse: Any, lon: Any, lat: Any, x: Any, y: Any) -> None:
    """Write 1-based focal-plane positions of longitude and latitude, degrees; NaN for the half sky behind the plane."""
    for i in range(lon.size):
        east = lon[i] - place[CRVAL_LON]
        around, away = turned(east, lat[i], place[POLE], place[POLE_SINE], place[POLE_COSINE])
        around += HALF_TURN
        if around > HALF_TURN:
            around -= WHOLE_TURN
        sin_around, cos_around = sine_cosine(around)
        sine, cosine = sine_cosine(away)
        if not sine > 0.0:
            x[i] = y[i] = math.nan
            continue
        radius = HALF_TURN / PI * cosine / sine
        right, up = radius * sin_around, -radius * cos_around
        if place[STRETCHED] != 0.0:
            x[i], y[i] = right / place[XX] + place[CRPIX_X], up / place[YY] + place[CRPIX_Y]
        else:
            x[i] = inverse[0] * right + inverse[1] * up + place[CRPIX_X]
            y[i] = inverse[2] * right + inverse[3] * up + place[CRPIX_Y]


def distort(place: Any, a: Any, b: Any, x: Any, y: Any, to_x: Any, to_y: Any) -> None:
    """Write the focal-plane positions of 1-based pixel positions; `a` and `b` are polynomials of SIP."""
    for i in range(x.size):
        u, v = x[i] - place[CRPIX_X], y[i] - place[CRPIX_Y]
        to_x[i] = x[i] + added(u, v, a)
        to_y[i] = y[i] + added(u, v, b)
