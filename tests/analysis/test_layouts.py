"""Layouts as the official data models write them (stdatamodels 6), column by column."""

import numpy as np
import pytest
from astropy.io import fits

import jwstpipe
from jwstpipe.analysis.spectra.read import read_spectra
from jwstpipe.analysis.spectra.units import flux_scale
from jwstpipe.errors import DataError, FitsError, NotFoundError, UsageError
from jwstpipe.operations.spectra.plots import spectrum_plot

N = 40
WAVES = np.linspace(2.9, 5.2, N)
FLUX = 1e-3 * (1.0 + WAVES)


def table(name, *columns, rows=N, **cards):
    """Write columns, (name, form, values) each, that the models write without units where TUNIT is left out."""
    made = fits.BinTableHDU.from_columns(
        [fits.Column(word, form, array=values, unit=unit) for word, form, values, unit in columns], name=name
    )
    made.header.update(cards)
    assert len(made.data) == rows
    return made


def write(path, *tables, **primary):
    hdus = fits.HDUList([fits.PrimaryHDU(), *tables])
    hdus[0].header.update({"TELESCOP": "JWST", "TARGNAME": "OFFICIAL", **primary})
    hdus.writeto(path)
    return path


def test_combined_spectra_have_errors_under_another_name(tmp_path):
    nothing = np.full(N, np.nan)
    one = table(
        "COMBINE1D", ("WAVELENGTH", "D", WAVES, "um"), ("FLUX", "D", FLUX, "Jy"), ("ERROR", "D", FLUX / 50, "Jy"),
        ("SURF_BRIGHT", "D", nothing, "MJy/sr"), ("SB_ERROR", "D", nothing, "MJy/sr"),
        ("DQ", "J", np.where(np.arange(N) == 3, 1, 0), None), ("WEIGHT", "D", np.ones(N), None),
        ("N_INPUT", "D", np.full(N, 4.0), None),
    )  # fmt: skip
    (found,) = read_spectra(write(tmp_path / "a_c1d.fits", one, INSTRUME="NIRSPEC", DATAMODL="MultiCombinedSpecModel"))
    assert found.flux == pytest.approx(FLUX)
    assert found.error == pytest.approx(FLUX / 50)
    assert np.flatnonzero(~found.valid).tolist() == [3]
    assert found.origin.instrument == "NIRSpec"


def test_spectra_of_mrs_take_the_unit_of_what_was_corrected(tmp_path):
    one = table(
        "EXTRACT1D", ("WAVELENGTH", "D", WAVES, "um"), ("FLUX", "D", FLUX, "Jy"), ("FLUX_ERROR", "D", FLUX / 50, "Jy"),
        ("SURF_BRIGHT", "D", FLUX, "MJy/sr"), ("SB_ERROR", "D", FLUX, "MJy/sr"), ("NPIXELS", "D", np.ones(N), None),
        ("RF_FLUX", "D", 2 * FLUX, None), ("RF_SURF_BRIGHT", "D", 3 * FLUX, None), SRCTYPE="EXTENDED",
    )  # fmt: skip
    path = write(tmp_path / "a_x1d.fits", one, INSTRUME="MIRI", CHANNEL="3", BAND="LONG", EXP_TYPE="MIR_MRS")
    (found,) = read_spectra(path)
    assert (found.unit, found.column, found.origin.setting) == ("Jy", "RF_FLUX", "MIRI 3-LONG")
    assert found.flux == pytest.approx(2 * FLUX)
    (bright,) = read_spectra(path, column="SURF_BRIGHT")
    assert (bright.unit, bright.column) == ("MJy/sr", "RF_SURF_BRIGHT")


def test_sources_of_wide_fields_are_told_apart_by_exposure(tmp_path):
    sources, shorter = 3, N - 10
    values = np.tile(FLUX, (sources, 1)) * np.arange(1, sources + 1)[:, None]
    waves = np.tile(WAVES, (sources, 1))
    values[1, shorter:], waves[1, shorter:] = np.nan, np.nan
    columns = (
        ("SOURCE_ID", "J", np.arange(10, 10 + sources), None), ("WAVELENGTH", f"{N}D", waves, "um"),
        ("FLUX", f"{N}D", values, "Jy"), ("FLUX_ERROR", f"{N}D", np.full((sources, N), 1e-5), "Jy"),
        ("N_ALONGDISP", "J", np.array([N, shorter, N]), None), ("SOURCE_TYPE", "20A", np.array(["POINT"] * 3), None),
        ("SOURCE_RA", "D", 150.0 + np.arange(sources), None), ("SOURCE_DEC", "D", np.full(sources, 2.0), None),
    )  # fmt: skip
    exposures = [table("EXTRACT1D", *columns, rows=sources, EXTVER=k, SPORDER=1) for k in (1, 2)]
    path = write(tmp_path / "a_x1d.fits", *exposures, INSTRUME="NIRCAM", PUPIL="GRISMR", EXP_TYPE="NRC_WFSS")
    found = read_spectra(path)
    labels = [one.origin.label for one in found]
    assert len(set(labels)) == len(labels) == 2 * sources
    assert labels[1] == "source 11, EXTRACT1D"
    assert [len(one) for one in found] == 2 * [N, shorter, N]
    assert (found[2].origin.source_id, found[2].origin.ra, found[2].origin.order) == ("12", 152.0, 1)
    assert found[5].flux == pytest.approx(3 * FLUX)


