"""Snowballs and showers: what they spoil is masked, and not much more; stars and small cosmic rays are not taken."""

import numpy as np

from jwstpipe.cleaning.events import flagged_events, unflagged_events
from jwstpipe.simulate.artefacts.amounts import Artefacts
from jwstpipe.simulate.artefacts.events import Event, draw_events, event_flags, event_light
from jwstpipe.simulate.detector.flags import DQ

SHAPE = (500, 480)


def balls(rng, count, *, flagged):
    found = []
    for _ in range(count):
        disc = rng.uniform(5.0, 12.0)
        y, x = rng.uniform(40, 440, 2)
        found.append(Event(float(y), float(x), disc, disc * rng.uniform(0.3, 0.55), flagged))
    return found


def small_hits(rng, dq):
    """Short tracks on a few per cent of the pixels, as an exposure of a quarter of an hour has them."""
    for y, x, along in zip(
        rng.integers(0, SHAPE[0] - 4, 3000), rng.integers(0, SHAPE[1] - 4, 3000), rng.random(3000), strict=True
    ):
        dq[y : y + (3 if along < 0.5 else 1), x : x + (1 if along < 0.5 else 3)] |= np.uint32(int(DQ.JUMP_DET))


def test_flagged_snowballs_are_masked_with_their_halos_and_stars_are_not():
    found = lost = pixels = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        events, dq = balls(rng, 5, flagged=True), np.zeros(SHAPE, np.uint32)
        for event in events:
            dq |= event_flags(event, SHAPE)
        small_hits(rng, dq)
        star = np.hypot(*np.ogrid[-25:25, -25:25]) < 6
        dq[10:60, 10:60][star] |= np.uint32(int(DQ.SATURATED))
        mask = flagged_events(dq).mask
        spoiled = np.zeros(SHAPE, bool)
        for event in events:
            own = event_light(event, SHAPE) > 0.5
            spoiled |= own
            found += mask[own].mean() > 0.95
        assert not mask[30:40, 30:40].any()
        lost += (mask & ~spoiled).sum()
        pixels += mask.size
    assert found >= 19
    assert lost / pixels < 5 * 0.005  # twenty times as many as a frame of the real size has


def test_flagged_showers_are_masked():
    events = draw_events(SHAPE, Artefacts(showers=4.0, flagged_showers=1.0), np.random.default_rng(11))
    dq = np.bitwise_or.reduce([event_flags(event, SHAPE) for event in events])
    small_hits(np.random.default_rng(12), dq)
    found = flagged_events(dq)
    assert events
    assert not (dq & np.uint32(int(DQ.SATURATED))).any()
    assert all(found.mask[event_light(event, SHAPE) > 0.5].mean() > 0.9 for event in events)
    assert not draw_events(SHAPE, Artefacts(showers=4.0), np.random.default_rng(11))[0].flagged


def test_what_nothing_flags_stands_out_of_the_mosaic():
    rng = np.random.default_rng(9)
    events = [*balls(rng, 3, flagged=False), Event(420.0, 90.0, 12.0, 0.0, False, 1.6, 0.5)]
    rest = rng.normal(0.0, 1.0, SHAPE).astype(np.float32)
    rest[rng.random(SHAPE) < 0.001] += 40.0  # cosmic rays
    nothing = unflagged_events(rest, np.ones(SHAPE, np.float32), np.ones(SHAPE, bool))
    assert (nothing.snowballs, nothing.showers, nothing.mask.any()) == (0, 0, False)
    for event in events:
        rest += event_light(event, SHAPE)
    seen = unflagged_events(rest, np.ones(SHAPE, np.float32), np.ones(SHAPE, bool))
    assert (seen.snowballs, seen.showers) == (3, 1)
    for event in events:
        assert seen.mask[event_light(event, SHAPE) > 1.0].mean() > 0.8
    tilted = rest + np.where(np.arange(SHAPE[1]) > 400, np.float32(3.0), np.float32(0.0))
    assert "none is taken" in unflagged_events(tilted, np.ones(SHAPE, np.float32), np.ones(SHAPE, bool)).note
