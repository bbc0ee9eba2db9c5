import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime

import numpy as np
import pytest
import requests
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from botocore.exceptions import ClientError, EndpointConnectionError

from jwstpipe.settings import load_settings
from jwstpipe.testing.local_archive.archive import serve_archive
from jwstpipe.testing.local_archive.faults import Faults
from tests.testing.archive_folder import CAL, CAL_KEY, I2D, bucket_client, fill, write_file
from tests.waiting import LIMIT_SECONDS

DOWNLOAD = ("download",)


@pytest.fixture
def get(archive):
    with requests.Session() as session:

        def ask(name=CAL, method="GET", **headers):
            url = f"{archive.server}/api/v0.1/Download/file"
            named = {key.replace("_", "-"): value for key, value in headers.items()}
            return session.request(
                method, url, params={"uri": f"mast:JWST/product/{name}"}, headers=named, timeout=LIMIT_SECONDS
            )

        yield ask


def test_whole_files_and_heads(get, whole):
    answer = get()
    assert (answer.status_code, answer.content) == (200, whole)
    head = get(method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "ETag", "Last-Modified", "Accept-Ranges"):
        assert head.headers[name] == answer.headers[name]
    assert (head.headers["Content-Length"], head.headers["Accept-Ranges"]) == (str(len(whole)), "bytes")
    assert head.headers["ETag"].startswith('"')
    assert parsedate_to_datetime(head.headers["Last-Modified"]).year >= 2022


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("0-0", 0, 1), ("100-199", 100, 200), ("5000-", 5000, None), ("-100", -100, None), ("9000-99999999", 9000, None)],
)
def test_ranges_are_the_bytes_asked_for(get, whole, asked, start, stop):
    answer = get(Range=f"bytes={asked}")
    assert answer.status_code == 206
    assert answer.content == whole[start:stop]
    first, last = start % len(whole), (stop or len(whole)) - 1
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"


def test_a_range_behind_the_end_is_refused(get, whole):
    answer = get(Range=f"bytes={len(whole)}-")
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=9-3", "bytes=-", "lines=1-2", "bytes=a-b"])
def test_ranges_that_mean_nothing_give_the_whole_file(get, whole, asked):
    answer = get(Range=asked)
    assert (answer.status_code, answer.content) == (200, whole)


def test_a_range_under_a_condition_holds_for_the_same_file_only(tmp_path):
    path = fill(tmp_path) / CAL
    with serve_archive(tmp_path, s3=False) as archive, requests.Session() as session:
        url = f"{archive.server}/api/v0.1/Download/file?uri=mast:JWST/product/{CAL}"
        tag, date = (session.head(url, timeout=LIMIT_SECONDS).headers[name] for name in ("ETag", "Last-Modified"))
        for condition in (tag, date):
            answer = session.get(url, headers={"Range": "bytes=10-", "If-Range": condition}, timeout=LIMIT_SECONDS)
            assert answer.status_code == 206
        assert session.get(url, headers={"If-None-Match": tag}, timeout=LIMIT_SECONDS).status_code == 304
        other = tmp_path / "other.fits"
        write_file(other, "f090w", ra=10.0, dec=10.0, seed=99)
        os.utime(other, (2e9, 2e9))
        other.replace(path)
        for condition in (tag, date):
            answer = session.get(url, headers={"Range": "bytes=10-", "If-Range": condition}, timeout=LIMIT_SECONDS)
            assert (answer.status_code, answer.content) == (200, path.read_bytes())
        assert session.get(url, headers={"If-Match": tag}, timeout=LIMIT_SECONDS).status_code == 412
        archive.set_faults(Faults(ranges="unconditional"))
        careless = session.get(url, headers={"Range": "bytes=10-", "If-Range": tag}, timeout=LIMIT_SECONDS)
        assert careless.status_code == 206
        assert careless.headers["ETag"] != tag


@pytest.mark.parametrize(
    "name",
    ["absent_cal.fits", "../../../../etc/passwd", "/etc/passwd", f"./{CAL}", "", "%2e%2e/etc/passwd", f"{CAL}\0"],
)
def test_nothing_but_products_is_served(get, name):
    assert get(name).status_code == 404


def test_other_paths_and_schemes_are_not_found(archive):
    for path in ("/", "/api/v1/other", f"/{CAL}", "/api/v0.1/Download/file?uri=file:///etc/passwd"):
        assert requests.get(f"{archive.server}{path}", timeout=LIMIT_SECONDS).status_code == 404
    assert archive.count("unknown") == 3


