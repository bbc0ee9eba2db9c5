"""A survey of overlapping exposures with a known sky, written as FITS: what the mosaic benchmarks run on.

    python benchmarks/mosaic/scene.py FOLDER --exposures 48

Pointings stand on a lattice and overlap by half, so that a point of the sky is seen four times; each exposure has its
own roll, dither, sky level and noise, and sees the same stars. The truth is written beside them as JSON.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

CENTRE = (150.0, 2.0)
SCALE_ARCSEC = 0.031
PSF_SIGMA_ARCSEC = 0.06
NOISE = 0.1
SKY = 10.0
STARS_PER_EXPOSURE = 60
PSF_BOX = 25

PLANES = {
    "jwst": ("ERR", "DQ", "VAR_RNOISE"),
    "i2d": ("ERR", "DQ", "WHT"),
    "cal": ("ERR", "DQ", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT"),
}
"""Planes beside SCI."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--exposures", type=int, default=48)
    parser.add_argument("--side", type=int, default=2048, help="pixels on the side of an exposure")
    parser.add_argument("--spacing", type=float, default=0.5, help="distance of pointings, sides")
    parser.add_argument("--sip", action="store_true", help="distorted WCS, as JWST's (SWarp does not read it)")
    parser.add_argument(
        "--planes", choices=("sci", "jwst", "i2d", "cal"), default="sci",
        help="jwst: with ERR, DQ and VAR_RNOISE; i2d: ERR, WHT and DQ; cal: ERR, DQ and all three variances",
    )  # fmt: skip
    parser.add_argument("--level", type=float, default=0.0, help="rms of sky levels that differ between exposures")
    parser.add_argument("--slope", type=float, default=0.0, help="rms of what their skies rise by over a side")
    chosen = parser.parse_args()
    write_survey(
        chosen.folder, chosen.exposures, side=chosen.side, spacing=chosen.spacing, sip=chosen.sip,
        planes=chosen.planes, level=chosen.level, slope=chosen.slope,
    )  # fmt: skip


