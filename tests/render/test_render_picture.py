"""Picture files: what other readers find in them, and what is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from jwstpipe.errors import DataError, StorageError, UsageError
from jwstpipe.render.files.picture import check_picture, open_picture, quantised

PACKET = '<?xpacket begin="\ufeff"?><x>η Carinae</x>'.encode()


def pixels(shape, bits, seed=0):
    kind = np.uint8 if bits == 8 else np.uint16
    values = np.random.default_rng(seed).integers(0, 1 << bits, shape, dtype=kind)
    values[: shape[0] // 2] = (
        np.linspace(0, (1 << bits) - 1, shape[1]).astype(kind).reshape(1, -1, *[1] * (len(shape) - 2))
    )
    return values


def write(path, values, rows=10, **policies):
    with open_picture(path, values.shape[:2], colour=values.ndim == 3, **policies) as sink:
        for start in range(0, len(values), rows):
            sink.write(values[start : start + rows])


def png_chunks(path):
    """Every chunk, with its checksum verified."""
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    position, chunks = 8, []
    while position < len(content):
        (length,) = struct.unpack_from(">I", content, position)
        kind, body = content[position + 4 : position + 8], content[position + 8 : position + 8 + length]
        assert struct.unpack_from(">I", content, position + 8 + length)[0] == zlib.crc32(kind + body)
        chunks.append((kind, body))
        position += 12 + length
    return chunks


def png_samples(path):
    """An independent decoder of the filter types None and Up, for the 16 bits that Pillow does not keep."""
    chunks = png_chunks(path)
    width, height, bits, colour, *_ = struct.unpack(">IIBBBBB", chunks[0][1])
    channels = {0: 1, 2: 3}[colour]
    lines = np.frombuffer(zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT")), np.uint8)
    lines = lines.reshape(height, 1 + width * channels * bits // 8)
    decoded = np.zeros((height, lines.shape[1] - 1), np.uint8)
    for row, line in enumerate(lines):
        assert line[0] in (0, 2)
        above = decoded[row - 1] if row and line[0] == 2 else np.uint8(0)
        decoded[row] = line[1:] + above
    samples = decoded.view(">u2" if bits == 16 else "u1").reshape(height, width, channels)
    return samples if channels == 3 else samples[..., 0]


@pytest.mark.parametrize("shape", [(37, 53, 3), (37, 53), (1, 1, 3), (1, 400, 3), (400, 1)])
def test_png_8_is_what_pillow_reads(tmp_path, shape):
    values = pixels(shape, 8)
    write(tmp_path / "a.png", values)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == ("RGB" if len(shape) == 3 else "L")
        assert np.array_equal(np.asarray(image), values)


@pytest.mark.parametrize("shape", [(37, 53, 3), (37, 53)])
def test_png_16_keeps_every_bit(tmp_path, shape):
    values = pixels(shape, 16)
    write(tmp_path / "a.png", values, bits=16)
    assert np.array_equal(png_samples(tmp_path / "a.png"), values)
    with Image.open(tmp_path / "a.png") as image:  # Pillow keeps the upper byte of RGB
        seen = np.asarray(image)
    assert np.array_equal(seen, values >> 8 if len(shape) == 3 else values)


def test_png_bytes_do_not_depend_on_the_bands(tmp_path):
    values = pixels((1100, 900, 3), 8)
    for rows in (1, 64, 1100):
        write(tmp_path / f"{rows}.png", values, rows=rows, packet=PACKET)
    contents = {(tmp_path / f"{rows}.png").read_bytes() for rows in (1, 64, 1100)}
    assert len(contents) == 1
    assert [kind for kind, _ in png_chunks(tmp_path / "1.png")].count(b"IDAT") > 1


def test_png_says_srgb_and_carries_the_packet(tmp_path):
    write(tmp_path / "a.png", pixels((20, 20, 3), 8), packet=PACKET)
    chunks = dict(png_chunks(tmp_path / "a.png"))
    assert list(chunks) == [b"IHDR", b"sRGB", b"gAMA", b"cHRM", b"iTXt", b"IDAT", b"IEND"]
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["srgb"] == 0
        assert image.info["gamma"] == pytest.approx(1 / 2.2, abs=1e-4)
        assert image.info["xmp"] == PACKET


def test_jpeg_is_close_and_carries_profile_and_packet(tmp_path):
    y, x = np.indices((60, 80))
    values = np.stack([x * 3, y * 4, (x + y) * 1], axis=2).astype(np.uint8)
    write(tmp_path / "a.jpg", values, packet=PACKET, quality=95)
    with Image.open(tmp_path / "a.jpg") as image:
        assert np.abs(np.asarray(image).astype(int) - values).mean() < 1.5
        assert image.info["xmp"] == PACKET
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
    write(tmp_path / "b.jpg", values, packet=PACKET, quality=95, rows=7)
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()


def test_jpeg_quality_matters(tmp_path):
    for quality in (30, 95):
        write(tmp_path / f"{quality}.jpg", pixels((80, 80, 3), 8), quality=quality)
    assert (tmp_path / "30.jpg").stat().st_size < 0.5 * (tmp_path / "95.jpg").stat().st_size


@pytest.mark.parametrize(
    ("name", "shape", "bits", "message"),
    [
        ("a.gif", (9, 9), 8, r"unknown kind of picture '\.gif'; end the name in \.png, \.jpg"),
        ("a", (9, 9), 8, "unknown kind of picture ''"),
        ("a.jpg", (9, 9), 16, r"a JPEG has 8 bits, not 16; write a \.png"),
        ("a.jpeg", (9, 70_000), 8, r"at most 65500 px a side, not 70000; write a \.tif"),
        ("s3://bucket/a.png", (9, 9), 8, "written to a local file"),
    ],
)
def test_what_no_writer_can_do_is_refused(name, shape, bits, message):
    with pytest.raises(UsageError, match=message):
        check_picture(name, shape, bits=bits)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_failure_leaves_the_old_picture(tmp_path, name):
    write(tmp_path / name, pixels((20, 20, 3), 8))
    before = (tmp_path / name).read_bytes()
    with pytest.raises(DataError, match="5 of 20 rows"), open_picture(tmp_path / name, (20, 20)) as sink:
        sink.write(pixels((5, 20, 3), 8))
    with pytest.raises(DataError, match="do not fit"), open_picture(tmp_path / name, (20, 20)) as sink:
        sink.write(pixels((21, 20, 3), 8))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == before


def test_rows_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(DataError, match="do not fit"), open_picture(tmp_path / "a.png", (9, 9)) as sink:
        sink.write(pixels((10, 9, 3), 8))
    with pytest.raises(DataError, match="do not fit"), open_picture(tmp_path / "a.png", (9, 9), bits=16) as sink:
        sink.write(pixels((9, 9, 3), 8))


def test_place_that_cannot_be_written_is_a_storage_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file/a\.png: "):
        write(tmp_path / "file" / "a.png", pixels((9, 9, 3), 8))


def test_packet_too_long_for_a_jpeg_says_so(tmp_path):
    with pytest.raises(DataError, match=r"too long for a JPEG; write a \.png"):
        write(tmp_path / "a.jpg", pixels((9, 9, 3), 8), packet=b"x" * 70_000)


def test_rounding():
    light = np.array([-1.0, 0.0, 0.4999, 0.5, 1.0, 2.0], np.float32)
    assert quantised(light, 8).tolist() == [0, 0, 127, 128, 255, 255]
    assert quantised(light, 16).tolist() == [0, 0, 32761, 32768, 65535, 65535]
    assert quantised(light, 16).dtype == np.uint16
