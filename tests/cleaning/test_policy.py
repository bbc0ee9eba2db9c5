"""What is cleaned for a mosaic, and what is left as it is: by files, with the ids of mosaics that need nothing."""

import numpy as np
import pytest
from astropy.io import fits
from pydantic import ValidationError

import jwstpipe
from jwstpipe.errors import UsageError
from jwstpipe.operations.cleaning.clean import CLEAN
from jwstpipe.operations.cleaning.scene import may_linger, needing, undecided
from jwstpipe.requests import MosaicRequest, ProcessTargetRequest
from jwstpipe.requests.clean import CleanOptions, policy_options


def test_a_mosaic_of_files_is_made_of_what_was_cleaned_beside_it(faint, tmp_path):
    plain = jwstpipe.mosaic(faint.dirty, tmp_path / "plain.zarr", background="level")
    for name in ("band_nrcb4", "band_nrca1"):
        fits.writeto(tmp_path / f"{name}.fits", np.eye(256, dtype="f4"))
    templates = [tmp_path / "band_nrcb4.fits", tmp_path / "band_nrca1.fits"]
    asked = {"background": "level", "clean": "auto", "wisp_template": templates}
    made = jwstpipe.mosaic(faint.dirty, tmp_path / "m.zarr", **asked)
    assert made.product_id != plain.product_id
    assert made.notes[0] == "band_nrca1.fits: no exposure is of NRCA1"
    assert f"{len(faint.dirty)} of {len(faint.dirty)} exposures needed cleaning" in made.notes[1]
    for note, path in zip(made.notes[2:], faint.dirty, strict=True):
        assert note.startswith(f"{path.name}: stripes before ")
        assert "light taken, rms 0." in note
    inputs = jwstpipe.open_image(made.address).provenance["inputs"]
    cleaned = [jwstpipe.open_image(path).provenance for path in (tmp_path / "m-cleaned").glob("jw*.zarr")]
    own = {one["product_id"] for one in cleaned}
    assert {one["receipt"]["wisps"]["strength"] for one in cleaned} == {0.0}  # there is no such light
    assert {one["product_id"] for one in inputs} == own
    again = jwstpipe.mosaic(faint.dirty, tmp_path / "m.zarr", **asked)
    assert (again.product_id, again.reused) == (made.product_id, True)


def test_what_needs_nothing_gives_the_mosaic_as_it_was(faint, tmp_path):
    """Exposures without stripes and events lose nothing: the mosaic has the id of the exposures themselves."""
    plain = jwstpipe.mosaic(faint.plain, tmp_path / "plain.zarr", background="level")
    made = jwstpipe.mosaic(faint.plain, tmp_path / "m.zarr", background="level", clean="auto")
    assert made.product_id == plain.product_id
    assert made.notes[0].startswith(f"0 of {len(faint.plain)} exposures needed cleaning")


def test_images_that_cannot_be_compared_stay_as_they_are(faint, tmp_path):
    alone = jwstpipe.mosaic(faint.dirty[:1], tmp_path / "one.zarr", clean="auto")
    assert "one image alone" in alone.notes[0]
    moved = []
    for number, path in enumerate(faint.dirty[:2]):
        moved.append(tmp_path / f"moved{number}_cal.fits")
        with fits.open(path) as hdus:
            hdus[0].header["S_RESAMP"] = "COMPLETE"
            hdus.writeto(moved[-1])
    combined = jwstpipe.mosaic(moved, tmp_path / "two.zarr", clean="auto")
    assert "combined images stay as they are" in combined.notes[0]
    with pytest.raises(UsageError, match="one of auto, stripes, masks, none"):
        jwstpipe.mosaic(faint.dirty, tmp_path / "x.zarr", clean="all")
    with pytest.raises(UsageError, match="on this machine"):
        jwstpipe.mosaic(faint.dirty, "s3://bucket/x.zarr", clean="auto")
    with pytest.raises(UsageError, match="it needs level 2, and clean auto or stripes"):
        jwstpipe.mosaic(faint.dirty, tmp_path / "x.zarr", wisp_template="wisps_nrcb4.fits")


def test_of_two_exposures_that_overlap_neither_is_blamed_for_stripes():
    found = {
        name: {"light": light, "masked": masked, "overlapping": overlapping}
        for name, light, masked, overlapping in (
            ("three", 0.1, 0, 3),
            ("two", 0.1, 0, 2),
            ("hit", 0.1, 9, 2),
            ("even", 0, 0, 2),
        )
    }
    results = {"need": {"clean": CLEAN.version, "of": found}}
    assert needing(results, CleanOptions()) == {"three", "hit"}
    assert undecided(results) == {"two", "hit"}
    assert undecided({}) == set()


def test_behind_one_that_saturated_only_what_is_seen_to_live_on_asks_for_cleaning():
    found = {
        "nothing": {"light": 0.0, "masked": 0, "overlapping": 4, "lingering": 0},
        "something": {"light": 0.0, "masked": 0, "overlapping": 4, "lingering": 7},
        "striped": {"light": 0.1, "masked": 0, "overlapping": 4, "lingering": 0},  # what its stripes hide is not known
        "of-an-old-record": {"light": 0.0, "masked": 0, "overlapping": 4},
    }
    results = {"need": {"clean": CLEAN.version, "of": found}}
    assert [key for key in found if may_linger(results, [key], CleanOptions())] == list(found)[1:]
    assert not may_linger(results, [], CleanOptions())
    assert may_linger(results, ["nothing"], CleanOptions(snowballs="none"))  # another mask than what was measured with


def test_the_policy_of_a_job_follows_from_what_its_images_are():
    assert ProcessTargetRequest(target="X").clean_policy(exposures=False) == "none"
    assert MosaicRequest().clean_policy(exposures=True) == "auto"
    assert MosaicRequest(clean="auto").clean_policy(exposures=True) == "auto"
    assert MosaicRequest(clean="none").clean_policy(exposures=True) == "none"
    assert policy_options("none") is None
    assert policy_options("masks").stripes == "none"
    assert policy_options("stripes").snowballs == "none"
    choices = MosaicRequest.model_json_schema()["properties"]["clean"]
    assert choices["enum"] == ["auto", "stripes", "masks", "none", None]


@pytest.mark.parametrize("asked", [{"level": 3}, {"level": 2, "clean": "none"}, {"level": 2, "clean": "masks"}])
def test_a_template_that_would_do_nothing_is_refused(asked):
    with pytest.raises(ValidationError, match="it needs level 2"):
        ProcessTargetRequest(target="X", wisp_template=("wisps_nrcb4.fits",), **asked)
