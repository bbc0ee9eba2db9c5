"""The grammar, edge case by edge case; the truth is the reference's table or the name's own text."""

from dataclasses import replace

import pytest

from jwstpipe.names import as_json, format_name, parse_name

EXPOSURE = "jw02733001001_02101_00001_nrca1_cal.fits"


def fields(name, *wanted):
    parsed = parse_name(name)
    return tuple(getattr(parsed, field) for field in wanted)


def test_exposure_gives_every_part():
    name = parse_name(EXPOSURE)
    assert (name.kind, name.level, name.suffix, name.data_type, name.calib_level) == (
        "exposure",
        "L2b",
        "cal",
        "image",
        2,
    )
    assert (name.program, name.observation, name.visit) == ("02733", "001", "001")
    assert (name.visit_group, name.parallel_sequence, name.activity) == ("02", "1", "01")
    assert (name.exposure, name.segment, name.candidate) == ("00001", None, None)
    assert (name.detector, name.instrument, name.filters) == ("nrca1", "NIRCam", ())
    assert (name.observation_base_id, name.exposure_id) == ("jw02733001001", "jw02733001001_02101")
    assert (name.viewable, name.extension, name.reason) == (True, ".fits", None)


@pytest.mark.parametrize("number", ["uncal", "rate", "rateints", "cal", "calints", "crf", "i2d", "x1d"])
def test_format_writes_siblings(number):
    sibling = format_name(replace(parse_name(EXPOSURE), suffix=number))
    assert sibling == f"jw02733001001_02101_00001_nrca1_{number}.fits"
    assert parse_name(sibling).suffix == number


# suffix, level on an exposure name, level on a stage-3 name, data type, viewable
SUFFIX_TABLE = [
    ("uncal", "L1", "L1", "raw", True),
    ("rate", "L2a", "L2a", "sensor", True),
    ("rateints", "L2a", "L2a", "sensor", True),
    ("ramp", "L2a", "L2a", "calibration", True),
    ("dark", "L2a", "L2a", "calibration", True),
    ("fitopt", "L2a", "L2a", "calibration", False),
    ("trapsfilled", "L2a", "L2a", "calibration", False),
    ("cal", "L2b", "L2b", "image", True),
    ("calints", "L2b", "L2b", "image", True),
    ("bsub", "L2b", "L2b", "image", True),
    ("bsubints", "L2b", "L2b", "image", True),
    ("mbsub", "L2b", "L2b", "image", True),
    ("crf", "L2b", "L2b", "image", True),
    ("crfints", "L2b", "L2b", "image", True),
    ("i2d", "L2b", "L3", "image", True),
    ("s2d", "L2b", "L3", "image", True),
    ("s3d", "L2b", "L3", "image", True),
    ("x1d", "L2b", "L3", "spectral", False),
    ("x1dints", "L2b", "L3", "spectral", False),
    ("c1d", "L3", "L3", "spectral", False),
    ("cat", "L3", "L3", "metadata", False),
    ("segm", "L3", "L3", "image", True),
    ("phot", "L3", "L3", "metadata", False),
    ("whtlt", "L3", "L3", "metadata", False),
    ("psfstack", "L3", "L3", "image", True),
    ("psfalign", "L3", "L3", "image", True),
    ("psfsub", "L3", "L3", "image", True),
    ("wfscmb", "L3", "L3", "image", True),
    ("ami-oi", "L3", "L3", "metadata", False),
    ("amimulti-oi", "L3", "L3", "metadata", False),
    ("aminorm-oi", "L3", "L3", "metadata", False),
    ("amilg", "L3", "L3", "image", True),
    ("flat", "unknown", "unknown", "calibration", True),
    ("masterbg1d", "unknown", "unknown", "calibration", False),
    ("masterbg2d", "unknown", "unknown", "calibration", True),
]