def test_a_file_deleted_from_the_folder_is_gone(tmp_path):
    fill(tmp_path)
    with serve_archive(tmp_path) as archive:
        (tmp_path / CAL).unlink()
        url = f"{archive.server}/api/v0.1/Download/file?uri=mast:JWST/product/{CAL}"
        assert requests.get(url, timeout=LIMIT_SECONDS).status_code == 404
        s3 = bucket_client(archive.s3_endpoint)
        with pytest.raises(ClientError, match="404"):
            s3.head_object(Bucket="stpubdata", Key=CAL_KEY)
        listed = s3.list_objects_v2(Bucket="stpubdata")["Contents"]
        assert len(listed) == len(archive.rows.keys) - 1
        assert archive.crashes == ()


def test_files_that_are_generated_are_what_they_claim(get, archive):
    names = [str(row["productFilename"]) for row in archive.rows.products]
    jpg = next(name for name in names if name.endswith(".jpg"))
    guide = next(name for name in names if "gs-track" in name)
    assert get(jpg).content.startswith(b"\xff\xd8\xff")
    assert get(jpg, Range="bytes=2-2").content == b"\xff"
    with fits.open(io.BytesIO(get(guide).content)) as hdus:
        assert hdus["SCI"].shape == (4, 32, 32)


def test_statuses_come_as_often_as_told(get, archive):
    archive.set_faults(Faults(at=DOWNLOAD, status=503, times=2, skip=1, retry_after="7"))
    answers = [get() for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert [request.status for request in archive.requests] == [200, 503, 503, 200, 200]


def test_faults_choose_files_methods_and_services(get, archive):
    archive.set_faults(Faults(only="_i2d", status=404), Faults(methods=("HEAD",), status=405))
    assert get(I2D).status_code == 404
    assert get(CAL).status_code == 200
    assert get(CAL, method="HEAD").status_code == 405
    assert get(CAL, Range="bytes=0-0").headers["Content-Range"].startswith("bytes 0-0/")
    archive.set_faults()
    assert get(I2D).status_code == 200


def test_ranges_can_be_ignored_refused_or_misplaced(get, archive, whole):
    archive.set_faults(Faults(ranges="ignored"))
    answer = get(Range="bytes=100-199")
    assert (answer.status_code, answer.content) == (200, whole)
    assert "Accept-Ranges" not in answer.headers
    archive.set_faults(Faults(ranges="refused"))
    answer = get(Range="bytes=100-199")
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
    assert get().content == whole
    archive.set_faults(Faults(ranges="misplaced"))
    answer = get(Range="bytes=100-199")
    assert (answer.status_code, answer.content) == (206, whole[:100])
    assert answer.headers["Content-Range"] == f"bytes 0-99/{len(whole)}"


def test_entity_tags_can_be_unreliable(get, archive):
    tag = get().headers["ETag"]
    archive.set_faults(Faults(etag="weak"))
    assert get().headers["ETag"] == f"W/{tag}"
    assert get(Range="bytes=5-", If_Range=f"W/{tag}").status_code == 200
    archive.set_faults(Faults(etag="absent"))
    assert "ETag" not in get().headers
    archive.set_faults(Faults(etag="wandering"))
    assert len({get().headers["ETag"] for _ in range(3)} | {tag}) == 4
    assert get(Range="bytes=5-", If_Range=tag).status_code == 200


def test_bodies_can_be_short_or_missing(get, archive, whole):
    archive.set_faults(Faults(at=DOWNLOAD, body="short"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match=f"{len(whole) // 2} bytes read"):
        get()
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="50 bytes read, 50 more expected"):
        get(Range="bytes=100-199")
    archive.set_faults(Faults(at=DOWNLOAD, body="none"))
    with pytest.raises(requests.exceptions.ConnectionError):
        get()
    assert [request.status for request in archive.requests] == [200, 206, 0]


def test_bodies_can_be_long_or_something_else(get, archive, whole):
    archive.set_faults(Faults(body="long"))
    answer = get(Range="bytes=100-199")
    assert answer.content[:100] == whole[100:200]
    assert (len(answer.content), answer.headers["Content-Range"]) == (1100, f"bytes 100-199/{len(whole)}")
    archive.set_faults(Faults(body="zeros"))
    assert get().content == bytes(len(whole))
    archive.set_faults(Faults(body="html"))
    answer = get()
    assert (answer.status_code, answer.content[:15]) == (200, b"<!DOCTYPE html>")
    archive.set_faults()
    assert get().content == whole, "the connection is still in step"


def test_corrupt_files_open_but_fail_their_checksum(get, archive, whole):
    archive.set_faults(Faults(body="corrupt"))
    content = get().content
    assert (len(content), sum(a != b for a, b in zip(content, whole, strict=True))) == (len(whole), 64)
    half = len(whole) // 2
    pieces = get(Range=f"bytes=0-{half - 1}").content + get(Range=f"bytes={half}-").content
    assert pieces == content, "ranges are spoilt where the file is"
    with fits.open(io.BytesIO(content)) as spoilt, fits.open(io.BytesIO(whole)) as good:
        bad = ~np.isclose(spoilt["SCI"].data, good["SCI"].data, equal_nan=True)
        assert bad.sum() == 16
    with pytest.warns(AstropyUserWarning) as told, fits.open(io.BytesIO(content), checksum=True) as spoilt:
        assert spoilt["SCI"].shape == (48, 48)
    assert [str(warning.message).split(" for ")[0] for warning in told] == [
        "Checksum verification failed",
        "Datasum verification failed",
    ]


def test_an_answer_can_be_late(get, archive):
    archive.set_faults(Faults(delay_s=0.3, times=1))
    assert get().elapsed.total_seconds() >= 0.3


def test_the_archive_goes_down_and_comes_back(get, archive, whole):
    s3 = bucket_client(archive.s3_endpoint)
    assert get().content == whole
    archive.go_down("mast")
    with pytest.raises(requests.exceptions.ConnectionError):
        get()
    assert s3.head_object(Bucket="stpubdata", Key=CAL_KEY)["ContentLength"] == len(whole)
    archive.come_back()
    assert get().content == whole
    archive.go_down()
    with pytest.raises(EndpointConnectionError):
        s3.head_object(Bucket="stpubdata", Key=CAL_KEY)


def test_ranges_in_parallel_make_up_the_file(archive, tmp_path):
    big = tmp_path / CAL
    write_file(big, "f090w", ra=1.0, dec=1.0, side=1024)
    content = big.read_bytes()
    with serve_archive(tmp_path, s3=False) as other, ThreadPoolExecutor(8) as pool, requests.Session() as session:
        url = f"{other.server}/api/v0.1/Download/file?uri=mast:JWST/product/{CAL}"

        def piece(start):
            return session.get(url, headers={"Range": f"bytes={start}-{start + 99_999}"}, timeout=LIMIT_SECONDS).content

        assert b"".join(pool.map(piece, range(0, len(content), 100_000))) == content
        asked = {request.ranges for request in other.requests}
        assert f"bytes=100000-{199_999}" in asked
        assert len(asked) == -(-len(content) // 100_000)


def test_closing_ends_every_thread_though_clients_hold_connections(tmp_path, capfd, monkeypatch):
    before = set(threading.enumerate())
    archive = serve_archive(fill(tmp_path))
    with requests.Session() as session:
        url = f"{archive.server}/api/v0.1/Download/file?uri=mast:JWST/product/{CAL}"
        assert session.get(url, timeout=LIMIT_SECONDS).ok
        archive.set_faults(Faults(delay_s=2 * LIMIT_SECONDS))
        ending, reached = archive._sites["mast"]._server.ending, threading.Event()
        wait = ending.wait
        monkeypatch.setattr(ending, "wait", lambda delay: reached.set() or wait(delay))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(requests.get, url, timeout=LIMIT_SECONDS)
            assert reached.wait(LIMIT_SECONDS)
            archive.close()
            archive.close()
            assert isinstance(waiting.exception(LIMIT_SECONDS), requests.ConnectionError)
    assert set(threading.enumerate()) <= before
    assert archive.crashes == ()
    assert capfd.readouterr() == ("", "")


def test_settings_point_at_the_archive(archive):
    settings = load_settings(archive=archive.settings).archive
    assert (settings.server, settings.s3.endpoint) == (archive.server, archive.s3_endpoint)
    assert (settings.bucket, settings.s3.anonymous, settings.source) == ("stpubdata", True, "auto")
