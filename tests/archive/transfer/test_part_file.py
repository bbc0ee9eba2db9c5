"""A part that fills: its digest is that of the bytes, keeps close behind them, and holds nobody up after a resume."""

import hashlib
import os
import random
import threading

import pytest

from jwstpipe.archive.transfer.destinations import part_file as part
from jwstpipe.archive.transfer.destinations.part_file import FillingPart
from jwstpipe.archive.transfer.verify import Digest
from tests.waiting import LIMIT_SECONDS

PIECE = 10_000


@pytest.fixture
def content():
    return os.urandom(37 * PIECE + 123)


def fill(filling, content, start):
    writer = filling.writer(start)
    writer.write(content[start : start + PIECE])
    return writer.finish()


def test_the_digest_is_that_of_the_bytes_and_follows_closely(tmp_path, content, monkeypatch):
    monkeypatch.setattr(part, "MOST_BEHIND", 3 * PIECE)
    filling = FillingPart(tmp_path / "a.part", len(content))
    filling.reached(0)
    for start in range(0, len(content), PIECE):
        fill(filling, content, start)
        stop = min(start + PIECE, len(content))
        filling.reached(stop)
        assert stop - filling.digest.position <= 4 * PIECE  # the limit, and one range
    filling.close()
    assert filling.digest.value() == hashlib.sha256(content).digest()
    assert (tmp_path / "a.part").read_bytes() == content


def test_ranges_in_any_order_from_several_threads(tmp_path, content, monkeypatch):
    monkeypatch.setattr(part, "MOST_BEHIND", 2 * PIECE)
    starts = list(range(0, len(content), PIECE))
    random.Random(4).shuffle(starts)
    filling = FillingPart(tmp_path / "a.part", len(content))
    there, lock = set(), threading.Lock()

    def work():
        while True:
            with lock:
                if not starts:
                    return
                start = starts.pop()
            fill(filling, content, start)
            with lock:
                there.add(start)
                prefix = 0
                while prefix in there:
                    prefix += PIECE
            filling.reached(min(prefix, len(content)))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(LIMIT_SECONDS)
    filling.close()
    assert filling.digest.value() == hashlib.sha256(content).digest()


def test_what_was_there_before_is_read_while_more_comes(tmp_path, content, monkeypatch):
    """A large part that is resumed takes long to read; ranges must not wait for that."""
    monkeypatch.setattr(part, "MOST_BEHIND", PIECE)
    (tmp_path / "a.part").write_bytes(content[: 20 * PIECE])
    gate, advance = threading.Event(), Digest.advance
    monkeypatch.setattr(Digest, "advance", lambda *given: (gate.wait(LIMIT_SECONDS), advance(*given)))
    filling = FillingPart(tmp_path / "a.part", len(content))
    filling.reached(20 * PIECE)
    for start in range(20 * PIECE, len(content), PIECE):
        fill(filling, content, start)
        filling.reached(min(start + PIECE, len(content)))
    assert filling.digest.position == 0
    gate.set()
    filling.close()
    assert filling.digest.value() == hashlib.sha256(content).digest()


def test_a_system_without_early_writing_does_without(tmp_path, content, monkeypatch):
    monkeypatch.setattr(part, "_start_writing", lambda: None)
    filling = FillingPart(tmp_path / "a.part", len(content))
    fill(filling, content, 0)
    filling.reached(PIECE)
    filling.close()
    assert filling.digest.value() == hashlib.sha256(content[:PIECE]).digest()
