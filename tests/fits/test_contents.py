"""Cubes, compressed images and what is no image at all."""

import gzip

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe import convert, export, open_image
from jwstpipe.errors import FitsError, UsageError
from jwstpipe.images.verify import verify_conversion
from jwstpipe.sky.box import Box
from tests.images.fits_files import sky_keywords, write_cal


def write_calints(path, shape=(3, 1100, 70)):
    random = np.random.default_rng(8)
    hdus = [fits.PrimaryHDU()]
    names = ("SCI", "ERR", "VAR_RNOISE")
    hdus += [fits.ImageHDU(random.normal(1, 0.1, shape).astype("f4"), name=name) for name in names]
    hdus.append(fits.ImageHDU(random.integers(0, 2**32, shape, dtype="u4"), name="DQ"))
    hdus.append(fits.ImageHDU(random.uniform(0.9, 1.1, shape[1:]).astype("f4"), name="AREA"))
    times = fits.Column("MJD", "D", array=np.arange(3.0))
    hdus.append(fits.BinTableHDU.from_columns([times], name="INT_TIMES"))
    hdus[1].data[1, 2, 3] = np.nan
    sky_keywords(hdus[1].header, shape[1:])
    fits.HDUList(hdus).writeto(path)
    return path


def test_integrations_are_kept_as_slices(tmp_path):
    path = write_calints(tmp_path / "jw09999001001_02101_00001-seg001_nrcb1_calints.fits")
    made = convert(path, tmp_path / "cube.zarr")
    verify_conversion(path, tmp_path / "cube.zarr")
    assert export(tmp_path / "cube.zarr", tmp_path / "again.fits").identical
    assert made.shape == (1100, 70)
    box = Box(500, 3, 530, 60)
    with fits.open(path) as opened:
        for image in (open_image(path), open_image(tmp_path / "cube.zarr")):
            assert image.slices == 3
            for index in range(3):
                for plane in ("sci", "err", "dq", "var_rnoise"):
                    truth = opened[plane.upper()].data[index][box.slices]
                    assert np.array_equal(image.read(plane, box, index=index), truth, equal_nan=plane == "sci")
                assert np.array_equal(image.read("area", box, index=index), opened["AREA"].data[box.slices])
            with pytest.raises(UsageError, match="slice"):
                image.read("sci", box, index=3)
            with pytest.raises(UsageError, match="Box"):
                image.read("sci", Box(0, 0, 1101, 5))
        stored = open_image(tmp_path / "cube.zarr")
        assert stored.levels == 2
        for index in range(3):
            blocks = opened["SCI"].data[index].reshape(550, 2, 35, 2).astype("f8")
            np.testing.assert_allclose(stored.read(level=1, index=index), np.nanmean(blocks, axis=(1, 3)), rtol=1e-6)


FLOATS = np.random.default_rng(9).normal(10, 1, (130, 90)).astype("f4")
INTEGERS = np.random.default_rng(9).integers(0, 60_000, (130, 90)).astype("u2")


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (FLOATS, {"compression_type": "GZIP_2", "quantize_level": 0}),
        (FLOATS, {"compression_type": "RICE_1", "quantize_level": 16, "quantize_method": 1, "dither_seed": 7}),
        pytest.param(INTEGERS, {"compression_type": "RICE_1"}, marks=pytest.mark.exhaustive),
        pytest.param(
            INTEGERS.astype("i4") - 30_000,
            {"compression_type": "HCOMPRESS_1", "tile_shape": (65, 90)},
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            FLOATS.astype("f8"), {"compression_type": "GZIP_1", "quantize_level": 0}, marks=pytest.mark.exhaustive
        ),
    ],
)
def test_tile_compressed_images_hold_what_astropy_finds_in_them(tmp_path, data, options):
    packed = fits.CompImageHDU(data, name="SCI", **options)
    sky_keywords(packed.header, data.shape)
    packed.header["BUNIT"] = "MJy/sr"
    packed.header.add_history("was packed")
    path = tmp_path / "image.fits.fz"
    fits.HDUList([fits.PrimaryHDU(), packed, fits.ImageHDU(FLOATS, name="ERR")]).writeto(path)
    convert(path, tmp_path / "image.zarr")
    verify_conversion(path, tmp_path / "image.zarr")
    export(tmp_path / "image.zarr", tmp_path / "again.fits")
    with fits.open(path) as truth, fits.open(tmp_path / "again.fits") as again:
        assert again["SCI"].data.astype(truth["SCI"].data.dtype).tobytes() == truth["SCI"].data.tobytes()
        kept = {card.keyword: card.value for card in truth["SCI"].header.cards}
        assert {key: again["SCI"].header[key] for key in kept if key != "HISTORY"} == {
            key: value for key, value in kept.items() if key != "HISTORY"
        }
        assert again["ERR"].data.tobytes() == truth["ERR"].data.tobytes()
        for image in (open_image(path), open_image(tmp_path / "image.zarr")):
            assert image.planes == ("sci", "err")
            np.testing.assert_array_equal(image.read("sci", Box(7, 9, 70, 80)), truth["SCI"].data[7:70, 9:80])


