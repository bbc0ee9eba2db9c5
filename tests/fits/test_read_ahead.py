"""A remote file read piece by piece gives the same bytes, each piece asked for once where it is read in order."""

import numpy as np
import pytest

from jwstpipe.fits.readers import read_ahead
from jwstpipe.fits.readers.read_ahead import ReadAhead

CONTENT = np.random.default_rng(0).integers(0, 256, 1234).astype("u1").tobytes()


class Far:
    """Counts what is asked for by pieces, and by itself."""

    def __init__(self):
        self.size, self.pieces, self.others = len(CONTENT), [], 0

    def fetch(self, offset, length):
        self.pieces.append(offset)
        return CONTENT[offset : offset + length]

    def read(self, offset, length):
        self.others += 1
        return CONTENT[offset : offset + length]


@pytest.fixture
def far(monkeypatch):
    monkeypatch.setattr(read_ahead, "PIECE", 100)
    return Far()


@pytest.mark.parametrize("step", [1, 30, 99, 100, 250, 2000])
def test_in_order_each_piece_comes_once(far, step):
    reader = ReadAhead(far)
    found = b"".join(reader.read(at, step) for at in range(0, len(CONTENT), step))
    assert found == CONTENT
    assert sorted(far.pieces) == list(range(0, 1234, 100))
    assert far.others == 0


def test_looks_at_headers_before_their_turn_ask_for_no_pieces(far, monkeypatch):
    monkeypatch.setattr(read_ahead, "SMALL", 600)
    monkeypatch.setattr(read_ahead, "HEADER", 20)
    reader = ReadAhead(far)
    looks = [reader.read(at, 20) for at in (40, 190, 290, 500, 900, 1230)]
    assert looks == [CONTENT[at : at + 20] for at in (40, 190, 290, 500, 900, 1230)]
    assert far.others == 4  # what the first three pieces do not hold
    assert sorted(far.pieces) == [0, 100, 200]
    assert b"".join(reader.read(at, 250) for at in range(0, len(CONTENT), 250)) == CONTENT
    assert sorted(far.pieces) == list(range(0, 1234, 100))


def test_in_any_order_the_bytes_are_the_same(far):
    reader, random = ReadAhead(far), np.random.default_rng(1)
    for at, length in random.integers(0, [1300, 400], (200, 2)):
        assert reader.read(at, length) == CONTENT[at : at + length]
    rows = reader.read_rows(10, 50, 20, 5, 17)
    assert rows.tobytes() == b"".join(CONTENT[10 + 50 * row + 5 :][:17] for row in range(20))
