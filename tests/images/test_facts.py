"""What `info` tells of an image, with and without the libraries that compute with it."""

import pickle

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

import jwstpipe
from jwstpipe.sky.sexagesimal import position_text
from tests.images.fits_files import write_cal
from tests.sky.gwcs_files import imaging_gwcs, write_gwcs_cal


def test_facts_of_a_file_and_of_its_store_are_those_of_astropy(tmp_path):
    source = write_cal(tmp_path / "cal.fits")
    jwstpipe.convert(source, tmp_path / "cal.zarr")
    header, primary = fits.getheader(source, "SCI"), fits.getheader(source)
    middle = WCS(header).pixel_to_world((header["NAXIS1"] - 1) / 2, (header["NAXIS2"] - 1) / 2)
    for address, form in ((source, "fits"), (tmp_path / "cal.zarr", "zarr")):
        found = jwstpipe.info(address)
        assert (found.format, found.width, found.height) == (form, header["NAXIS1"], header["NAXIS2"])
        assert found.unit == header["BUNIT"]
        assert {key: value for key, value in found.keywords.items() if value} == {
            key: primary[key] for key in found.keywords if key in primary
        }
        assert middle.separation(SkyCoord(found.place.ra, found.place.dec, unit="deg")) < 1 * u.mas
        exact = jwstpipe.info(address, exact=True)
        assert (exact.place.ra, exact.place.dec) == pytest.approx((found.place.ra, found.place.dec), abs=1e-10)
        assert exact.place.scale_arcsec == pytest.approx(found.place.scale_arcsec, rel=1e-9)
        assert pickle.loads(pickle.dumps(found)) == found


def test_a_gwcs_is_evaluated_where_it_is_asked_for(tmp_path):
    shape = (200, 256)
    wcs = imaging_gwcs(shape)
    source = write_gwcs_cal(tmp_path / "g.fits", shape, wcs)
    quick, exact = jwstpipe.info(source), jwstpipe.info(source, exact=True)
    assert (quick.place.source["origin"], exact.place.source["origin"]) == ("fits", "gwcs")
    assert "gwcs" in quick.place.source["note"]
    assert exact.place.source["header_offset_px"] > 0.1
    ra, dec = (float(value) for value in wcs(12.0, 34.5))
    asked = jwstpipe.info(source, pixel=[(12.0, 34.5)], sky=[(ra, dec)])
    assert (asked.positions[0].ra, asked.positions[0].dec) == pytest.approx((ra, dec), abs=1e-8)
    assert (asked.positions[1].x, asked.positions[1].y) == pytest.approx((12.0, 34.5), abs=1e-3)
    assert asked.place == exact.place


def test_several_images_and_none_on_the_sky(tmp_path):
    images = [fits.ImageHDU(np.zeros((5, 6), "f4"), name="SCI", ver=number) for number in (1, 2)]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(tmp_path / "two.fits")
    found = jwstpipe.info(tmp_path / "two.fits")
    assert [one.rpartition("[")[2] for one in found.siblings] == ["SCI,1]", "SCI,2]"]
    assert found.place is None
    assert "no celestial WCS" in found.fault
    assert found.as_dict()["wcs"] is None


@pytest.mark.parametrize(
    "place", [(83.8314073, -5.4138070), (0.0, 0.0), (359.99999999, 89.9999), (12.5, -0.001), (187.7, 12.39)]
)
def test_positions_are_written_as_astropy_writes_them(place):
    back = SkyCoord(position_text(*place), unit=(u.hourangle, u.deg))
    assert back.separation(SkyCoord(*place, unit="deg")) < 0.1 * u.arcsec
    assert position_text(*place).split()[1][0] == ("-" if place[1] < 0 else "+")


def test_the_command_writes_a_table_for_people(tmp_path, capsys):
    from jwstpipe.cli.main import main

    source = write_cal(tmp_path / "cal.fits")
    with pytest.raises(SystemExit):
        main(["info", str(source), "--pixel", "0,0"])
    out = capsys.readouterr().out
    assert "{" not in out
    assert "(" + position_text(jwstpipe.info(source).place.ra, jwstpipe.info(source).place.dec) + ")" in out
    assert [line.split()[0] for line in out.splitlines()[:2]] == ["image", "size"]
    assert all(len(line) <= 160 for line in out.splitlines()[1:])
