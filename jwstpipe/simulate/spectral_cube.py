"""Spectral cubes (s3d) with a known sky: a turning disc that shines in lines over a continuum, with noise.

The files have the layout of the official ones: SCI, ERR, DQ, WMAP, wavelengths in linear cards or, as NIRSpec and
cubes of several MRS bands have them, in a table (WAVE-TAB).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.special import erf

from jwstpipe.simulate.spectra import C_KMS

__all__ = ["CubeScene", "CubeTruth", "SimulatedLine", "cube_headers", "simulate_cube"]

Floats = NDArray[np.float64]

FWHM_OF_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))
NO_DATA = 1 | 512
"""DO_NOT_USE and NON_SCIENCE."""


@dataclass(frozen=True)
class SimulatedLine:
    """One line of the disc."""

    rest_um: float
    brightness: float
    """Where it is brightest, W/m2/sr."""

    ring: float = 0.0
    """Radius of the ring that it comes from, in shares of the field; 0 = from the disc, as the continuum."""

    cone_deg: float | None = None
    """Only from a double cone along the axis of the disc of this half opening; None = from all sides."""


@dataclass(frozen=True)
class CubeScene:
    """What a simulated cube shows."""

    lines: tuple[SimulatedLine, ...] = (SimulatedLine(5.340169, 4e-7),)
    redshift: float = 0.0
    continuum: tuple[float, float] = (50.0, 4.0)
    """MJy/sr in the middle, and its slope, MJy/sr/um."""

    turning_km_s: float = 120.0
    """Velocity of the disc where it no longer rises."""

    dispersion_km_s: float = 40.0
    resolution: float = 3500.0
    """Of the instrument: wavelength over FWHM."""

    noise: float = 0.5
    """Standard deviation of a sample, MJy/sr."""

    scale_arcsec: float = 0.13
    position: tuple[float, float] = (82.9, -70.12)
    """RA and Dec of the middle, degrees."""

    turned_deg: float = 25.0
    """Angle from north to the y axis, through east."""

    instrument: Literal["MIRI", "NIRSPEC"] = "MIRI"
    primary: dict[str, Any] = field(default_factory=dict)
    """More cards of the primary header."""


@dataclass(frozen=True)
class CubeTruth:
    """What is true of a simulated cube."""

    path: Path
    microns: Floats
    fluxes: tuple[Floats, ...]
    """(y, x) of each line, W/m2/sr; 0 outside the covered part."""

    velocity: Floats
    """(y, x), km/s, beside the redshift."""

    covered: NDArray[np.bool_]
    noiseless: Floats
    """(wavelength, y, x), MJy/sr."""


def simulate_cube(
    path: Path | str,
    microns: Floats,
    *,
    shape: tuple[int, int] = (24, 20),
    scene: CubeScene | None = None,
    tabulated: bool = False,
    seed: int = 1,
) -> CubeTruth:
    """Write a spectral cube.

    Parameters
    ----------
    path
        FITS file to write.
    microns
        Wavelengths, um; evenly spaced where they are not to be tabulated.
    shape
        Rows and columns; the outermost ones are not covered.
    scene
        What it shows.
    tabulated
        Put the wavelengths into a table (WAVE-TAB), not into linear cards.
    seed
        Of the noise.
    """
    sky = scene or CubeScene()
    rows, columns = shape
    y, x = np.mgrid[:rows, :columns]
    dy, dx = y - (rows - 1) / 2.0, x - (columns - 1) / 2.0
    radius = np.hypot(dy, dx)
    light = np.exp(-radius / (0.18 * min(shape)))
    velocity = sky.turning_km_s * dx / np.hypot(radius, 0.1 * min(shape))
    covered = (y > 0) & (y < rows - 1) & (x > 0) & (x < columns - 1)
    base = sky.continuum[0] + sky.continuum[1] * (microns - microns.mean())
    values = base[:, None, None] * light[None]
    shapes = [_shape(line, dy, dx, light, min(shape)) for line in sky.lines]
    for line, seen_in in zip(sky.lines, shapes, strict=True):
        values += _line(line, microns, seen_in, velocity, sky)
    random = np.random.default_rng(seed)
    seen = (values + random.normal(0.0, sky.noise, values.shape)).astype(np.float32)
    errors = np.full(values.shape, sky.noise, np.float32)
    flags = np.zeros(values.shape, np.uint32)
    seen[:, ~covered], errors[:, ~covered], flags[:, ~covered] = np.nan, np.nan, NO_DATA
    primary, science = cube_headers(microns, shape, scene=sky, tabulated=tabulated)
    planes = {"SCI": seen, "ERR": errors, "DQ": flags, "WMAP": np.where(flags > 0, 0.0, 1.0).astype(np.float32)}
    hdus: list[Any] = [fits.PrimaryHDU(header=primary)]
    for name, plane in planes.items():
        hdus.append(fits.ImageHDU(plane, header=science if name == "SCI" else None, name=name))
    hdus[2].header["BUNIT"] = "MJy/sr"
    if tabulated:
        hdus.append(_table(microns))
    fits.HDUList(hdus).writeto(path, overwrite=True)
    fluxes = tuple(line.brightness * one * covered for line, one in zip(sky.lines, shapes, strict=True))
    return CubeTruth(Path(path), microns, fluxes, velocity, covered, values)


def cube_headers(
    microns: Floats, shape: tuple[int, int], *, scene: CubeScene, tabulated: bool = False
) -> tuple[fits.Header, fits.Header]:
    """Write the primary header of a cube, and that of its science plane."""
    primary = fits.Header()
    primary["TELESCOP"], primary["INSTRUME"], primary["DATAMODL"] = "JWST", scene.instrument, "IFUCubeModel"
    primary["EXP_TYPE"] = "MIR_MRS" if scene.instrument == "MIRI" else "NRS_IFU"
    primary["TARGNAME"] = "SIMULATED DISC"
    if scene.instrument == "MIRI":
        primary["DETECTOR"], primary["CHANNEL"], primary["BAND"] = "MIRIFUSHORT", "1", "SHORT"
    else:
        primary["GRATING"], primary["FILTER"] = "G395H", "F290LP"
    primary["FLUXEXT"], primary["ERREXT"], primary["ERRTYPE"], primary["MASKEXT"] = "SCI", "ERR", "ERR", "DQ"
    primary.update(scene.primary)
    header = _celestial(shape, scene)
    header["CTYPE3"], header["CUNIT3"] = "WAVE-TAB" if tabulated else "WAVE", "um"
    header["CRPIX3"], header["CRVAL3"] = 1.0, 1.0 if tabulated else float(microns[0])
    header["CDELT3"] = 1.0 if tabulated else float(microns[-1] - microns[0]) / (microns.size - 1)
    header["PC3_3"] = 1.0
    if tabulated:
        header["PS3_0"], header["PS3_1"] = "WCS-TABLE", "wavelength"
    header["BUNIT"] = "MJy/sr"
    header["PIXAR_SR"] = float(np.radians(scene.scale_arcsec / 3600.0) ** 2)
    header["PIXAR_A2"], header["SPECSYS"], header["VELOSYS"] = scene.scale_arcsec**2, "BARYCENT", 0.0
    return primary, header


def _shape(line: SimulatedLine, dy: Floats, dx: Floats, light: Floats, side: int) -> Floats:
    """Give where a line comes from, 1 where it is brightest."""
    radius = np.hypot(dy, dx) / side
    found = light if not line.ring else np.exp(-0.5 * ((radius - line.ring) / 0.06) ** 2)
    if line.cone_deg is not None:
        off = np.degrees(np.arctan2(np.abs(dx), np.abs(dy)))
        found = found * np.exp(-0.5 * (off / line.cone_deg) ** 2)
    return np.asarray(found)


def _line(line: SimulatedLine, microns: Floats, light: Floats, velocity: Floats, sky: CubeScene) -> Floats:
    """Give a line in MJy/sr, its profile averaged over each sample: its integral is exact at any sampling."""
    middle = line.rest_um * (1.0 + sky.redshift) * (1.0 + velocity / C_KMS)
    own = middle * sky.dispersion_km_s / C_KMS
    width = np.hypot(own, middle / sky.resolution / FWHM_OF_SIGMA)
    edges = np.concatenate([
        [1.5 * microns[0] - 0.5 * microns[1]],
        0.5 * (microns[1:] + microns[:-1]),
        [1.5 * microns[-1] - 0.5 * microns[-2]],
    ])  # fmt: skip
    turned = erf((edges[:, None, None] - middle) / (np.sqrt(2.0) * width))
    share = 0.5 * np.diff(turned, axis=0) / np.diff(edges)[:, None, None]  # of the line, per um
    per_frequency = share * (microns**2 / (C_KMS * 1e9))[:, None, None]  # per Hz: c in um/s is 2.998e14
    return np.asarray(line.brightness * light * per_frequency * 1e20)  # W/m2/sr/Hz to MJy/sr


def _celestial(shape: tuple[int, int], scene: CubeScene) -> fits.Header:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = scene.position
    wcs.wcs.crpix = [(shape[1] + 1) / 2.0, (shape[0] + 1) / 2.0]
    wcs.wcs.cdelt = [scene.scale_arcsec / 3600.0] * 2
    angle = np.radians(scene.turned_deg)
    wcs.wcs.pc = [[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    wcs.wcs.radesys = "ICRS"
    header = wcs.to_header()
    header["WCSAXES"] = 3
    return header


def _table(microns: Floats) -> fits.BinTableHDU:
    """Write wavelengths as the official pipeline does: one row, a vector."""
    size = microns.size
    columns = [
        fits.Column("nelem", "I", array=np.array([size])),
        fits.Column("wavelength", f"{size}E", dim=f"(1,{size})", array=microns.reshape(1, size, 1).astype(np.float32)),
    ]
    return fits.BinTableHDU.from_columns(columns, name="WCS-TABLE")
