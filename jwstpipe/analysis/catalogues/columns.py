"""Every column of a catalogue, stated once: unit, UCD, and what it is."""

import re
from dataclasses import dataclass
from typing import Any

from astropy import units
from astropy.table import Column, Table

__all__ = ["COLUMNS", "FLAGS", "OFFICIAL", "ColumnSpec", "add_column", "spec_of", "unit_of"]


@dataclass(frozen=True)
class ColumnSpec:
    """A column."""

    unit: str
    ucd: str
    description: str


FLAGS = {
    "NEIGHBOUR": 1, "BLENDED": 2, "SATURATED": 4, "EDGE": 8, "BAD_NEAR": 16, "INCOMPLETE": 32, "KRON_CAPPED": 64,
    "SEAM": 128, "HUGE": 256, "SKY_FILLED": 512, "REPAIRED": 1024, "PSF_FAILED": 2048, "MOVED": 4096,
    "COARSE": 8192,
}  # fmt: skip
"""Bits of the column ``flags``; bits whose measure was not made are not set."""

COLUMNS = {
    "id": ColumnSpec("", "meta.id;meta.main", "number of the source, by the raster order of peak pixels"),
    "name": ColumnSpec("", "meta.id", "name by position, Jhhmmss.sss+ddmmss.ss"),
    "x_centroid": ColumnSpec("pix", "pos.cartesian.x;instr.det", "windowed centre, 0-based pixels"),
    "y_centroid": ColumnSpec("pix", "pos.cartesian.y;instr.det", "windowed centre, 0-based pixels"),
    "x_err": ColumnSpec("pix", "stat.error;pos.cartesian.x", "standard error of x_centroid"),
    "y_err": ColumnSpec("pix", "stat.error;pos.cartesian.y", "standard error of y_centroid"),
    "x_isophotal": ColumnSpec("pix", "pos.cartesian.x;instr.det", "first moment of the segment, 0-based pixels"),
    "y_isophotal": ColumnSpec("pix", "pos.cartesian.y;instr.det", "first moment of the segment, 0-based pixels"),
    "x_peak": ColumnSpec("pix", "pos.cartesian.x;instr.det", "pixel of the smoothed peak"),
    "y_peak": ColumnSpec("pix", "pos.cartesian.y;instr.det", "pixel of the smoothed peak"),
    "ra": ColumnSpec("deg", "pos.eq.ra;meta.main", "right ascension of the windowed centre, ICRS"),
    "dec": ColumnSpec("deg", "pos.eq.dec;meta.main", "declination of the windowed centre, ICRS"),
    "ra_err": ColumnSpec("mas", "stat.error;pos.eq.ra", "standard error along right ascension, on the sky"),
    "dec_err": ColumnSpec("mas", "stat.error;pos.eq.dec", "standard error of declination"),
    "peak": ColumnSpec("image", "phot.flux;stat.max", "highest sample of the segment, sky subtracted"),
    "peak_snr": ColumnSpec("", "stat.snr", "smoothed peak in standard deviations of the smoothed image"),
    "segment_flux": ColumnSpec("flux", "phot.flux;meta.modelled", "sum over the segment, sky subtracted"),
    "segment_flux_err": ColumnSpec("flux", "stat.error;phot.flux", "standard error of segment_flux, white noise"),
    "mag_segment": ColumnSpec("mag", "phot.mag;em.IR", "AB magnitude of segment_flux"),
    "area": ColumnSpec("pix2", "phys.area;instr.det", "pixels of the segment"),
    "semimajor": ColumnSpec("pix", "phys.angSize.smajAxis", "standard deviation along the long axis of the segment"),
    "semiminor": ColumnSpec("pix", "phys.angSize.sminAxis", "standard deviation along the short axis of the segment"),
    "theta": ColumnSpec("deg", "pos.posAng;instr.det", "long axis from x towards y"),
    "theta_sky": ColumnSpec("deg", "pos.posAng", "long axis from north towards east"),
    "ellipticity": ColumnSpec("", "src.ellipticity", "1 - semiminor / semimajor"),
    "bbox_xmin": ColumnSpec("pix", "pos.cartesian.x;stat.min", "first column of the segment"),
    "bbox_xmax": ColumnSpec("pix", "pos.cartesian.x;stat.max", "last column of the segment"),
    "bbox_ymin": ColumnSpec("pix", "pos.cartesian.y;stat.min", "first row of the segment"),
    "bbox_ymax": ColumnSpec("pix", "pos.cartesian.y;stat.max", "last row of the segment"),
    "concentration": ColumnSpec(
        "",
        "phys.size;stat.fit.param",
        "flux in a window as wide as a star over that in one twice as wide; of a star 1",
    ),
    "concentration_err": ColumnSpec("", "stat.error", "standard error of concentration"),
    "extendedness": ColumnSpec(
        "", "src.morph.param", "standard deviations by which it is wider than the stars of the image; above 3 = no star"
    ),
    "background": ColumnSpec("image", "phot.flux;instr.background", "sky that was subtracted at the peak"),
    "noise": ColumnSpec("image", "stat.stdev;instr.background", "standard deviation of a sample at the peak"),
    "parent": ColumnSpec(
        "", "meta.id.parent", "first source of the same blend; the source itself when it stands alone"
    ),
    "n_children": ColumnSpec("", "meta.number", "sources of the same blend"),
    "nn_id": ColumnSpec("", "meta.id.cross", "nearest other source; 0 = there is none"),
    "nn_dist": ColumnSpec("pix", "pos.angDistance", "distance to it"),
    "flags": ColumnSpec("", "meta.code.qual", "bits: " + ", ".join(f"{bit} {name}" for name, bit in FLAGS.items())),
    "aper_bad": ColumnSpec("", "meta.code.qual", "largest share of an aperture without data"),
    "sky": ColumnSpec("image", "phot.flux;instr.background", "median of the sky annulus"),
    "sky_err": ColumnSpec("image", "stat.error;instr.background", "standard deviation of samples of the sky annulus"),
    "kron_radius": ColumnSpec("pix", "phys.angSize", "long axis of the Kron ellipse"),
    "kron_flux": ColumnSpec("flux", "phot.flux", "sum in the Kron ellipse"),
    "kron_flux_err": ColumnSpec("flux", "stat.error;phot.flux", "standard error of kron_flux"),
    "mag_kron": ColumnSpec("mag", "phot.mag;em.IR", "AB magnitude of kron_flux"),
    "reference_row": ColumnSpec("", "meta.id.cross", "row of the reference, from 1"),
    "east": ColumnSpec("mas", "pos.eq.ra;arith.diff", "how far it lies east of its reference"),
    "north": ColumnSpec("mas", "pos.eq.dec;arith.diff", "how far it lies north of its reference"),
    "east_left": ColumnSpec("mas", "stat.fit.residual", "what the fit leaves of east"),
    "north_left": ColumnSpec("mas", "stat.fit.residual", "what the fit leaves of north"),
    "used": ColumnSpec("", "meta.code", "took part in the fit"),
    "total_flux": ColumnSpec("flux", "phot.flux", "sum in the first circle, corrected for the light outside it"),
    "total_flux_err": ColumnSpec("flux", "stat.error;phot.flux", "standard error of total_flux"),
    "mag_total": ColumnSpec("mag", "phot.mag;em.IR", "AB magnitude of total_flux"),
    "mag_total_err": ColumnSpec("mag", "stat.error;phot.mag", "standard error of mag_total"),
    "mag_kron_err": ColumnSpec("mag", "stat.error;phot.mag", "standard error of mag_kron"),
    "psf_flux": ColumnSpec("flux", "phot.flux;stat.fit.param", "flux of the PSF fit, all light of a point source"),
    "psf_flux_err": ColumnSpec("flux", "stat.error;phot.flux", "standard error of psf_flux, as the noise is"),
    "mag_psf": ColumnSpec("mag", "phot.mag;em.IR", "AB magnitude of psf_flux"),
    "mag_psf_err": ColumnSpec("mag", "stat.error;phot.mag", "standard error of mag_psf"),
    "psf_x": ColumnSpec("pix", "pos.cartesian.x;instr.det", "fitted position, 0-based pixels of this image"),
    "psf_y": ColumnSpec("pix", "pos.cartesian.y;instr.det", "fitted position, 0-based pixels of this image"),
    "psf_x_err": ColumnSpec("pix", "stat.error;pos.cartesian.x", "standard error of psf_x; NaN = it was held"),
    "psf_y_err": ColumnSpec("pix", "stat.error;pos.cartesian.y", "standard error of psf_y; NaN = it was held"),
    "psf_chi2": ColumnSpec("", "stat.fit.chi2", "reduced chi2 of the PSF fit, independent pixels"),
    "psf_q": ColumnSpec("", "stat.fit.goodness", "sum of absolute residuals of the PSF fit over its flux"),
    "half_light": ColumnSpec("pix", "phys.angSize", "radius that holds half of kron_flux"),
    "snr": ColumnSpec("", "stat.snr", "middle of the bin, flux over its standard error on the usual noise"),
    "flux": ColumnSpec("flux", "phot.flux", "flux of the middle of the bin"),
    "mag_ab": ColumnSpec("mag", "phot.mag", "AB magnitude of that flux"),
    "injected": ColumnSpec("", "meta.number", "stars that were put in"),
    "share": ColumnSpec("", "stat.fit.goodness", "share of them that was found"),
    "share_err": ColumnSpec("", "stat.error", "standard error of that share"),
    "offset": ColumnSpec("pix", "pos.angDistance", "median distance of what was found"),
    "separation": ColumnSpec("arcsec", "pos.angDistance", "distance to the matched row"),
}
"""Columns by name. Unit ``flux`` = uJy where the image has a physical unit, else that of its samples; ``image`` = that
of the samples."""

