"""Spectra read by content, measured, joined: numbers against simulated truth and real files."""

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.analysis.spectra.combine import stitch
from jwstpipe.analysis.spectra.lines.line_list import hydrogen, line_list, lines_named
from jwstpipe.analysis.spectra.lines.measure import measure_lines
from jwstpipe.analysis.spectra.lines.redshift import find_redshift
from jwstpipe.analysis.spectra.read import read_spectra, require_valid
from jwstpipe.analysis.spectra.spectrum import Spectrum, SpectrumOrigin
from jwstpipe.analysis.spectra.study import study_files, study_spectra
from jwstpipe.errors import DataError, FitsError, NotFoundError, UsageError
from jwstpipe.requests.analysis.spectra import SpectrumRequest
from jwstpipe.simulate.spectra import SpectrumScene, simulated_samples, write_x1d

G235M = SpectrumOrigin(file="a_x1d.fits", instrument="NIRSpec", grating="G235M", filter="F170LP")
REAL = "jw01492-o005_s00004_nirspec_f100lp-g140m-s1600a1-sub2048"


def simulated(scene, waves=None, *, seed=0, origin=G235M):
    waves = np.linspace(1.7, 3.1, 1300) if waves is None else waves
    flux, error = simulated_samples(waves, scene, seed=seed)
    return Spectrum.of(waves, flux, error, unit="Jy", origin=origin)


def test_the_real_x1d_says_that_it_has_no_valid_sample(shared_data):
    spectra = read_spectra(shared_data / "jwst" / f"{REAL}_x1d.fits")
    with pytest.raises(DataError, match="no valid sample: 1,412 of 1,426 fluxes are NaN and 14 are zero"):
        require_valid(spectra)


@pytest.mark.exhaustive("test_fluxes_widths_and_velocities_are_within_their_errors")
def test_the_real_s2d_gives_six_velocities_of_hydrogen_and_helium(shared_data):
    request = SpectrumRequest(redshift="auto", fit_lines=True)
    study = study_files([shared_data / "jwst" / f"{REAL}_s2d.fits"], request)
    assert study.spectra[0].n_valid == 1393
    truth = {
        "He I 1.083": 278.1,
        "Pa delta": 285.5,
        "Pa gamma": 279.7,
        "Pa beta": 284.1,
        "Br 11": 281.6,
        "Br 10": 281.9,
    }
    found = {one.line.name: one.velocity for one in study.lines}
    for name, velocity in truth.items():
        assert found[name] == pytest.approx(velocity, abs=3.0), name
    assert study.redshift * 299792.458 == pytest.approx(281.8, abs=3.0)
    assert len(study.found.lines) >= 6
    assert any("negative images" in note for note in study.notes)


def test_fluxes_widths_and_velocities_are_within_their_errors():
    flux, rest, pulls = 3e-18, hydrogen(3, 4).wavelength, []
    for seed in range(160):
        scene = SpectrumScene(((rest, flux),), redshift=0.1, sigma_kms=250.0, slope=0.3, noise=3e-5)
        (line,), _ = measure_lines(
            simulated(scene, np.linspace(1.95, 2.18, 220), seed=seed), [hydrogen(3, 4)], redshift=0.1
        )
        assert line.unit == "W/m2"
        pulls.append([(line.flux - flux) / line.flux_err, (line.velocity - 29979.2458) / line.velocity_err,
                      (line.summed - 0.9973 * flux) / line.summed_err])  # fmt: skip
    spread = np.std(pulls, axis=0)
    assert 0.9 * 0.93 < spread[0] < 1.1 * 1.07
    assert 0.8 < spread[1] < 1.15
    assert np.abs(np.mean(pulls, axis=0)[:2]).max() < 0.25


def test_an_undersampled_line_is_integrated_over_its_pixels():
    rest = hydrogen(2, 3).wavelength
    scene = SpectrumScene(
        ((rest, 2e-18),), redshift=3.0, sigma_kms=299792.458 / 70 / 2.3548, noise=1e-9, continuum=1e-6
    )
    waves = np.arange(1.6, 3.8, 2.6259 / 70.0)
    origin = SpectrumOrigin(instrument="NIRSpec", grating="PRISM")
    (line,), _ = measure_lines(simulated(scene, waves, origin=origin), [hydrogen(2, 3)], redshift=3.0)
    assert line.flux == pytest.approx(2e-18, rel=0.01)
    assert line.velocity == pytest.approx(3.0 * 299792.458, abs=60.0)