def test_a_compressed_image_with_a_damaged_tile_is_refused_and_the_process_survives(tmp_path):
    packed = fits.CompImageHDU(FLOATS, name="SCI", compression_type="GZIP_1", quantize_level=0)
    sky_keywords(packed.header, FLOATS.shape)
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(tmp_path / "image.fits")
    content = bytearray((tmp_path / "image.fits").read_bytes())
    content[-9000:-6000] = bytes(3000)
    (tmp_path / "image.fits").write_bytes(content)
    with pytest.raises(FitsError, match=r"image\.fits: its compressed image cannot be unpacked"):
        open_image(tmp_path / "image.fits")


def test_a_compressed_image_that_claims_too_much_is_refused_before_anything_is_unpacked(tmp_path):
    packed = fits.CompImageHDU(FLOATS, name="SCI", compression_type="GZIP_1", quantize_level=0)
    sky_keywords(packed.header, FLOATS.shape)
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(tmp_path / "image.fits")
    content = (tmp_path / "image.fits").read_bytes()
    at = content.index(b"ZNAXIS1 =")
    (tmp_path / "image.fits").write_bytes(content[: at + 10] + b"2000000000".rjust(20) + content[at + 30 :])
    with pytest.raises(FitsError, match="unpacks to"):
        open_image(tmp_path / "image.fits")


def spectrum(**cards):
    primary = fits.PrimaryHDU()
    primary.header.update(cards)
    return primary


TABLE = fits.BinTableHDU.from_columns([fits.Column("FLUX", "D", array=[1.0])], name="EXTRACT1D")
OTHER_TABLE = fits.BinTableHDU.from_columns([fits.Column("X", "D", array=[1.0])])
IMAGE = fits.ImageHDU(np.ones((25, 140), "f4"), name="SCI")


@pytest.mark.parametrize(
    ("hdus", "says"),
    [
        ([spectrum(DATAMODL="MultiSpecModel"), TABLE], r"extracted spectra \(x1d\), only tables \(EXTRACT1D\)"),
        ([spectrum(), TABLE], r"extracted spectra \(x1d\)"),
        ([spectrum(DATAMODL="SlitModel"), IMAGE], r"2-D spectrum of one slit"),
        ([spectrum(EXP_TYPE="MIR_LRS-FIXEDSLIT"), IMAGE], r"dispersed exposure \(MIR_LRS-FIXEDSLIT\)"),
        ([fits.PrimaryHDU(np.ones(1000, "f4"))], "a row of|another row of 1,000 numbers"),
        ([fits.PrimaryHDU(np.ones((2, 5, 30, 40), "f4"))], "4 axes"),
        ([fits.PrimaryHDU(np.ones((40, 30, 3), "u1"))], "3 planes in the fastest axis"),
        ([fits.PrimaryHDU(), OTHER_TABLE], "a catalogue or other table"),
    ],
)  # fmt: skip
def test_tables_and_spectra_are_refused_by_their_kind(tmp_path, hdus, says):
    fits.HDUList([hdu.copy() for hdu in hdus]).writeto(tmp_path / "other.fits")
    with pytest.raises(FitsError, match=says) as caught:
        open_image(tmp_path / "other.fits")
    assert "other.fits" in str(caught.value)


def test_real_spectra_and_hostile_files_are_refused_by_their_kind(shared_data):
    for pattern, says in (
        ("jwst/*x1d.fits", r"extracted spectra \(x1d\)"),
        ("jwst/*s2d.fits", r"2-D spectrum of one slit \(s2d\)"),
        ("hostile/twhya*", "2 planes in the fastest axis"),
    ):
        with pytest.raises(FitsError, match=says):
            open_image(next(shared_data.glob(pattern)))


def test_cards_of_every_kind_come_back(tmp_path):
    path = write_cal(tmp_path / "cal.fits", shape=(20, 30))
    with fits.open(path, mode="update") as opened:
        header = opened["SCI"].header
        header.append(("TWICE", 1, "first"), end=True)
        header.append(("TWICE", 2, "second"), end=True)
        header["HIERARCH a long keyword"] = 3.5
        header["EMPTY"] = None
        header["STRING"] = "it's " * 40
        header.add_blank("a blank line")
    content = path.read_bytes()
    at = content.index(b"TWICE   =")
    path.write_bytes(content[: at + 10] + b"1.0E+00000000 / odd".ljust(70) + content[at + 80 :])
    (tmp_path / "packed").write_bytes(gzip.compress(path.read_bytes()))
    convert(tmp_path / "packed", tmp_path / "cal.zarr")
    checked = verify_conversion(tmp_path / "packed", tmp_path / "cal.zarr")
    assert checked.hdus == ("PRIMARY", "SCI", "ERR", "DQ", "AREA", "VAR_POISSON", "VAR_RNOISE", "VAR_FLAT", "ASDF")
    export(tmp_path / "cal.zarr", tmp_path / "again.fits")
    assert (tmp_path / "again.fits").read_bytes() == path.read_bytes()
