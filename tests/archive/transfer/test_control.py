"""Transfers in the middle: listed, paused, resumed, cancelled, swept away; also from another process."""

import os
import threading
import time

import pytest

from jwstpipe.archive.retry import CancellationToken, Throttle
from jwstpipe.archive.transfer import control
from jwstpipe.archive.transfer.destinations.destination import LocalFolder
from jwstpipe.errors import NotFoundError
from jwstpipe.testing.local_archive.faults import Faults
from tests.archive.archive_helpers import NAME, RANGE, make_product, settings_for
from tests.archive.loopback import Loopback, ranged


@pytest.fixture
def place(tmp_path):
    return LocalFolder(tmp_path / "down")


@pytest.fixture
def broken_off(archive, https, bring, product):
    """A transfer that ended after three ranges."""
    one_by_one = https.model_copy(update={"ranges_at_once": 1})
    archive.set_faults(Faults(("download",), status=500, skip=4))
    assert bring(product, one_by_one).receipts == ()
    archive.set_faults()
    return one_by_one


def held(tmp_path):
    return sorted(path.name for path in (tmp_path / "down" / ".transfer").rglob("*") if path.is_file())


def test_what_stands_in_the_middle_is_listed(broken_off, place, product):
    (found,) = control.pending(place)
    assert (found.file_name, found.obs_id, found.data_uri) == (NAME, product.obs_id, product.data_uri)
    assert (found.size, found.here, found.source, found.state) == (product.size, 3 * RANGE, "https", "interrupted")
    assert time.time() - found.touched_at < 60


def test_a_transfer_goes_on_without_a_search(broken_off, place, bring, product, content):
    (again,) = control.resume(place)
    assert again == product
    assert dict(again.mast) == dict(product.mast)
    (receipt,) = bring(again, broken_off).require_all()
    assert receipt.path.read_bytes() == content
    assert receipt.bytes_moved == len(content) - 3 * RANGE
    assert control.pending(place) == ()


def test_a_transfer_goes_on_whose_request_has_its_older_name(broken_off, place, bring, product, content, tmp_path):
    (path,) = (tmp_path / "down" / ".transfer").rglob("*.request.json")
    path.rename(path.with_name(f"{NAME}.wish.json"))
    assert [one.file_name for one in control.pending(place)] == [NAME]
    (again,) = control.resume(place)
    assert bring(again, broken_off).receipts[0].bytes_moved == len(content) - 3 * RANGE
    assert control.pending(place) == ()
    assert [name for name in held(tmp_path) if "wish" in name or "request" in name] == []


def test_a_paused_file_waits_until_it_is_resumed(broken_off, place, bring, product, content, archive):
    control.pause(place, [NAME])
    assert control.pending(place)[0].state == "paused"
    archive.forget()
    assert "paused; `jwstpipe transfers resume`" in bring(product, broken_off).failures[0].reason
    assert archive.requests == ()
    (again,) = control.resume(place, [product.obs_id])
    assert bring(again, broken_off).receipts[0].bytes_moved == len(content) - 3 * RANGE


def test_a_cancelled_file_leaves_nothing(broken_off, place, bring, product, content, tmp_path):
    control.cancel(place, [NAME])
    assert held(tmp_path) == []
    assert bring(product, broken_off).receipts[0].bytes_moved == len(content)


def test_a_name_that_is_not_in_the_middle(place):
    for order in (control.pause, control.resume, control.cancel):
        with pytest.raises(NotFoundError, match=r"no transfer of 'x\.fits'"):
            order(place, ["x.fits"])
        assert order(place) == ()


@pytest.mark.parametrize("order", ["pause", "cancel"])
def test_a_running_transfer_obeys_and_the_others_go_on(bring, product, content, place, tmp_path, monkeypatch, order):
    monkeypatch.setattr(control, "LOOK_S", 0.0)
    given = threading.Event()
    other = make_product("jw02733-o002_t001_nircam_clear-f090w_i2d.fits", len(content))
    asked = 0

    def answer(ask):
        nonlocal asked
        if "o002" not in ask.query["uri"][0]:
            asked += 1
            if asked == 4 and not given.is_set():
                getattr(control, order)(place, [NAME])
                given.set()
        return ranged(content, ask)

    with Loopback(answer) as server:
        settings = settings_for(server.address, ranges_at_once=1)
        result = bring([product, other], settings)
        assert [receipt.path.name for receipt in result.receipts] == [other.file_name]
        assert f"{order}" in result.failures[0].reason
        left = [name for name in held(tmp_path) if name.startswith(NAME)]
        if order == "cancel":
            assert left == []
        else:
            assert {name.removeprefix(NAME) for name in left} == {".part", ".part.json", ".request.json", ".order"}
        control.resume(place)
        assert bring(product, settings).require_all()[0].path.read_bytes() == content


def test_parts_that_nobody_went_on_with_are_removed_after_a_week(broken_off, place, bring, tmp_path, content):
    other = make_product("jw02733-o002_t001_nircam_clear-f090w_i2d.fits", 7)
    for path in (tmp_path / "down" / ".transfer").rglob("*"):
        os.utime(path, (time.time() - 6.9 * 86400,) * 2)
    bring(other, broken_off)
    assert len([found for found in control.pending(place) if found.file_name == NAME]) == 1
    for path in (tmp_path / "down" / ".transfer").rglob(f"{NAME}*"):
        os.utime(path, (time.time() - 7.1 * 86400,) * 2)
    bring(other, broken_off)
    assert [name for name in held(tmp_path) if name.startswith(NAME)] == []


def test_a_limit_of_the_bandwidth_holds_for_all_threads_together(monkeypatch):
    now, waits = [100.0], []
    monkeypatch.setattr("jwstpipe.archive.retry.time.monotonic", lambda: now[0])
    monkeypatch.setattr(CancellationToken, "rest", lambda self, seconds: waits.append(seconds))
    throttle = Throttle(1000.0)
    for count in (500, 500, 1000):
        throttle.take(count, CancellationToken())
    now[0] += 10
    throttle.take(100, CancellationToken())
    assert waits == [0.5, 1.0, 2.0, pytest.approx(0.1)]
    Throttle(None).take(10**9, CancellationToken())
    assert len(waits) == 4


def test_a_file_that_the_archive_replaced_is_recognised_by_its_etag(bring, product, content):
    from tests.archive.archive_helpers import fits_bytes

    newer = fits_bytes(5)
    state = {"content": content, "etag": '"one"'}
    with Loopback(lambda ask: ranged(state["content"], ask, etag=state["etag"])) as server:
        settings = settings_for(server.address)
        assert bring(product, settings).receipts[0].replaced is None
        again = bring(product, settings).receipts[0]
        assert (again.reused, again.bytes_moved) == (True, 0)
        state.update(content=newer, etag='"two"')
        (receipt,) = bring(product, settings).receipts
        assert (receipt.reused, receipt.replaced) == (False, 'ETag "one" -> "two"')
        assert receipt.path.read_bytes() == newer
        state.update(etag='"three"')  # other name, same bytes: fetched once more, then both names are known
        assert bring(product, settings).receipts[0].replaced == 'ETag "two" -> "three"'
        state.update(etag='"two"')
        assert bring(product, settings).receipts[0].reused
        assert bring(product, settings.model_copy(update={"recheck": False})).receipts[0].reused
        before = len(server.asked)
        assert bring(product, settings.model_copy(update={"offline": True})).receipts[0].reused
        assert len(server.asked) == before
