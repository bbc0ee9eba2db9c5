"""Looks of single channels find their images, go before preset and picture, and settle to one request."""

import pytest

from jwstpipe.display.channels import ImageNames, image_looks, settled_request
from jwstpipe.display.presets.save import save_preset
from jwstpipe.errors import UsageError
from jwstpipe.requests import ChannelLook, CompositeRequest

IMAGES = (
    ImageNames("s3://b/one.zarr", "id1", "F090W"),
    ImageNames("/data/two.fits", "id2", "F200W", "two_of_the_record.fits"),
    ImageNames("/data/three.fits", "id3", "F200W"),
)


def test_a_look_is_for_an_image_by_any_of_its_names_or_for_all_of_a_filter():
    looks = image_looks(CompositeRequest(channels=["id1=blue", "f200w=red*0.5", "three.fits=,gamma=2"]), IMAGES)
    assert [(one.image, one.colour, one.weight, one.gamma) for one in looks] == [
        ("id1", "blue", 1.0, None),
        ("id2", "red", 0.5, None),
        ("id3", "red", 0.5, 2.0),
    ]
    by_record = image_looks(CompositeRequest(channels=["two_of_the_record.fits=lime"]), IMAGES)
    assert [one.colour for one in by_record] == [None, "lime", None]


def test_a_look_for_nothing_is_refused_with_what_there_is():
    with pytest.raises(UsageError, match=r"channel F999W: .*they are F090W, F200W"):
        image_looks(CompositeRequest(channels=["F999W=red"]), IMAGES)


def test_the_same_wishes_by_other_names_settle_to_one_request():
    by_address = CompositeRequest(channels=["/data/two.fits=red", "s3://b/one.zarr=blue,low=1"], luminance="x.fits")
    by_id = CompositeRequest(channels=["id1=blue,low=1", "id2=red"], luminance="id1")
    settled = settled_request(by_address, IMAGES, IMAGES[0])
    assert settled == settled_request(by_id, IMAGES, IMAGES[0])
    assert settled == settled_request(settled, IMAGES, IMAGES[0])
    assert [one.text() for one in settled.channels] == ["id1=blue,low=1.0", "id2=red"]
    hidden = CompositeRequest(channels=["id3=,hidden", "id1=*1"])
    assert settled_request(hidden, IMAGES) == CompositeRequest()


def test_a_preset_keeps_looks_by_filter_and_a_request_goes_before_it(tmp_path):
    looks = [ChannelLook.model_validate("F200W=teal*0.5,low=5%,curve=0:0,0.3:0.2,1:1")]
    path = save_preset(CompositeRequest(), tmp_path / "mine.toml", channels=looks)
    brought = image_looks(CompositeRequest(preset=str(path)), IMAGES)
    assert [one.colour for one in brought] == [None, "teal", "teal"]
    assert brought[1].model_copy(update={"image": "F200W"}) == looks[0]
    over = image_looks(CompositeRequest(preset=str(path), channels=["id2=red,low=3"]), IMAGES)
    assert (over[1].colour, over[1].weight, over[1].low, over[1].low_percent) == ("red", 0.5, 3.0, None)
    save_preset(CompositeRequest(preset=str(path)), tmp_path / "again.toml", channels=looks[:0])
    assert image_looks(CompositeRequest(preset=str(tmp_path / "again.toml")), IMAGES) == brought
