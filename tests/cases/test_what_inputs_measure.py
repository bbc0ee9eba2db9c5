"""Units, filters and kinds of exposures decide what may be averaged; several images of a file are all used."""

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.errors import DataError, FitsError, UsageError
from jwstpipe.fits.contents import exposure_kind, imaging_mode
from jwstpipe.fits.fits_file import open_fits_file
from jwstpipe.fits.science_hdus import science_hdus
from jwstpipe.images.open import find_image, open_image
from jwstpipe.mosaicking.build import mosaic
from jwstpipe.mosaicking.inputs.brightness_units import kind_of_unit, quantity_of, same_unit
from jwstpipe.mosaicking.planning import plan_mosaic
from jwstpipe.requests import MosaicOptions

FLUXES = """
DN, DN/s, DN/S, ADU, adu/pix, counts, COUNTS, COUNTS/S, count/s, cts/s, CPS, ELECTRONS, ELECTRONS/S, electron/s, e-,
e-/s, ELECTRONS/SEC, Photons/s, Jy, mJy, uJy, nJy, Jy/pixel, JY/PIXEL, nanomaggy, nanomaggies, erg/s/cm2, erg/s/cm2/A,
1e-17 erg/s/cm2/Ang, 10**(-20)*erg/s/cm**2/Angstrom, W/m2/Hz, counts per second, electron s**-1, DN s-1,
10**-17 erg/s/cm2/A, microJy, nmgy, FLAM, ergs/cm2/s/A, Jy km/s, COUNTS/SEC, photons/s/cm2, counts/sec/pixel, W m-2
"""
BRIGHTNESSES = """
MJy/sr, MJY/SR, MJy sr-1, mjy/ster, Jy/beam, JY/BEAM, mJy/beam, Jy beam-1, Jy/bm, K, mK, KELVIN, K_CMB, K (Tb), K km/s,
counts/s/arcsec2, uJy/arcsec2, erg/s/cm^2/arcsec^2, erg/(s cm2 arcsec2), nW m-2 sr-1, mJy/sq arcsec, Rayleigh,
Jy/beam.km/s, DN/s/arcsec**2, ph s-1 cm-2 arcsec-2, W/m^2/sr, mJy.arcsec-2, erg/s/cm2/Hz/sr, mK_CMB, Jy/sqarcsec,
MJy sr**-1, e-/s/arcsec^2, ADU/arcsec2, KELVIN km s-1
"""
UNKNOWN = (
    "ABmag",
    "dimensionless",
    "1",
    "kg",
    "sigma",
    "BUNIT",
    "mag",
    "mag/arcsec2",
    "mag arcsec**-2",
    "km/s",
    "cm-2",
    "deg",
    "furlong",
    "",
    "UNITLESS",
    "log(Jy)",
)


@pytest.mark.parametrize("unit", [unit.strip() for unit in FLUXES.split(",")])
def test_what_is_collected_in_a_pixel_changes_with_its_area(unit):
    assert quantity_of(unit, "auto") == (True, "")


@pytest.mark.parametrize("unit", [unit.strip() for unit in BRIGHTNESSES.split(",")])
def test_brightness_stays(unit):
    assert quantity_of(unit, "auto") == (False, "")


@pytest.mark.parametrize("unit", UNKNOWN)
def test_what_is_not_known_is_not_scaled_and_told(unit):
    is_flux, note = quantity_of(unit, "auto")
    assert not is_flux
    assert "not scaled" in note
    assert unit in note
    assert not kind_of_unit(unit).known


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MJy/sr", "MJy / sr"), ("MJY/SR", "MJy/sr"), ("MJy/sr", "MJy sr^-1"), ("MJy/ster", "MJy sr**-1"),
        ("DN/s", "DN s-1"), ("DN/S", "dn / sec"), ("Jy/beam", "JY beam-1"), ("counts/s", "cps"), ("COUNTS/S", "ct / s"),
        ("ELECTRONS/S", "electron/s"), ("e-/s", "electron / s"), ("ELECTRONS", "e-"), ("Jy/pixel", "JY"),
        ("erg/s/cm2/A", "ERG/S/CM^2/ANG"), ("erg s-1 cm-2 AA-1", "erg / (s cm2 Angstrom)"), ("K", "KELVIN"),
    ],
)  # fmt: skip
def test_spellings_of_one_unit(one, other):
    assert same_unit(one, other)
    assert same_unit(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MJy/sr", "mJy/sr"), ("MJy/sr", "mjy/sr"), ("MJY/SR", "mJy/sr"), ("MJy/sr", "Jy/beam"), ("DN", "DN/s"),
        ("1e-17 erg/s/cm2/A", "erg/s/cm2/A"), ("1e-17 erg/s/cm2/A", "1e-20 erg/s/cm2/A"), ("electron/s", "photon/s"),
        ("Jy/arcsec2", "Jy/arcsec"), ("mJy", "Jy"), ("uJy", "nJy"), ("", "Jy"), ("K", "mK"), ("counts", "DN"),
    ],
)  # fmt: skip
def test_different_units_are_not_taken_for_one(one, other):
    assert not same_unit(one, other)
    assert not same_unit(other, one)


