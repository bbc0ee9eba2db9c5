"""Thousands of damaged files: every one is read or refused with a reason; none crashes, hangs or asks for the moon."""

import random
import resource
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe.errors import JwstPipeError
from jwstpipe.images.fits_image import open_fits
from jwstpipe.images.zarr.plane_writer import write_hdus
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.sky.box import Box
from tests.images.fits_files import sky_keywords, write_cal, write_old_i2d

MUTANTS = 2000
MOST_MEMORY = 512 << 20
MOST_SECONDS = 20.0

WORDS = (
    b"2000000000", b"-1", b"0", b"99999999999999999999", b"1E400", b"NaN", b"T", b"'text'", b"", b"-32", b"64", b"3",
    b"'RA---TAN'", b"'RA---TAN-SIP'", b"0.0", b"1e-320", b"(1,2)", b"'", b"inf", b"\xff\xfe", b"-2147483648",
)  # fmt: skip
KEYWORDS = (
    b"NAXIS NAXIS1 NAXIS2 NAXIS3 BITPIX PCOUNT GCOUNT BSCALE BZERO BLANK EXTNAME EXTVER XTENSION CTYPE1 CTYPE2 CRVAL1"
    b" CRVAL2 CRPIX1 CDELT1 CD1_1 A_ORDER TFIELDS WCSAXES RADESYS EQUINOX END BUNIT SIMPLE LONPOLE PV2_1 CUNIT1"
).split()


def seeds(folder):
    """Make small files of every structure that the reader knows."""
    write_cal(folder / "cal.fits", shape=(11, 12))
    write_old_i2d(folder / "i2d.fits", shape=(50, 60))
    plain = fits.PrimaryHDU(np.arange(120, dtype="i2").reshape(10, 12))
    sky_keywords(plain.header, (10, 12))
    plain.header["BLANK"] = 7
    plain.writeto(folder / "plain.fits")
    cube = fits.ImageHDU(np.ones((3, 8, 9), "f8"), name="SCI")
    sky_keywords(cube.header, (8, 9))
    fits.HDUList([fits.PrimaryHDU(), cube]).writeto(folder / "cube.fits")
    return [path.read_bytes() for path in sorted(folder.glob("*.fits"))]


def mutate(content, chance):
    """Damage a file in one to four ways that hostile or broken writers know."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        kind = chance.randrange(7)
        cards = [at for at in range(0, len(data) - 80, 80) if data[at + 8 : at + 10] == b"= "]
        if kind == 0 and cards:  # a value
            at = chance.choice(cards)
            data[at + 10 : at + 30] = chance.choice(WORDS).rjust(20)[:20]
        elif kind == 1 and cards:  # a known keyword where another stood
            at = chance.choice(cards)
            data[at : at + 8] = chance.choice(KEYWORDS).ljust(8)
        elif kind == 2:  # bytes
            for _ in range(chance.randint(1, 20)):
                data[chance.randrange(len(data))] = chance.randrange(256)
        elif kind == 3:  # truncated
            del data[chance.randrange(1, len(data)) :]
        elif kind == 4 and cards:  # a card twice
            at = chance.choice(cards)
            data[at:at] = data[at : at + 80]
        elif kind == 5:  # blocks moved
            at, to = (2880 * chance.randrange(len(data) // 2880 + 1) for _ in range(2))
            block = data[at : at + 2880]
            del data[at : at + 2880]
            data[to:to] = block
        else:  # a stretch of one byte
            at = chance.randrange(len(data))
            data[at : at + chance.randint(1, 500)] = bytes([chance.choice((0, 32, 255))]) * chance.randint(1, 500)
        if not data:
            data = bytearray(b"\0")
    return bytes(data)


def use(path, out):
    """Do with a file all that a reader does: planes, windows, header, place on the sky, conversion."""
    image = open_fits(path)
    wcs = image.wcs.exact(name=str(path))
    wcs.to_pixel(*wcs.to_sky(np.array([0.0, 5.0]), np.array([0.0, 5.0])))
    box = Box(0, 0, min(3, image.shape[0]), min(4, image.shape[1]))
    for plane in image.planes:
        image.read(plane, box)
    writer = ImageWriter(out)
    write_hdus(writer, image, list(image.planes), keep_all=True, report=lambda progress: None)


def outcome(path, out):
    """Tell how a file fared: None when it was read, else the error."""
    try:
        use(path, out)
    except Exception as error:  # noqa: BLE001 - the caller tells refusals from crashes
        return error
    return None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.exhaustive) for part in (1, 2, 3))])
def test_no_damage_does_more_than_a_refusal(tmp_path, monkeypatch, part):
    monkeypatch.setattr("jwstpipe.images.zarr.writer.put_bytes", lambda *pieces, **options: None)
    contents = seeds(tmp_path)
    chance = random.Random(part)
    path = tmp_path / "mutant.fits"
    for content in contents:  # what is damaged below was whole before
        path.write_bytes(content)
        use(path, tmp_path / "out.zarr")
    refused = 0
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MOST_MEMORY, hard))
    try:
        for number in range(MUTANTS // 4):
            path.write_bytes(mutate(contents[number % len(contents)], chance))
            started = time.process_time()
            error = outcome(path, tmp_path / "out.zarr")
            assert error is None or isinstance(error, JwstPipeError), f"mutant {number}: {error!r}"
            assert error is None or ("mutant.fits" in str(error) and "\n" not in str(error)), (
                f"mutant {number}: {error}"
            )
            assert time.process_time() - started < MOST_SECONDS, f"mutant {number}"
            refused += error is not None
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert 50 < refused < MUTANTS // 4 - 50