@pytest.mark.parametrize(("suffix", "on_exposure", "on_stage3", "data_type", "viewable"), SUFFIX_TABLE)
def test_level_is_a_function_of_suffix_and_naming_kind(suffix, on_exposure, on_stage3, data_type, viewable):
    exposure = parse_name(f"jw02733001001_02101_00001_nis_{suffix}.fits")
    stage3 = parse_name(f"jw02733-o001_t001_niriss_clear-f150w_{suffix}.fits")
    neither = parse_name(f"my_own_file_{suffix}.fits")
    assert (exposure.kind, stage3.kind, neither.kind) == ("exposure", "stage3", "unknown")
    assert (exposure.level, stage3.level, neither.level) == (on_exposure, on_stage3, on_stage3)
    for name in (exposure, stage3, neither):
        assert (name.suffix, name.data_type, name.viewable) == (suffix, data_type, viewable)


def test_level_2c_has_the_candidate_before_the_suffix():
    name = parse_name("jw94015002002_02108_00001_mirimage_o002_crf.fits")
    assert (name.kind, name.candidate, name.suffix, name.level) == ("exposure", "o002", "crf", "L2b")
    assert fields("jw86073042001_02102_00001_nrcb3_a3001_psfalign.fits", "candidate", "level") == ("a3001", "L3")
    assert fields("jw87600027001_02101_00002_nis_a3001_ami-oi.fits", "suffix", "level") == ("ami-oi", "L3")
    assert fields("jw01529003001_03103_00011_mirimage_c1003_masterbg2d.fits", "candidate") == ("c1003",)


def test_base36_activity_is_no_reason_to_lose_a_file():
    name = parse_name("jw01345001001_0310a_00001_nrcalong_rate.fits")
    assert (name.kind, name.activity, name.exposure_id) == ("exposure", "0a", "jw01345001001_0310a")


def test_segments_are_kept_and_share_the_exposure_id():
    name = parse_name("jw01366003001_04101_00001-seg002_nrs1_uncal.fits")
    assert (name.segment, name.exposure, name.exposure_id) == ("002", "00001", "jw01366003001_04101")
    assert format_name(name) == "jw01366003001_04101_00001-seg002_nrs1_uncal.fits"


@pytest.mark.parametrize(
    ("detector", "instrument"),
    [
        *((f"nrc{module}{chip}", "NIRCam") for module in "ab" for chip in ("1", "2", "3", "4", "5", "long")),
        ("mirimage", "MIRI"),
        ("MIRIM", "MIRI"),
        ("mirifushort", "MIRI"),
        ("mirifulong", "MIRI"),
        ("nrs1", "NIRSpec"),
        ("nrs2", "NIRSpec"),
        ("nis", "NIRISS"),
        ("guider1", "FGS"),
        ("guider2", "FGS"),
    ],
)
def test_detectors_tell_the_instrument(detector, instrument):
    assert fields(f"jw02733001001_02101_00001_{detector}_rate.fits", "detector", "instrument") == (
        detector.lower(),
        instrument,
    )


def test_stage3_of_a_target():
    name = parse_name("jw02733-o001_t001_nircam_clear-f090w-sub64p_i2d.fits")
    assert (name.kind, name.level, name.calib_level) == ("stage3", "L3", 3)
    assert (name.program, name.observation, name.visit, name.exposure) == ("02733", "001", None, None)
    assert (name.candidate, name.target_id, name.source_id, name.epoch) == ("o001", "t001", None, None)
    assert (name.instrument, name.detector) == ("NIRCam", None)
    assert (name.optical_elements, name.subarray, name.filters) == (("clear", "f090w"), "sub64p", ("F090W",))
    assert (name.observation_base_id, name.exposure_id) == ("jw02733-o001_t001_nircam", None)