@pytest.mark.parametrize("name", ["jybeam", "mjybeam", "JYBEAM"])
def test_brightness_in_a_beam_is_that_at_half_the_pixel_size(case, tmp_path, name):
    source = case("unit_jy_per_beam") / f"unit_{name}.fits"
    mosaic([source], tmp_path / "m.zarr", options=MosaicOptions(scale_arcsec=0.5))
    ratio = np.nanmedian(open_image(tmp_path / "m.zarr").read()) / np.median(fits.getdata(source))
    assert ratio == pytest.approx(1.0, abs=0.01)


def test_filters_are_not_averaged_unless_asked(case, tmp_path):
    pair = [case("mosaic_mixed_filters") / name for name in ("a_f200w.fits", "b_f444w.fits")]
    with pytest.raises(DataError, match=r"NIRCAM F200W \(a_f200w.fits\), NIRCAM F444W \(b_f444w.fits\).*--mix"):
        plan_mosaic(pair)
    mixed = plan_mosaic(pair, options=MosaicOptions(mix=True))
    assert any("F444W" in note for note in mixed.notes)


@pytest.mark.parametrize("file", ["nis_wfss_rate.fits", "nrc_wfss_rate.fits"])
def test_grism_exposures_are_no_images_of_the_sky(case, file):
    source = case("mosaic_grism_as_image") / file
    with pytest.raises(DataError, match="a dispersed exposure"):
        plan_mosaic([source])
    assert plan_mosaic([source], options=MosaicOptions(mix=True)).notes


@pytest.mark.parametrize("file", ["one_one_uncal.fits", "one_five_uncal.fits"])
def test_ramps_are_no_images_whatever_their_axes(case, file):
    with pytest.raises(FitsError, match="ramp that is not fitted"):
        open_image(case("uncal_single_frame") / file)


@pytest.mark.parametrize(
    ("cards", "name", "said"),
    [
        ({"EXP_TYPE": "NRC_IMAGE"}, "jw_cal.fits", ""),
        ({"EXP_TYPE": "MIR_IMAGE", "DATAMODL": "ImageModel"}, "a_i2d.fits", ""),
        ({"EXP_TYPE": "NRC_TSGRISM"}, "a.fits", "dispersed"),
        ({"EXP_TYPE": "NRS_IFU"}, "a.fits", "dispersed"),
        ({"EXP_TYPE": "MIR_LRS-FIXEDSLIT"}, "a.fits", "dispersed"),
        ({"EXP_TYPE": "NRS_BRIGHTOBJ"}, "a.fits", "dispersed"),
        ({"DATAMODL": "IFUImageModel"}, "a.fits", "IFU"),
        ({"DATAMODL": "SlitModel"}, "a.fits", "spectrum"),
        ({"EXP_TYPE": "MIR_DARKALL"}, "a.fits", "no sky"),
        ({"EXP_TYPE": "NRC_LED"}, "a.fits", "no sky"),
        ({"PUPIL": "GRISMR", "FILTER": "F444W"}, "a.fits", "dispersed"),
        ({"TELESCOP": "HST", "FILTER": "G141"}, "a_flt.fits", "dispersed"),
        ({}, "jw0_s2d.fits", "spectrum"),
        ({}, "jw0_uncal.fits", "ramp"),
        ({"TELESCOP": "HST", "FILTER": "F814W"}, "a_flt.fits", ""),
    ],
)
def test_the_kind_of_an_exposure(cards, name, said):
    found = exposure_kind(cards, name)
    assert (said in found) if said else found == ""


def test_all_science_extensions_are_used(case, tmp_path):
    source = case("hdu_several_sci") / "two_sci.fits"
    plan = plan_mosaic([source])
    assert [one.name for one in plan.sources] == ["two_sci.fits[SCI,1]", "two_sci.fits[SCI,2]"]
    decs = [outline.dec.mean() for outline in plan.outlines]
    np.testing.assert_allclose(decs, [2.0, 2.03], atol=1e-6)
    mosaic([source], tmp_path / "m.zarr", fits=tmp_path / "m.fits")
    assert fits.getdata(tmp_path / "m.fits", 1).shape == (80 + 108 + 1, 101)
    first, second = (find_image(f"{source}[SCI,{number}]") for number in (1, 2))
    assert np.array_equal(second.read(), fits.getdata(source, 2))
    assert np.array_equal(first.read(), find_image(source).read())
    assert "2 science images" in find_image(source).notes[0]
    assert not second.notes
    with pytest.raises(UsageError, match=r"its images are \[SCI\], \[SCI,2\]"):
        find_image(f"{source}[SCI,3]")


