"""Real names of every stage, and what other readers of them say."""

import re
from collections import Counter
from pathlib import Path

import pytest

from jwstpipe.names import format_name, lineage_ids, parse_name

NAMES = Path(__file__).parents[2].parent / "shared" / "data" / "jwst_file_names.txt"

# The patterns of the application whose catalogues are continued; case ignored.
ORIGINAL_EXPOSURE = re.compile(r"jw(\d{5})(\d{3})(\d{3})_(\d{5})_(\d{5})_([a-z0-9]+)", re.IGNORECASE)
ORIGINAL_STAGE3 = re.compile(r"^(jw\d{5}-o\d+_t\d+_[a-z]+)", re.IGNORECASE)


@pytest.fixture(scope="module")
def names():
    if not NAMES.is_file():
        pytest.skip(f"no list of real names at {NAMES}")
    return NAMES.read_text().split()


def test_every_name_is_classified_and_those_of_the_grammar_come_back(names, record_property):
    parsed = {name: parse_name(name) for name in names}
    counts = Counter(name.kind for name in parsed.values())
    record_property("table", _table(parsed.values()))
    for text, name in parsed.items():
        if name.kind == "unknown":
            assert name.reason, text
        else:
            assert format_name(name) == text.lower()
    assert sum(counts.values()) == len(names)
    assert counts == {"stage3": 1217, "unknown": 738, "exposure": 682, "association": 74, "guide": 11}


def _table(parsed):
    """Count names by kind and level, and those outside the grammar by reason."""
    parsed = list(parsed)
    lines = [f"{len(parsed)} names", f"{'kind':12s} {'level':8s} {'names':>6s}"]
    pairs = Counter((name.kind, name.level) for name in parsed)
    lines += [f"{kind:12s} {level:8s} {count:6d}" for (kind, level), count in sorted(pairs.items())]
    reasons = Counter(re.sub(r"'[^']*'", "...", name.reason) for name in parsed if name.kind == "unknown")
    lines += ["outside the grammar:", *(f"{count:6d} {reason}" for reason, count in reasons.most_common())]
    return "\n".join(lines)


def test_ids_equal_those_of_the_original_wherever_its_patterns_match(names):
    compared = 0
    for text in names:
        exposure = ORIGINAL_EXPOSURE.search(text)
        stage3 = ORIGINAL_STAGE3.search(text)
        if exposure:
            base = "jw" + "".join(exposure.groups()[:3])
            assert lineage_ids(text) == (base, f"{base}_{exposure[4]}"), text
        elif stage3:
            assert lineage_ids(text) == (stage3[1].lower(), None), text
        compared += bool(exposure or stage3)
    assert compared > 2000


def test_no_image_of_the_archive_is_lost(names):
    """Names of the plain shapes, counted with patterns of their own, are all read."""
    exposure = re.compile(
        r"jw\d{11}_\d{3}\w\w_\d{5}(-seg\d{3})?_(nrc[ab]([1-5]|long)|nrs[12]|nis|mirimage|mirifu(short|long)|guider[12])"
        r"_(uncal|rate|rateints|cal|calints|i2d|x1d|s2d)\.fits"
    )
    stage3 = re.compile(r"jw\d{5}-[oca]\d+_t\d{3}_(nircam|miri|niriss)_[a-z0-9-]+_(i2d|segm|cat)\.(fits|ecsv)")
    seen = Counter()
    for text in names:
        if exposure.fullmatch(text) or stage3.fullmatch(text):
            seen[parse_name(text).kind] += 1
    assert set(seen) == {"exposure", "stage3"}
    assert sum(seen.values()) > 1500