def test_tied_lines_keep_their_ratio_and_what_is_not_there_has_a_limit():
    (strong, weak, absent) = lines_named(("[O III] 5008", "[O III] 4960", "H beta"))
    scene = SpectrumScene(
        ((strong.wavelength, 2.98e-19), (weak.wavelength, 1e-19)), redshift=4.0, continuum=1e-6, noise=1e-6
    )
    found, _ = measure_lines(simulated(scene), [strong, weak, absent], redshift=4.0)
    by_name = {one.line.name: one for one in found}
    assert by_name["[O III] 5008"].flux / by_name["[O III] 4960"].flux == pytest.approx(2.98, rel=1e-6)
    assert by_name["[O III] 5008"].flux == pytest.approx(2.98e-19, abs=4 * by_name["[O III] 5008"].flux_err)
    limit = by_name["H beta"]
    assert not limit.found
    sigma_kms = limit.fwhm_instrument / 2.3548
    centre = absent.wavelength * 5.0
    step = 1.4 / 1299
    one_error = 1e-6 * np.sqrt(2 * np.sqrt(np.pi) * centre * sigma_kms / 299792.458 * step) * 2.99792458e-12 / centre**2
    assert limit.limit == pytest.approx(3 * one_error, rel=0.35)  # and something for the continuum


@pytest.mark.parametrize(
    ("redshift", "names", "waves"),
    [(2.3, ("H alpha", "[N II] 6585", "[S II] 6718"), (1.7, 3.1)), (0.37, ("Pa alpha", "Pa beta"), (1.4, 2.7)),
     (4.9, ("[O III] 5008", "[O III] 4960", "H beta"), (2.5, 3.1))],
)  # fmt: skip
def test_a_redshift_is_found_to_a_tenth_of_the_width(redshift, names, waves):
    lines = tuple((line.wavelength, 4e-20 / line.strength) for line in lines_named(names))
    scene = SpectrumScene(lines, redshift=redshift, continuum=2e-6, noise=1.5e-7, sigma_kms=160.0)
    found = find_redshift([simulated(scene, np.arange(*waves, 0.00107))])
    assert (found.value - redshift) / (1 + redshift) * 299792.458 == pytest.approx(0.0, abs=0.1 * 376.0)
    assert len(found.lines) >= 2


def test_one_line_alone_is_said_to_be_so():
    scene = SpectrumScene(
        ((hydrogen(2, 3).wavelength, 4e-20),), redshift=2.5, continuum=2e-6, noise=1.5e-7, sigma_kms=160.0
    )
    assert "one line alone speaks for it" in find_redshift([simulated(scene)]).words
    silent = SpectrumScene((), continuum=2e-6, noise=1.5e-7)
    with pytest.raises(DataError, match="give it with --redshift"):
        find_redshift([simulated(silent)])


def test_bands_are_scaled_in_their_overlap_and_cut_in_the_middle_of_it():
    bands = []
    for k, (name, factor) in enumerate((("SHORT", 1.0), ("MEDIUM", 1.25), ("LONG", 0.8))):
        waves = np.arange(5.0 + k, 6.2 + k, 0.002)
        flux = (1e-3 + 1e-4 * waves) / factor
        error = np.full(waves.size, 1e-6)
        origin = SpectrumOrigin(instrument="MIRI", channel="1", band=name)
        noise = np.random.default_rng(k).normal(0, 1e-6, waves.size)
        bands.append(Spectrum.of(waves, flux + noise, error, unit="Jy", origin=origin))
    made = stitch(bands[::-1])
    assert dict(made.factors) == pytest.approx({"1-SHORT": 1.0, "1-MEDIUM": 1.25, "1-LONG": 0.8}, rel=4e-4)
    assert made.cuts == pytest.approx((6.1, 7.1), abs=0.003)
    joined = made.spectrum
    assert joined.flux == pytest.approx(1e-3 + 1e-4 * joined.wavelength, rel=6e-3)
    assert (np.diff(joined.wavelength) > 0).all()
    assert dict(stitch(bands, anchor="1b").factors)["1-MEDIUM"] == 1.0
    assert "scaled by" in joined.notes[-1]
    with pytest.raises(UsageError, match="no such band; there are 1-SHORT"):
        stitch(bands, anchor="4C")


