"""FITS files with an imaging gwcs in an ASDF extension, as the official pipeline writes them."""

import io

import asdf
import gwcs
import numpy as np
from astropy import coordinates
from astropy import units as u
from astropy.io import fits
from astropy.modeling import models
from gwcs import coordinate_frames


def imaging_gwcs(shape, *, ra=187.7, dec=12.39, angle=37.0, scale=0.0312, strength=1.0, units=u.deg):
    """Make a distorted gwcs: tens of pixels at the corners of a 2048 px detector, up to the fifth order."""
    centre = [(side - 1) / 2 for side in shape]
    polynomials = [
        models.Polynomial2D(
            5, c1_0=1, c0_1=2e-3, c2_0=1.1e-5 * strength, c1_1=-7e-6 * strength, c0_2=4e-6 * strength,
            c3_0=-3e-9 * strength, c1_2=2e-9 * strength, c5_0=4e-16 * strength, c2_3=-3e-16 * strength,
        ),
        models.Polynomial2D(
            5, c0_1=1.002, c1_0=-1e-3, c2_0=-5e-6 * strength, c1_1=9e-6 * strength, c0_2=1.3e-5 * strength,
            c0_3=-4e-9 * strength, c2_1=1e-9 * strength, c0_5=5e-16 * strength,
        ),
    ]  # fmt: skip
    step = scale / 3600
    transform = (
        models.Shift(-centre[1]) & models.Shift(-centre[0])
        | models.Mapping((0, 1, 0, 1))
        | polynomials[0] & polynomials[1]
        | models.Scale(-step) & models.Scale(step)
        | models.Rotation2D(angle)
        | models.Pix2Sky_TAN()
        | models.RotateNative2Celestial(ra, dec, 180)
    )
    detector = coordinate_frames.Frame2D(name="detector", axes_order=(0, 1), unit=(u.pix, u.pix))
    sky = coordinate_frames.CelestialFrame(name="world", reference_frame=coordinates.ICRS(), unit=(units, units))
    wcs = gwcs.WCS([(detector, transform), (sky, None)])
    wcs.bounding_box = ((-0.5, shape[1] - 0.5), (-0.5, shape[0] - 0.5))
    return wcs


def approximate_header(shape, *, ra=187.7, dec=12.39, angle=37.0, scale=0.0312):
    """Describe the same place without the distortion."""
    a, step = np.radians(angle), scale / 3600
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRVAL1"], header["CRVAL2"] = ra, dec
    header["CRPIX1"], header["CRPIX2"] = (shape[1] + 1) / 2, (shape[0] + 1) / 2
    header["CUNIT1"] = header["CUNIT2"] = "deg"
    header["CD1_1"], header["CD1_2"] = -step * np.cos(a), -step * np.sin(a)
    header["CD2_1"], header["CD2_2"] = -step * np.sin(a), step * np.cos(a)
    header["RADESYS"] = "ICRS"
    return header


def asdf_hdu(tree):
    """Write a tree as the official pipeline embeds it."""
    stream = io.BytesIO()
    asdf.AsdfFile(tree).write_to(stream)
    content = np.frombuffer(stream.getvalue(), dtype="u1")[None, :]
    column = fits.Column("ASDF_METADATA", f"{content.size}B", array=content)
    return fits.BinTableHDU.from_columns([column], name="ASDF")


def write_gwcs_cal(path, shape, wcs, *, header=None):
    """Write a calibrated exposure whose place on the sky is a gwcs."""
    data = np.random.default_rng(5).normal(1.0, 0.1, shape).astype("f4")
    science = fits.ImageHDU(data, approximate_header(shape) if header is None else header, name="SCI")
    science.header["BUNIT"] = "MJy/sr"
    fits.HDUList([fits.PrimaryHDU(), science, asdf_hdu({"meta": {"wcs": wcs}})]).writeto(path)
    return path
