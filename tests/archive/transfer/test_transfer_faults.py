"""Whatever goes wrong on the way: the file ends byte-identical, or with a clear reason and nothing under its name."""

import gzip
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path

import pytest

from jwstpipe.archive import retry
from jwstpipe.archive.transfer.state import PartState, load
from jwstpipe.testing.local_archive.faults import Faults
from tests.archive.archive_helpers import NAME, RANGE, fits_bytes, leftovers, make_product, rows_of, settings_for
from tests.archive.loopback import Answer, Loopback, ranged
from tests.waiting import LIMIT_SECONDS

AT = ("download",)
RECOVERABLE = {
    "ranges ignored": Faults(AT, ranges="ignored"),
    "ranges ignored after a good start": Faults(AT, ranges="ignored", skip=3),
    "416 for every range": Faults(AT, ranges="refused", skip=1),
    "a range from the wrong place, once": Faults(AT, ranges="misplaced", skip=1, times=2),
    "no If-Range": Faults(AT, ranges="unconditional"),
    "weak ETag": Faults(AT, etag="weak"),
    "no ETag": Faults(AT, etag="absent"),
    "another ETag in every answer": Faults(AT, etag="wandering"),
    "short bodies": Faults(AT, body="short", times=6),
    "long bodies": Faults(AT, body="long", skip=1, times=2),
    "no answer": Faults(AT, body="none", times=2),
    "zeros, once": Faults(AT, body="zeros", skip=1, times=2),
    "flipped bits, once": Faults(AT, body="corrupt", skip=1, times=6),
    "an error page for a range, once": Faults(AT, body="html", skip=1, times=2),
    "500 twice": Faults(AT, status=500, times=2),
    "503 in mid-file": Faults(AT, status=503, skip=3, times=2),
    "429 with a wait": Faults(AT, status=429, retry_after="0", times=2),
    "408": Faults(AT, status=408, skip=2, times=1),
}
FATAL = {
    "404": (Faults(AT, status=404), "HTTP 404"),
    "403": (Faults(AT, status=403), "HTTP 403"),
    "418": (Faults(AT, status=418), "HTTP 418"),
    "500 for ever": (Faults(AT, status=500), "HTTP 500"),
    "zeros for ever": (Faults(AT, body="zeros"), "not a FITS file"),
    "flipped bits for ever": (Faults(AT, body="corrupt"), "DATASUM"),
    "an error page for ever": (Faults(AT, body="html"), "in mid-file|bytes|web page|416"),
    "short for ever, without ranges": (Faults(AT, body="short", ranges="ignored"), "connection lost|ended after"),
    "always the wrong place": (Faults(AT, ranges="misplaced"), "asked for bytes"),
    "a wait of an hour": (Faults(AT, status=503, retry_after="3600"), "HTTP 503"),
}


@pytest.mark.parametrize("fault", RECOVERABLE)
def test_a_fault_that_can_be_worked_around_ends_in_the_same_bytes(
    archive, https, bring, product, content, tmp_path, fault
):
    archive.set_faults(RECOVERABLE[fault])
    (receipt,) = bring(product, https).require_all()
    assert receipt.path.read_bytes() == content
    assert leftovers(tmp_path / "down") == []
    archive.set_faults()
    assert bring(product, https).receipts[0].reused


@pytest.mark.parametrize("fault", FATAL)
def test_a_fault_that_stays_is_a_reason_and_leaves_no_file(archive, https, bring, product, content, tmp_path, fault):
    faults, reason = FATAL[fault]
    archive.set_faults(faults)
    result = bring(product, https)
    assert result.receipts == ()
    assert re.search(reason, result.failures[0].reason), result.failures[0].reason
    assert [path.name for path in tmp_path.rglob("*.fits")] == []
    archive.set_faults()
    assert bring(product, https).require_all()[0].path.read_bytes() == content


def test_a_server_that_is_down_is_a_reason(archive, https, bring, product, tmp_path):
    archive.go_down()
    result = bring(product, https)
    archive.come_back()
    assert "connection lost" in result.failures[0].reason
    assert list(tmp_path.rglob("*.fits")) == []


def test_a_server_that_hangs_is_given_up(archive, https, bring, product):
    archive.set_faults(Faults(AT, delay_s=0.6))
    result = bring(product, https.model_copy(update={"timeout_s": 0.1, "attempts": 2}))
    assert "no answer in time" in result.failures[0].reason
    archive.set_faults()