def test_hydrogen_follows_its_formula_and_every_line_has_a_source():
    for lower, upper in ((3, 4), (4, 6), (5, 7), (6, 8), (7, 8)):
        formula = 1.0 / (10.96775834 * (1.0 / lower**2 - 1.0 / upper**2))
        assert abs(hydrogen(lower, upper).wavelength / formula - 1.0) * 299792.458 < 2.32
    assert all(line.source and line.uncertainty > 0.0 for line in line_list())
    assert lines_named(("Pa\u03b2", "2.12183"))[1].name == "H2 1-0 S(1)"
    with pytest.raises(UsageError, match="did you mean"):
        lines_named(("Pa bta",))


def vectors(path, *, n=60, rows=3, pad=10):
    """Write the newer layout: a row an integration, vectors padded with zeros."""
    waves = np.tile(np.r_[np.linspace(1.0, 2.0, n), np.zeros(pad)], (rows, 1))
    flux = np.ones((rows, n + pad)) * np.arange(1, rows + 1)[:, None]
    flux[:, n:] = 0.0
    columns = [
        fits.Column("INT_NUM", "J", array=np.arange(1, rows + 1)),
        fits.Column("MJD-AVG", "D", array=60000.0 + np.arange(rows)),
        fits.Column("N_ALONGDISP", "J", array=np.full(rows, n)), fits.Column("SOURCE_ID", "J", array=np.full(rows, 7)),
        fits.Column("WAVELENGTH", f"{n + pad}D", unit="um", array=waves),
        fits.Column("FLUX", f"{n + pad}D", unit="Jy", array=flux),
        fits.Column("FLUX_ERROR", f"{n + pad}D", unit="Jy", array=np.full_like(flux, 0.1)),
    ]  # fmt: skip
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="EXTRACT1D")]).writeto(path)
    return path


def test_a_row_may_be_a_spectrum_and_padding_is_none(tmp_path):
    spectra = read_spectra(vectors(tmp_path / "x1dints.fits"))
    assert [(len(one), one.n_valid, one.origin.integration) for one in spectra] == [(60, 60, k) for k in (1, 2, 3)]
    assert [one.origin.mjd for one in spectra] == [60000.0, 60001.0, 60002.0]
    assert spectra[2].flux.tolist() == [3.0] * 60
    assert spectra[0].origin.source_id == "7"


def test_many_integrations_are_averaged_and_one_can_be_chosen(tmp_path):
    path = vectors(tmp_path / "x1dints.fits", rows=30)
    study = study_files([path], SpectrumRequest())
    assert study.spectra[0].flux == pytest.approx(15.5)
    assert study.spectra[0].error == pytest.approx(0.1 / np.sqrt(30))
    assert any("mean of 30 integrations" in note for note in study.notes)
    assert study_files([path], SpectrumRequest(integration=4)).spectra[0].flux[0] == 4.0
    with pytest.raises(NotFoundError, match="30 integrations, and none of number 31"):
        study_files([path], SpectrumRequest(integration=31))


def table_file(path, columns, **header):
    table = fits.BinTableHDU.from_columns(columns, name="SPEC1D")
    table.header.update(header)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    return path


def test_other_names_units_and_orders_are_read(tmp_path):
    wave = np.linspace(5e4, 1e4, 50)
    columns = [fits.Column("wave", "D", array=wave), fits.Column("flux", "D", unit="uJy", array=np.arange(1.0, 51.0)),
               fits.Column("err", "D", array=np.ones(50))]  # fmt: skip
    (found,) = read_spectra(table_file(tmp_path / "hlsp.fits", columns))
    assert found.wavelength[0] == pytest.approx(1.0)
    assert found.flux[0] == 50.0
    assert found.unit == "uJy"
    assert "taken for Angstrom" in found.notes[0]


