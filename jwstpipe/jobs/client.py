"""`PrefectApi`: the few questions that jobs put to a Prefect server, over plain HTTP.

Prefect's own client costs over two seconds of processor time to load, for a question that takes milliseconds. What it
does for a question is done here: the password or key of the server (`jwstpipe.jobs.prefect_settings`), certificates,
proxies, tokens against forged requests where a server wants them, and a pause where it asks for one.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util.retry import Retry

from jwstpipe import __version__
from jwstpipe.errors import ConflictError, NotFoundError, ServiceError, UsageError
from jwstpipe.jobs.prefect_settings import ServerAccess, read_access
from jwstpipe.jobs.server import api_address, password_of
from jwstpipe.settings import Settings

__all__ = ["PrefectApi", "asking"]

ANSWER_SECONDS = 60.0
"""As long as Prefect's own client waits: on a busy machine its database keeps a question waiting so long."""

BUSY = (408, 429, 502, 503)
"""Answers of a server, or of a proxy before it, after which the question is put again; each of ours may be."""

RETRIES = 5
REFUSED = 403


@contextmanager
def asking(settings: Settings) -> Iterator["PrefectApi"]:
    """Give a client of the server for some questions.

    It is made anew for each call: a handle on a job outlives servers that restart.

    Raises
    ------
    ServiceError
        No server answers, or it refuses the password.
    NotFoundError
        It does not have what was asked for.
    UsageError
        It refuses the values.
    """
    api = api_address(settings)
    with requests.Session() as session:
        yield PrefectApi(session, api, read_access(), password_of(settings, api))


class PrefectApi:
    """A server's API.

    Parameters
    ----------
    session
        Its connections.
    api
        Address, ``http://host:4200/api``.
    access
        What Prefect's settings say.
    password
        Of a server of this home, where they say nothing.
    """

    def __init__(self, session: requests.Session, api: str, access: ServerAccess, password: str | None) -> None:
        self.api, self._session = api, session
        self._verify: bool | str = access.verify and (access.authorities or requests.utils.DEFAULT_CA_BUNDLE_PATH)
        self._client = str(uuid4())
        session.headers["user-agent"] = f"jwstpipe/{__version__}"
        session.auth = _Entry(_authorization(api, access, password), access.headers)
        again = Retry(
            RETRIES, connect=1, read=2, other=0, status_forcelist=BUSY, allowed_methods=None, backoff_factor=1,
            raise_on_status=False,
        )  # fmt: skip  # other: a certificate that is not believed is not believed the next time
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=again))

    def get(self, path: str) -> Any:
        """Ask for something; gives what the server answers, as plain values."""
        return self.ask("GET", path)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Ask with a body: a filter, or something to be made."""
        return self.ask("POST", path, body)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Put a question.

        Raises
        ------
        ServiceError, NotFoundError, UsageError, ConflictError
            As `asking` has them.
        """
        answer = self._send(method, path, body)
        if answer.status_code == REFUSED and "CSRF" in _detail(answer):
            self._session.headers.update(self._token())
            answer = self._send(method, path, body)
        if not answer.ok:
            raise _refusal(self.api, answer)
        try:
            return answer.json() if answer.content else None
        except ValueError:
            raise ServiceError(
                f"{self.api}{path} answers with something else than JSON; is it the API of Prefect?"
            ) from None

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        try:
            return self._session.request(
                method, f"{self.api}{path}", json=body, verify=self._verify, timeout=ANSWER_SECONDS
            )
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
            raise UsageError(f"not the address of a Prefect API: {self.api!r}; write http://host:4200/api") from None
        except requests.RequestException as error:
            raise ServiceError(
                f"no Prefect server answers at {self.api} ({_reason(error)}); start one with: jwstpipe up, or name"
                " another as prefect_api in the settings"
            ) from None
        except OSError as error:  # as a file of certificates that is not there
            raise UsageError(f"cannot ask {self.api}: {error}") from None

    def _token(self) -> dict[str, str]:
        """Ask for the token by which a server knows that a request is no page's of somebody else."""
        answer = self._send("GET", f"/csrf-token?client={self._client}")
        if not answer.ok:
            raise _refusal(self.api, answer)
        return {"prefect-csrf-token": str(answer.json()["token"]), "prefect-csrf-client": self._client}


class _Entry(AuthBase):
    """Headers that let in, and no ``.netrc`` in between."""

    def __init__(self, authorization: str | None, headers: Mapping[str, str]) -> None:
        self._headers = {**({} if authorization is None else {"authorization": authorization}), **headers}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


def _authorization(api: str, access: ServerAccess, password: str | None) -> str | None:
    """Give the password, or the key of this server; never the key of another."""
    word = access.auth_string or password
    if word:
        return "Basic " + base64.b64encode(word.encode()).decode()
    return f"Bearer {access.api_key}" if access.api_key and access.key_for == api else None


def _refusal(api: str, answer: requests.Response) -> Exception:
    status, detail = answer.status_code, _detail(answer)
    if status == 404:
        return NotFoundError(f"{api} does not have what was asked for: {detail}")
    if status in (401, REFUSED):
        return ServiceError(
            f"{api} refuses these credentials; set PREFECT_API_AUTH_STRING to user:password, or name its --home"
        )
    if status in (409, 422):
        return UsageError(f"{api} refuses these values: {detail}")
    if status == 423:
        return ConflictError(f"{api}: {detail}")
    return ServiceError(f"{api} answers with an error ({status}): {detail}; look at its log")


def _detail(answer: requests.Response) -> str:
    try:
        detail = answer.json().get("detail", "")
    except (ValueError, AttributeError):
        detail = ""
    return " ".join(str(detail or answer.reason).split())


def _reason(error: BaseException) -> str:
    """Give the innermost cause, which is what the system said."""
    inner: BaseException | None = error
    while inner is not None:
        error = inner
        reason = getattr(error.args[0], "reason", error.args[0]) if error.args else None
        inner = reason if isinstance(reason, BaseException) else error.__cause__
    return (str(error).splitlines() or [type(error).__name__])[0]
