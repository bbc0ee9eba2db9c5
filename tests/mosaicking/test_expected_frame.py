"""The frame that all images will share, told while some of them are still to come."""

import numpy as np
import pytest

from jwstpipe.mosaicking.expected_frame import expected_frame, listed_outline, reaching_the_rim
from jwstpipe.mosaicking.placement import common_frame, look_at
from jwstpipe.requests import MosaicOptions
from jwstpipe.sky.footprint import EDGE_SAMPLES
from tests.mosaicking.scenes import header, write

SHAPE = (60, 64)
STEP_PX = 50.0
"""Between neighbours of three by three."""


@pytest.fixture(scope="module", params=[(150.0, 2.0), (0.0, -80.0)], ids=["equator", "RA 0, far south"])
def nine(request, tmp_path_factory):
    """Nine distorted images, turned, three by three, with their outlines as an archive lists them: corners alone."""
    folder = tmp_path_factory.mktemp("nine")
    ra, dec = request.param
    places = {f"{row}{column}": (STEP_PX * column, STEP_PX * row) for row in (-1, 0, 1) for column in (-1, 0, 1)}
    names = {
        key: write(
            folder / f"{key}.fits", np.ones(SHAPE), header(ra=ra, dec=dec, shape=SHAPE, angle=8.0, sip=True, shift=at)
        )
        for key, at in places.items()
    }
    found = look_at(list(names.values()), options=MosaicOptions())
    regions = {}
    for key, one in zip(sorted(names), found.inspections, strict=True):
        corners = np.stack([one.outline.ra, one.outline.dec], axis=1)[::EDGE_SAMPLES]
        regions[key] = "POLYGON ICRS " + " ".join(f"{value:.9f}" for value in corners.ravel())
    return names, regions


def test_what_reaches_the_rim_gives_the_frame_of_all(nine):
    names, regions = nine
    rim = reaching_the_rim(regions)
    assert "00" not in rim
    assert 4 <= len(rim) < 9
    here = look_at([names[key] for key in sorted(rim)], options=MosaicOptions())
    missing = [listed_outline(regions[key]) for key in regions if key not in rim]
    assert expected_frame(here, missing) == common_frame(list(names.values()))
    assert expected_frame(here, missing, scale_arcsec=0.2) == common_frame(list(names.values()), scale_arcsec=0.2)


def test_no_other_frame_is_told_while_one_of_the_rim_is_missing(nine):
    names, regions = nine
    whole, told = common_frame(list(names.values())), []
    for key in reaching_the_rim(regions):
        here = look_at([names[other] for other in names if other != key], options=MosaicOptions())
        told.append(expected_frame(here, [listed_outline(regions[key])]))
    assert {whole, None} >= set(told)
    assert told.count(None) >= 4


@pytest.mark.parametrize("region", ["", "CIRCLE ICRS 150 2 0.1", "POLYGON ICRS 1 2"])
def test_an_outline_that_is_no_polygon_tells_of_no_rim(nine, region):
    assert listed_outline(region) is None
    assert reaching_the_rim({**nine[1], "other": region}) == frozenset()
