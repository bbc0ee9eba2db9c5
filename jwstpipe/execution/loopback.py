"""Servers of this machine are meant for its owner: how a request to one must look, and the password it must bring.

Every user of the machine can connect to a port of the loopback interface, and every page in the owner's browser can
send requests there. So a request must name the server by an address of this machine (a page whose own name was made to
point here does not), must not come from another origin, and must bring the password of the home.
"""

import base64
import hmac
import os
import secrets
from pathlib import Path

__all__ = ["USER", "basic_credentials", "foreign", "home_password", "let_in"]

USER = "jwstpipe"
NAMES = ("127.0.0.1", "localhost", "[::1]")


def foreign(host: str | None, origin: str | None, *, port: int) -> str | None:
    """Tell why a request is not from this machine's own pages and programs; None where it is.

    Parameters
    ----------
    host, origin
        The headers of these names.
    port
        Of the server.
    """
    own = {f"{name}:{port}" for name in NAMES}
    if (host or "").lower() not in own:
        return "this server answers to addresses of this machine only"
    if origin is not None and origin.lower() not in {f"http://{name}" for name in own}:
        return "this server does not answer pages of other origins"
    return None


def let_in(authorization: str | None, password: str) -> bool:
    """Tell whether an Authorization header brings ``user:password``."""
    scheme, _, given = (authorization or "").partition(" ")
    return scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), basic_credentials(password))


def basic_credentials(password: str) -> bytes:
    """Write ``user:password`` as the Authorization header has it."""
    return base64.b64encode(password.encode())


def home_password(file: Path) -> str:
    """Read ``user:password`` from a file that only its owner can read; make both if they are not there."""
    if file.exists():
        return file.read_text(encoding="utf-8").strip()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    password = f"{USER}:{secrets.token_urlsafe(24)}"
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(password + "\n")
    return password
