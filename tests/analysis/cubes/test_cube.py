"""Cubes as they are opened: wavelengths by every rule, bad samples, and what is refused in a sentence."""

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS

import jwstpipe
from jwstpipe.analysis.cubes.cube import open_cube
from jwstpipe.analysis.cubes.describe import cube_facts
from jwstpipe.errors import DataError, HeaderError, NoCoverageError, TransformError


def altered(source, path, change):
    with fits.open(source) as opened:
        change(opened)
        opened.writeto(path)
    return path


def test_linear_wavelengths_place_and_unit_are_those_of_astropy(disc):
    cube = open_cube(disc.path)
    with fits.open(disc.path) as file:
        theirs = WCS(file["SCI"].header)
        samples = file["SCI"].data
    ours = theirs.spectral.pixel_to_world(np.arange(cube.shape[0])).to_value("um")
    np.testing.assert_allclose(cube.wavelengths.to_value("um"), ours, rtol=1e-12)
    np.testing.assert_allclose(cube.wcs.wcs_pix2world([[3, 20]], 0), theirs.celestial.wcs_pix2world([[3, 20]], 0))
    assert cube.unit == units.MJy / units.sr
    np.testing.assert_array_equal(cube.slice(7).sci, samples[7])
    near = cube.slice_at(5.34 * units.um)
    np.testing.assert_array_equal(near.sci, samples[np.argmin(abs(ours - 5.34))])
    assert near.wcs.pixel_to_world(3, 20).separation(theirs.celestial.pixel_to_world(3, 20)).arcsec < 1e-9
    facts = cube_facts(cube)
    assert (facts["axis"], facts["slices"], facts["scale_arcsec"]) == ("wavelength", 400, pytest.approx(0.13))


def test_wavelengths_of_a_table_go_before_the_linear_cards(tabulated):
    cube = open_cube(tabulated.path)
    np.testing.assert_allclose(cube.microns, tabulated.microns, rtol=1e-7)  # the table holds float32
    assert cube.index_of(1.28216) == np.argmin(abs(tabulated.microns - 1.28216))
    with pytest.raises(NoCoverageError, match=r"does not reach 9 um; it covers 1 to 1\.6"):
        cube.index_of(9.0)


def test_a_longer_table_is_read_as_far_as_nelem_says_else_refused(tabulated, tmp_path):
    def longer(known):
        def change(opened):
            more = np.concatenate([tabulated.microns, np.zeros(3)]).astype("f4").reshape(1, -1, 1)
            columns = [fits.Column("nelem", "I", array=[known])] if known else []
            size = more.size
            columns.append(fits.Column("wavelength", f"{size}E", dim=f"(1,{size})", array=more))
            opened["WCS-TABLE"] = fits.BinTableHDU.from_columns(columns, name="WCS-TABLE")

        return change

    cube = open_cube(altered(tabulated.path, tmp_path / "known.fits", longer(120)))
    np.testing.assert_allclose(cube.microns, tabulated.microns, rtol=1e-7)
    assert "first 120 are used" in cube.notes[0]
    with pytest.raises(DataError, match="120 slices and its table WCS-TABLE 123 wavelengths"):
        open_cube(altered(tabulated.path, tmp_path / "unknown.fits", longer(0)))


def test_frequencies_become_wavelengths(disc, tmp_path):
    def change(opened):
        header = opened["SCI"].header
        header["CTYPE3"], header["CUNIT3"], header["CRVAL3"], header["CDELT3"] = "FREQ", "GHz", 60_000.0, 10.0

    cube = open_cube(altered(disc.path, tmp_path / "freq.fits", change))
    truth = 299_792_458e6 / ((60_000.0 + 10.0 * np.arange(400)) * 1e9)
    np.testing.assert_allclose(cube.microns, truth, rtol=1e-12)
    assert cube.range_of(4.8, 4.9) == (int(np.flatnonzero(truth <= 4.9)[0]), int(np.flatnonzero(truth >= 4.8)[-1]) + 1)


