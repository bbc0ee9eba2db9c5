"""Who gets in, over real HTTP: the token is good once, other hosts and origins are refused, questions have a bound."""

import json
import socket

import pytest
import requests

from jwstpipe.viewer.server.guard import MOST_BODY, Access, cookie_name
from jwstpipe.viewer.server.serve import home_secret, serving_viewer

PASSWORD = ("jwstpipe", "word")


@pytest.fixture(scope="module")
def door(viewing):
    with serving_viewer(viewing, Access(b"another secret", "jwstpipe:word"), port=0) as running:
        yield running


def test_a_token_lets_one_browser_in_and_only_once(door):
    browser = requests.Session()
    assert browser.get(f"{door.address}api/images").status_code == 401
    assert browser.post(f"{door.address}api/enter", json={"token": "wrong"}).status_code == 401
    entered = browser.post(f"{door.address}api/enter", json={"token": door.access.token})
    assert entered.status_code == 200
    assert "session" not in entered.json()
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert browser.get(f"{door.address}api/images").status_code == 200
    assert requests.post(f"{door.address}api/enter", json={"token": door.access.token}).status_code == 401


def test_the_password_of_the_home_opens_for_programs(door):
    assert requests.get(f"{door.address}api/images", auth=PASSWORD).status_code == 200
    assert requests.get(f"{door.address}api/images", auth=("jwstpipe", "other")).status_code == 401
    for cookie in ("x", "", "\u00e9"):
        answer = requests.get(
            f"{door.address}api/images", headers={"cookie": f"{cookie_name(door.port)}={cookie}".encode()}
        )
        assert answer.status_code == 401


@pytest.mark.parametrize("path", ["api/images", "", "static/style.css", "healthz"])
def test_another_host_or_origin_is_refused_everywhere(door, path):
    for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}):
        assert requests.get(door.address + path, headers=headers, auth=PASSWORD).status_code == 403


def test_every_answer_says_what_the_page_may_do(door):
    for path in ("", "static/js/main.js", "api/images", "healthz", "nothing"):
        answer = requests.get(door.address + path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


def test_questions_have_a_bound_and_a_form(door):
    def ask(body, **headers):
        return requests.post(
            f"{door.address}api/open", data=body, headers={"content-type": "application/json", **headers}, auth=PASSWORD
        ).status_code

    assert ask(b"x" * (MOST_BODY + 1)) == 413
    assert ask(b"[" * 100_000) == 400
    assert ask(b"[]") == 400
    assert ask(json.dumps({"images": "abc"})) == 400
    assert ask(json.dumps({"images": []})) == 400
    assert ask(json.dumps({"images": ["/etc/passwd"]})) == 404
    assert ask("{}", **{"content-type": "text/plain"}) == 400
    assert ask(part for part in [b"x" * 100_000] * 20) == 413  # it does not say how long it is


@pytest.mark.parametrize(
    "path",
    ["static/../app.py", "static/%2e%2e/app.py", "static/js/..%2f..%2fapp.py", "static//etc/passwd",
     "tile/x/plain/0/0/0", "table/x/0/k", "exact/x/0/0,0,1,1.png", "api/values/x/0,0", "api/nothing"],
)  # fmt: skip
def test_nothing_else_is_served(door, path):
    with socket.create_connection(("127.0.0.1", door.port)) as line:  # clients would tidy the path
        line.sendall(
            f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\nConnection: close\r\n"
            "Authorization: Basic andzdHBpcGU6d29yZA==\r\n\r\n".encode()
        )
        status = int(line.makefile("rb").readline().split()[1])
    assert status in (404, 410)


def test_windows_and_pixels_that_cannot_be_are_refused(door, ids):
    with requests.Session() as session:
        session.auth = PASSWORD
        opened = session.post(f"{door.address}api/open", json={"images": ids[:3]}).json()
        look = session.post(f"{door.address}api/look", json={"images": ids[:3], "wishes": {}}).json()["id"]
        for place in ("0/0,0,421,10", "0/0,0,0,10", "9/0,0,1,1"):
            answer = session.get(f"{door.address}exact/{look}/{place}.png")
            assert answer.status_code in (400, 404)
            assert answer.json()["error"]
        assert session.get(f"{door.address}api/values/{opened['id']}/560,0").status_code == 400
        bad = {"images": ids[:3], "wishes": {"preset": "/etc/passwd.toml"}}
        assert session.post(f"{door.address}api/look", json=bad).status_code == 400
        assert "/" not in json.dumps(opened).replace("MJy/sr", "")  # no path of the machine leaves it


def test_a_secret_is_its_owners_and_stays(tmp_path):
    first = home_secret(tmp_path)
    assert home_secret(tmp_path) == first
    assert (tmp_path / "viewer" / "secret").stat().st_mode & 0o077 == 0


def test_a_taken_port_is_replaced(viewing):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving_viewer(viewing, Access(b"x"), port=port) as running:
            assert running.port != port
            assert requests.get(f"{running.address}healthz").json() == {"status": "ok"}
