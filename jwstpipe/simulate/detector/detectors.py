"""The detectors of the simulated telescope: where each looks, how it bends the sky, what it measures with.

Offsets are in the field frame, arcsec from the pointing: x to the right and y up of a picture whose y axis stands at
the roll angle. Distortion is a SIP polynomial (Shupe et al. 2005) of the third order whose size follows the
detector, as a smaller detector of the same telescope would see less of it: 1 % of the half-width in the second order,
so twenty pixels at the corner of 2048.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jwstpipe.simulate.bands import Band, Instrument

__all__ = ["DETECTORS", "Detector", "Electronics", "detectors_of", "pixel_scale"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Electronics:
    """How an instrument reads out."""

    gain: float
    """Electrons per DN."""

    read_noise: float
    """Noise of a whole ramp without light, electrons."""

    well: float
    """Level at which a pixel saturates, DN."""

    group_s: float
    """Time between groups, seconds: a pixel that fills sooner is lost."""

    groups: int
    """Groups in an integration."""

    integrations: int
    """Integrations in an exposure."""

    pattern: str
    """As in the READPATT keyword."""

    @property
    def integration_s(self) -> float:
        """Time that a pixel collects light before it is reset, seconds."""
        return self.group_s * self.groups

    @property
    def exposure_s(self) -> float:
        """Effective exposure time, seconds."""
        return self.integration_s * self.integrations


@dataclass(frozen=True)
class Detector:
    """One detector of the real size; `resized` gives smaller ones of the same character."""

    name: str
    """As in the DETECTOR keyword."""

    instrument: Instrument
    channel: str | None
    scale: float
    """Side of a nominal pixel, arcsec."""

    size: int
    """Pixels along each side."""

    quadrant: tuple[int, int]
    """Sign of its offset in x and y within a group of four; (0, 0) when it stands alone."""

    gap: float
    """Gap between the detectors of the group, arcsec."""

    turn: float
    """Angle of its y axis from that of the field, degrees."""

    bend: tuple[tuple[str, float], ...]
    """SIP coefficients in units of the half-width, as ("A_2_0", 0.01)."""

    border: tuple[int, int, int, int]
    """Reference pixels at the left, right, bottom and top."""

    electronics: Electronics

    @property
    def offset(self) -> tuple[float, float]:
        """Place of its middle in the field frame, arcsec."""
        reach = 0.5 * (self.size * self.scale + self.gap)
        return self.quadrant[0] * reach, self.quadrant[1] * reach

    @property
    def pixel_sr(self) -> float:
        """Nominal pixel area, steradians."""
        return float(np.radians(self.scale / 3600.0) ** 2)

    def resized(self, size: int) -> "Detector":
        """Make the same detector with fewer pixels; the gap to its neighbours stays at most a quarter of its side."""
        gap = min(self.gap, 0.25 * size * self.scale)
        return replace(self, size=size, gap=gap)

    def sip(self) -> dict[str, float]:
        """Give the SIP coefficients in pixels."""
        half = 0.5 * self.size
        return {key: value * half ** (1 - int(key[2]) - int(key[4])) for key, value in self.bend}

    def bent(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """Give the undistorted pixel offset from the middle for offsets u (x) and v (y)."""
        x, y = np.array(u, np.float64), np.array(v, np.float64)
        for key, value in self.sip().items():
            term = value * u ** int(key[2]) * v ** int(key[4])
            if key[0] == "A":
                x = x + term
            else:
                y = y + term
        return x, y

    def area(self, u: Floats, v: Floats) -> Floats:
        """Give the area of a pixel relative to the nominal one, at offsets u (x) and v (y) from the middle, pixels."""
        dxu, dxv, dyu, dyv = np.ones_like(u), np.zeros_like(u), np.zeros_like(u), np.ones_like(u)
        for key, value in self.sip().items():
            p, q = int(key[2]), int(key[4])
            along_u = value * p * u ** max(p - 1, 0) * v**q
            along_v = value * q * u**p * v ** max(q - 1, 0)
            if key[0] == "A":
                dxu, dxv = dxu + along_u, dxv + along_v
            else:
                dyu, dyv = dyu + along_u, dyv + along_v
        return np.abs(dxu * dyv - dxv * dyu)


_NIRCAM_SHORT = Electronics(2.05, 10.0, 45_000.0, 21.4748, 10, 1, "BRIGHT2")
_NIRCAM_LONG = Electronics(1.82, 9.0, 45_000.0, 21.4748, 10, 1, "BRIGHT2")
_MIRI = Electronics(3.1, 22.0, 55_000.0, 2.7751, 40, 2, "FASTR1")


def _bend(*values: float) -> tuple[tuple[str, float], ...]:
    """Name the coefficients: A of x^2, xy, y^2, x^3, xy^2, then B of x^2, xy, y^2, y^3, x^2 y."""
    terms = ("A_2_0", "A_1_1", "A_0_2", "A_3_0", "A_1_2", "B_2_0", "B_1_1", "B_0_2", "B_0_3", "B_2_1")
    return tuple(zip(terms, values, strict=True))


def _short(number: int, quadrant: tuple[int, int], turn: float, bend: tuple[tuple[str, float], ...]) -> Detector:
    name = f"NRCB{number}"
    return Detector(name, "NIRCAM", "SHORT", 0.031, 2048, quadrant, 5.0, turn, bend, (4, 4, 4, 4), _NIRCAM_SHORT)


DETECTORS = (
    _short(1, (1, 1), 0.21, _bend(9e-3, -6e-3, 3e-3, -4e-4, 3e-4, -4e-3, 8e-3, 7e-3, -5e-4, 2e-4)),
    _short(2, (1, -1), -0.13, _bend(8e-3, 5e-3, 4e-3, -5e-4, 2e-4, 3e-3, 9e-3, -8e-3, -3e-4, 4e-4)),
    _short(3, (-1, 1), 0.34, _bend(-7e-3, -7e-3, -2e-3, 3e-4, -5e-4, -5e-3, -6e-3, 8e-3, 4e-4, 3e-4)),
    _short(4, (-1, -1), -0.27, _bend(-9e-3, 6e-3, -4e-3, 5e-4, 2e-4, 4e-3, -8e-3, -6e-3, -4e-4, -3e-4)),
    Detector(
        "NRCBLONG",
        "NIRCAM",
        "LONG",
        0.063,
        2048,
        (0, 0),
        0.0,
        0.08,
        _bend(3e-3, -8e-3, 5e-3, 9e-4, 7e-4, -6e-3, 4e-3, -9e-3, 8e-4, 6e-4),
        (4, 4, 4, 4),
        _NIRCAM_LONG,
    ),
    Detector(
        "MIRIMAGE",
        "MIRI",
        None,
        0.11,
        1024,
        (0, 0),
        0.0,
        -0.45,
        _bend(6e-3, 7e-3, -3e-3, -8e-4, 5e-4, 5e-3, -6e-3, 8e-3, 7e-4, -6e-4),
        (4, 4, 0, 0),
        _MIRI,
    ),
)
"""Module B of NIRCam and the MIRI imager, at their full sizes."""


def detectors_of(band: Band) -> tuple[Detector, ...]:
    """Give the detectors that see through a filter."""
    return tuple(d for d in DETECTORS if (d.instrument, d.channel) == (band.instrument, band.channel))


def pixel_scale(band: Band) -> float:
    """Give the pixel scale of a filter's detectors, arcsec."""
    return detectors_of(band)[0].scale
