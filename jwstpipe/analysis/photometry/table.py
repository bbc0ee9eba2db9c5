"""What was measured on images as one catalogue: a row a source, columns of each filter."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from jwstpipe.analysis.catalogues.columns import FLAGS, add_column
from jwstpipe.analysis.catalogues.sources_table import TO_MICROJY
from jwstpipe.analysis.photometry.fluxes import MAGNITUDE_PER_E, ab_magnitude
from jwstpipe.analysis.photometry.forced import Forced
from jwstpipe.analysis.photometry.positions import Sources
from jwstpipe.numerics.psf import fit as parts

__all__ = ["photometry_table"]

Floats = NDArray[np.float64]

LIMIT_SIGMA = 2.0
"""Standard errors of a limit."""


def photometry_table(sources: Sources, images: Sequence[Forced]) -> Table:
    """Make a catalogue of what was measured.

    Parameters
    ----------
    sources
        The sources.
    images
        What was measured on each image, in their order. With several, the names of columns end in their filters.

    Returns
    -------
    astropy.table.Table
        Fluxes in uJy and AB magnitudes where the images have physical units, else sums in theirs. Negative fluxes
        stay; they have no magnitude, and the limit of ``LIMIT_SIGMA`` standard errors says what could be seen.
        ``meta["photometry"]`` tells of each image radii, curve of growth and noise.
    """
    table = Table()
    add_column(table, "id", sources.ids)
    add_column(table, "x_centroid", images[0].x)
    add_column(table, "y_centroid", images[0].y)
    if np.isfinite(sources.ra).any():
        add_column(table, "ra", sources.ra)
        add_column(table, "dec", sources.dec)
    flags = np.zeros(len(sources), np.int32)
    bands = _bands(images)
    for image, band in zip(images, bands, strict=True):
        flags |= image.flags
        _add_image(table, image, f"_{band}" if len(images) > 1 else "")
    if images[0].kron is not None:
        add_column(table, "kron_radius", images[0].kron.ellipses[:, 0])
    for (first, one), (second, other) in zip(
        zip(bands, images, strict=True), list(zip(bands, images, strict=True))[1:], strict=False
    ):
        if one.scale is not None and other.scale is not None:
            add_column(table, f"colour_{first}_{second}", _magnitude(one) - _magnitude(other))
    add_column(table, "flags", flags)
    table.meta["photometry"] = {band: _facts(image) for band, image in zip(bands, images, strict=True)}
    return table


def _bands(images: Sequence[Forced]) -> list[str]:
    """Name the images by their filters; those without one, or of one filter, by their number."""
    names = [image.band for image in images]
    return [name if name and names.count(name) == 1 else f"image{number}" for number, name in enumerate(names, 1)]


def _unit(image: Forced) -> str:
    return image.unit if image.scale is None else "uJy"


def _total(image: Forced) -> tuple[Floats, Floats]:
    """Give the flux of the first circle with what lies outside it, uJy; as it is where no curve tells."""
    held = image.energies[0] if np.isfinite(image.energies[0]) else 1.0
    return image.flux[:, 0] * image.factor / held, image.error[:, 0] * image.factor / held


def _magnitude(image: Forced) -> Floats:
    return ab_magnitude(_total(image)[0] / TO_MICROJY)


def _magnitude_error(flux: Floats, error: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(flux > 0.0, MAGNITUDE_PER_E * error / flux, np.nan)


def _add_image(table: Table, image: Forced, suffix: str) -> None:
    unit = _unit(image)

    def add(name: str, values: Any, description: str = "") -> None:
        add_column(table, name + suffix, values, description)

    total, total_error = _total(image)
    add("total_flux", total, unit)
    add("total_flux_err", total_error, unit)
    if image.scale is not None:
        add("mag_total", ab_magnitude(total / TO_MICROJY))
        add("mag_total_err", _magnitude_error(total, total_error))
    for k, label in enumerate(image.labels):
        flux, error = image.flux[:, k] * image.factor, image.error[:, k] * image.factor
        add(f"aper_{label}_flux", flux, unit)
        add(f"aper_{label}_flux_err", error, unit)
        if image.scale is not None:
            add(f"mag_aper_{label}", ab_magnitude(flux / TO_MICROJY))
            add(f"mag_aper_{label}_err", _magnitude_error(flux, error))
            add(f"limit_aper_{label}", ab_magnitude(LIMIT_SIGMA * error / TO_MICROJY))
    if image.kron_fluxes is not None:
        flux, error = image.kron_fluxes.flux * image.factor, image.kron_fluxes.error * image.factor
        add("kron_flux", flux, unit)
        add("kron_flux_err", error, unit)
        if image.scale is not None:
            add("mag_kron", ab_magnitude(flux / TO_MICROJY))
            add("mag_kron_err", _magnitude_error(flux, error))
        add("half_light", image.kron_fluxes.half_light)
    _add_psf(add, image)
    add("aper_bad", image.bad)
    add("sky", image.sky, image.unit)
    add("sky_err", image.sky_error, image.unit)


def _add_psf(add: Callable[..., None], image: Forced) -> None:
    if image.psf is None:
        return
    fits = image.psf.fits
    scale = image.factor / image.psf_held
    flux, error = fits[:, parts.FLUX] * scale, fits[:, parts.ERROR] * scale
    add("psf_flux", flux, _unit(image))
    add("psf_flux_err", error, _unit(image))
    if image.scale is not None:
        add("mag_psf", ab_magnitude(flux / TO_MICROJY))
        add("mag_psf_err", _magnitude_error(flux, error))
    for name, part in (
        ("psf_x", parts.X), ("psf_y", parts.Y), ("psf_x_err", parts.X_ERROR), ("psf_y_err", parts.Y_ERROR),
        ("psf_chi2", parts.CHI2), ("psf_q", parts.Q),
    ):  # fmt: skip
        add(name, fits[:, part])


def _facts(image: Forced) -> dict[str, Any]:
    """Tell how an image was measured, as plain values."""
    noise = image.noise
    return {
        "unit": image.unit,
        "radii_px": dict(zip(image.labels, map(float, image.facts["radii_px"]), strict=True)),
        "ring_px": [float(one) for one in image.facts["ring_px"]],
        "encircled_energy": {
            label: float(held) for label, held in zip(image.labels, image.energies, strict=True) if np.isfinite(held)
        },
        "curve": None
        if image.curve is None
        else {
            "radius_arcsec": [round(float(one), 6) for one in image.curve.radii],
            "energy": [round(float(one), 6) for one in image.curve.energy],
        },
        "curve_of_growth": "none" if image.curve is None else image.curve.source,
        "noise": {
            "k": noise.k,
            "beta": noise.beta,
            "empty_apertures": noise.places,
            "model": "sums of pixel noise times k N^beta, and what the image's errors add on a source"
            if noise.places
            else "independent pixels",
        },
        **({} if image.psf is None else {"psf": {**image.psf.facts(), "light_on_stamp": float(image.psf_held)}}),
        "flags": {name: bit for name, bit in FLAGS.items() if (image.flags & bit).any()},
    }
