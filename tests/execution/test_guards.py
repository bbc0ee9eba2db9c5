"""Servers of this machine answer its owner only: the rules, and Dask's pages behind them."""

import dask.config
import pytest
import requests
from distributed import LocalCluster

from jwstpipe.execution.local_cluster import LOCAL_CONFIG, guard_pages, without_pages
from jwstpipe.execution.loopback import basic_credentials, foreign, home_password, let_in
from jwstpipe.settings import ExecutionSettings
from tests.waiting import LIMIT_SECONDS


@pytest.mark.parametrize(
    ("host", "origin", "may"),
    [
        ("127.0.0.1:4200", None, True),
        ("localhost:4200", "http://localhost:4200", True),
        ("127.0.0.1:4200", "http://127.0.0.1:4200", True),
        ("evil.example:4200", None, False),
        ("evil.example", None, False),
        (None, None, False),
        ("127.0.0.1:4201", None, False),
        ("127.0.0.1:4200", "http://127.0.0.1:9999", False),
        ("127.0.0.1:4200", "https://127.0.0.1:4200", False),
        ("127.0.0.1:4200", "null", False),
    ],
)
def test_requests_of_other_hosts_and_origins_are_foreign(host, origin, may):
    assert (foreign(host, origin, port=4200) is None) is may


def test_a_password_is_made_once_for_its_owner_and_compared_whole(tmp_path):
    file = tmp_path / "password"
    password = home_password(file)
    assert home_password(file) == password
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(password) > 30
    right = "Basic " + basic_credentials(password).decode()
    assert let_in(right, password)
    for wrong in (None, "", "Basic", right[:-1], right + "A", "Bearer x", "Basic \u00e9"):
        assert not let_in(wrong, password)


def test_the_pages_of_a_scheduler_ask_for_the_password(tmp_path):
    settings = ExecutionSettings(password_file=tmp_path / "password")
    shape = {"processes": False, "n_workers": 1, "threads_per_worker": 1}
    places = dict.fromkeys(("dashboard_address", "worker_dashboard_address"), "127.0.0.1:0")
    with dask.config.set(LOCAL_CONFIG), LocalCluster(**without_pages({**shape, **places})) as cluster:
        link = guard_pages(cluster, settings)
        user, _, word = home_password(settings.password_file).partition(":")
        root = link.removesuffix("/status")
        assert requests.get(f"{root}/health", timeout=LIMIT_SECONDS).ok
        refused = requests.get(link, timeout=LIMIT_SECONDS)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="jwstpipe"')
        assert requests.get(link, auth=(user, "wrong"), timeout=LIMIT_SECONDS).status_code == 401
        assert requests.post(f"{root}/api/v1/retire_workers", json={}, timeout=LIMIT_SECONDS).status_code == 401
        assert not cluster.scheduler.http_application.applications  # nobody was let in, nothing is drawn yet
        shown = requests.get(link, auth=(user, word), timeout=LIMIT_SECONDS)
        assert (shown.ok, "bk-root" in shown.text or "Bokeh" in shown.text) == (True, True)
        assert requests.get(f"{root}/workers", auth=(user, word), timeout=LIMIT_SECONDS).ok
        assert len(cluster.scheduler.http_application.applications) == 1
        assert (
            requests.get(link, auth=(user, word), headers={"Host": "evil.example"}, timeout=LIMIT_SECONDS).status_code
            == 403
        )
        own = guard_pages(cluster, ExecutionSettings())
        assert own is not None
        assert "@127.0.0.1:" in own
