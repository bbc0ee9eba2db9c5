"""Combined products (`_i2d`), simulated straight from the scene.

The grid is observed as one deep image with the noise of the exposures that cover each pixel. No exposure is
resampled: so these files are independent of what any mosaic software makes of the `_cal` files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from jwstpipe.simulate.cards import add_cards, iso_time, shared_primary, time_cards, wcs_cards
from jwstpipe.simulate.coverage import GRID_ROLL, Grid, context
from jwstpipe.simulate.detector.effects import FLAT_ERROR, saturation
from jwstpipe.simulate.detector.psf import PixelPsf, add_points, star_radius
from jwstpipe.simulate.observe import light_at
from jwstpipe.simulate.plan import PROGRAM, Exposure
from jwstpipe.simulate.plane import Plane
from jwstpipe.simulate.sky.catalogue import Stars

__all__ = ["Combined", "combine", "combined_name", "combined_primary", "combined_science"]

Float32Image = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Combined:
    """Planes of an `_i2d` file; float32, (y, x), but `con`. NaN where no exposure contributes; there `wht` is 0."""

    sci: Float32Image
    err: Float32Image
    con: NDArray[np.int32]
    """Bit n of plane p: exposure 32 p + n contributes; (planes, y, x)."""

    wht: Float32Image
    var_poisson: Float32Image
    var_rnoise: Float32Image
    var_flat: Float32Image


def combined_name(exposure: Exposure) -> str:
    """Name the combined product that an exposure goes into, without suffix."""
    band = exposure.band
    optics = f"clear-{band.name.lower()}" if band.instrument == "NIRCAM" else band.name.lower()
    return f"jw{PROGRAM}-o{exposure.observation}_t001_{band.instrument.lower()}_{optics}"


def combine(
    exposures: Sequence[Exposure],
    grid: Grid,
    diffuse: Float32Image,
    plane: Plane,
    stars: Stars,
    psf: PixelPsf,
    *,
    seed: int,
) -> Combined:
    """Observe the scene on a grid with the depth of the exposures that cover each pixel.

    Parameters
    ----------
    exposures
        All of one band.
    grid
        Pixels to make.
    diffuse
        Blurred light on `plane`.
    plane, stars
        The scene's raster and points.
    psf
        Image of a point on the grid.
    seed
        Of the programme.
    """
    detector, band = exposures[0].detector, exposures[0].band
    electronics, seconds = detector.electronics, exposures[0].seconds
    read = band.photmjsr * electronics.read_noise / electronics.gain / seconds
    light = light_at(combined_science(exposures, grid), grid.shape, diffuse, plane)
    flux = stars.flux[band.name] / (detector.pixel_sr * 1e6)
    add_points(light, psf, *grid.to_pixels(stars.ra, stars.dec), flux, star_radius(psf, flux, faintest=0.02 * read))
    light += np.float32(combined_sky(exposures))

    con = context(exposures, grid)
    con[:, saturation(light / np.float32(band.photmjsr), detector)[0]] = 0
    count = np.bitwise_count(con.view(np.uint32)).sum(axis=0).astype(np.float32)
    seen = np.where(count > 0, count, np.float32(np.nan))
    var_poisson = np.maximum(light, 0) / (seen * np.float32(seconds * electronics.gain / band.photmjsr))
    var_rnoise = np.float32(read**2) / seen
    var_flat = (np.float32(FLAT_ERROR) * light) ** 2 / seen
    err = np.sqrt(var_poisson + var_rnoise + var_flat)
    rng = np.random.default_rng([seed, *combined_name(exposures[0]).encode()])
    sci = light + err * rng.standard_normal(grid.shape, np.float32)
    return Combined(
        sci=np.asarray(sci, np.float32),
        err=np.asarray(err, np.float32),
        con=con,
        wht=np.asarray(count / np.float32(read**2), np.float32),
        var_poisson=np.asarray(var_poisson, np.float32),
        var_rnoise=np.asarray(var_rnoise, np.float32),
        var_flat=np.asarray(var_flat, np.float32),
    )


def combined_sky(exposures: Sequence[Exposure]) -> float:
    """Give the sky level under a combined image, MJy/sr: the mean of its exposures."""
    return exposures[0].band.sky + float(np.mean([exposure.sky_offset for exposure in exposures]))


def combined_primary(exposures: Sequence[Exposure]) -> Header:
    """Make the primary header of an `_i2d` file."""
    first, last = exposures[0], exposures[-1]
    product, band = combined_name(first), first.band
    header = shared_primary(
        f"{product}_i2d.fits", first.target, band, first_mjd=first.start_mjd, made_mjd=last.end_mjd + 1.0
    )
    several = len({exposure.detector.name for exposure in exposures}) > 1
    instrument = [
        ("INSTRUME", band.instrument, "Instrument used to acquire the data"),
        ("DETECTOR", "MULTIPLE" if several else first.detector.name, "Name of detector used to acquire the data"),
    ]
    if band.channel is not None:
        instrument += [("MODULE", "B", "NIRCam module"), ("CHANNEL", band.channel, "Instrument channel")]
        instrument += [("PUPIL", "CLEAR", "Name of the pupil element used")]
    add_cards(
        header,
        "Instrument configuration information",
        [*instrument, ("FILTER", band.name, "Name of the filter element used")],
    )
    seconds = first.seconds * len({(exposure.visit, exposure.number) for exposure in exposures})
    add_cards(
        header,
        "Exposure parameters",
        [
            ("EXP_TYPE", "NRC_IMAGE" if band.instrument == "NIRCAM" else "MIR_IMAGE", "Type of data in the exposure"),
            ("EXPSTART", first.start_mjd, "[d] exposure start time in MJD"),
            ("EXPEND", last.end_mjd, "[d] exposure end time in MJD"),
            ("EFFEXPTM", seconds, "[s] Effective exposure time"),
        ],
    )
    made = iso_time(last.end_mjd + 1.0).replace("-", "").replace(":", "").lower()[:15]
    table = f"jw{PROGRAM}-o{first.observation}_{made}_image3_00001_asn.json"
    add_cards(header, "Association information", [("ASNTABLE", table, "ASN table")])
    add_cards(
        header,
        "Resample parameters",
        [
            ("S_RESAMP", "COMPLETE", "Image resampling"),
            ("NDRIZ", len(exposures), "Number of groups/pointings included in resample"),
            ("TEXPTIME", seconds, "[s] Total exposure time for product"),
            ("RESWHT", "ivm", "Type of drizzle weighting to use in resampling"),
            ("PIXFRAC", 1.0, "Drizzle parameter describing pixel shrinking"),
            ("PXSCLRT", 1.0, "Pixel scale ratio to native detector scale"),
        ],
    )
    return header


def combined_science(exposures: Sequence[Exposure], grid: Grid) -> Header:
    """Make the header of the SCI extension of an `_i2d` file, without S_REGION."""
    first, last = exposures[0], exposures[-1]
    header = Header()
    middle = 0.5 * (first.start_mjd + last.end_mjd)
    add_cards(header, "", time_cards(first.start_mjd, middle, last.end_mjd))
    add_cards(header, "", [("BUNIT", "MJy/sr", "physical units of the array values")])
    area = first.detector.pixel_sr
    photometry = [
        ("PHOTMJSR", first.band.photmjsr, "Flux density (MJy/steradian) producing 1 cps"),
        ("PIXAR_SR", area, "Nominal pixel area in steradians"),
        ("PIXAR_A2", grid.scale**2, "Nominal pixel area in arcsec^2"),
    ]
    add_cards(header, "Photometry information", photometry)
    reference = (grid.column + 1.0, grid.row + 1.0)
    cards = wcs_cards(grid.target.ra, grid.target.dec, GRID_ROLL, grid.scale, reference)
    add_cards(header, "WCS parameters", cards)
    add_cards(header, "", [("VELOSYS", 0.0, "[m/s] Barycentric correction to radial velocity")])
    return header