@pytest.mark.parametrize(
    ("optics", "elements", "subarray", "filters"),
    [
        ("f1130w", ("f1130w",), None, ("F1130W",)),
        ("f405n-f444w", ("f405n", "f444w"), None, ("F405N", "F444W")),
        ("f444w-f470n", ("f444w", "f470n"), None, ("F470N", "F444W")),
        ("f322w2-f323n", ("f322w2", "f323n"), None, ("F323N", "F322W2")),
        ("f150w2-f164n-sub64p", ("f150w2", "f164n"), "sub64p", ("F164N", "F150W2")),
        ("clearp-f277w", ("clearp", "f277w"), None, ("F277W",)),
        ("f444w-grismr", ("f444w", "grismr"), None, ("F444W",)),
        ("f170lp-g235h", ("f170lp", "g235h"), None, ()),
        ("f170lp_g235m", ("f170lp", "g235m"), None, ()),
        ("clear-prism", ("clear", "prism"), None, ()),
        ("ch1-long", ("ch1", "long"), None, ()),
        ("ch1-shortmediumlong", ("ch1", "shortmediumlong"), None, ()),
        ("f200w-maskrnd", ("f200w", "maskrnd"), None, ("F200W",)),
        ("f1065c-mask1065", ("f1065c",), "mask1065", ("F1065C",)),
        ("gr150r_f150w", ("gr150r", "f150w"), None, ("F150W",)),
        ("f100lp-g140m-s1600a1-sub2048", ("f100lp", "g140m", "s1600a1"), "sub2048", ()),
        ("clear-gr700xd-substrip256", ("clear", "gr700xd"), "substrip256", ()),
        ("f480m-nrm", ("f480m", "nrm"), None, ("F480M",)),
    ],
)
def test_optical_elements_subarray_and_filters(optics, elements, subarray, filters):
    name = parse_name(f"jw02733-o001_t001_nircam_{optics}_i2d.fits")
    assert (name.kind, name.optical_elements, name.subarray, name.filters) == ("stage3", elements, subarray, filters)
    assert format_name(name) == f"jw02733-o001_t001_nircam_{optics}_i2d.fits"


@pytest.mark.parametrize("candidate", ["o001", "c1001", "c0001", "a3001", "a0003"])
def test_candidates(candidate):
    name = parse_name(f"jw01837-{candidate}_t000_nircam_clear-f444w_i2d.fits")
    assert (name.kind, name.candidate, name.target_id) == ("stage3", candidate, "t000")
    assert name.observation == ("001" if candidate == "o001" else None)
    assert name.observation_base_id == f"jw01837-{candidate}_t000_nircam"


@pytest.mark.parametrize("source", ["s00004", "s00000002", "s000009239", "b000000003", "v000000042"])
def test_sources_old_and_new(source):
    name = parse_name(f"jw01492-o005_{source}_nirspec_f100lp-g140m_x1d.fits")
    assert (name.kind, name.source_id, name.target_id, name.level) == ("stage3", source, None, "L3")
    assert name.observation_base_id == f"jw01492-o005_{source}_nirspec"


def test_short_target_numbers_of_old_data():
    assert fields("jw93065-a3001_t1_nircam_f150w-wlp8_phot.ecsv", "kind", "target_id", "viewable") == (
        "stage3",
        "t1",
        False,
    )


def test_epoch_is_part_of_the_identity():
    name = parse_name("jw80600-o009_t001-epoch1_miri_f1130w_i2d.fits")
    assert (name.epoch, name.target_id) == ("1", "t001")
    assert name.observation_base_id == "jw80600-o009_t001-epoch1_miri"
    assert fields("jw80600-o009_s00001-epoch2_miri_f1130w_i2d.fits", "epoch", "source_id") == ("2", "s00001")


def test_wavefront_activity_follows_the_suffix():
    name = parse_name("jw02586-o173_t035_nircam_f212n-wlm8-nrca3_wfscmb-04.fits")
    assert (name.kind, name.suffix, name.suffix_activity, name.subarray) == ("stage3", "wfscmb", "04", "nrca3")
    assert parse_name("jw02739-o002_t001_miri_f1130w_i2d-1.png").kind == "unknown"


def test_stage3_without_elements_or_suffix():
    assert fields("jw01000-o001_t001_niriss_i2d.fits", "kind", "suffix", "optics") == ("stage3", "i2d", None)
    assert fields("jw80600-o009_t001_miri_f1130w", "kind", "suffix", "optics") == ("stage3", None, "f1130w")