def test_a_failed_transfer_goes_on_where_it_was(archive, https, bring, product, content):
    one_by_one = https.model_copy(update={"ranges_at_once": 1})
    archive.set_faults(Faults(AT, status=500, skip=4))
    assert bring(product, one_by_one).receipts == ()
    archive.set_faults()
    archive.forget()
    (receipt,) = bring(product, one_by_one).receipts
    assert receipt.path.read_bytes() == content
    assert receipt.bytes_moved == len(content) - 3 * RANGE
    starts = [int(request.ranges.removeprefix("bytes=").split("-")[0]) for request in archive.requests]
    assert starts == [0, 3 * RANGE, 4 * RANGE, 5 * RANGE]
    assert all(request.condition.startswith('"') for request in archive.requests[1:])


def test_bytes_that_rotted_in_the_part_are_fetched_again(archive, https, bring, product, content, tmp_path):
    one_by_one = https.model_copy(update={"ranges_at_once": 1})
    archive.set_faults(Faults(AT, status=500, skip=4))
    bring(product, one_by_one)
    archive.set_faults()
    part = tmp_path / "down" / ".transfer" / product.obs_id / f"{NAME}.part"
    with part.open("r+b") as stream:
        stream.seek(RANGE + 5)
        stream.write(b"rot")
    (receipt,) = bring(product, one_by_one).receipts
    assert receipt.path.read_bytes() == content
    assert receipt.bytes_moved == len(content) - 2 * RANGE


@pytest.mark.parametrize("damage", [b"", b"{", b'{"version": 99}', b"[]", b'{"version": 1, "done": [[0]]}'])
def test_a_state_that_cannot_be_read_costs_the_part_only(archive, https, bring, product, content, tmp_path, damage):
    archive.set_faults(Faults(AT, status=500, skip=4))
    bring(product, https.model_copy(update={"ranges_at_once": 1}))
    archive.set_faults()
    (tmp_path / "down" / ".transfer" / product.obs_id / f"{NAME}.part.json").write_bytes(damage)
    (receipt,) = bring(product, https).receipts
    assert receipt.path.read_bytes() == content
    assert receipt.bytes_moved == len(content)


@pytest.mark.parametrize("cut", [1, 5])
def test_a_range_whose_note_was_cut_short_is_fetched_again(archive, https, bring, product, content, tmp_path, cut):
    one_by_one = https.model_copy(update={"ranges_at_once": 1})
    archive.set_faults(Faults(AT, status=500, skip=4))  # one for the description
    bring(product, one_by_one)
    archive.set_faults()
    path = tmp_path / "down" / ".transfer" / product.obs_id / f"{NAME}.part.json"
    assert [entry[:2] for entry in load(PartState, path).done] == [(n * RANGE, (n + 1) * RANGE) for n in range(3)]
    path.write_bytes(path.read_bytes()[:-cut])
    assert len(load(PartState, path).done) == 2
    (receipt,) = bring(product, one_by_one).receipts
    assert receipt.path.read_bytes() == content
    assert receipt.bytes_moved == len(content) - 2 * RANGE


def test_a_part_of_an_older_version_is_not_continued(archive, https, bring, product, tmp_path):
    archive.set_faults(Faults(AT, status=500, skip=4))
    bring(product, https.model_copy(update={"ranges_at_once": 1}))
    archive.set_faults()
    newer = fits_bytes(5)
    assert len(newer) == product.size
    archive.set_rows(rows_of(**{NAME: newer}))
    (receipt,) = bring(product, https).receipts
    assert receipt.path.read_bytes() == newer
    assert receipt.bytes_moved == len(newer)


@pytest.mark.parametrize("ranges", ["honoured", "unconditional"])
def test_a_file_that_changes_on_the_way_is_never_a_mixture(bring, product, content, ranges):
    newer = fits_bytes(5)
    seen = []
    answered = 0

    def answer(ask):
        nonlocal answered
        answered += 1
        held, etag = (content, '"old"') if answered <= 3 else (newer, '"new"')
        if ranges == "unconditional":
            ask.headers["if-range"] = etag
        return ranged(held, ask, etag=etag)

    with Loopback(answer) as server:
        (receipt,) = bring(product, settings_for(server.address, ranges_at_once=1), report=seen.append).receipts
    assert receipt.path.read_bytes() == newer
    assert receipt.etag == '"new"'
    done = [progress.done for progress in seen]
    assert done == sorted(done)


def test_412_for_a_range_starts_over(bring, product, content):
    answered = 0

    def answer(ask):
        nonlocal answered
        answered += 1
        return Answer(412) if answered == 3 else ranged(content, ask)

    with Loopback(answer) as server:
        (receipt,) = bring(product, settings_for(server.address, ranges_at_once=1)).receipts
    assert receipt.path.read_bytes() == content
    assert receipt.bytes_moved == len(content) + RANGE


