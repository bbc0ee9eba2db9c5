"""The model of a group of lines: Gaussians integrated over pixels, of one velocity and width, on a straight continuum.

Least squares with the analytic Jacobian; undersampled lines (prism) are integrated, not sampled.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import erf

from jwstpipe.analysis.spectra.lines.line_list import C_KMS

__all__ = ["GroupFit", "fit_group", "pixel_edges"]

Floats = NDArray[np.float64]

ROOT_TWO = 1.4142135623730951
ROOT_TWO_PI = 2.5066282746310002


@dataclass(frozen=True, eq=False)
class GroupFit:
    """What least squares found; areas are ``integral f dlambda`` in the unit of the samples times um."""

    areas: Floats
    """(lines,)"""

    velocity: float
    """Of all lines, km/s, optical convention, against where they were expected."""

    width: float
    """Standard deviation, km/s, as observed."""

    continuum: tuple[float, float]
    """At the middle of the window, and its slope per um."""

    middle: float
    """Of the window, um."""

    covariance: Floats
    """Of (areas, velocity, width), formal."""

    chi2: float
    """Over the degrees of freedom."""

    freedom: int
    expected: Floats
    """(lines,) where they were expected, um."""

    def model(self, edges: Floats) -> Floats:
        """Evaluate continuum and lines over pixels."""
        waves, pixel = 0.5 * (edges[1:] + edges[:-1]), np.stack([edges[:-1], edges[1:]])
        found = self.continuum[0] + self.continuum[1] * (waves - self.middle)
        for area, one in zip(self.areas, self.expected, strict=True):
            centre = one * (1.0 + self.velocity / C_KMS)
            found = found + area * _pixel_profile(pixel, centre, centre * self.width / C_KMS)[0]
        return np.asarray(found)


def pixel_edges(waves: Floats) -> Floats:
    """Give the edges of pixels, (n + 1,), in the middle between samples."""
    inner = 0.5 * (waves[1:] + waves[:-1])
    return np.asarray(np.r_[1.5 * waves[0] - 0.5 * waves[1], inner, 1.5 * waves[-1] - 0.5 * waves[-2]])


def fit_group(
    waves: Floats,
    flux: Floats,
    error: Floats,
    expected: Floats,
    *,
    edges: tuple[Floats, Floats] | None = None,
    ratios: Floats | None = None,
    start: tuple[float, float],
    narrowest: float,
    reach: float = 1500.0,
) -> GroupFit:
    """Fit lines of one velocity and width.

    Parameters
    ----------
    waves, flux, error
        (n,) samples of the window, all valid.
    expected
        (lines,) where the lines are expected, um.
    edges
        Lower and upper edges of the pixels, (n,) each; default: the middle between samples.
    ratios
        Fluxes of the lines in units of the first where they are tied; None = each is free.
    start
        Velocity and width to start with, km/s.
    narrowest
        Least width, km/s.
    reach
        Largest velocity to either side, km/s.
    """
    lower, upper = edges if edges is not None else (pixel_edges(waves)[:-1], pixel_edges(waves)[1:])
    pixel = np.stack([lower, upper])
    middle = float(np.mean(waves))
    free = 1 if ratios is not None else len(expected)
    shares = np.eye(len(expected)) if ratios is None else np.asarray(ratios, np.float64)[:, None]
    scale = float(np.median(np.abs(flux))) or 1.0
    areal = scale * middle * max(start[1], narrowest) / C_KMS

    def parts(values: Floats) -> tuple[Floats, Floats, Floats]:
        velocity, width = values[free], values[free + 1]
        shapes, by_velocity, by_width = [], [], []
        for one in expected:
            centre = one * (1.0 + velocity / C_KMS)
            profile, by_centre, by_sigma = _pixel_profile(pixel, centre, centre * width / C_KMS)
            shapes.append(profile)
            by_velocity.append((by_centre + by_sigma * width / C_KMS) * one / C_KMS)
            by_width.append(by_sigma * centre / C_KMS)
        return np.array(shapes), np.array(by_velocity), np.array(by_width)

    def residuals(values: Floats) -> Floats:
        shapes, _, _ = parts(values)
        lines = (shares @ values[:free] * areal) @ shapes
        straight = (values[free + 2] + values[free + 3] * (waves - middle) / middle) * scale
        return np.asarray((lines + straight - flux) / error)

    def jacobian(values: Floats) -> Floats:
        shapes, by_velocity, by_width = parts(values)
        amplitudes = shares @ values[:free] * areal
        columns = [shapes.T @ shares * areal, (amplitudes @ by_velocity)[:, None], (amplitudes @ by_width)[:, None]]
        columns += [np.full((len(waves), 1), scale), (scale * (waves - middle) / middle)[:, None]]
        return np.asarray(np.hstack(columns) / error[:, None])

    first = _first_values(waves, flux, error, expected, shares, pixel, start, narrowest, middle, scale, areal)
    lows = np.r_[np.full(free, -np.inf), -reach, narrowest, -np.inf, -np.inf]
    highs = np.r_[np.full(free, np.inf), reach, max(8.0 * start[1], 4.0 * narrowest), np.inf, np.inf]
    inside = np.clip(first, lows + 1e-9, highs - 1e-9)
    found = least_squares(residuals, inside, jacobian, bounds=(lows, highs), x_scale="jac", max_nfev=200)
    values = found.x
    covariance = np.linalg.pinv(found.jac.T @ found.jac)
    turn = np.zeros((len(expected) + 2, free + 4))
    turn[: len(expected), :free] = shares * areal
    turn[len(expected), free] = turn[len(expected) + 1, free + 1] = 1.0
    freedom = max(len(waves) - (free + 4), 1)
    return GroupFit(
        areas=shares @ values[:free] * areal,
        velocity=float(values[free]),
        width=float(values[free + 1]),
        continuum=(float(values[free + 2] * scale), float(values[free + 3] * scale / middle)),
        middle=middle,
        covariance=turn @ covariance @ turn.T,
        chi2=float(2.0 * found.cost / freedom),
        freedom=freedom,
        expected=np.asarray(expected, np.float64),
    )


def _pixel_profile(pixel: Floats, centre: float, sigma: float) -> tuple[Floats, Floats, Floats]:
    """Give a Gaussian of area 1 integrated over pixels, over their widths; and its derivatives by centre and sigma.

    `pixel` has the lower and the upper edges, (2, n), which need not touch.
    """
    u = (pixel - centre) / sigma
    widths = pixel[1] - pixel[0]
    share = 0.5 * erf(u / ROOT_TWO)
    bell = np.exp(-0.5 * u * u) / ROOT_TWO_PI
    turned = u * bell
    return (
        (share[1] - share[0]) / widths,
        -(bell[1] - bell[0]) / (sigma * widths),
        -(turned[1] - turned[0]) / (sigma * widths),
    )


def _first_values(
    waves: Floats, flux: Floats, error: Floats, expected: Floats, shares: Floats, pixel: Floats,
    start: tuple[float, float], narrowest: float, middle: float, scale: float, areal: float,
) -> Floats:  # fmt: skip
    """Find where to start: of a few velocities and widths those whose linear fit leaves least."""
    best: tuple[float, Floats] | None = None
    for width in (start[1], 1.6 * start[1]):
        for velocity in start[0] + np.linspace(-2.0, 2.0, 9) * max(start[1], narrowest):
            shapes = np.array(
                [
                    _pixel_profile(pixel, one * (1.0 + velocity / C_KMS), one * max(width, narrowest) / C_KMS)[0]
                    for one in expected
                ]
            )
            straight = np.stack([np.full(len(waves), scale), scale * (waves - middle) / middle], axis=1)
            design = np.hstack([shapes.T @ shares * areal, straight])
            solved, *_ = np.linalg.lstsq(design / error[:, None], flux / error, rcond=None)
            left = float((((design @ solved - flux) / error) ** 2).sum())
            if best is None or left < best[0]:
                best = left, np.r_[solved[:-2], velocity, max(width, narrowest), solved[-2:]]
    assert best is not None
    return best[1]
