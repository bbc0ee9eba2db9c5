import hashlib
import json
import os
import threading
import time
import tracemalloc

import pytest

from jwstpipe.archive.safe_names import download_address
from jwstpipe.archive.transfer import fetch as transfer
from jwstpipe.archive.transfer import progress_meter
from jwstpipe.archive.transfer.destinations import destination
from jwstpipe.errors import InterruptedRunError, PartialError, StorageError, TransferError
from jwstpipe.testing.local_archive.archive import serve_archive
from tests.archive.archive_helpers import NAME, RANGE, fits_bytes, leftovers, make_product, rows_of, settings_for
from tests.archive.loopback import Loopback, ranged


def test_a_file_comes_byte_for_byte_with_a_receipt_that_says_how(archive, https, bring, product, content, tmp_path):
    result = bring(product, https)
    (receipt,) = result.receipts
    assert receipt.path == tmp_path / "down" / product.obs_id / NAME
    assert receipt.path.read_bytes() == content
    assert receipt.sha256 == hashlib.sha256(content).hexdigest()
    assert (receipt.size, receipt.bytes_moved, receipt.source) == (len(content), len(content), "https")
    assert not receipt.reused
    assert receipt.fell_back is None
    assert receipt.remark is None
    assert receipt.etag.startswith('"')
    assert receipt.seconds > 0
    assert leftovers(tmp_path / "down") == []
    asked = sorted(request.ranges for request in archive.requests if request.service == "download")
    starts = range(0, len(content), RANGE)
    assert asked == sorted(["bytes=0-0", *(f"bytes={at}-{min(at + RANGE, len(content)) - 1}" for at in starts)])


def test_the_uri_is_percent_encoded_in_the_download_address():
    address = download_address("https://mast.stsci.edu", "mast:JWST/product/a_i2d.fits")
    assert address == "https://mast.stsci.edu/api/v0.1/Download/file?uri=mast%3AJWST%2Fproduct%2Fa_i2d.fits"


def test_what_is_here_is_not_fetched_again_and_needs_no_network(archive, https, bring, product, content):
    bring(product, https)
    archive.forget()
    archive.go_down()
    (receipt,) = bring(product, https).receipts
    assert receipt.reused
    assert receipt.bytes_moved == 0
    assert receipt.sha256 == hashlib.sha256(content).hexdigest()
    archive.come_back()
    assert archive.requests == ()


def test_a_touched_file_is_known_by_its_digest(archive, https, bring, product):
    path = bring(product, https).receipts[0].path
    os.utime(path, ns=(1, 1))
    archive.go_down()
    assert bring(product, https).receipts[0].reused
    record = json.loads((path.parents[1] / ".transfer" / product.obs_id / f"{NAME}.json").read_text())
    assert record["mtime_ns"] == 1


@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_damaged_file_is_fetched_again(https, bring, product, content, damage):
    path = bring(product, https).receipts[0].path
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-2880] if damage == "cut" else content[:-1] + b"x")
    (receipt,) = bring(product, https).receipts
    assert not receipt.reused
    assert path.read_bytes() == content


def test_a_file_without_a_record_is_not_believed(https, bring, product, content, tmp_path):
    path = tmp_path / "down" / product.obs_id / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(len(content)))
    assert not bring(product, https).receipts[0].reused
    assert path.read_bytes() == content


@pytest.mark.parametrize("change", [{"version": "1.9.0"}, {"size": 1}])
def test_a_file_that_the_archive_lists_anew_is_fetched_again(archive, https, bring, product, change):
    path = bring(product, https).receipts[0].path
    newer = fits_bytes(7)
    archive.set_rows(rows_of(**{NAME: newer}))
    listed = make_product(**({"size": len(newer), "version": product.version} | change))
    (receipt,) = bring(listed, https).receipts
    assert not receipt.reused
    assert path.read_bytes() == newer
    if "size" in change:
        assert receipt.remark == f"the archive lists 1 bytes and sends {len(newer):,}"
    assert bring(listed, https).receipts[0].reused


def test_repeats_count_once_and_two_uris_never_share_a_name(archive, https, bring, product):
    twin = make_product(size=product.size, data_uri=f"mast:JWST/other/{NAME}")
    result = bring([product, product, twin], https)
    assert [receipt.data_uri for receipt in result.receipts] == [product.data_uri]
    assert [failure.data_uri for failure in result.failures] == [twin.data_uri]
    assert product.data_uri in result.failures[0].reason
    assert archive.count("download") == 7


def test_one_bad_file_does_not_keep_the_others_from_coming(archive, https, bring):
    names = [f"jw02733-o00{n}_t001_nircam_clear-f090w_i2d.fits" for n in range(1, 6)]
    files = {name: fits_bytes(n) for n, name in enumerate(names)}
    bad = names[2]
    held = {name: file for name, file in files.items() if name != bad}
    archive.set_rows(rows_of(**held))
    result = bring([make_product(name, len(file)) for name, file in files.items()], https)
    assert {receipt.path.name: receipt.path.read_bytes() for receipt in result.receipts} == held
    assert [receipt.path.name for receipt in result.receipts] == [name for name in names if name != bad]
    assert [failure.file_name for failure in result.failures] == [bad]
    assert "HTTP 404" in result.failures[0].reason
    with pytest.raises(PartialError, match=r"1 of 5 files failed.*404"):
        result.require_all()
    alone = bring(make_product(bad), https)
    with pytest.raises(TransferError, match="1 of 1 files failed"):
        alone.require_all()
    assert bring(make_product(names[0], len(files[names[0]])), https).require_all()[0].reused


