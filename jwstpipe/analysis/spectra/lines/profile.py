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
    middle, scale = float(np.mean(waves)), float(np.median(np.abs(flux))) or 1.0
    problem = _Problem(
        waves, flux, error, expected, np.stack([lower, upper]),
        shares=np.eye(len(expected)) if ratios is None else np.asarray(ratios, np.float64)[:, None],
        middle=middle,
        scale=scale,
        areal=scale * middle * max(start[1], narrowest) / C_KMS,
    )  # fmt: skip
    free = problem.free
    lows = np.r_[np.full(free, -np.inf), -reach, narrowest, -np.inf, -np.inf]
    highs = np.r_[np.full(free, np.inf), reach, max(8.0 * start[1], 4.0 * narrowest), np.inf, np.inf]
    inside = np.clip(problem.first_values(start, narrowest), lows + 1e-9, highs - 1e-9)
    found = least_squares(
        problem.residuals, inside, problem.jacobian, bounds=(lows, highs), x_scale="jac", max_nfev=200
    )
    return problem.fit_of(found.x, np.linalg.pinv(found.jac.T @ found.jac), float(found.cost))


@dataclass(frozen=True, eq=False)
class _Problem:
    """Samples and lines for least squares over (areas in units of `areal`, velocity, width, continuum, slope)."""

    waves: Floats
    flux: Floats
    error: Floats
    expected: Floats
    pixel: Floats
    """Lower and upper edges, (2, n)."""

    shares: Floats
    """(lines, free areas) how the areas of lines follow from those that are free."""

    middle: float
    scale: float
    areal: float

    @property
    def free(self) -> int:
        return int(self.shares.shape[1])

    def parts(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Give the profiles of the lines, and their derivatives by velocity and width."""
        velocity, width = values[self.free], values[self.free + 1]
        shapes, by_velocity, by_width = [], [], []
        for one in self.expected:
            centre = one * (1.0 + velocity / C_KMS)
            profile, by_centre, by_sigma = _pixel_profile(self.pixel, centre, centre * width / C_KMS)
            shapes.append(profile)
            by_velocity.append((by_centre + by_sigma * width / C_KMS) * one / C_KMS)
            by_width.append(by_sigma * centre / C_KMS)
        return np.array(shapes), np.array(by_velocity), np.array(by_width)

    def residuals(self, values: Floats) -> Floats:
        shapes, _, _ = self.parts(values)
        free, middle = self.free, self.middle
        lines = (self.shares @ values[:free] * self.areal) @ shapes
        straight = (values[free + 2] + values[free + 3] * (self.waves - middle) / middle) * self.scale
        return np.asarray((lines + straight - self.flux) / self.error)

    def jacobian(self, values: Floats) -> Floats:
        shapes, by_velocity, by_width = self.parts(values)
        amplitudes = self.shares @ values[: self.free] * self.areal
        columns = [
            shapes.T @ self.shares * self.areal, (amplitudes @ by_velocity)[:, None], (amplitudes @ by_width)[:, None],
            np.full((len(self.waves), 1), self.scale),
            (self.scale * (self.waves - self.middle) / self.middle)[:, None],
        ]  # fmt: skip
        return np.asarray(np.hstack(columns) / self.error[:, None])

    def first_values(self, start: tuple[float, float], narrowest: float) -> Floats:
        """Find where to start: of a few velocities and widths those whose linear fit leaves least."""
        steps = self.scale * (self.waves - self.middle) / self.middle
        straight = np.stack([np.full(len(self.waves), self.scale), steps], axis=1)
        best: tuple[float, Floats] | None = None
        for width in (start[1], 1.6 * start[1]):
            for velocity in start[0] + np.linspace(-2.0, 2.0, 9) * max(start[1], narrowest):
                centres = [one * (1.0 + velocity / C_KMS) for one in self.expected]
                sigmas = [one * max(width, narrowest) / C_KMS for one in self.expected]
                shapes = [_pixel_profile(self.pixel, *place)[0] for place in zip(centres, sigmas, strict=True)]
                design = np.hstack([np.array(shapes).T @ self.shares * self.areal, straight])
                solved, *_ = np.linalg.lstsq(design / self.error[:, None], self.flux / self.error, rcond=None)
                left = float((((design @ solved - self.flux) / self.error) ** 2).sum())
                if best is None or left < best[0]:
                    best = left, np.r_[solved[:-2], velocity, max(width, narrowest), solved[-2:]]
        assert best is not None
        return best[1]

    def fit_of(self, values: Floats, covariance: Floats, cost: float) -> GroupFit:
        """Turn what was found into areas, velocity and width."""
        free, lines = self.free, len(self.expected)
        turn = np.zeros((lines + 2, free + 4))
        turn[:lines, :free] = self.shares * self.areal
        turn[lines, free] = turn[lines + 1, free + 1] = 1.0
        freedom = max(len(self.waves) - (free + 4), 1)
        return GroupFit(
            areas=self.shares @ values[:free] * self.areal,
            velocity=float(values[free]),
            width=float(values[free + 1]),
            continuum=(float(values[free + 2] * self.scale), float(values[free + 3] * self.scale / self.middle)),
            middle=self.middle,
            covariance=turn @ covariance @ turn.T,
            chi2=float(2.0 * cost / freedom),
            freedom=freedom,
            expected=np.asarray(self.expected, np.float64),
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
