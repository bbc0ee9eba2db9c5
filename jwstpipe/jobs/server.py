"""The connection to a Prefect server, and its answers turned into the errors of this project."""

import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jwstpipe.errors import ConflictError, NotFoundError, ServiceError, UsageError, require_extra
from jwstpipe.settings import Settings

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

__all__ = [
    "DEFAULT_API",
    "PASSWORD_FILE",
    "api_address",
    "asking",
    "deployments_by_flow",
    "forget_server",
    "password_of",
    "remember_server",
    "running_server",
]

DEFAULT_API = "http://127.0.0.1:4200/api"
"""Where `jwstpipe up` listens unless it is told otherwise."""

PASSWORD_FILE = "password"  # noqa: S105 - a name
"""File in the folder ``prefect`` of a home: ``user:password`` of its server and its dashboards."""

ANSWER_SECONDS = 30.0

NO_TELEMETRY = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}


def api_address(settings: Settings) -> str:
    """Tell which server is meant: that of the settings, of Prefect's own variable, or of the last `jwstpipe up`."""
    named = settings.prefect_api or os.environ.get("PREFECT_API_URL")
    if named:
        return named.rstrip("/")
    return running_server(settings.home) or DEFAULT_API


def running_server(home: Path) -> str | None:
    """Tell where the server of a home listens, or None where none was noted."""
    try:
        return str(json.loads(_note(home).read_text())["api"])
    except (OSError, ValueError, KeyError):
        return None


def password_of(settings: Settings, api: str) -> str | None:
    """Read the password of a server that `jwstpipe up` runs for this home; None for any other server.

    It goes to no other server, whatever the settings name.
    """
    if running_server(settings.home) != api:
        return None
    try:
        return _note(settings.home).with_name(PASSWORD_FILE).read_text(encoding="utf-8").strip()
    except OSError:
        return None


def remember_server(home: Path, api: str) -> None:
    """Note where a server of this home listens, so that commands find it without being told."""
    _note(home).write_text(json.dumps({"api": api, "pid": os.getpid()}))


def forget_server(home: Path) -> None:
    """Take the note away."""
    _note(home).unlink(missing_ok=True)


def _note(home: Path) -> Path:
    return home.expanduser() / "prefect" / "running.json"


@contextmanager
def asking(settings: Settings) -> Iterator["SyncPrefectClient"]:
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
    require_extra("prefect")
    for name, value in NO_TELEMETRY.items():
        os.environ.setdefault(name, value)
    import httpx  # noqa: PLC0415
    from prefect.client.orchestration import SyncPrefectClient  # noqa: PLC0415 - costs a second
    from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError  # noqa: PLC0415
    from prefect.settings import get_current_settings  # noqa: PLC0415

    api = api_address(settings)
    given = get_current_settings().api.auth_string
    password = given.get_secret_value() if given else password_of(settings, api)
    try:
        with SyncPrefectClient(
            api,
            auth_string=password,
            httpx_settings={"timeout": ANSWER_SECONDS, **_tls(api)},
        ) as client:
            yield client
    except ObjectNotFound as error:
        raise NotFoundError(f"{api} does not have what was asked for: {_first_line(error)}") from None
    except PrefectHTTPStatusError as error:
        raise _refusal(api, error) from None
    except httpx.TransportError as error:
        raise ServiceError(
            f"no Prefect server answers at {api} ({_first_line(error)}); start one with: jwstpipe up, or name another"
            " as prefect_api in the settings"
        ) from None
    except httpx.InvalidURL:
        raise UsageError(f"not the address of a Prefect API: {api!r}; write http://host:4200/api") from None


def _tls(api: str) -> dict[str, Any]:
    """Spare a plain address the authorities of the whole web, which every client would read anew; it trusts nobody."""
    return {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)} if api.startswith("http://") else {}


def deployments_by_flow(client: "SyncPrefectClient") -> dict[str, list[Any]]:
    """List what is deployed, by the name of the flow: entrypoints are written differently by those who deploy."""
    names = {flow.id: flow.name for flow in client.read_flows(limit=200)}
    found: dict[str, list[Any]] = {}
    for deployment in client.read_deployments(limit=200):
        found.setdefault(names.get(deployment.flow_id, ""), []).append(deployment)
    return found


def _refusal(api: str, error: Any) -> Exception:
    status = error.response.status_code
    if status in (401, 403):
        return ServiceError(
            f"{api} refuses these credentials; set PREFECT_API_AUTH_STRING to user:password, or name its --home"
        )
    if status in (409, 422):
        return UsageError(f"{api} refuses these values: {_detail(error)}")
    if status == 423:
        return ConflictError(f"{api}: {_detail(error)}")
    return ServiceError(f"{api} answers with an error ({status}): {_detail(error)}; look at its log")


def _detail(error: Any) -> str:
    try:
        detail = error.response.json().get("detail", "")
    except (ValueError, AttributeError):
        detail = ""
    return " ".join(str(detail or error.response.reason_phrase).split())


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
