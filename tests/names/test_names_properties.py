"""Names built from the grammar's parts come back part by part; mangled ones never pass for something else."""

import re
import string

from hypothesis import given, settings
from hypothesis import strategies as st

from jwstpipe.names import format_name, parse_name
from jwstpipe.names.optics import DETECTORS
from jwstpipe.names.suffixes import SUFFIXES
from tests.letters import LETTERS

BASE36 = string.digits + string.ascii_lowercase


def digits(count):
    return st.text(string.digits, min_size=count, max_size=count)


def maybe(strategy):
    return st.none() | strategy


SUFFIX = maybe(st.sampled_from(sorted(set(SUFFIXES) - {"msa", "asn", "pool"})))
EXTENSION = st.sampled_from([".fits", ".fits.gz", ".fits.bz2", ".json", ".ecsv", ".csv", ".asdf", ".jpg", ".png", ""])
CANDIDATE = digits(3).map("o{}".format) | digits(4).map("c{}".format) | digits(4).map("a{}".format)
FILTERS = ["f090w", "f1130w", "f150w2", "f405n", "f140m", "f1065c", "f170lp", "clear", "clearp", "gdhs0", "wlp8"]
OTHERS = ["g235h", "gr150r", "gr700xd", "grismr", "prism", "p750l", "maskrnd", "nrm", "s1600a1", "ch1", "long"]
ELEMENT = st.sampled_from([*FILTERS, *OTHERS])
SUBARRAY = st.sampled_from(["sub64p", "sub640", "subgrism256", "brightsky", "masklyot", "mask1550", "sub400x256alwb"])


def joined(*parts):
    return "".join(part for part in parts if part)


@settings(max_examples=200, deadline=None)
@given(
    visit=digits(11),
    group=digits(3),
    activity=st.text(BASE36, min_size=2, max_size=2),
    number=digits(5),
    segment=maybe(digits(3)),
    detector=st.sampled_from(sorted(DETECTORS)),
    candidate=maybe(CANDIDATE),
    suffix=SUFFIX,
    extension=EXTENSION,
)
def test_exposures(visit, group, activity, number, segment, detector, candidate, suffix, extension):
    text = joined(
        f"jw{visit}_{group}{activity}_{number}",
        segment and f"-seg{segment}",
        f"_{detector}",
        candidate and f"_{candidate}",
        suffix and f"_{suffix}",
        extension,
    )
    name = parse_name(text.upper())
    assert format_name(name) == text
    assert (name.kind, name.program, name.observation, name.visit) == ("exposure", visit[:5], visit[5:8], visit[8:])
    assert (name.visit_group, name.parallel_sequence, name.activity) == (group[:2], group[2], activity)
    assert (name.exposure, name.segment, name.detector) == (number, segment, detector)
    assert (name.candidate, name.suffix, name.extension) == (candidate, suffix, extension)
    assert (name.observation_base_id, name.exposure_id) == (f"jw{visit}", f"jw{visit}_{group}{activity}")


@settings(max_examples=200, deadline=None)
@given(
    program=digits(5),
    candidate=CANDIDATE,
    subject=st.integers(1, 3).flatmap(digits).map("t{}".format)
    | st.tuples(st.sampled_from("sbv"), st.integers(5, 9).flatmap(digits)).map("".join),
    epoch=maybe(digits(1)),
    instrument=st.sampled_from(["nircam", "miri", "nirspec", "niriss", "fgs"]),
    elements=st.lists(ELEMENT, min_size=0, max_size=3),
    separator=st.sampled_from("-_"),
    subarray=maybe(SUBARRAY),
    suffix=SUFFIX,
    extension=EXTENSION,
)
def test_stage3(program, candidate, subject, epoch, instrument, elements, separator, subarray, suffix, extension):
    optics = separator.join(elements) + (f"-{subarray}" if elements and subarray else "")
    base = joined(f"jw{program}-{candidate}_{subject}", epoch and f"-epoch{epoch}", f"_{instrument}")
    text = joined(base, optics and f"_{optics}", suffix and f"_{suffix}", extension)
    name = parse_name(text.upper())
    assert format_name(name) == text
    assert (name.kind, name.program, name.candidate, name.epoch) == ("stage3", program, candidate, epoch)
    assert (name.target_id or name.source_id) == subject
    assert name.optical_elements == tuple(elements)
    assert name.subarray == (subarray if elements else None)
    assert (name.suffix, name.extension) == (suffix, extension)
    assert (name.observation_base_id, name.exposure_id) == (base, None)


@settings(max_examples=100, deadline=None)
@given(
    visit=digits(11),
    mode=st.sampled_from(["acq1", "acq2", "track", "fg"]),
    when=digits(13),
    segment=maybe(digits(3)),
    suffix=maybe(st.sampled_from(["uncal", "cal", "stream"])),
)
def test_guide_star_files(visit, mode, when, segment, suffix):
    text = joined(f"jw{visit}_gs-{mode}_{when}", segment and f"-seg{segment}", suffix and f"_{suffix}", ".fits")
    name = parse_name(text)
    assert format_name(name) == text
    assert (name.kind, name.guide_mode, name.timestamp, name.segment) == ("guide", mode, when, segment)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        [
            "jw02733001001_02101_00001-seg001_nrca1_o001_cal.fits",
            "jw02733-o001_t001-epoch1_nircam_clear-f090w-sub64p_i2d.fits",
            "jw00729011001_gs-id_12_image_cal.fits",
            "jw01685-o013_20240910t234537_image2_00001_asn.json",
        ]
    ),
    st.integers(0, 60),
    st.integers(0, 3),
    st.text(BASE36 + "_-.", max_size=3),
)
def test_mangled_names_are_read_whole_or_not_at_all(text, start, length, insertion):
    mangled = text[:start] + insertion + text[start + length :]
    name = parse_name(mangled)
    assert format_name(name) == re.sub(r"(gs-id_\d+_(?:image|stacked))-", r"\1_", mangled)
    assert (name.kind == "unknown") <= (name.reason is not None)


@settings(max_examples=200, deadline=None)
@given(st.text(LETTERS, max_size=80))
def test_any_text_has_an_answer(text):
    name = parse_name(text)
    assert name.kind != "unknown" or name.reason
    assert isinstance(format_name(name), str)