_BAND = re.compile(r"f\d{2,4}[a-z]+\d*|image\d+")
"""What stands behind the name of a column that several images have."""

_APERTURE = re.compile(r"^(aper|mag_aper|limit_aper)_(.+?)(_flux)?(_err)?$")

OFFICIAL = {
    "label": "id", "xcentroid": "x_centroid", "ycentroid": "y_centroid", "isophotal_flux": "segment_flux",
    "isophotal_flux_err": "segment_flux_err", "isophotal_abmag": "mag_segment", "isophotal_area": "area",
    "semimajor_sigma": "semimajor", "semiminor_sigma": "semiminor", "ellipticity": "ellipticity",
    "orientation": "theta", "sky_orientation": "theta_sky", "nn_label": "nn_id", "nn_dist": "nn_dist",
    "sky_bbox_ll": "", "sky_bbox_ul": "", "sky_bbox_lr": "", "sky_bbox_ur": "", "aper30_flux": "aper_ee30_flux",
    "aper50_flux": "aper_ee50_flux", "aper70_flux": "aper_ee70_flux", "CI_50_30": "", "CI_70_50": "", "CI_70_30": "",
    "sharpness": "", "roundness": "",
}  # fmt: skip
"""Names of the official source catalogue, and the columns they are; empty for those that are not measured."""


