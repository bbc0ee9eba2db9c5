"""A FITS file that is written while its pieces are made: in order, whole, or not at all."""

import hashlib
import io
import threading
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from jwstpipe import export, open_image
from jwstpipe.errors import StoreError
from jwstpipe.images.export import write_fits
from jwstpipe.images.exporting import pipeline
from jwstpipe.images.exporting.pipeline import Piece, as_bytes, write_pieces

MOSAIC = Path(__file__).parent / "stores" / "layout-2-mosaic.zarr"


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(pipeline.os, "cpu_count", lambda: 2)


def test_pieces_stand_in_their_order_whichever_is_made_first(two_threads):
    second = threading.Event()

    def first():
        assert second.wait(30)
        return b"first"

    def made_before():
        second.set()
        return as_bytes(np.array([1, 2], dtype=">u2"))

    stream = io.BytesIO()
    size, digest = write_pieces(stream, [Piece(5, first), Piece(4, made_before), Piece.of(b"")], digest=True)
    assert stream.getvalue() == b"first\0\1\0\2"
    assert size == 9
    assert digest == hashlib.sha256(stream.getvalue()).hexdigest()


def test_few_pieces_are_held_at_once(two_threads, monkeypatch):
    monkeypatch.setattr(pipeline, "BYTES_AHEAD", 30)
    given, written = [], io.BytesIO()

    def pieces():
        for number in range(9):
            given.append(len(written.getvalue()))
            yield Piece(10, lambda number=number: bytes([number]) * 10)

    write_pieces(written, pieces(), digest=False)
    assert all(10 * number - done <= 30 for number, done in enumerate(given))
    assert written.getvalue() == b"".join(bytes([number]) * 10 for number in range(9))


def test_a_piece_that_cannot_be_made_ends_the_file():
    def damaged():
        raise StoreError("lost")

    stream = io.BytesIO()
    with pytest.raises(StoreError, match="lost"):
        write_pieces(stream, [Piece.of(b"a"), Piece(1, damaged), Piece.of(b"b")], digest=True)
    assert stream.getvalue() == b"a"


def test_astropy_reads_in_the_file_of_a_mosaic_what_its_store_holds(tmp_path):
    image = open_image(MOSAIC)
    made = export(MOSAIC, tmp_path / "mosaic.fits")
    assert made.sha256 == hashlib.sha256((tmp_path / "mosaic.fits").read_bytes()).hexdigest()
    with fits.open(tmp_path / "mosaic.fits") as opened:
        opened.verify("exception")
        assert [hdu.name for hdu in opened[1:-1]] == [plane.upper() for plane in image.planes]
        for plane in image.planes:
            np.testing.assert_array_equal(opened[plane].data, image.read(plane))
    assert write_fits(MOSAIC, tmp_path / "again.fits") == made.size
    assert (tmp_path / "again.fits").read_bytes() == (tmp_path / "mosaic.fits").read_bytes()