def test_a_table_of_spectra_without_a_row_says_so(tmp_path):
    columns = (("WAVELENGTH", f"{N}D", np.zeros((0, N)), "um"), ("FLUX", f"{N}D", np.zeros((0, N)), "Jy"))
    path = write(tmp_path / "a_x1dints.fits", table("EXTRACT1D", *columns, rows=0))
    with pytest.raises(DataError, match="without a single row"):
        read_spectra(path)


def test_one_source_of_many_is_chosen_and_a_plot_draws_what_can_be_told_apart(tmp_path):
    sources = 40
    columns = (
        ("SOURCE_ID", "J", np.arange(1, 1 + sources), None),
        ("WAVELENGTH", f"{N}D", np.tile(WAVES, (sources, 1)), "um"),
        ("FLUX", f"{N}D", np.tile(FLUX, (sources, 1)), "Jy"),
        ("FLUX_ERROR", f"{N}D", np.full((sources, N), 1e-5), "Jy"),
    )  # fmt: skip
    path = write(tmp_path / "a_x1d.fits", table("EXTRACT1D", *columns, rows=sources))
    (chosen,) = jwstpipe.spectrum(path, source_id="0017").spectra
    assert chosen.origin.source_id == "17"
    plot = spectrum_plot(jwstpipe.spectrum(path).spectra)
    assert [curve.label for curve in plot.curves] == [f"source {number}" for number in range(1, 13)]
    assert plot.subtitle.startswith("the first 12 of 40 spectra; 480 of 480 samples valid")
    with pytest.raises(NotFoundError, match=r"no source 99; it has 1, 2, 3, 4, 5, 6, 7, 8, \.\.\."):
        jwstpipe.spectrum(path, source_id="99")
    with pytest.raises(UsageError, match="spectra of 40; choose one with --source-id"):
        jwstpipe.spectrum(path, redshift="auto")


def test_images_of_one_axis_are_spectra_with_wavelengths_beside_or_in_cards(tmp_path):
    per_metre = FLUX * 1e-12
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(per_metre, name="DATA"), fits.ImageHDU(per_metre / 20, name="ERR"),
            fits.ImageHDU(WAVES * 1e-6, name="WAVELENGTH")]  # fmt: skip
    hdus[1].header["BUNIT"], hdus[3].header["BUNIT"] = "W m-3", "m"
    hdus[0].header["GRATING"], hdus[0].header["INSTRUME"] = "PRISM", "NIRSPEC"
    fits.HDUList(hdus).writeto(tmp_path / "team.fits")
    (found,) = read_spectra(tmp_path / "team.fits")
    assert found.wavelength == pytest.approx(WAVES)
    assert (found.flux == per_metre).all()
    assert found.error == pytest.approx(per_metre / 20)
    assert flux_scale(found).unit == "W/m2"
    assert (found.unit, found.origin.grating) == ("W m-3", "PRISM")
    old = fits.PrimaryHDU(FLUX.astype("f4"))
    old.header.update({"CRVAL1": 4.0, "CDELT1": 1e-3, "CRPIX1": 2.0, "DC-FLAG": 1, "BUNIT": "erg/s/cm2/A"})
    old.writeto(tmp_path / "old.fits")
    (found,) = read_spectra(tmp_path / "old.fits")
    assert found.wavelength == pytest.approx(10.0 ** (4.0 + 1e-3 * (np.arange(N) - 1)) * 1e-4)
    assert found.notes == ("wavelengths without a unit were taken for Angstrom",)
    fits.PrimaryHDU(FLUX).writeto(tmp_path / "bare.fits")
    with pytest.raises(FitsError, match="holds no spectrum"):
        read_spectra(tmp_path / "bare.fits")
