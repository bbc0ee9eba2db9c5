"""A viewer on the loopback interface: its port, its secret, its address; started and stopped by its handle."""

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from jwstpipe.errors import ServiceError
from jwstpipe.jobs.server import PASSWORD_FILE
from jwstpipe.settings import Settings
from jwstpipe.storage import writing_errors
from jwstpipe.viewer.server.app import make_app
from jwstpipe.viewer.server.guard import Access
from jwstpipe.viewer.server.proxy import Proxy
from jwstpipe.viewer.source_table import SourceTable
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.viewing import Viewing

__all__ = ["PORT", "RunningViewer", "home_secret", "serving_viewer", "viewer_for"]

PORT = 5006
"""Where a viewer listens unless it is told otherwise, or the port is taken."""

LOOPBACK = "127.0.0.1"

START_SECONDS = 60.0


@dataclass(frozen=True)
class RunningViewer:
    """A server that answers."""

    port: int
    access: Access

    @property
    def address(self) -> str:
        """Address of the page, for browsers that have come in."""
        return f"http://127.0.0.1:{self.port}{self.access.prefix}/"

    def entrance(self, fragment: str = "") -> str:
        """Address that lets one browser in; what stands behind ``#`` never leaves it."""
        more = f"&{fragment}" if fragment else ""
        return f"{self.address}#token={self.access.token}{more}"


def home_secret(home: Path) -> bytes:
    """Read the secret that sessions of a home are made of; it is made with the first viewer."""
    file = home / "viewer" / "secret"
    with writing_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            return bytes.fromhex(file.read_text(encoding="ascii").strip())
        made = secrets.token_bytes(32)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(made.hex() + "\n")
        return made


@contextmanager
def serving_viewer(
    viewing: Viewing,
    access: Access,
    *,
    port: int = PORT,
    bind: str = LOOPBACK,
    settings: Settings | None = None,
    write: bool = False,
) -> Iterator[RunningViewer]:
    """Serve a viewer as long as the block lasts, on 127.0.0.1 if nothing else is asked for.

    Parameters
    ----------
    viewing, access
        What can be looked at, and by whom.
    port
        0 = any free one; another that is taken is replaced by a free one.
    bind
        Address to listen on; another than loopback is for containers, whose port is published on loopback.
    settings, write
        See `make_app`.

    Raises
    ------
    ServiceError
        It did not start.
    """
    listening = _listening(port, bind)
    number = int(listening.getsockname()[1])
    config = uvicorn.Config(
        make_app(viewing, access, port=number, settings=settings, write=write), log_level="warning",
        access_log=False, lifespan="off", server_header=False, date_header=False, timeout_keep_alive=30, ws="none",
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="viewer", daemon=True)
    thread.start()
    try:
        waited = threading.Event()
        for _ in range(int(START_SECONDS / 0.02)):
            if server.started or not thread.is_alive():
                break
            waited.wait(0.02)
        if not server.started:
            raise ServiceError(f"the viewer did not start on port {number}")
        yield RunningViewer(number, access)
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10.0)
        listening.close()


@contextmanager
def viewer_for(
    settings: Settings,
    sources: Sources,
    *,
    port: int = PORT,
    bind: str = LOOPBACK,
    tables: tuple[SourceTable, ...] = (),
    embedded: bool = False,
    write: bool = False,
    proxy: Proxy | None = None,
    prefix: str = "",
) -> Iterator[RunningViewer]:
    """Serve a viewer of a home as long as the block lasts.

    Parameters
    ----------
    settings
        The home's.
    sources
        Images that may be looked at.
    port, bind
        See `serving_viewer`.
    tables
        Catalogues of sources that are shown too.
    embedded
        The page stands in a frame of a notebook.
    write
        Pages may submit jobs, tag, archive and delete.
    proxy, prefix
        What stands before it and names users, and what stands before all addresses, as ``/jwst``.
    """
    home = settings.home.expanduser()
    password = settings.execution.password_file or home / "prefect" / PASSWORD_FILE
    access = Access(
        home_secret(home),
        password.read_text(encoding="utf-8").strip() if password.exists() else None,
        embedded,
        proxy=proxy,
        prefix=prefix,
    )
    with serving_viewer(
        Viewing(sources, tables), access, port=port, bind=bind, settings=settings, write=write
    ) as running:
        yield running


def _listening(port: int, bind: str) -> socket.socket:
    """Take the port, or a free one where it is taken."""
    for wanted in (port, 0):
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((bind, wanted))
        except OSError:
            found.close()
            continue
        return found
    raise ServiceError("no port of this machine is free")