def spec_of(name: str) -> ColumnSpec:
    """Give the specification of a column; those of apertures and of filters (``..._f200w``) follow from their names."""
    if name in COLUMNS:
        return COLUMNS[name]
    base, _, band = name.rpartition("_")
    if _BAND.fullmatch(band) and (base in COLUMNS or _APERTURE.match(base)):
        found = spec_of(base)
        return ColumnSpec(found.unit, found.ucd, f"{found.description}, {band.upper()}")
    if name.startswith("colour_"):
        first, _, second = name.removeprefix("colour_").partition("_")
        return ColumnSpec("mag", "phot.color;em.IR", f"AB magnitude in {first.upper()} less that in {second.upper()}")
    parts = _APERTURE.match(name)
    return ColumnSpec("", "", name.replace("_", " ")) if parts is None else _aperture_spec(parts)


def _aperture_spec(parts: re.Match[str]) -> ColumnSpec:
    kind, radius = parts[1], parts[2]
    if kind == "mag_aper":
        what = "standard error of the AB magnitude" if parts[4] else "AB magnitude"
        return ColumnSpec("mag", "phot.mag;em.IR", f"{what} in the aperture of {radius}")
    if kind == "limit_aper":
        return ColumnSpec("mag", "phot.mag;stat.min", f"AB magnitude of 2 standard errors in the aperture of {radius}")
    if parts[4]:
        return ColumnSpec("flux", "stat.error;phot.flux", f"standard error of the sum in the aperture of {radius}")
    return ColumnSpec("flux", "phot.flux", f"sum in the circular aperture of {radius}, sky subtracted")


def add_column(table: Table, name: str, values: Any, unit: str = "") -> None:
    """Add a column with what `spec_of` says of it; `unit` replaces ``image`` and ``flux``."""
    spec = spec_of(name)
    named = unit if spec.unit in ("image", "flux") else spec.unit
    column = Column(values, name=name, description=spec.description, unit=unit_of(named))
    if spec.ucd:
        column.meta["ucd"] = spec.ucd
    table.add_column(column)


def unit_of(text: str) -> Any:
    """Give an astropy unit, also for one that astropy does not know; None for none."""
    return units.Unit(text, parse_strict="silent") if text else None