def write_survey(folder, exposures, *, side=2048, spacing=0.5, sip=False, planes="sci", level=0.0, slope=0.0, seed=6):
    """Write the exposures and `truth.json`; exposures that stand there already are taken as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    columns = math.ceil(math.sqrt(exposures * 4 / 3))
    rows = math.ceil(exposures / columns)
    step = spacing * side * SCALE_ARCSEC / 3600
    stars = _stars(random, columns, rows, step, side, exposures)
    names, levels, slopes = [], [], []
    for number in range(exposures):
        row, column = divmod(number, columns)
        dither = random.uniform(-30, 30, 2) * SCALE_ARCSEC / 3600
        north = (row - (rows - 1) / 2) * step + dither[0]
        east = (column - (columns - 1) / 2) * step + dither[1]
        roll, offset = random.uniform(-6, 6), random.normal(0, 1) * level
        name = folder / f"exposure{number:04d}.fits"
        names.append(name)
        levels.append(SKY + offset)
        slopes.append((np.random.default_rng((seed, number, 1)).normal(0, 1, 2) * slope / side).tolist())
        if not name.exists():
            header = _header(east, north, roll, side, sip=sip)
            _write(name, header, stars, side, planes=planes, level=SKY + offset, slope=slopes[-1], seed=(seed, number))
    truth = {"stars": stars.tolist(), "noise": NOISE, "sky": SKY, "scale": SCALE_ARCSEC, "sigma": PSF_SIGMA_ARCSEC}
    truth["levels"], truth["slopes"] = levels, slopes
    (folder / "truth.json").write_text(json.dumps(truth))
    return names


def _stars(random, columns, rows, step, side, exposures):
    """Give east, north (degrees from the centre) and peak of the stars."""
    half = np.array([columns * step / 2, rows * step / 2]) + side * SCALE_ARCSEC / 3600 / 2
    count = STARS_PER_EXPOSURE * exposures
    places = random.uniform(-1, 1, (count, 2)) * half
    return np.column_stack([places, 10 ** random.uniform(0.5, 2.5, count)])


def _header(east, north, roll, side, *, sip):
    turn, step = math.radians(roll), SCALE_ARCSEC / 3600
    header = fits.Header()
    kind = "-SIP" if sip else ""
    header["CTYPE1"], header["CTYPE2"] = f"RA---TAN{kind}", f"DEC--TAN{kind}"
    header["CRVAL1"], header["CRVAL2"] = CENTRE[0] + east / math.cos(math.radians(CENTRE[1])), CENTRE[1] + north
    header["CRPIX1"] = header["CRPIX2"] = (side + 1) / 2
    header["CD1_1"], header["CD1_2"] = -step * math.cos(turn), step * math.sin(turn)
    header["CD2_1"], header["CD2_2"] = step * math.sin(turn), step * math.cos(turn)
    header["CUNIT1"] = header["CUNIT2"] = "deg"
    header["RADESYS"] = "ICRS"
    if sip:
        header.update({"A_ORDER": 3, "B_ORDER": 3, "A_2_0": 1.6e-6, "A_1_1": -1.1e-6, "A_0_2": 4e-7, "A_3_0": -5e-11})
        header.update({"B_2_0": -7e-7, "B_1_1": 1.4e-6, "B_0_2": 1.2e-6, "B_0_3": -6e-11, "B_2_1": 3e-11})
    return header


def _write(name, header, stars, side, *, planes, level, slope, seed):
    random = np.random.default_rng(seed)
    data = random.standard_normal((side, side), dtype="f4")
    data *= NOISE
    data += np.float32(level)
    if any(slope):
        along = np.arange(side, dtype="f4") - np.float32((side - 1) / 2)
        data += np.float32(slope[0]) * along + np.float32(slope[1]) * along[:, None]
    wcs = WCS(header)
    ra = CENTRE[0] + stars[:, 0] / math.cos(math.radians(CENTRE[1]))
    dec = CENTRE[1] + stars[:, 1]
    reach = side * SCALE_ARCSEC / 3600
    near = (abs(dec - header["CRVAL2"]) < reach) & (abs(ra - header["CRVAL1"]) < 1.01 * reach)
    xs, ys = wcs.all_world2pix(ra[near], dec[near], 0)
    half = PSF_BOX // 2
    sigma = PSF_SIGMA_ARCSEC / SCALE_ARCSEC
    for x, y, peak in zip(xs, ys, stars[near, 2], strict=True):
        left, low = max(round(float(x)) - half, 0), max(round(float(y)) - half, 0)
        right, high = min(round(float(x)) + half + 1, side), min(round(float(y)) + half + 1, side)
        if left >= right or low >= high:
            continue
        fx = np.exp(-((np.arange(left, right) - x) ** 2) / (2 * sigma**2))
        fy = np.exp(-((np.arange(low, high) - y) ** 2) / (2 * sigma**2))
        data[low:high, left:right] += (peak * np.outer(fy, fx)).astype("f4")
    if planes == "sci":
        fits.PrimaryHDU(data, header=header).writeto(name)
        return
    primary = fits.PrimaryHDU()
    primary.header["EFFEXPTM"] = 100.0
    science = fits.ImageHDU(data, header=header, name="SCI")
    science.header["BUNIT"] = "MJy/sr"
    variance = np.full((side, side), NOISE**2, dtype="f4")
    poisson = np.maximum(data - level, 0) * np.float32(1e-3)
    dq = (random.random((side, side), dtype="f4") < 0.002).astype("u4")
    held = {"ERR": np.sqrt(variance + poisson), "DQ": dq, "WHT": 1 / variance, "VAR_RNOISE": variance}
    held |= {"VAR_POISSON": poisson, "VAR_FLAT": variance / 100}
    hdus = [fits.ImageHDU(held[label], name=label) for label in PLANES[planes]]
    fits.HDUList([primary, science, *hdus]).writeto(name)


if __name__ == "__main__":
    main()
