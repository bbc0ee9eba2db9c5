import pytest

from jwstpipe.archive.http import AllowedHosts, Sessions
from jwstpipe.errors import TransferError
from jwstpipe.settings import ArchiveSettings
from tests.archive.archive_helpers import settings_for
from tests.archive.loopback import Answer, Loopback

MAST = AllowedHosts.of(ArchiveSettings())
LOCAL = AllowedHosts.of(settings_for("http://127.0.0.1:8000"))


@pytest.mark.parametrize(
    "url",
    [
        "https://mast.stsci.edu/api/v0/invoke",
        "https://MAST.stsci.edu:443/api",
        "https://archive.stsci.edu/file.fits",
        "https://stpubdata.s3.us-east-1.amazonaws.com/jwst/public/a.fits?X-Amz-Signature=1",
        "https://stpubdata.s3.amazonaws.com/jwst/public/a.fits",
        "https://s3.us-east-1.amazonaws.com/stpubdata/jwst/a.fits",
    ],
)
def test_the_archive_its_sisters_and_its_bucket_are_allowed(url):
    assert MAST.allows(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://mast.stsci.edu/api",
        "https://mast.stsci.edu:8443/api",
        "https://stsci.edu.evil.org/a",
        "https://evilstsci.edu/a",
        "https://mast.stsci.edu@evil.org/a",
        "https://user@mast.stsci.edu/a",
        "https://other.s3.us-east-1.amazonaws.com/a",
        "https://s3.us-east-1.amazonaws.com/other/a",
        "https://s3.us-east-1.amazonaws.com/stpubdata/../other/a",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/a",
        "https://localhost/a",
        "file:///etc/passwd",
        "ftp://mast.stsci.edu/a",
        "https://[broken/a",
        "",
    ],
)
def test_everything_else_is_refused(url):
    assert not MAST.allows(url)


def test_an_address_in_numbers_has_no_sisters_and_one_port():
    assert LOCAL.allows("http://127.0.0.1:8000/x")
    assert not LOCAL.allows("http://127.0.0.1:8001/x")
    assert not LOCAL.allows("https://10.0.0.1/x")
    assert not LOCAL.allows("https://8.0.0.1/x")


def test_a_redirect_elsewhere_is_not_followed():
    with Loopback(lambda ask: Answer(200, {}, b"secret")) as inside:
        with Loopback(lambda ask: Answer(302, {"Location": f"{inside.address}/x"})) as server:
            sessions = Sessions(settings_for(server.address))
            with pytest.raises(TransferError, match=r"sends on to '127\.0\.0\.1:\d+'.*refused"):
                sessions.get().get(server.address)
            sessions.close()
        assert inside.asked == []


def test_a_redirect_within_the_server_is_followed():
    def answer(ask):
        return Answer(200, {}, b"here") if ask.path == "/there" else Answer(301, {"Location": "/there"})

    with Loopback(answer) as server:
        sessions = Sessions(settings_for(server.address))
        assert sessions.get().get(server.address).content == b"here"
        sessions.close()
