"""Maps of a line: integrated flux, velocity, dispersion; the continuum taken away in each spaxel, errors throughout.

The continuum is the straight line that fits the samples on both sides, all with one weight: so it is linear in the
samples, and the sum of a map is the flux of the summed spectrum.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jwstpipe.analysis.cubes.cube import BLOCK_BYTES, Cube
from jwstpipe.analysis.cubes.lines import LineSamples, line_samples
from jwstpipe.analysis.cubes.named import named_line
from jwstpipe.analysis.cubes.planes import MapPlanes
from jwstpipe.analysis.spectra.lines.line_list import C_KMS
from jwstpipe.errors import DataError
from jwstpipe.requests.analysis.cubes import CubeMapRequest
from jwstpipe.sky.box import Box

__all__ = ["line_map"]

Floats = NDArray[np.float64]

MOST_MISSING = 0.1
"""Where more of the line than this has no data, there is no map; less is filled in along wavelength."""


@dataclass(frozen=True, eq=False)
class _Subtracted:
    """The samples of a line in a band of rows, without their continuum."""

    values: Floats
    """(n, y, x), MJy/sr; NaN where a spaxel has too few."""

    variance: Floats
    """(n, y, x), of the samples alone."""

    ground: Floats
    """(2, 2, y, x): covariance of the continuum's value at rest and of its slope, per km/s."""

    counts: NDArray[np.int64]
    """(y, x), samples of the line that have data."""