# Name -> program, observation, visit, visit group, parallel sequence, activity, exposure, segment, detector, candidate,
# target or source, epoch, guide mode, attempt, time stamp, suffix; as the quicklook project's table of names has them.
PUBLIC_TABLE = {
    "/test/dir/to/the/file/public/jw90002/jw90002001001/jw90002001001_02102_00001_nis_rateints.fits":
        "90002 001 001 02 1 02 00001 - nis - - - - - - rateints",
    "jw00327001001_02101_00002_nrca1_rate.fits": "00327 001 001 02 1 01 00002 - nrca1 - - - - - - rate",
    "jw00327001001_02101_00002_nrca1": "00327 001 001 02 1 01 00002 - nrca1 - - - - - - -",
    "jw01118008001_01_msa.fits": "01118 008 001 - - - - - - - - - - - - msa",
    "jw94015002002_02108_00001_mirimage_o002_crf.fits": "94015 002 002 02 1 08 00001 - mirimage o002 - - - - - crf",
    "jw90001001003_02101_00001_nis_o001": "90001 001 003 02 1 01 00001 - nis o001 - - - - - -",
    "jw80600-o009_t001_miri_f1130w_i2d.fits": "80600 009 - - - - - - - o009 t001 - - - - i2d",
    "jw80600-c0001_t001_miri_f1130w_i2d.fits": "80600 - - - - - - - - c0001 t001 - - - - i2d",
    "jw80600-o009_s00001_miri_f1130w_i2d.fits": "80600 009 - - - - - - - o009 s00001 - - - - i2d",
    "jw80600-o009_t001-epoch1_miri_f1130w_i2d.fits": "80600 009 - - - - - - - o009 t001 1 - - - i2d",
    "jw80600-o009_s00001-epoch1_miri_f1130w_i2d.fits": "80600 009 - - - - - - - o009 s00001 1 - - - i2d",
    "jw80600-o009_t001_miri_f1130w": "80600 009 - - - - - - - o009 t001 - - - - -",
    "jw80600-o009_s00001_miri_f1130w": "80600 009 - - - - - - - o009 s00001 - - - - -",
    "jw00733003001_02101_00002-seg001_nrs1_rate.fits": "00733 003 001 02 1 01 00002 001 nrs1 - - - - - - rate",
    "jw00733003001_02101_00002-seg001_nrs1_o001_crfints.fits":
        "00733 003 001 02 1 01 00002 001 nrs1 o001 - - - - - crfints",
    "jw00733003001_02101_00002-seg001_nrs1": "00733 003 001 02 1 01 00002 001 nrs1 - - - - - - -",
    "jw00729011001_gs-id_1_image_cal.fits": "00729 011 001 - - - - - - - - - id 1 - cal",
    "jw00729011001_gs-id_12_image_cal.fits": "00729 011 001 - - - - - - - - - id 12 - cal",
    "jw00327001001_gs-id_2": "00327 001 001 - - - - - - - - - id 2 - -",
    "jw00327001001_gs-id_12": "00327 001 001 - - - - - - - - - id 12 - -",
    "jw86600048001_gs-fg_2016018175411_stream.fits": "86600 048 001 - - - - - - - - - fg - 2016018175411 stream",
    "jw00729011001_gs-acq2_2019155024808": "00729 011 001 - - - - - - - - - acq2 - 2019155024808 -",
    "jw01118005001_gs-fg_2022150070312-seg002_uncal.fits":
        "01118 005 001 - - - - 002 - - - - fg - 2022150070312 uncal",
    "jw02560013001_01_msa.fits": "02560 013 001 - - - - - - - - - - - - msa",
}  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC_TABLE)
def test_the_public_table_of_names(text):
    name = parse_name(text)
    parts = (
        name.program, name.observation, name.visit, name.visit_group, name.parallel_sequence, name.activity,
        name.exposure, name.segment, name.detector, name.candidate, name.target_id or name.source_id, name.epoch,
        name.guide_mode, name.guide_count, name.timestamp, name.suffix,
    )  # fmt: skip
    assert " ".join(part or "-" for part in parts) == PUBLIC_TABLE[text]


def test_the_public_table_has_24_names():
    assert len(PUBLIC_TABLE) == 24
    assert parse_name("not_a_jwst_file.fits").kind == "unknown"