def test_guide_star_files():
    name = parse_name("jw00729011001_gs-id_12_image_cal.fits")
    assert (name.kind, name.guide_mode, name.guide_count, name.guide_frame) == ("guide", "id", "12", "image")
    assert (name.suffix, name.level, name.instrument, name.detector) == ("cal", "L2b", "FGS", None)
    assert (name.program, name.observation, name.visit) == ("00729", "011", "001")
    assert (name.observation_base_id, name.exposure_id) == ("jw00729011001", None)
    name = parse_name("jw01118005001_gs-fg_2022150070312-seg002_uncal.fits")
    assert (name.guide_mode, name.timestamp, name.segment, name.level) == ("fg", "2022150070312", "002", "L1")
    assert fields("jw86600048001_gs-fg_2016018175411_stream.fits", "kind", "level") == ("guide", "unknown")


def test_guide_star_identification_accepts_the_hyphen_of_the_documents():
    written = parse_name("jw00729011001_gs-id_1_image-uncal.fits")
    assert written == parse_name("jw00729011001_gs-id_1_image_uncal.fits")
    assert format_name(written) == "jw00729011001_gs-id_1_image_uncal.fits"


def test_associations_and_pools():
    name = parse_name("jw01685-o013_20240910t234537_image2_00001_asn.json")
    assert (name.kind, name.level, name.data_type, name.viewable) == ("association", "unknown", "metadata", False)
    assert (name.candidate, name.observation, name.association_type) == ("o013", "013", "image2")
    assert (name.timestamp, name.sequence, name.suffix) == ("20240910t234537", "00001", "asn")
    assert fields("jw01166-o091_20220505t044658_wfs-image2_058_asn.json", "association_type", "sequence") == (
        "wfs-image2",
        "058",
    )
    assert fields("jw01685_20240910t234537_pool.csv", "kind", "suffix", "program") == ("association", "pool", "01685")
    assert parse_name("jw02733-o001_asn.json").kind == "unknown"
    assert parse_name("jw01685_20240910t234537_pool.json").kind == "unknown"


def test_msa_metadata_is_unknown_and_says_why():
    name = parse_name("jw01118008001_01_msa.fits")
    assert (name.kind, name.suffix, name.data_type, name.viewable) == ("unknown", "msa", "metadata", False)
    assert (name.program, name.observation, name.visit, name.instrument) == ("01118", "008", "001", "NIRSpec")
    assert name.observation_base_id == "jw01118008001"
    assert name.reason is not None
    assert "MSA" in name.reason


@pytest.mark.parametrize("extension", [".fits", ".fits.gz", ".fits.bz2", ".asdf", ""])
def test_extensions_and_compression(extension):
    name = parse_name(f"jw42424001001_01101_00001_nrca1_rate{extension}")
    assert (name.kind, name.suffix, name.extension) == ("exposure", "rate", extension)
    assert format_name(name) == f"jw42424001001_01101_00001_nrca1_rate{extension}"


def test_previews_belong_to_their_product():
    assert fields("jw02733-o001_t001_nircam_clear-f090w_i2d.jpg", "kind", "suffix", "level") == ("stage3", "i2d", "L3")
    assert fields("jw05224-o004_s000277031_nirspec_clear-prism_x1d.png", "suffix", "viewable") == ("x1d", False)
    thumb = parse_name("jw01063107001_02101_00013_nrca3_cal_thumb.jpg")
    assert (thumb.kind, thumb.suffix, thumb.thumb) == ("exposure", "cal", True)
    assert format_name(thumb) == "jw01063107001_02101_00013_nrca3_cal_thumb.jpg"
    assert parse_name("jw01063107001_02101_00013_nrca3_cal_thumb.fits").kind == "unknown"


@pytest.mark.parametrize("folder", ["", "/data/jw02733/", "mast:JWST/product/", "C:\\data\\", "../"])
def test_folders_are_stripped(folder):
    assert parse_name(folder + EXPOSURE) == parse_name(EXPOSURE)


def test_case_does_not_matter():
    assert parse_name(EXPOSURE.upper()) == parse_name(EXPOSURE)
    assert format_name(parse_name("JW02733-O001_T001_NIRCAM_f200w_i2d.fits")) == (
        "jw02733-o001_t001_nircam_f200w_i2d.fits"
    )