def line_map(cube: Cube, request: CubeMapRequest) -> MapPlanes:
    """Map a line over the field.

    Moment 0 is the integrated flux, ``sum (S - C) c dlambda / lambda2``, W/m2/sr. Moment 1 is the mean velocity and
    moment 2 the dispersion, km/s, by the same weights; the width of the instrument is taken out of moment 2. With
    `collapse` it is a channel map: mean, median or sum of the samples without their continuum.

    Parameters
    ----------
    cube
        Of surface brightness.
    request
        Line, redshift, range of velocities, continuum, moment.

    Returns
    -------
    MapPlanes
        NaN where more than a tenth of the line has no data; in moments 1 and 2 also where the line is fainter than
        `request.snr` times its error.

    Raises
    ------
    NoCoverageError
        The cube does not reach the line and its continuum.
    HeaderError
        Its unit is none of surface brightness.
    DataError
        No spaxel has data there.
    """
    assert request.line is not None
    to_mjy_sr = cube.require_brightness()
    samples = line_samples(cube, named_line(request.line), request)
    shape = cube.shape[1:]
    sci, err = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    counts = np.zeros(shape, np.uint16)
    unresolved = 0
    height = max(BLOCK_BYTES // (8 * shape[1] * (samples.last - samples.first)), 1)
    for band in Box.of_shape(shape).bands(height):
        found = _subtracted(cube, samples, band, to_mjy_sr)
        values, errors, narrow = _mapped(found, samples, request)
        sci[band.slices], err[band.slices] = values, errors
        counts[band.slices] = found.counts
        unresolved += narrow
    if not np.isfinite(sci).any():
        what = "no spaxel has data" if not counts.any() else f"no spaxel shows it at {request.snr:g} times its error"
        raise DataError(f"{cube.address}: {samples.line.name} at {samples.observed_um:.6g} um: {what}")
    notes = (
        (f"{unresolved} spaxels whose line is narrower than the instrument's have no dispersion",) if unresolved else ()
    )
    unit = "km/s" if request.moment else "W m-2 sr-1"
    if request.collapse is not None:
        unit = "MJy/sr"
    planes = {"sci": sci, **({"err": err} if "err" in cube.planes else {}), "n": counts}
    results = {"observed_um": samples.observed_um, "instrument_km_s": float(samples.sigma_km_s)}
    middle = 0.5 * sum(samples.window) if request.collapse is not None else 0.0
    microns = samples.observed_um * (1.0 + middle / C_KMS)
    return MapPlanes(planes, unit, _band(samples, request), microns, results, notes)


def _band(samples: LineSamples, request: CubeMapRequest) -> str:
    words = {0: "", 1: " velocity", 2: " dispersion"}[request.moment]
    if request.collapse is not None and request.velocities is not None:
        words = f" {request.velocities[0]:+.0f} to {request.velocities[1]:+.0f} km/s"
    return f"{samples.line.name}{words}"


def _subtracted(cube: Cube, samples: LineSamples, band: Box, to_mjy_sr: float) -> _Subtracted:
    """Read a band of rows, fill single missing samples of the line, and take the continuum away."""
    values = cube.read(samples.first, samples.last, band).astype(np.float64) * to_mjy_sr
    if "err" in cube.planes:
        errors = cube.read(samples.first, samples.last, band, plane="err").astype(np.float64) * to_mjy_sr
        variance = np.where(np.isfinite(errors), errors, 0.0) ** 2
    else:
        variance = np.zeros_like(values)
    good = np.isfinite(values)
    level, slope, ground = _continuum(values, variance, good & samples.beside[:, None, None], samples)
    line = samples.inside
    weights = samples.flux_of_sample[line]
    lost = np.tensordot(weights, ~good[line], 1) / weights.sum()
    filled = _filled(values[line], good[line], samples.microns[line])
    velocity = samples.velocity[line][:, None, None]
    bare = filled - level - slope * velocity
    bare[:, lost > MOST_MISSING] = np.nan
    return _Subtracted(bare, np.where(good[line], variance[line], 0.0), ground, good[line].sum(axis=0))


def _continuum(
    values: Floats, variance: Floats, used: NDArray[np.bool_], samples: LineSamples
) -> tuple[Floats, Floats, Floats]:
    """Fit a straight line over velocity to each spectrum: value at rest, slope, and their covariance (2, 2, y, x)."""
    shape = values.shape[1:]
    if not samples.beside.any():
        return np.zeros(shape), np.zeros(shape), np.zeros((2, 2, *shape))
    rows = samples.beside
    x, data, spread = samples.velocity[rows], np.where(used, values, 0.0)[rows], np.where(used, variance, 0.0)[rows]
    taken = used[rows].astype(np.float64)
    n, sx, sxx = taken.sum(axis=0), np.tensordot(x, taken, 1), np.tensordot(x**2, taken, 1)
    sy, sxy = data.sum(axis=0), np.tensordot(x, data, 1)
    blue, red = used[rows & (samples.velocity < 0.0)].any(axis=0), used[rows & (samples.velocity > 0.0)].any(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(blue & red, 1.0 / (n * sxx - sx**2), np.nan)
        # value and slope are sums of samples with these factors, so that their covariance is exact
        at_rest = (sxx - sx * x[:, None, None]) * scale
        tilt = (n * x[:, None, None] - sx) * scale
        covariance = np.array([
            [(at_rest**2 * spread).sum(axis=0), (at_rest * tilt * spread).sum(axis=0)],
            [(at_rest * tilt * spread).sum(axis=0), (tilt**2 * spread).sum(axis=0)],
        ])  # fmt: skip
        return (sxx * sy - sx * sxy) * scale, (n * sxy - sx * sy) * scale, covariance


def _filled(values: Floats, good: NDArray[np.bool_], microns: Floats) -> Floats:
    """Put the straight line between its neighbours in the place of a sample without data; the nearest at the ends."""
    if good.all():
        return values
    count = values.shape[0]
    places = np.arange(count)[:, None, None]
    before = np.maximum.accumulate(np.where(good, places, -1), axis=0)
    after = np.flip(np.minimum.accumulate(np.flip(np.where(good, places, count), axis=0), axis=0), axis=0)
    low, high = np.where(before < 0, after, before), np.where(after >= count, before, after)
    low, high = np.clip(low, 0, count - 1), np.clip(high, 0, count - 1)
    ends = np.take_along_axis(values, low, axis=0), np.take_along_axis(values, high, axis=0)
    span = microns[high] - microns[low]
    share = np.where(span == 0.0, 0.0, (microns[:, None, None] - microns[low]) / np.where(span == 0.0, 1.0, span))
    return np.where(good, values, ends[0] + (ends[1] - ends[0]) * share)


def _mapped(found: _Subtracted, samples: LineSamples, request: CubeMapRequest) -> tuple[Floats, Floats, int]:
    """Give values and errors of a band, and how many spaxels are narrower than the instrument."""
    weights = samples.flux_of_sample[samples.inside]
    velocity = samples.velocity[samples.inside]
    if request.collapse is not None:
        return (*_channel(found, request.collapse, velocity), 0)
    flux = np.tensordot(weights, found.values, 1)
    error = np.sqrt(_variance(found, np.broadcast_to(weights[:, None, None], found.values.shape), velocity))
    if request.moment == 0:
        return flux, error, 0
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = flux > np.maximum(request.snr * error, 0.0)
        parts = weights[:, None, None] / flux
        mean = (parts * found.values * velocity[:, None, None]).sum(axis=0)
        off = velocity[:, None, None] - mean
        if request.moment == 1:
            spread = np.sqrt(_variance(found, parts * off, velocity))
            return np.where(seen, mean, np.nan), np.where(seen, spread, np.nan), 0
        square = (parts * found.values * off**2).sum(axis=0)
        of_square = np.sqrt(_variance(found, parts * (off**2 - square), velocity))
        own = square - samples.sigma_km_s**2
        narrow = seen & ~(own > 0.0)
        width = np.sqrt(np.where(own > 0.0, own, np.nan))
        return np.where(seen, width, np.nan), np.where(seen, of_square / (2.0 * width), np.nan), int(narrow.sum())


def _variance(found: _Subtracted, factors: Floats, velocity: Floats) -> Floats:
    """Give the variance of a sum of samples without continuum, each times its factor."""
    own = (factors**2 * found.variance).sum(axis=0)
    total, tilted = factors.sum(axis=0), np.tensordot(velocity, factors, 1)
    (level, both), (_, slope) = found.ground
    return np.asarray(own + total**2 * level + 2.0 * total * tilted * both + tilted**2 * slope)


def _channel(found: _Subtracted, how: str, velocity: Floats) -> tuple[Floats, Floats]:
    """Give the mean, median or sum of the samples, and its error."""
    count = found.values.shape[0]
    share = 1.0 if how == "sum" else 1.0 / count
    error = np.sqrt(_variance(found, np.full(found.values.shape, share), velocity))
    if how == "median":
        return np.median(found.values, axis=0), error * float(np.sqrt(np.pi / 2.0))
    return found.values.sum(axis=0) * share, error