def test_surface_brightness_where_flux_is_zero_and_fringe_corrected_where_it_is_there(tmp_path):
    n = 30
    base = [fits.Column("WAVELENGTH", "D", unit="um", array=np.linspace(5, 6, n)),
            fits.Column("FLUX", "D", unit="Jy", array=np.zeros(n)),
            fits.Column("FLUX_ERROR", "D", unit="Jy", array=np.zeros(n)),
            fits.Column("SURF_BRIGHT", "D", unit="MJy/sr", array=np.full(n, 3.0)),
            fits.Column("SB_ERROR", "D", unit="MJy/sr", array=np.full(n, 0.1))]  # fmt: skip
    (found,) = read_spectra(table_file(tmp_path / "a.fits", base))
    assert (found.column, found.unit, found.n_valid) == ("SURF_BRIGHT", "MJy/sr", n)
    assert "FLUX has no number but zero" in found.notes[0]
    more = [*base, fits.Column("RF_SURF_BRIGHT", "D", unit="MJy/sr", array=np.full(n, 2.9))]
    (found,) = read_spectra(table_file(tmp_path / "b.fits", more))
    assert (found.column, found.flux[0]) == ("RF_SURF_BRIGHT", 2.9)
    assert any("corrected for residual fringes" in note for note in found.notes)


def test_bad_files_each_get_a_sentence(tmp_path):
    n = 20
    wave = fits.Column("WAVELENGTH", "D", unit="um", array=np.linspace(1, 2, n))
    nan = table_file(tmp_path / "nan.fits", [wave, fits.Column("FLUX", "D", unit="Jy", array=np.full(n, np.nan))])
    with pytest.raises(DataError, match="no valid sample: 20 of 20 fluxes are NaN"):
        study_files([nan], SpectrumRequest())
    empty = table_file(tmp_path / "empty.fits", [fits.Column("WAVELENGTH", "D"), fits.Column("FLUX", "D")])
    with pytest.raises(DataError, match="no valid sample"):
        study_files([empty], SpectrumRequest())
    other = table_file(tmp_path / "other.fits", [fits.Column("mass", "D", array=np.ones(3))])
    with pytest.raises(FitsError, match="holds no spectrum"):
        read_spectra(other)
    mixed = np.linspace(1, 2, n)[np.random.default_rng(1).permutation(n)]
    columns = [
        fits.Column("WAVELENGTH", "D", unit="um", array=mixed),
        fits.Column("FLUX", "D", unit="DN/s", array=np.ones(n)),
    ]
    (found,) = read_spectra(table_file(tmp_path / "mixed.fits", columns))
    assert (np.diff(found.wavelength) > 0).all()
    assert "wavelengths go back at" in found.notes[0]
    lines, _ = measure_lines(found, [hydrogen(4, 10)])
    assert all(one.unit == "DN/s um" for one in lines)


def test_a_file_of_several_extensions_and_a_choice_of_one(tmp_path):
    waves = np.linspace(1.7, 3.1, 40)
    spectra = [(waves, np.full(40, k + 1.0), np.full(40, 0.1)) for k in range(3)]
    path = write_x1d(tmp_path / "many_x1d.fits", spectra)
    assert [one.flux[0] for one in read_spectra(path)] == [1.0, 2.0, 3.0]
    (found,) = read_spectra(f"{path}[EXTRACT1D,2]")
    assert found.flux[0] == 2.0
    with pytest.raises(UsageError, match="no table with a spectrum"):
        read_spectra(f"{path}[EXTRACT1D,9]")
    with pytest.raises(UsageError, match="no spectrum has a column 'NET'"):
        read_spectra(path, column="NET")


def test_continuum_and_gaps():
    scene = SpectrumScene(((1.8756, 5e-17),), redshift=0.02, slope=0.5, noise=1e-6)
    spectrum = simulated(scene)
    study = study_spectra([spectrum], SpectrumRequest(continuum="polynomial", degree=1))
    truth = 1e-3 * (1 + 0.5 * (spectrum.wavelength - spectrum.wavelength.mean()) / np.ptp(spectrum.wavelength))
    assert study.continua[0].flux == pytest.approx(truth, abs=5e-7)
    both = spectrum.select((spectrum.wavelength < 2.2) | (spectrum.wavelength > 2.5))
    assert [round(float(both.wavelength[k]), 2) for k in both.gaps()] == [2.5]