def test_a_connection_that_breaks_in_mid_range_goes_on_at_the_next_byte(bring, product, content):
    asked = []

    def answer(ask):
        asked.append(ask.headers["range"])
        reply = ranged(content, ask)
        if len(asked) == 2:
            reply.abort_after = 1000
        return reply

    with Loopback(answer) as server:
        (receipt,) = bring(product, settings_for(server.address, ranges_at_once=1), range_bytes=1 << 20).receipts
    assert receipt.path.read_bytes() == content
    assert receipt.bytes_moved == len(content)
    last = len(content) - 1
    assert asked == ["bytes=0-0", f"bytes=0-{last}", f"bytes=1000-{last}"]


def test_a_slow_but_living_connection_is_not_given_up(bring, product, content):
    """More breaks than attempts, each with some progress."""
    breaks = 0

    def answer(ask):
        nonlocal breaks
        reply = ranged(content, ask)
        if len(reply.body) > 70_000:
            breaks += 1
            reply.abort_after = 66_000
        return reply

    with Loopback(answer) as server:
        settings = settings_for(server.address, ranges_at_once=1, attempts=2)
        (receipt,) = bring(product, settings, range_bytes=1 << 20).receipts
    assert receipt.path.read_bytes() == content
    assert breaks == 5


def test_retry_after_is_honoured(bring, product, content, monkeypatch):
    waits = []
    rest = retry.CancellationToken.rest
    monkeypatch.setattr(retry.CancellationToken, "rest", lambda self, seconds: (waits.append(seconds), rest(self, 0.0)))
    answers = iter([Answer(503, {"Retry-After": "7"}), Answer(429, {"Retry-After": formatdate(4e9, usegmt=True)})])

    def answer(ask):
        return next(answers, None) or ranged(content, ask)

    with Loopback(answer) as server:
        result = bring(product, settings_for(server.address))
    assert waits == [7.0]
    assert "HTTP 429" in result.failures[0].reason  # seventy years are not waited for


@pytest.mark.parametrize("value", ["", "soon", "-5", "\u00b2", "1.5", "Mon, 99 Foo 2026"])
def test_a_wait_that_cannot_be_read_is_our_own(bring, product, content, value):
    answers = iter([Answer(503, {"Retry-After": value})])
    with Loopback(lambda ask: next(answers, None) or ranged(content, ask)) as server:
        (receipt,) = bring(product, settings_for(server.address)).require_all()
    assert receipt.path.read_bytes() == content


LYING = {
    "another total": lambda a, b, size: f"bytes {a}-{b}/{size + 1}",
    "shifted": lambda a, b, size: f"bytes {a + 1}-{b + 1}/{size}",
    "no total": lambda a, b, size: f"bytes {a}-{b}/*",
    "no bytes": lambda a, b, size: f"items {a}-{b}/{size}",
    "nothing": lambda a, b, size: "",
    "superscripts": lambda a, b, size: f"bytes {a}-{b}/\u00b2",
}


@pytest.mark.parametrize("lie", LYING)
def test_a_content_range_that_lies_is_not_believed(bring, product, content, lie):
    """The ranges are what they should be, their description is not: the file comes whole, or there is a reason."""

    def answer(ask):
        reply = ranged(content, ask)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", ask.headers.get("range", ""))
        if wanted and wanted[0] != "bytes=0-0":
            reply.headers["Content-Range"] = LYING[lie](int(wanted[1]), int(wanted[2]), len(content))
        return reply

    with Loopback(answer) as server:
        result = bring(product, settings_for(server.address, attempts=2))
    for receipt in result.receipts:
        assert receipt.path.read_bytes() == content
    for failure in result.failures:
        assert "asked for bytes" in failure.reason


NO_LENGTH = {"Connection": "close"}


def test_a_body_without_length_is_checked_against_the_listing(bring, content):
    """Some answers of the archive carry no Content-Length; their end says nothing."""
    name = "jw02733_20230118t025851_pool.csv"
    with Loopback(lambda ask: Answer(200, NO_LENGTH, content, length=None)) as server:
        (receipt,) = bring(make_product(name, len(content)), settings_for(server.address)).receipts
    assert receipt.path.read_bytes() == content
    receipt.path.unlink()
    with Loopback(lambda ask: Answer(200, NO_LENGTH, content[:-1], length=None)) as server:
        result = bring(make_product(name, len(content)), settings_for(server.address))
    assert result.receipts == ()
    assert (
        f"{len(content) - 1:,} bytes came without a length, the archive lists {len(content):,}"
        in result.failures[0].reason
    )


