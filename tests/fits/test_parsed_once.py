"""A conversion walks through its file once and parses each header once at most, however many planes ask for it."""

from collections import Counter

import pytest
from astropy.io import fits
from astropy.io.fits import Header

from jwstpipe.fits.fits_file import open_fits_file
from jwstpipe.fits.hdus import scan_fits
from jwstpipe.images.convert import convert
from jwstpipe.images.fits_image import open_fits
from tests.images.fits_files import write_cal


@pytest.fixture
def parsed(monkeypatch):
    """Count the headers that astropy parses, by their text."""
    counts = Counter()
    parse = Header.fromstring.__func__

    def counted(cls, data, sep=""):
        counts[data.rstrip()] += 1
        return parse(cls, data, sep)

    monkeypatch.setattr(Header, "fromstring", classmethod(counted))
    return counts


def headers_of(path):
    """Give name and text of each header as they stand in the file."""
    content = path.read_bytes()
    with fits.open(path) as hdus:
        places = [(hdu.name, hdu.fileinfo()["hdrLoc"], hdu.fileinfo()["datLoc"]) for hdu in hdus]
    return {name: content[start:end].decode("ascii").rstrip() for name, start, end in places}


def test_a_conversion_parses_each_header_once(tmp_path, parsed, monkeypatch):
    source = tmp_path / "x_cal.fits"
    write_cal(source)
    headers = headers_of(source)
    assert len(set(headers.values())) == len(headers)
    parsed.clear()  # astropy has read the file for the truth
    walks = []
    monkeypatch.setattr("jwstpipe.fits.fits_file.scan_fits", lambda *a, **k: walks.append(1) or scan_fits(*a, **k))
    made = convert(source, tmp_path / "x.zarr")
    times = {name: parsed[text] for name, text in headers.items()}
    planes = {plane.upper() for plane in made.planes}
    assert {"SCI", "ERR", "DQ"} <= planes
    assert all(count <= int(name in planes) for name, count in times.items())  # of the others a few words are read
    assert len(walks) == 1


def test_an_open_image_parses_nothing_again(tmp_path, parsed):
    source = tmp_path / "x_cal.fits"
    write_cal(source)
    headers = headers_of(source)
    parsed.clear()  # astropy has read the file for the truth
    image = open_fits(source)
    assert parsed.total() == 0
    for _ in range(2):
        for plane in image.planes:
            image.read(plane)
        assert image.header["EXTNAME"] == "SCI"
        assert image.primary is image.file.hdus[0].header
    assert all(parsed[text] <= 1 for text in headers.values())


def test_the_structure_alone_parses_nothing(tmp_path, parsed):
    source = tmp_path / "x_cal.fits"
    write_cal(source)
    headers = headers_of(source)
    parsed.clear()
    file = open_fits_file(source)
    assert [hdu.header_bytes.decode("ascii").rstrip() for hdu in file.hdus] == list(headers.values())
    assert [hdu.cards.decode("ascii")[-80:].rstrip() for hdu in file.hdus] == ["END"] * len(headers)
    assert not parsed
