"""Byte for byte means bytes: padding, blocks behind the last HDU, special records; and no claim that is not true."""

import hashlib

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.errors import FitsError
from jwstpipe.images.convert import convert
from jwstpipe.images.export import export
from jwstpipe.images.open import open_image


def there_and_back(source, folder):
    convert(source, folder / "a.zarr")
    made = export(folder / "a.zarr", folder / "again.fits")
    return made, (folder / "again.fits").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("name", ["zeros", "pad", "short", "text"])
def test_what_stands_behind_the_last_sample_comes_back(case, tmp_path, name):
    made, same = there_and_back(case("export_trailing") / f"trail_{name}.fits", tmp_path)
    assert same
    assert made.identical


def test_an_ascii_table_keeps_its_blanks(case, tmp_path):
    made, same = there_and_back(case("export_ascii_table_padding") / "ascii_table.fits", tmp_path)
    assert same
    assert made.identical


def test_padding_of_headers_comes_back(tmp_path):
    fits.PrimaryHDU(np.ones((8, 9), "f4")).writeto(tmp_path / "a.fits")
    content = bytearray((tmp_path / "a.fits").read_bytes())
    end = content.index(b"END     ") + 80
    content[end : end + 4] = b"note"
    header = content[:2880]
    header[80 * 5 : 80 * 6] = b"CTYPE1  = 'RA---TAN'".ljust(80)
    cards = [b"CTYPE1  = 'RA---TAN'", b"CTYPE2  = 'DEC--TAN'", b"CDELT1  = 1E-4", b"CDELT2  = 1E-4", b"END"]
    first = content.index(b"END     ")
    content[first : first + 400] = b"".join(card.ljust(80) for card in cards)
    content[first + 400 : first + 404] = b"note"
    (tmp_path / "b.fits").write_bytes(content)
    made, same = there_and_back(tmp_path / "b.fits", tmp_path)
    assert same
    assert made.identical


def test_a_compressed_file_is_not_said_to_come_back(case, tmp_path):
    source = case("export_says_same_bytes") / "rice.fits.fz"
    made, same = there_and_back(source, tmp_path)
    assert not same
    assert not made.identical
    assert made.unpacked
    assert made.sha256 == hashlib.sha256((tmp_path / "again.fits").read_bytes()).hexdigest()


def test_random_groups_are_called_so(case):
    with pytest.raises(FitsError, match="random groups"):
        open_image(case("random_groups") / "groups.fits")


def test_a_damaged_extension_is_no_special_record(tmp_path):
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.ones((8, 9), "f4"))]).writeto(tmp_path / "a.fits")
    content = (tmp_path / "a.fits").read_bytes().replace(b"XTENSION", b"XTENS\0ON")
    (tmp_path / "b.fits").write_bytes(content)
    with pytest.raises(FitsError, match="does not start with XTENSION"):
        open_image(tmp_path / "b.fits")
