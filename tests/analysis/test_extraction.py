"""Spectra out of 2-D ones: traces that are tilted, dispersion along columns, what is no slit at all."""

import numpy as np
import pytest
from astropy.io import fits
from scipy.special import ndtr

from jwstpipe.analysis.spectra.extract import ExtractionOptions
from jwstpipe.analysis.spectra.read import read_spectra
from jwstpipe.errors import DataError, FitsError

ROWS, COLUMNS, FLUX, NOISE = 30, 1000, 400.0, 2.0
AREA = 1e-12


def slit(path, middle, *, upright=False, primary=(), noise=NOISE, negative=None):
    """Write a cut-out whose source lies at `middle`, (columns,) rows, one row wide (standard deviation)."""
    rows = np.arange(ROWS)[:, None]
    sci = FLUX * (ndtr(rows + 0.5 - middle) - ndtr(rows - 0.5 - middle))
    if negative is not None:
        sci -= FLUX * (ndtr(rows + 0.5 - negative) - ndtr(rows - 0.5 - negative))
    sci += np.random.default_rng(3).normal(0.0, noise, sci.shape)
    waves = np.linspace(1.0, 2.0, COLUMNS) + 1e-4 * rows
    planes = {"SCI": sci, "ERR": np.full(sci.shape, noise), "WAVELENGTH": waves}
    hdus = [fits.PrimaryHDU()]
    hdus[0].header.update({"DATAMODL": "SlitModel", "EXP_TYPE": "NRS_MSASPEC", **dict(primary)})
    for name, plane in planes.items():
        hdus.append(fits.ImageHDU((plane.T if upright else plane).astype("f4"), name=name))
    hdus[1].header.update({"BUNIT": "MJy/sr", "PIXAR_SR": AREA})
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path


def in_box(offset):
    """Share of the light in a box of five rows whose middle lies `offset` from the source."""
    return ndtr(2.5 + offset) - ndtr(-2.5 + offset)


@pytest.mark.parametrize("bend", [0.0, 2.0])
def test_a_tilted_trace_is_followed(tmp_path, bend):
    along = np.linspace(-1.0, 1.0, COLUMNS)
    middle = 14.0 - 7.0 * along + bend * along**2
    (found,) = read_spectra(slit(tmp_path / "x_cal.fits", middle))
    truth = 1e6 * AREA * FLUX * in_box(0.0)
    for part in np.array_split(found.flux[found.valid] / truth, 8):
        assert np.mean(part) == pytest.approx(1.0, abs=0.02)  # a straight box has nothing at the ends
    assert found.n_valid == COLUMNS
    assert "the trace is tilted, and was followed from row 2" in found.notes[1]
    # the wavelength is that of the row of the trace
    assert found.wavelength == pytest.approx(np.linspace(1.0, 2.0, COLUMNS) + 1e-4 * middle, abs=3e-5)


def test_a_straight_trace_stays_whole_rows_and_noise_is_no_trace(tmp_path):
    (found,) = read_spectra(slit(tmp_path / "x_s2d.fits", np.full(COLUMNS, 12.0), negative=np.full(COLUMNS, 20.0)))
    with fits.open(tmp_path / "x_s2d.fits") as file:
        rows = file["SCI"].data[10:15].astype("f8")
    assert found.flux == pytest.approx(rows.sum(axis=0) * 1e6 * AREA, rel=1e-12)
    assert found.error == pytest.approx(np.sqrt(5.0) * NOISE * 1e6 * AREA, rel=1e-6)
    assert any("negative images of the source at row 20" in note for note in found.notes)
    (silent,) = read_spectra(slit(tmp_path / "n_cal.fits", np.full(COLUMNS, 12.0), noise=4000.0))
    assert not any("tilted" in note for note in silent.notes)


def test_a_row_that_is_named_moves_a_tilted_box_with_it(tmp_path):
    middle = 14.0 + 5.0 * np.linspace(-1.0, 1.0, COLUMNS)
    path = slit(tmp_path / "x_cal.fits", middle)
    (found,) = read_spectra(path, extraction=ExtractionOptions(row=15.0))
    assert np.mean(found.flux) == pytest.approx(1e6 * AREA * FLUX * in_box(1.0), rel=0.03)
    straight = slit(tmp_path / "x_s2d.fits", np.full(COLUMNS, 12.0))
    with pytest.raises(DataError, match="rows 26 to 30 are asked for of 30; give --row and --width"):
        read_spectra(straight, extraction=ExtractionOptions(row=28.0))


@pytest.mark.parametrize("primary", [{"EXP_TYPE": "MIR_LRS-FIXEDSLIT", "DISPAXIS": 2}, {}])
def test_dispersion_along_columns_is_told_by_a_card_or_by_the_wavelengths(tmp_path, primary):
    path = slit(tmp_path / "lrs_s2d.fits", np.full(COLUMNS, 12.0), upright=True, primary=primary)
    (found,) = read_spectra(path)
    assert found.ends == pytest.approx((1.0012, 2.0012), abs=1e-6)
    assert np.mean(found.flux) == pytest.approx(1e6 * AREA * FLUX * in_box(0.0), rel=0.002)
    assert found.notes[0] == "sum of columns 10 to 14 (0-based) of 30"


def test_the_slices_of_an_ifu_are_no_slit(tmp_path):
    path = slit(tmp_path / "ifu_cal.fits", np.full(COLUMNS, 12.0), primary={"DATAMODL": "IFUImageModel"})
    with pytest.raises(FitsError, match="holds no spectrum"):
        read_spectra(path)
