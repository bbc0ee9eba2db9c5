"""The official resample step on the cal-like files of a survey; run by the Python of an environment that has `jwst`.

    python official_resample.py make FOLDER FILE...     the files as the pipeline's own, a gwcs for the distortion
    python official_resample.py run GRID.fits OUT.fits STEP FILE...    what is measured: read, resample, write

GRID.fits is a mosaic, whose SCI header says the grid; STEP is ``pixmap_stepsize`` (1 = the exact map, the default).
"""

import sys
from pathlib import Path

import numpy as np
from astropy import coordinates, units
from astropy.io import fits
from astropy.modeling import models

BANDS = ("instrument.name", "NIRCAM"), ("instrument.detector", "NRCA1"), ("instrument.filter", "F200W")
BANDS += ("instrument.pupil", "CLEAR"), ("instrument.channel", "SHORT"), ("instrument.module", "A")


def main():
    if sys.argv[1] == "make":
        for name in sys.argv[3:]:
            make(Path(name), Path(sys.argv[2]))
    else:
        resample(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])


def make(name, folder):
    """Write a file of the survey as an `ImageModel`."""
    from stdatamodels.jwst import datamodels

    with fits.open(name) as opened:
        header, exposure = opened["SCI"].header, opened[0].header["EFFEXPTM"]
        model = datamodels.ImageModel(opened["SCI"].data.shape)
        for key in ("DATA", "ERR", "DQ", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT"):
            setattr(
                model, key.lower(), opened["SCI" if key == "DATA" else key].data.astype("u4" if key == "DQ" else "f4")
            )
    for key, value in BANDS:
        model[f"meta.{key}"] = value
    model.meta.telescope, model.meta.exposure.type = "JWST", "NRC_IMAGE"
    model.meta.bunit_data = model.meta.bunit_err = "MJy/sr"
    model.meta.observation.program_number = "09999"
    for key in ("exposure_time", "effective_exposure_time", "measurement_time", "duration", "elapsed_exposure_time"):
        model[f"meta.exposure.{key}"] = exposure
    model.meta.exposure.start_time = model.meta.exposure.mid_time = model.meta.exposure.end_time = 60000.0
    model.meta.wcs, corners = gwcs_of(header, model.data.shape)
    area = abs(header["CD1_1"] * header["CD2_2"] - header["CD1_2"] * header["CD2_1"])
    model.meta.photometry.pixelarea_steradians = area * np.radians(1) ** 2
    model.meta.photometry.pixelarea_arcsecsq = area * 3600**2
    model.meta.wcsinfo.ra_ref, model.meta.wcsinfo.dec_ref = header["CRVAL1"], header["CRVAL2"]
    model.meta.wcsinfo.roll_ref = model.meta.wcsinfo.v3yangle = 0.0
    model.meta.wcsinfo.vparity = -1
    model.meta.wcsinfo.s_region = "POLYGON ICRS  " + " ".join(f"{value:.9f}" for value in corners.ravel())
    model.save(str(folder / f"{name.stem}_cal.fits"))


def gwcs_of(header, shape):
    """Build the gwcs of a TAN-SIP header, and its corners on the sky."""
    from gwcs import WCS, coordinate_frames

    def distorted(axis, own):
        terms = {f"c{p}_{q}": header.get(f"{axis}_{p}_{q}", 0.0) for p in range(4) for q in range(4) if p + q <= 3}
        return models.Polynomial2D(3, **{**terms, own: 1.0 + terms[own]})

    back = models.Identity(2)  # never evaluated: the step maps pixels to the sky
    bent = models.Mapping((0, 1, 0, 1)) | distorted("A", "c1_0") & distorted("B", "c0_1")
    bent.inverse = back
    matrix = np.array([[header["CD1_1"], header["CD1_2"]], [header["CD2_1"], header["CD2_2"]]])
    shift = models.Shift(1 - header["CRPIX1"]) & models.Shift(1 - header["CRPIX2"])
    sky = models.Pix2Sky_TAN() | models.RotateNative2Celestial(header["CRVAL1"], header["CRVAL2"], 180)
    frames = (
        coordinate_frames.Frame2D(name="detector", axes_order=(0, 1), unit=(units.pix, units.pix)),
        coordinate_frames.CelestialFrame(name="world", reference_frame=coordinates.ICRS(), unit=(units.deg, units.deg)),
    )
    found = WCS([(frames[0], shift | bent | models.AffineTransformation2D(matrix) | sky), (frames[1], None)])
    found.bounding_box = ((-0.5, shape[1] - 0.5), (-0.5, shape[0] - 0.5))
    x, y = np.array([0, shape[1] - 1, shape[1] - 1, 0.0]), np.array([0, 0, shape[0] - 1, shape[0] - 1.0])
    return found, np.stack(found(x, y), axis=-1)


def resample(grid, out, step, names):
    """Do what the step does: its own `process`, with the parameters given.

    `ResampleStep.call` asks a server for parameters that its authors recommend, and for the version of its references;
    it needs none of either, and a machine may be without network.
    """
    from jwst.datamodels import ModelLibrary
    from jwst.resample import ResampleStep

    header = fits.getheader(grid, "SCI")
    scale = abs(header["CDELT2"] if "CDELT2" in header else header["CD2_2"]) * 3600
    own = ResampleStep(
        pixmap_stepsize=step, rotation=0.0, pixel_scale=scale, crval=[header["CRVAL1"], header["CRVAL2"]],
        crpix=[header["CRPIX1"] - 1, header["CRPIX2"] - 1], output_shape=[header["NAXIS1"], header["NAXIS2"]],
    )  # fmt: skip
    own.process(ModelLibrary(list(names))).save(out)


if __name__ == "__main__":
    main()
