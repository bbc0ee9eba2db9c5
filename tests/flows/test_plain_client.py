"""The plain client of a Prefect server: it reads Prefect's settings as Prefect does, and gets in where that does."""

import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import ClassVar

import pytest
import requests

import jwstpipe
from jwstpipe.errors import ServiceError, UsageError
from jwstpipe.execution.certificates import make_authority, make_certificates
from jwstpipe.jobs.client import PrefectApi, asking
from jwstpipe.jobs.prefect_settings import ServerAccess, read_access
from jwstpipe.settings import Settings

PROFILES = """
active = "own"
[profiles.own]
PREFECT_API_URL = "https://own.example/api/"
PREFECT_API_KEY = "key of the profile"
PREFECT_API_SSL_CERT_FILE = "/profile.pem"
[profiles.other]
PREFECT_API_AUTH_STRING = "other:word"
PREFECT_CLIENT_CUSTOM_HEADERS = '{"X-Site": "other"}'
"""

PROJECT = '[tool.prefect.api]\nkey = "2"\nurl = "http://x/api"\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to stand in, and a home of Prefect without anything; no variables."""
    for name in list(os.environ):
        if name.startswith("PREFECT_") or name == "SSL_CERT_FILE":
            monkeypatch.delenv(name)
    from prefect.settings.models.api import APISettings

    if at_import := APISettings.model_fields["ssl_cert_file"].default:  # Prefect reads this variable once and for all
        monkeypatch.setenv("SSL_CERT_FILE", at_import)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    (tmp_path / "prefect").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def prefects_own():
    """What Prefect itself reads, here and now."""
    from prefect.settings.models.root import Settings as Theirs

    api, client = (found := Theirs()).api, found.client
    return ServerAccess(
        auth_string=api.auth_string and api.auth_string.get_secret_value(),
        api_key=api.key and api.key.get_secret_value(),
        key_for=api.url and api.url.rstrip("/"),
        authorities=api.ssl_cert_file,
        verify=not api.tls_insecure_skip_verify,
        headers=client.custom_headers,
    )


@pytest.mark.parametrize(
    ("files", "variables"),
    [
        ({}, {}),
        ({"prefect/profiles.toml": PROFILES}, {}),
        ({"prefect/profiles.toml": PROFILES}, {"PREFECT_PROFILE": "other"}),
        ({"prefect/profiles.toml": PROFILES}, {"PREFECT_API_KEY": "variable", "PREFECT_API_AUTH_STRING": "a:b"}),
        ({"prefect/profiles.toml": PROFILES, ".env": "PREFECT_API_KEY='of .env'\n"}, {}),
        ({"prefect.toml": '[api]\nauth_string = "toml:word"\ntls_insecure_skip_verify = true\n'}, {}),
        ({"prefect.toml": '[api]\nkey = "1"\n', "pyproject.toml": PROJECT}, {}),
        ({"elsewhere.toml": PROFILES}, {"PREFECT_PROFILES_PATH": "elsewhere.toml"}),
        ({"prefect.toml": 'profiles_path = "elsewhere.toml"\n', "elsewhere.toml": PROFILES}, {}),
        ({}, {"PREFECT_API_TLS_INSECURE_SKIP_VERIFY": "1", "PREFECT_CLIENT_CUSTOM_HEADERS": '{"X-A": "b"}'}),
        ({}, {"PREFECT_API_URL": "http://y:4200/api", "PREFECT_API_SSL_CERT_FILE": "/a.pem"}),
    ],
    ids=range(11),
)  # fmt: skip
def test_settings_are_those_that_prefect_reads(folder, monkeypatch, files, variables):
    for name, text in files.items():
        (folder / name).write_text(text)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert read_access() == prefects_own()