def test_a_range_without_length_that_ends_early_goes_on(bring, product, content):
    def answer(ask):
        reply = ranged(content, ask, Connection="close")
        if ask.headers["range"] == f"bytes={RANGE}-{2 * RANGE - 1}":
            reply.length, reply.abort_after = None, 500
        return reply

    with Loopback(answer) as server:
        (receipt,) = bring(product, settings_for(server.address)).receipts
    assert receipt.path.read_bytes() == content
    assert receipt.bytes_moved == len(content)


def test_a_server_that_compresses_on_the_way_is_refused(bring, product, content):
    def answer(ask):
        return ranged(gzip.compress(content), ask, **{"Content-Encoding": "gzip"})

    with Loopback(answer) as server:
        result = bring(product, settings_for(server.address))
    assert "Content-Encoding" in result.failures[0].reason


def test_a_file_of_zero_bytes_is_no_fits(bring, product):
    with Loopback(lambda ask: ranged(b"", ask)) as server:
        result = bring(make_product(), settings_for(server.address))
    assert "empty" in result.failures[0].reason


def test_other_kinds_of_files_are_checked_by_size(archive, https, bring):
    name = "jw02733-o001_20230118t025851_image3_00001_asn.json"
    archive.set_rows(rows_of(**{name: b'{"products": []}'}))
    (receipt,) = bring(make_product(name, 16), https).receipts
    assert receipt.path.read_bytes() == b'{"products": []}'


CHILD = """
import sys
from pathlib import Path
from tests.archive.archive_helpers import make_product, settings_for
from jwstpipe.archive.transfer.fetch import fetch
server, folder, size, range_bytes = sys.argv[1:]
settings = settings_for(server, ranges_at_once=1, timeout_s=600.0)
result = fetch([make_product(size=int(size))], Path(folder), settings=settings, range_bytes=int(range_bytes))
print("reused" if result.require_all()[0].reused else "fetched")
"""


class Gate:
    """A good server that holds one answer back until it is told."""

    def __init__(self, content, hold):
        self.reached, self.release = threading.Event(), threading.Event()
        self._content, self._hold, self._count = content, hold, 0

    def __call__(self, ask):
        self._count += 1
        if self._count == self._hold:
            self.reached.set()
            self.release.wait(LIMIT_SECONDS)
        return ranged(self._content, ask)


@pytest.fixture
def child(tmp_path, content):
    started = []

    def start(server):
        command = [sys.executable, "-c", CHILD, server, str(tmp_path / "down"), str(len(content)), str(RANGE)]
        path = os.pathsep.join([str(Path(__file__).parents[3])])
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_killed_process_leaves_what_the_next_one_needs(child, bring, product, content, tmp_path):
    gate = Gate(content, hold=5)  # the probe and three ranges are answered, the fourth range is not
    with Loopback(gate) as server:
        process = child(server.address)
        assert gate.reached.wait(LIMIT_SECONDS)
        process.send_signal(signal.SIGKILL)
        assert process.wait(LIMIT_SECONDS) == -signal.SIGKILL
        assert list((tmp_path / "down" / product.obs_id).glob("*")) == []
        state = load(PartState, tmp_path / "down" / ".transfer" / product.obs_id / f"{NAME}.part.json")
        assert [(start, stop) for start, stop, _ in state.done] == [(n * RANGE, (n + 1) * RANGE) for n in range(3)]
        gate.release.set()
        before = len(server.asked)
        (receipt,) = bring(product, settings_for(server.address, ranges_at_once=1)).receipts
        asked = [ask.headers["range"] for ask in server.asked[before:]]
    assert receipt.path.read_bytes() == content
    assert receipt.bytes_moved == len(content) - 3 * RANGE
    assert asked[1] == f"bytes={3 * RANGE}-{4 * RANGE - 1}"
    assert len(asked) == 4
    assert leftovers(tmp_path / "down") == []


def test_two_processes_asked_for_one_file_fetch_it_once(child, bring, product, content, tmp_path):
    gate = Gate(content, hold=4)
    with Loopback(gate) as server, ThreadPoolExecutor(1) as pool:
        process = child(server.address)
        assert gate.reached.wait(LIMIT_SECONDS)
        second = pool.submit(bring, product, settings_for(server.address))
        gate.release.set()
        (receipt,) = second.result(LIMIT_SECONDS).receipts
        assert process.wait(LIMIT_SECONDS) == 0
        assert process.stdout.read().strip() == "fetched"
        assert len(server.asked) == 1 + 6 + 1  # the second asks whether it is still the same
    assert receipt.reused
    assert receipt.path.read_bytes() == content
    assert leftovers(tmp_path / "down") == []