def test_samples_that_dq_calls_unusable_are_nan(disc, tmp_path):
    def change(opened):
        opened["DQ"].data[5, 10, 11] = 1
        opened["DQ"].data[5, 10, 12] = 4  # JUMP_DET: fitted without that part

    found = open_cube(altered(disc.path, tmp_path / "dq.fits", change)).slice(5)
    assert np.isnan(found.sci[10, 11])
    assert np.isfinite(found.sci[10, 12])
    assert found.dq[10, 11] == 1


@pytest.mark.parametrize(
    ("key", "value", "error", "words"),
    [
        ("CTYPE3", "VELO", HeaderError, "a velocity"),
        ("CDELT3", None, HeaderError, "neither CRVAL3 and CDELT3"),
        ("CDELT3", 0.0, DataError, "neither rise nor fall"),
        ("CRVAL3", -5.0, DataError, "no positive numbers"),
        ("CUNIT3", "kg", HeaderError, "'kg', which is no length"),
        ("CDELT3", "wide", HeaderError, "CDELT3 is no number"),
    ],
)
def test_wavelengths_with_a_fault_are_refused_in_a_sentence(disc, tmp_path, key, value, error, words):
    def change(opened):
        if value is None:
            del opened["SCI"].header[key]
        else:
            opened["SCI"].header[key] = value

    with pytest.raises(error, match=words):
        open_cube(altered(disc.path, tmp_path / "bad.fits", change))


def test_a_table_that_turns_back_or_is_missing_is_refused(tabulated, tmp_path):
    def turned(opened):
        opened["WCS-TABLE"].data["wavelength"][0, 60] = 1.0

    with pytest.raises(DataError, match=r"neither rise nor fall throughout \(slice 59: 1\.2\d+ um, slice 60: 1 um\)"):
        open_cube(altered(tabulated.path, tmp_path / "turned.fits", turned))
    with pytest.raises(DataError, match="stand in a table WCS-TABLE, which is not in the file"):
        open_cube(altered(tabulated.path, tmp_path / "without.fits", lambda opened: opened.pop()))


def test_a_cube_without_a_place_on_the_sky_is_shown_by_pixels(disc, tmp_path):
    def change(opened):
        header = opened["SCI"].header
        for key in ("CTYPE1", "CTYPE2", "CRVAL1", "CRVAL2", "CDELT1", "CDELT2", "PC1_1", "PC1_2", "PC2_1", "PC2_2"):
            del header[key]

    path = altered(disc.path, tmp_path / "nowhere.fits", change)
    cube = open_cube(path)
    assert "no place on the sky" in cube_facts(cube)["notes"][0]
    assert cube.slice(3).wcs is None
    found = jwstpipe.cube_spectrum(path, place="11,15")
    np.testing.assert_allclose(found.flux, jwstpipe.cube_spectrum(disc.path, place="11,15").flux, rtol=1e-6)
    assert "PIXAR_SR" in found.notes[0]
    jwstpipe.cube(path, tmp_path / "light.zarr")
    with pytest.raises(TransformError, match="no celestial WCS"):
        jwstpipe.cube_spectrum(path, place="05:31:36,-70:07:12")


def test_time_series_and_plain_cubes_say_what_they_are(disc, tmp_path):
    def series(opened):
        opened[0].header["DATAMODL"], opened[0].header["EXP_TYPE"] = "CubeModel", "NRC_TSIMAGE"
        for key in [key for key in opened["SCI"].header if key.endswith("3")]:
            if key != "NAXIS3":
                del opened["SCI"].header[key]

    cube = open_cube(altered(disc.path, tmp_path / "x_calints.fits", series))
    assert cube.kind == "integration"
    assert np.isfinite(cube.slice(2).sci).any()
    with pytest.raises(HeaderError, match="the integrations of a time series; give a slice by its number"):
        cube.slice_at(5.0)


def test_hostile_cubes_are_told_from_spectral_ones(shared_data):
    with pytest.raises(DataError, match="fastest axis"):
        open_cube(shared_data / "hostile" / "twhya_f356w_cube.fits")
    with pytest.raises(DataError, match="without a third axis; no cube"):
        open_cube(shared_data / "hostile" / "mirimage_i2d_without_wcs.fits")