def test_a_strong_neighbour_is_not_taken_for_a_line_that_is_not_there():
    origin = SpectrumOrigin(instrument="MIRI", channel="4", band="LONG")
    scene = SpectrumScene(((25.8903, 2e-17),), redshift=0.0203, sigma_kms=90.0, continuum=0.2, noise=1e-3)
    spectrum = simulated(scene, np.arange(25.5, 27.5, 0.003), origin=origin)
    study = study_spectra([spectrum], SpectrumRequest(redshift="0.0203", fit_lines=True))
    found = {one.line.name: one for one in study.lines}
    assert found["[O IV] 25.89"].flux == pytest.approx(2e-17, abs=4 * found["[O IV] 25.89"].flux_err)
    assert not found["[Fe II] 25.99"].found
    assert found["[Fe II] 25.99"].limit < 1e-18


def test_a_slit_with_wavelengths_of_its_own_is_extracted(tmp_path):
    rows, columns = 21, 400
    waves = np.tile(np.linspace(1.0, 2.0, columns), (rows, 1)) + 0.001 * np.arange(rows)[:, None]
    profile = np.exp(-0.5 * ((np.arange(rows) - 12.0) / 0.8) ** 2)
    profile /= profile.sum()
    sci = profile[:, None] * 1e-9 * np.ones(columns)
    sci[12, 100:300:7] = np.nan
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(sci.astype("f4"), name="SCI"),
            fits.ImageHDU(np.full(sci.shape, 1e-12, "f4"), name="ERR"),
            fits.ImageHDU(waves.astype("f4"), name="WAVELENGTH"),
            fits.ImageHDU(np.zeros(sci.shape, "u4"), name="DQ")]  # fmt: skip
    hdus[1].header["BUNIT"] = "MJy"
    fits.HDUList(hdus).writeto(tmp_path / "slit_cal.fits")
    (found,) = read_spectra(tmp_path / "slit_cal.fits")
    inside = profile[10:15].sum() * 1e-3
    assert found.flux[found.valid] == pytest.approx(inside, rel=1e-6)
    assert found.wavelength == pytest.approx(waves[12], rel=1e-6)
    assert found.n_valid == columns - len(range(100, 300, 7))
    assert found.error[0] == pytest.approx(np.sqrt(5) * 1e-6, rel=1e-6)


def test_a_spline_through_anchors_runs_below_broad_bands():
    waves = np.arange(4.9, 11.0, 0.004)
    truth = 0.01 + 0.004 * (waves - 4.8) ** 1.5
    bands = sum(
        h * np.exp(-0.5 * ((waves - c) / w) ** 2) for c, w, h in ((6.22, 0.12, 0.1), (7.7, 0.35, 0.3), (8.6, 0.2, 0.1))
    )
    noise = np.random.default_rng(1).normal(0.0, 2e-4, waves.size)
    origin = SpectrumOrigin(instrument="MIRI", channel="12")
    z = 0.01
    seen = Spectrum.of(waves * (1 + z), truth + bands + noise, np.full(waves.size, 2e-4), unit="Jy", origin=origin)
    request = SpectrumRequest(continuum="spline", redshift=str(z))
    (made,) = study_spectra([seen], request).continua
    inside = np.isfinite(made.flux)
    assert waves[inside].min() == pytest.approx(5.2, abs=0.02)
    assert waves[inside].max() == pytest.approx(9.85, abs=0.02)
    assert np.abs(made.flux - truth)[inside].max() < 0.02  # the bands stand up to 0.3 above it
    own = SpectrumRequest(continuum="spline", redshift=str(z), anchors=("5.0-5.4", "5.6", "9.6-10.4", "10.9"))
    (longer,) = study_spectra([seen], own).continua
    assert longer.method == "natural cubic spline through 4 anchors"
    assert np.nanmax(waves[np.isfinite(longer.flux)]) == pytest.approx(10.9, abs=0.02)
    with pytest.raises(UsageError, match="a spline needs two anchors at least, and 0 of"):
        study_spectra([simulated(SpectrumScene(()))], SpectrumRequest(continuum="spline"))
    for words in ({"anchors": ("5.1",)}, {"continuum": "spline", "anchors": ("blue",)}):
        with pytest.raises(ValueError, match="anchor"):
            SpectrumRequest(**words)
