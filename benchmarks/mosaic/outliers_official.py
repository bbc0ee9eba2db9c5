"""The pipeline's own outlier step on exposures, run by an installation of `jwst`: flags beside each file.

python benchmarks/mosaic/outliers_official.py OUT.npz EXPOSURE...

Needs the ``jwst`` package, in an environment of its own. The WCS of simulated files is that of their header.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("STPIPE_DISABLE_CRDS_STEPPARS", "true")

import gwcs
import numpy as np
from astropy import coordinates, units
from astropy.io import fits
from astropy.modeling import models
from gwcs import coordinate_frames as frames
from jwst.datamodels import ImageModel, ModelLibrary
from jwst.outlier_detection import OutlierDetectionStep


def wcs_of(header, shape):
    """Build a gwcs of a TAN-SIP header."""
    names = ("A", "B", "AP", "BP")
    order = {name: int(header.get(f"{name}_ORDER", 0)) for name in names}

    def terms(name):
        found = {}
        for i in range(order[name] + 1):
            for j in range(order[name] + 1 - i):
                if f"{name}_{i}_{j}" in header:
                    found[f"c{i}_{j}"] = float(header[f"{name}_{i}_{j}"])
        return models.Polynomial2D(max(order[name], 1), **found)

    shift = models.Shift(1 - header["CRPIX1"]) & models.Shift(1 - header["CRPIX2"])
    if "CD1_1" in header:
        matrix = np.array([[header["CD1_1"], header["CD1_2"]], [header["CD2_1"], header["CD2_2"]]])
    else:
        pc = np.array([[header.get(f"PC{i}_{j}", float(i == j)) for j in (1, 2)] for i in (1, 2)])
        matrix = np.diag([header["CDELT1"], header["CDELT2"]]) @ pc
    linear = models.AffineTransformation2D(matrix)
    sky = models.Pix2Sky_TAN() | models.RotateNative2Celestial(header["CRVAL1"], header["CRVAL2"], 180.0)
    if order["A"]:
        forward = _with_sip(terms("A"), terms("B"))
        backward = _with_sip(terms("AP"), terms("BP"))
        forward.inverse = backward
        whole = shift | forward | linear | sky
    else:
        whole = shift | linear | sky
    detector = frames.Frame2D(name="detector", axes_order=(0, 1), unit=(units.pix, units.pix))
    world = frames.CelestialFrame(name="world", reference_frame=coordinates.ICRS())
    made = gwcs.WCS([(detector, whole), (world, None)])
    made.bounding_box = ((-0.5, shape[1] - 0.5), (-0.5, shape[0] - 0.5))
    return made


def _with_sip(a, b):
    x = models.Polynomial2D(max(a.degree, 1), **dict(zip(a.param_names, a.parameters, strict=True)))
    y = models.Polynomial2D(max(b.degree, 1), **dict(zip(b.param_names, b.parameters, strict=True)))
    x.c1_0 = x.c1_0 + 1.0
    y.c0_1 = y.c0_1 + 1.0
    return models.Mapping((0, 1, 0, 1)) | x & y


def main():
    """Flag the outliers of all exposures together."""
    out, *names = sys.argv[1:]
    found = []
    for name in names:
        with fits.open(name) as hdus:
            header, planes = (
                hdus["SCI"].header,
                {hdu.name: np.array(hdu.data) for hdu in hdus[1:] if hdu.data is not None},
            )
            primary = hdus[0].header
        model = ImageModel(planes["SCI"].astype("f4"))
        model.err, model.dq = planes["ERR"].astype("f4"), planes["DQ"].astype("u4")
        model.var_rnoise = planes.get("VAR_RNOISE", planes["ERR"] ** 2).astype("f4")
        model.var_poisson, model.var_flat = np.zeros_like(model.data), np.zeros_like(model.data)
        model.meta.wcs = wcs_of(header, model.data.shape)
        model.meta.filename = Path(name).name
        model.meta.bunit_data = "MJy/sr"
        model.meta.exposure.type = "NRC_IMAGE"
        model.meta.exposure.exposure_time = float(primary.get("EFFEXPTM", 100.0))
        model.meta.exposure.measurement_time = float(primary.get("EFFEXPTM", 100.0))
        model.meta.exposure.start_time = float(primary.get("EXPSTART", 60000.0))
        model.meta.instrument.name, model.meta.instrument.detector = "NIRCAM", str(primary.get("DETECTOR", "NRCB1"))
        model.meta.instrument.filter, model.meta.instrument.pupil = str(primary.get("FILTER", "F090W")), "CLEAR"
        model.meta.wcsinfo.s_region = "POLYGON ICRS " + " ".join(
            f"{value:.9f}" for corner in model.meta.wcs.footprint() for value in corner
        )
        info = model.meta.wcsinfo
        info.ra_ref, info.dec_ref = float(header["CRVAL1"]), float(header["CRVAL2"])
        info.roll_ref, info.v3yangle, info.vparity = float(header.get("ROLL_REF", 0.0)), 0.0, -1
        model.meta.photometry.pixelarea_steradians = float(header.get("PIXAR_SR", 2.3e-14))
        model.meta.photometry.pixelarea_arcsecsq = float(header.get("PIXAR_A2", 1e-3))
        model.meta.background.level, model.meta.background.subtracted = 0.0, False
        model.meta.group_id = str(len(found))
        found.append(model)
    done = OutlierDetectionStep.call(ModelLibrary(found), save_results=False)
    flags = {}
    with done:
        for number, model in enumerate(done):
            flags[f"f{number}"] = (model.dq & 16) != 0
            done.shelve(model, number, modify=False)
    np.savez_compressed(out, **flags)


if __name__ == "__main__":
    main()