def test_settings_that_cannot_be_read_are_named(folder, monkeypatch):
    (folder / "prefect.toml").write_text("[api")
    with pytest.raises(UsageError, match=r"cannot read Prefect's settings prefect.toml"):
        read_access()
    (folder / "prefect.toml").unlink()
    monkeypatch.setenv("PREFECT_CLIENT_CUSTOM_HEADERS", "x")
    with pytest.raises(UsageError, match="PREFECT_CLIENT_CUSTOM_HEADERS"):
        read_access()


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked; refuses as it is told to, once each."""

    answers: ClassVar[list] = []

    def do_GET(self):
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        body = json.dumps({"headers": {name.lower(): value for name, value in self.headers.items()}}).encode()
        self.send_response(status)
        for name, value in {**headers, "content-length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def serving(certificate=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def headers_told(api, access, password=None):
    with requests.Session() as session:
        return PrefectApi(session, api, access, password).get("/health")["headers"]


def test_a_key_goes_to_its_own_server_and_a_password_before_it(folder, monkeypatch):
    (folder / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(folder / ".netrc"))
    with serving() as port:
        api = f"http://127.0.0.1:{port}/api"
        assert headers_told(api, ServerAccess(api_key="k", key_for=api))["authorization"] == "Bearer k"
        assert "authorization" not in headers_told(api, ServerAccess(api_key="k", key_for="http://other/api"))
        assert headers_told(api, ServerAccess(api_key="k", key_for=api), "u:w")["authorization"] == "Basic dTp3"
        given = headers_told(api, ServerAccess(auth_string="u:w", headers={"X-Site": "a"}), "x:y")
        assert (given["authorization"], given["x-site"]) == ("Basic dTp3", "a")
    assert "secret" not in repr(ServerAccess(api_key="secret", auth_string="a:secret", headers={"x": "secret"}))


def test_a_server_that_asks_for_a_pause_is_asked_again(folder):
    with serving() as port:
        Echo.answers = [(503, {"retry-after": 0}), (429, {"retry-after": 0})]
        assert headers_told(f"http://127.0.0.1:{port}/api", ServerAccess())
        Echo.answers = [(500, {})]
        with pytest.raises(ServiceError, match=r"answers with an error \(500\)"):
            headers_told(f"http://127.0.0.1:{port}/api", ServerAccess())


def test_certificates_are_looked_at_once(folder, monkeypatch):
    monkeypatch.setattr("urllib3.util.retry.Retry.sleep", lambda *_: pytest.fail("asked again"))
    make_certificates(folder / "tls", hosts=["127.0.0.1"])
    with serving(folder / "tls" / "scheduler.pem") as port:
        api = f"https://127.0.0.1:{port}/api"
        assert headers_told(api, ServerAccess(authorities=str(folder / "tls" / "ca.pem")))
        for believed in (None, str(make_authority(folder / "authority.pem"))):
            with pytest.raises(ServiceError, match="certificate verify failed"):
                headers_told(api, ServerAccess(authorities=believed))
        with pytest.warns(Warning, match="Unverified HTTPS"):
            assert headers_told(api, ServerAccess(verify=False))
        with pytest.raises(UsageError, match="cannot ask"):
            headers_told(api, ServerAccess(authorities="/nowhere.pem"))


@pytest.fixture(scope="module")
def guarded(prefect_server, tmp_path_factory):
    """A real server that wants a password, and tokens against forged requests."""
    from tests.prefect_server import PrefectServer

    folder = tmp_path_factory.mktemp("guarded") / "home"
    prefect_server.give_tables(folder)
    server = PrefectServer(
        folder, more={"PREFECT_SERVER_API_AUTH_STRING": "a:word", "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true"}
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.mark.exhaustive("test_a_key_goes_to_its_own_server_and_a_password_before_it")
def test_a_guarded_server_is_entered_as_prefect_enters_it(guarded, folder, monkeypatch):
    settings = Settings(home=folder, prefect_api=guarded.api)
    with pytest.raises(ServiceError, match="refuses these credentials"):
        jwstpipe.find_jobs(settings=settings)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "a:word")
    refused = requests.post(f"{guarded.api}/flows/filter", json={}, auth=("a", "word"))
    assert (refused.status_code, "CSRF" in refused.text) == (403, True)  # so the server does want a token
    assert jwstpipe.find_jobs(settings=settings) == []
    with asking(settings) as server:
        made = server.post("/flows/", {"name": "convert"})
        deployed = {"name": "convert", "flow_id": made["id"], "enforce_parameter_schema": False, "entrypoint": "x:y"}
        server.post("/deployments/", deployed)
    job = jwstpipe.submit("convert", {"target": "Nobody"}, settings=settings)
    assert jwstpipe.find_jobs(settings=settings) == [job]
    assert job.cancel().state == "cancelled"


def test_asking_loads_no_prefect(prefect_server, tmp_path):
    code = (
        "import sys, jwstpipe; from jwstpipe.settings import Settings\n"
        f"settings = Settings(home={str(tmp_path)!r}, prefect_api={prefect_server.api!r})\n"
        "jobs = jwstpipe.find_jobs(limit=1, settings=settings)\n"
        "import jwstpipe.cli.jobs, jwstpipe.jobs.submission\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('prefect', 'httpx', 'astropy', 'zarr')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