@pytest.mark.parametrize(
    "fields",
    [
        {"file_name": "../../evil.fits"},
        {"file_name": "..%2f..%2fevil.fits"},
        {"file_name": "con.fits"},
        {"file_name": "-rf.fits"},
        {"file_name": ".hidden.fits"},
        {"file_name": "a\0b.fits"},
        {"file_name": "jw\u00e9_i2d.fits"},
        {"file_name": ""},
        {"obs_id": ".."},
        {"obs_id": ".transfer"},
        {"obs_id": "/etc"},
        {"data_uri": "file:///etc/passwd"},
        {"data_uri": "mast:JWST/../../secret"},
        {"data_uri": "http://169.254.169.254/latest"},
    ],
)
def test_unsafe_names_are_refused_before_anything_is_asked_or_written(archive, https, bring, tmp_path, fields):
    result = bring(make_product(**fields), https)
    assert result.receipts == ()
    assert "refused" in result.failures[0].reason
    assert archive.requests == ()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_progress_counts_bytes_never_falls_and_ends_at_the_total(archive, https, bring):
    names = [f"jw02733-o00{n}_t001_nircam_clear-f090w_i2d.fits" for n in range(1, 5)]
    files = {name: fits_bytes(n) for n, name in enumerate(names)}
    archive.set_rows(rows_of(**files))
    seen = []
    started = time.monotonic()
    bring([make_product(name, len(file)) for name, file in files.items()], https, report=seen.append)
    elapsed = time.monotonic() - started
    assert {progress.unit for progress in seen} == {"bytes"}
    for item in {progress.item for progress in seen}:
        done = [progress.done for progress in seen if progress.item == item]
        assert done == sorted(done)
    whole = [progress for progress in seen if not progress.item]
    assert whole[-1].done == whole[-1].total == sum(map(len, files.values()))
    assert len(whole) <= elapsed * 10 + 3
    ends = {progress.item: (progress.done, progress.total) for progress in seen if progress.item}
    assert ends == {name: (len(file), len(file)) for name, file in files.items()}


def test_progress_stands_still_while_a_file_starts_over(monkeypatch):
    monkeypatch.setattr(progress_meter, "SHORTEST_GAP_S", 0.0)
    seen = []
    files = []
    meter = progress_meter.ProgressMeter(lambda told: (files if told.item else seen).append((told.done, told.total)))
    meter.expect("a", 100)
    meter.expect("b", 50)
    meter.add("a", 60)
    meter.place("a", 0)
    meter.add("a", 30)
    meter.add("b", 40)
    meter.expect("b", 70)
    meter.add("b", 30)
    assert seen == [(60, 150), (60, 150), (60, 150), (70, 150), (100, 170)]
    assert (meter.moved("a"), meter.moved("b"), meter.moved("c")) == (90, 70, 0)


def test_a_stop_leaves_nothing_visible_and_nothing_lost(archive, https, bring, product, content, tmp_path):
    stop = threading.Event()
    path = tmp_path / "down" / product.obs_id / NAME
    one_by_one = https.model_copy(update={"ranges_at_once": 1})
    served = 0

    def answer(ask):
        nonlocal served
        served += 1
        if served == 4:  # the probe and two ranges went before
            stop.set()
        return ranged(content, ask)

    with Loopback(answer) as server:
        settings = one_by_one.model_copy(update={"server": server.address})
        with pytest.raises(InterruptedRunError, match="run it again"):
            bring(product, settings, stop=stop)
        assert not path.exists()
        before = served
        (receipt,) = bring(product, settings).receipts
    assert path.read_bytes() == content
    assert receipt.bytes_moved == len(content) - 2 * RANGE
    assert served - before == 1 + 4


def test_a_destination_without_room_is_refused_at_once(archive, https, bring, product, monkeypatch):
    usage = destination.shutil.disk_usage("/")
    monkeypatch.setattr(destination.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(StorageError, match="GB free"):
        bring(product, https)
    assert archive.requests == ()


def test_a_disk_that_fills_up_is_a_clear_failure_and_not_a_network_one(archive, https, bring, product, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    result = bring(product, https)
    assert "no space left" in result.failures[0].reason
    assert archive.count("download") <= 1 + https.ranges_at_once


def test_memory_stays_flat(tmp_path):
    name = "jw02733-o001_t001_nircam_clear-f090w_i2d.fits"
    source = tmp_path / name
    source.write_bytes(fits_bytes(side=2300))  # 42 MB
    size = source.stat().st_size
    with serve_archive(rows=rows_of(**{name: source})) as archive:
        settings = archive.settings.model_copy(update={"source": "https"})
        transfer.fetch([make_product(name, size)], tmp_path / "warm", settings=settings)
        tracemalloc.start()
        (receipt,) = transfer.fetch([make_product(name, size)], tmp_path / "down", settings=settings).receipts
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert receipt.bytes_moved == size > 42e6
    assert peak < 16e6  # four ranges of at most 1 MiB and their copies, and the server's own


def test_an_empty_list_is_no_work(tmp_path):
    result = transfer.fetch([], tmp_path / "new", settings=settings_for("http://127.0.0.1:9"))
    assert result.require_all() == ()
