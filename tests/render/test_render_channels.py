"""Channels with a look of their own: limits, curve and level of one leave all others as they were."""

import numpy as np
import pytest
from astropy.visualization import AsinhStretch, LogStretch

from jwstpipe.display.preset_resolution import resolve_look
from jwstpipe.errors import UsageError
from jwstpipe.render.layers import Channel, resolve_layers
from jwstpipe.requests import ChannelLook, CompositeRequest
from tests.render.render_images import MemoryImage, primary, starfield

FILTERS = ("F090W", "F200W", "F770W")


def planned(*words, **wishes):
    """Plan a picture whose channels have looks; an empty word is none."""
    words = words or ("", "", "")
    made = [
        MemoryImage(starfield(colour=colour), address=f"{name}.fits", primary=primary(name))
        for name, colour in zip(FILTERS, (0.6, 1.0, 1.5), strict=True)
    ]
    looks = [
        ChannelLook.model_validate(f"{name}={word}") if word else None
        for name, word in zip(FILTERS, words, strict=True)
    ]
    options = CompositeRequest(**wishes)
    channels = [Channel(image, look=look) for image, look in zip(made, looks, strict=True)]
    return resolve_layers(channels, luminance=None, look=resolve_look(options), options=options), made


@pytest.mark.parametrize("preset", ["balanced", "auto", "nasa-press"])
def test_a_look_of_one_channel_leaves_the_others_alone(preset):
    plain, _ = planned(preset=preset)
    own, made = planned("", ",stretch=log,softening=300,low=2,high=99.5%,gamma=1.5", "", preset=preset)
    assert own.layers[0].stretch == plain.layers[0].stretch
    assert own.layers[2].stretch == plain.layers[2].stretch
    stretch = own.layers[1].stretch
    assert (stretch.kind, stretch.a, stretch.lo, stretch.gamma) == ("log", 300.0, 2.0, 1.5)
    assert stretch.hi == pytest.approx(np.percentile(made[1].data, 99.5), rel=0.02)


def test_brightness_with_a_look_is_what_astropy_gives():
    from jwstpipe.display.tone.stretch import apply_stretch

    plan, made = planned(
        "red,stretch=log,softening=300,low=2,high=80,gamma=1", ",stretch=asinh,softening=0.1,low=0,high=50,gamma=1", ""
    )
    for layer, curve, low, high in (
        (plan.layers[0], LogStretch(300.0), 2.0, 80.0),
        (plan.layers[1], AsinhStretch(0.1), 0.0, 50.0),
    ):
        index = FILTERS.index(layer.band.filter)
        x = np.clip((made[index].data.astype(float) - low) / (high - low), 0, 1)
        levelled = layer.stretch
        expected = np.clip((curve(x) - levelled.black) / (levelled.white - levelled.black), 0, 1)
        assert levelled.curve == "linear"
        np.testing.assert_allclose(apply_stretch(made[index].data, levelled), expected, atol=2e-6)


def test_limits_that_hold_nothing_are_refused_by_the_name_of_the_channel():
    with pytest.raises(UsageError, match="channel F200W: the upper limit must be above the lower one, not 9 and 3"):
        planned("", ",low=9,high=3", "")


def test_a_sky_region_on_the_sky_is_the_same_place_as_its_window():
    from astropy.wcs import WCS

    plain, made = planned()
    x, y, half = 40, 60, 8
    ra, dec = WCS(made[0].header).pixel_to_world_values(x, y)
    scale = abs(made[0].header["CD2_2"])
    circle, _ = planned(sky_region=(float(ra), float(dec), half * scale))
    window, _ = planned(sky_region=(x - half, y - half, x + half + 1, y + half + 1))
    assert [one.statistics.sky for one in circle.layers] == [one.statistics.sky for one in window.layers]
    assert circle.layers[0].statistics.sky != plain.layers[0].statistics.sky
