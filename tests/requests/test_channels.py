"""How a channel is written: in one word, as a mapping, in fields; and what is refused."""

import pytest
from pydantic import ValidationError

from jwstpipe.errors import UsageError
from jwstpipe.requests import ChannelLook, CompositeRequest, validated

FILE = "cutouts/o001[SCI,2]=x.fits"


@pytest.mark.parametrize(
    ("word", "fields"),
    [
        ("F200W=orange", {"image": "F200W", "colour": "orange"}),
        ("F200W=orange*0.8", {"image": "F200W", "colour": "orange", "weight": 0.8}),
        ("F200W=*0.5", {"image": "F200W", "weight": 0.5}),
        (f"{FILE}=#ff8000*1.5", {"image": FILE, "colour": "#ff8000", "weight": 1.5}),
        ("a.fits=blue,low=0.1,high=99.5%", {"image": "a.fits", "colour": "blue", "low": 0.1, "high_percent": 99.5}),
        ("F200W=,stretch=log,softening=500", {"image": "F200W", "stretch": "log", "softening": 500.0}),
        ("F200W=30,curve=0:0,0.3:0.2,1:1,hidden", {"colour": "30", "curve": "0:0,0.3:0.2,1:1", "visible": False}),
    ],
)
def test_one_word_is_a_look_and_is_written_as_it_was_read(word, fields):
    look = ChannelLook.model_validate(word)
    told = look.model_dump(exclude_defaults=True)
    assert {name: told[name] for name in fields} == fields
    assert ChannelLook.model_validate(look.text()) == look


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("orange", "IMAGE=COLOUR"),
        ("=orange", "IMAGE=COLOUR"),
        ("F200W=", "neither colour nor option"),
        ("F200W=red*3", "less than or equal to 2"),
        ("F200W=red,stretch=cubic", "asinh"),
        ("F200W=red,low=1,low_percent=2", "not both"),
    ],
)
def test_what_is_no_look_is_refused_in_words(word, says):
    with pytest.raises(ValidationError, match=says):
        ChannelLook.model_validate(word)


def test_a_mapping_and_a_single_word_are_channels_too():
    listed = CompositeRequest(channels=["F090W=blue", "F200W=red*0.5"])
    assert CompositeRequest(channels={"F090W": "blue", "F200W": {"colour": "red", "weight": 0.5}}) == listed
    assert CompositeRequest(channels="F090W=blue").channels == listed.channels[:1]
    assert CompositeRequest.model_validate(listed.model_dump(mode="json")) == listed
    with pytest.raises(UsageError, match="F090W is named twice"):
        validated(CompositeRequest, channels=["F090W=blue", "F090W=red"])


def test_sizes_limits_shares_and_canvases_are_read_as_people_write_them():
    request = CompositeRequest(size="full", low="0.5%", high=20, luminance="l.fits*0.4", canvas="1920x1080")
    assert (request.size, request.low, request.low_percent, request.high) == (None, None, 0.5, 20.0)
    assert (request.luminance, request.luminance_share, request.canvas) == ("l.fits", 0.4, (1920, 1080))
    assert CompositeRequest(size="2048").size == 2048
    assert CompositeRequest(sources="stars.csv").overlays == ("sources",)
    assert CompositeRequest(combine="lupton") == CompositeRequest(mixing="lupton")
    with pytest.raises(UsageError, match="size"):
        validated(CompositeRequest, size="huge")


def test_a_run_is_named_after_what_it_wishes():
    request = CompositeRequest(preset="auto", channels=["/data/a.fits=blue", "F200W=red"])
    assert request.summary() == "channels a.fits F200W, preset auto"
