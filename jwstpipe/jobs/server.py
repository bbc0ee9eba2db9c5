"""Where the Prefect server of a home is, its password, and what is deployed on a server."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jwstpipe.settings import Settings

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

__all__ = [
    "DEFAULT_API",
    "PASSWORD_FILE",
    "api_address",
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


def deployments_by_flow(client: "SyncPrefectClient") -> dict[str, list[Any]]:
    """List what is deployed, by the name of the flow: entrypoints are written differently by those who deploy."""
    names = {flow.id: flow.name for flow in client.read_flows(limit=200)}
    found: dict[str, list[Any]] = {}
    for deployment in client.read_deployments(limit=200):
        found.setdefault(names.get(deployment.flow_id, ""), []).append(deployment)
    return found
