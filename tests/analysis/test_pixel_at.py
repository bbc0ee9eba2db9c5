"""Single pixels: every plane, flags in words, and which exposures made them."""

import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from jwstpipe.analysis.pixels.at import parse_place, pixel_at
from jwstpipe.errors import NoCoverageError, UsageError
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.mosaicking.build import mosaic
from tests.mosaicking.scenes import header, write


@pytest.fixture(scope="module")
def mosaic_of_three(tmp_path_factory):
    """Three exposures side by side, overlapping by half; the middle one has a bad pixel."""
    folder = tmp_path_factory.mktemp("pixels")
    for number, shift in enumerate((-30.0, 0.0, 30.0)):
        dq = np.zeros((60, 60), "u4")
        if number == 1:
            dq[30, 10] = DQ_BITS["DO_NOT_USE"]
        cards = header(shape=(60, 60), shift=(shift, 0.0))
        write(folder / f"exposure{number}.fits", np.full((60, 60), number + 1.0), cards, dq=dq)
    made = mosaic([folder / f"exposure{number}.fits" for number in range(3)], folder / "mosaic.zarr")
    return folder, made.address


def test_the_exposures_of_a_pixel_are_those_that_cover_it(mosaic_of_three):
    folder, address = mosaic_of_three
    for x in (5, 40, 55):
        sky = WCS(fits.getheader(folder / "exposure1.fits", 1)).pixel_to_world(x, 30)
        facts = pixel_at(address, parse_place(f"{sky.ra.deg:.12f}d,{sky.dec.deg:.12f}d"))
        truth = set()
        for number in range(3):
            px, _ = WCS(fits.getheader(folder / f"exposure{number}.fits", 1)).world_to_pixel(sky)
            if -0.5 <= px < 59.5:
                truth.add(f"exposure{number}.fits")
        assert {one.name for one in facts.inputs} == truth
        assert all(one.value == int(one.name[8]) + 1 for one in facts.inputs)
        assert all(one.product_id for one in facts.inputs)


def test_a_rejected_sample_made_nothing(mosaic_of_three):
    folder, address = mosaic_of_three
    sky = WCS(fits.getheader(folder / "exposure1.fits", 1)).pixel_to_world(10, 30)
    facts = pixel_at(address, parse_place(f"{sky.ra.deg:.12f}d,{sky.dec.deg:.12f}d"))
    assert "exposure1.fits" not in {one.name for one in facts.inputs}
    assert facts.inputs


def test_planes_and_flags_in_words(tmp_path):
    rng = np.random.default_rng(2)
    sci, err = rng.normal(size=(20, 30)).astype("f4"), np.full((20, 30), 0.5, "f4")
    dq = np.zeros((20, 30), "u4")
    dq[7, 11] = DQ_BITS["SATURATED"] | DQ_BITS["JUMP_DET"]
    sci[8, 11] = np.nan
    place = write(tmp_path / "cal.fits", sci, header(shape=(20, 30)), err=err, dq=dq)
    facts = pixel_at(place, parse_place("11,7"))
    assert (facts.values["sci"], facts.values["err"]) == (float(sci[7, 11]), 0.5)
    assert facts.flags == ("SATURATED", "JUMP_DET")
    assert pixel_at(place, parse_place("11,8")).values["sci"] is None
    sky = WCS(fits.getheader(place, 1)).pixel_to_world(11, 7)
    assert (facts.ra, facts.dec) == pytest.approx((sky.ra.deg, sky.dec.deg), abs=1e-10)
    with pytest.raises(NoCoverageError, match="lies outside"):
        pixel_at(place, parse_place("30,7"))
    with pytest.raises(UsageError, match="write X,Y"):
        parse_place("over there")


def test_places_are_read_in_degrees_and_hours():
    hours, degrees = parse_place("10:00:27.1,+02:12:00"), parse_place("150.112916666667d,2.2d")
    assert (hours.first, hours.second) == pytest.approx((degrees.first, degrees.second), abs=1e-9)
    assert hours.sky
    assert not parse_place("3,4").sky


def test_the_context_of_a_combined_image(tmp_path):
    """Bit k of plane p of CON is input 32 p + k of the table of headers, as the official pipeline writes it."""
    names = [f"jw01234001001_{number:05d}_nrcb1_cal.fits" for number in range(40)]
    context = np.zeros((2, 20, 30), "i4")
    context[0, 7, 11], context[1, 7, 11] = -(2**31) + 5, 1 << 3  # bits 31, 0, 2 of the first plane, 3 of the second
    place = write(tmp_path / "i2d.fits", np.ones((20, 30)), header(shape=(20, 30)))
    with fits.open(place, mode="append") as hdus:
        hdus.append(fits.ImageHDU(context, name="CON"))
        column = fits.Column("FILENAME", "50A", array=names)
        hdus.append(fits.BinTableHDU.from_columns([column], name="HDRTAB"))
    facts = pixel_at(place, parse_place("11,7"))
    assert [one.name for one in facts.inputs] == [names[bit] for bit in (0, 2, 31, 35)]
    assert pixel_at(place, parse_place("12,7")).inputs == ()


def test_the_command(command, mosaic_of_three):
    _, address = mosaic_of_three
    code, said, _ = command("pixels", address, "--at", "50,20", "--json")
    facts = json.loads(said)
    assert code == 0
    assert facts["values"]["n"] == len(facts["inputs"])
