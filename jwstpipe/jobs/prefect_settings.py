"""What Prefect's own settings say of how its server is entered, read without loading Prefect.

The places and their order are Prefect's: variables of the environment, ``.env``, ``prefect.toml`` and
``pyproject.toml`` of the current folder, then the active profile. Only what a client needs is looked for.
"""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jwstpipe.errors import UsageError

__all__ = ["ServerAccess", "read_access"]

_HEADERS_OF_ITS_OWN = frozenset({"user-agent", "prefect-csrf-token", "prefect-csrf-client"})
"""Headers that Prefect's ``PREFECT_CLIENT_CUSTOM_HEADERS`` does not change."""

_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})


@dataclass(frozen=True)
class ServerAccess:
    """How a server is entered."""

    auth_string: str | None = field(default=None, repr=False)
    """``user:password``."""

    api_key: str | None = field(default=None, repr=False)
    """Key of the server that `key_for` names."""

    key_for: str | None = None
    """Address of the API that these settings name; the key is told to no other."""

    authorities: str | None = None
    """File of certificates that are believed; None = those of the web."""

    verify: bool = True
    """Whether certificates are looked at."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with each question."""


def read_access() -> ServerAccess:
    """Read how the server is entered.

    Raises
    ------
    UsageError
        A file of settings that cannot be read.
    """
    places = list(_places())

    def value(*words: str) -> Any:
        return next((found for place in places if (found := _in_place(place, words)) is not None), None)

    api = value("api", "url")
    return ServerAccess(
        auth_string=value("api", "auth_string"),
        api_key=value("api", "key"),
        key_for=None if api is None else str(api).rstrip("/"),
        authorities=value("api", "ssl_cert_file") or os.environ.get("SSL_CERT_FILE"),
        verify=str(value("api", "tls_insecure_skip_verify")).lower() not in _TRUE,
        headers=_headers(value("client", "custom_headers")),
    )


def _places() -> Iterator[Mapping[str, Any]]:
    """Give the places in order: variables by their names, or tables of tables."""
    yield os.environ
    dotenv: dict[str, Any] = {}
    if Path(".env").is_file():
        from dotenv import dotenv_values  # noqa: PLC0415 - only where there is such a file

        dotenv = dict(dotenv_values(".env"))
    yield dotenv
    own, project = _toml(Path("prefect.toml")), _toml(Path("pyproject.toml")).get("tool", {}).get("prefect", {})
    yield own
    yield project
    yield _profile(dotenv, own, project)


def _profile(*places: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read the active profile."""
    named = next((path for place in (os.environ, *places) if (path := _in_place(place, ("profiles_path",)))), None)
    home = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
    profiles = _toml(Path(named) if named else home / "profiles.toml")
    active = os.environ.get("PREFECT_PROFILE") or profiles.get("active")
    found: Mapping[str, Any] = profiles.get("profiles", {}).get(active, {})
    return found


def _in_place(place: Mapping[str, Any], words: tuple[str, ...]) -> Any:
    """Find a value by its name, ``PREFECT_API_KEY``, or in tables, ``[api] key``."""
    found: Any = place.get("_".join(("prefect", *words)).upper())
    if found is None:
        found = place
        for word in words:
            found = found.get(word) if isinstance(found, Mapping) else None
    return found


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read Prefect's settings {path}: {error}") from None


def _headers(given: Any) -> dict[str, str]:
    try:
        headers = json.loads(given) if isinstance(given, str) else given or {}
        return {str(name): str(text) for name, text in headers.items() if name.lower() not in _HEADERS_OF_ITS_OWN}
    except (ValueError, AttributeError):
        raise UsageError("PREFECT_CLIENT_CUSTOM_HEADERS is not a JSON object of names and texts") from None