def test_masks_and_previews_are_not_taken_for_science(tmp_path):
    placed = fits.Header()
    placed["CTYPE1"], placed["CTYPE2"], placed["CDELT1"], placed["CDELT2"] = "RA---TAN", "DEC--TAN", -1e-4, 1e-4
    preview = fits.PrimaryHDU(np.ones((8, 9), "u1"))
    image = fits.ImageHDU(np.ones((30, 40), "f4"), placed, name="CCD1")
    other = fits.ImageHDU(np.ones((30, 40), "f4"), placed, name="CCD2")
    mask = fits.ImageHDU(np.ones((30, 40), "i2"), placed, name="CCD1_MASK")
    flags = fits.ImageHDU(np.ones((30, 40), "u1"), placed)
    fits.HDUList([preview, mask, flags, image, other]).writeto(tmp_path / "mef.fits")
    found = find_image(tmp_path / "mef.fits")
    assert found.shape == (30, 40)
    assert found.siblings == (f"{tmp_path / 'mef.fits'}[3]", f"{tmp_path / 'mef.fits'}[4]")
    assert find_image(f"{tmp_path / 'mef.fits'}[CCD1_MASK]").shape == (30, 40)


@pytest.mark.parametrize("file", ["exptime_nan.fits", "effexptm_inf.fits"])
def test_a_card_that_no_parser_understands_is_as_if_missing(case, file):
    (source,) = plan_mosaic([case("crash_unparsable_keyword") / file]).sources
    assert np.isnan(source.exposure_s)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("NRC_CORON", "behind a coronagraph"), ("MIR_LYOT", "behind a coronagraph"),
        ("MIR_4QPM", "behind a coronagraph"),
        ("NRC_TACQ", "of a target acquisition"), ("MIR_TACONFIRM", "of a target acquisition"),
        ("NRS_WATA", "of a target acquisition"), ("NRS_CONFIRM", "of a target acquisition"),
        ("FGS_ACQ1", "of a target acquisition"), ("NRC_FOCUS", "of focus or guiding"),
        ("FGS_FINEGUIDE", "of focus or guiding"), ("NIS_AMI", "behind an aperture mask"), ("NRC_IMAGE", ""),
        ("MIR_IMAGE", ""), ("NIS_IMAGE", ""), ("FGS_IMAGE", ""), ("NRC_TSIMAGE", ""), ("", ""),
    ],
)  # fmt: skip
def test_images_taken_in_another_way_are_not_averaged_with_the_usual_ones(mode, said, tmp_path):
    assert imaging_mode(mode) == said
    if mode not in ("NRC_CORON", "NRC_TACQ"):
        return
    placed = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0, "CRPIX1": 5.0, "CRPIX2": 5.0,
              "CDELT1": -1e-5, "CDELT2": 1e-5, "BUNIT": "MJy/sr"}  # fmt: skip
    for one in ("NRC_IMAGE", mode):
        cards = {"TELESCOP": "JWST", "INSTRUME": "NIRCAM", "FILTER": "F335M", "PUPIL": "CLEAR", "EXP_TYPE": one}
        science = fits.ImageHDU(np.ones((9, 9), "f4"), fits.Header(placed), name="SCI")
        fits.HDUList([fits.PrimaryHDU(header=fits.Header(cards)), science]).writeto(tmp_path / f"{one}.fits")
    inputs = sorted(tmp_path.glob("*.fits"))
    with pytest.raises(DataError, match=f"F335M {said}.*{mode}.fits"):
        plan_mosaic(inputs)
    assert any(said in note for note in plan_mosaic(inputs, options=MosaicOptions(mix=True)).notes)


BESIDE = """
hst_10775_64_acs_wfc_f814w_drz_wht.fits SPITZER_I1_10_munc.fits I2_bmask.fits.gz a_err.fits EUC_MER-RMS.fits
rings.v3.skycell.1.stk.g.unconv.mask.fits x.wt.fits c4d_150101_010203_ood_g_v1.fits.fz field.weight.fits
deep_ivar.fits[1]
"""
IMAGES = """
hst_10775_64_acs_wfc_f814w_drz_sci.fits hst_drc.fits SPITZER_I1_10_maic.fits j_flc.fits masked.fits m51.fits cover.fits
c4d_150101_010203_ooi_g_v1.fits.fz jw01_nrcb1_cal.fits weights/m51.fits EUC_VIS_SWL-STK.fits
"""


@pytest.mark.parametrize("name", BESIDE.split())
def test_files_beside_an_image_are_none(name):
    assert "by its name" in exposure_kind({}, name)


@pytest.mark.parametrize("name", IMAGES.split())
def test_files_of_images_are_images(name):
    assert exposure_kind({}, name) == ""


def test_the_planes_of_a_quadrant_of_euclid_are_told_apart(tmp_path):
    placed = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CDELT1": -1e-5, "CDELT2": 1e-5})
    names = [f"CCDID {n}-1.{what}" for n in (1, 2) for what in ("SCI", "RMS", "FLG")]
    hdus = [fits.ImageHDU(np.ones((4, 4), "f4"), placed, name=name) for name in names]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(tmp_path / "vis.fits")
    found = science_hdus(open_fits_file(tmp_path / "vis.fits").hdus, "vis.fits")
    assert [hdu.name for hdu in found] == ["CCDID 1-1.SCI", "CCDID 2-1.SCI"]