@pytest.mark.parametrize(
    "name",
    [
        "not_a_jwst_file.fits",
        "hlsp_ceers_jwst_nircam_nircam1_f115w_dr0.5_i2d.fits",
        "jw8607342001_02102_00001_nrcb3_a3001_crfints.fits",
        "jw01040001005_03103_0000n_miri_uncal.fits",
        "jw02733001001_02101_00001_nircam_cal.fits",
        "jw99999001001_011001_00001_nircam_cal.fits",
        "jw00017001001_01101_00001_nrca1_dq_init.fits",
        "jw00017001001_01101_00001_dark_current.fits",
        "jw01024009001_02101_00003_mirifushort_c1000_adaptive_trace_model.fits",
        "jw01249-o005_t001_nirspec_rp_test_g395h-f290lp_s3d.fits",
        "jw01024-c1000_t002_extract1dtest_miri_ch1-medium_x1d.fits",
        "jw02733-o001_t001_nircam_clear-f090w_i2d_match.fits",
        "jw02733-o001_t001_nircam__i2d.fits",
        "jw02733-o001_t001_nircam_.fits",
        "jw02733-o001_t001_nircam_f200w_sub64p_i2d.fits",
        "jw02733001001_02101_00001_nrca1__cal.fits",
        "jw02733001001_02101_00001_nrca1_.fits",
        "jw01040-a3001_miri_f770w_i2d.fits",
        "jw02733-o0001_t001_nircam_f200w_i2d.fits",
        "jw02733-o001_s0001_nirspec_f200w_i2d.fits",
        "jw02733-o001_t001-epoch12_nircam_f200w_i2d.fits",
        "jw01118005001_04101_00001-first20_nrs1_calints.fits",
        "jw00799003001_gs-acq3_2019154181705_stream.fits",
        "jw00799003001_gs-acq1_201915418170_stream.fits",
        "jw02733001001_02101_00001_nrca1_cal.txt",
        "jw02733001001_02101_00001_nrca1_cal.fits\n",
        "jw0273300100\u0661_02101_00001_nrca1_cal.fits",
        "jw00799003001_gs-trac\u212a_2019154181705_cal.fits",
        "",
        ".fits",
        "..",
    ],
)
def test_what_breaks_the_grammar_is_unknown_with_a_reason(name):
    parsed = parse_name(name)
    assert parsed.kind == "unknown"
    assert parsed.reason
    assert format_name(parsed) == name
    assert (parsed.program, parsed.detector, parsed.filters) == (None, None, ())


def test_unknown_names_keep_what_a_known_suffix_says():
    assert fields("ngc_calibration_i2d.fits", "suffix", "level", "viewable") == ("i2d", "L3", True)
    assert fields("ngc_calibration.fits", "suffix", "level", "viewable") == (None, "unknown", True)
    assert fields("nircam-imaging_i2d.fits", "kind", "level") == ("unknown", "L3")
    assert fields("JW02107_CAL.FITS", "suffix", "level") == ("cal", "L2b")
    assert fields("i2d.fits", "suffix", "level") == (None, "unknown")
    assert fields("notes.csv", "data_type", "viewable") == ("metadata", False)


def test_a_suffix_that_the_archive_does_not_have_leaves_the_level_unknown():
    name = parse_name("jw01076101001_02101_00001_nrca1_linearity.fits")
    assert (name.kind, name.suffix, name.level, name.data_type, name.viewable) == (
        "exposure",
        "linearity",
        "unknown",
        "image",
        True,
    )
    assert name.reason is not None
    assert "linearity" in name.reason


def test_ids_are_found_where_the_rest_is_unknown():
    assert fields("jw00017001001_01101_00001_nrca1_dq_init.fits", "observation_base_id", "exposure_id") == (
        "jw00017001001",
        "jw00017001001_01101",
    )


def test_json_of_the_command_line():
    assert as_json(parse_name(EXPOSURE)) == {
        "name": EXPOSURE,
        "kind": "exposure",
        "level": "L2b",
        "suffix": "cal",
        "program": "02733",
        "observation": "001",
        "visit": "001",
        "exposure": "00001",
        "segment": None,
        "detector": "nrca1",
        "instrument": "NIRCam",
        "filters": [],
        "observation_base_id": "jw02733001001",
        "exposure_id": "jw02733001001_02101",
        "viewable": True,
    }
    assert as_json(parse_name("notes.txt"))["reason"] == "does not start with jw and a programme"
