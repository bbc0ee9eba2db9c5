"""A local archive: MAST and the public JWST bucket on loopback, over a folder of files.

It speaks what astroquery and S3 clients speak, keeps a journal of what it was asked, and misbehaves on request.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qs

from jwstpipe.errors import UsageError
from jwstpipe.settings import ArchiveSettings, S3Settings
from jwstpipe.testing.local_archive.bucket import BUCKET, bucket_reply, s3_error
from jwstpipe.testing.local_archive.columns import column_config
from jwstpipe.testing.local_archive.faults import FaultDesk, Faults, Service
from jwstpipe.testing.local_archive.listing import archive_rows
from jwstpipe.testing.local_archive.mast import ArchiveRows
from jwstpipe.testing.local_archive.reply import Asked, Reply, file_reply, json_reply
from jwstpipe.testing.local_archive.server import Front, Journal, LoggedRequest, Site
from jwstpipe.testing.local_archive.services import looked_up_names, looked_up_paths, portal_answer

__all__ = ["LocalArchive", "serve_archive"]

_PRODUCT = "mast:JWST/product/"
_SERVICES: Mapping[str, Service] = {
    "/api/v0/invoke": "invoke",
    "/portal/Mashup/Mashup.asmx/columnsconfig": "columns",
    "/api/v0.1/path_lookup": "lookup",
    "/api/v0.1/Download/file": "download",
    "/Santa-war/query": "resolver",
}


class _Holdings:
    """The rows that are served now; replaced as a whole."""

    def __init__(self, rows: ArchiveRows) -> None:
        self.rows = rows


@dataclass(frozen=True)
class LocalArchive:
    """A running local archive; close it, or use it as a context manager."""

    server: str
    """Address of the MAST services, as ``http://127.0.0.1:40001``."""

    s3_endpoint: str | None
    """Address of the S3 service; None without one."""

    bucket: str
    """Name of the bucket."""

    folder: Path | None
    """Folder that is served."""

    _holdings: _Holdings = field(repr=False)
    _desk: FaultDesk = field(repr=False)
    _journal: Journal = field(repr=False)
    _sites: Mapping[str, Site] = field(repr=False)

    @property
    def rows(self) -> ArchiveRows:
        """What the archive knows and holds now."""
        return self._holdings.rows

    @property
    def settings(self) -> ArchiveSettings:
        """Settings that send jwstpipe to this archive."""
        source: Literal["auto", "https"] = "https" if self.s3_endpoint is None else "auto"
        s3 = S3Settings(endpoint=self.s3_endpoint, anonymous=True)
        return ArchiveSettings(server=self.server, source=source, bucket=self.bucket, s3=s3)

    @property
    def requests(self) -> tuple[LoggedRequest, ...]:
        """Requests since the start or the last `forget`, in order."""
        return self._journal.requests

    @property
    def crashes(self) -> tuple[BaseException, ...]:
        """Errors of the archive itself that no fault asked for; a test may insist that there are none."""
        return self._journal.crashes

    def count(self, service: Service, subject: str = "") -> int:
        """Count the requests to a service whose subject holds a text."""
        return sum(1 for request in self.requests if request.service == service and subject in request.subject)

    def forget(self) -> None:
        """Empty the journal."""
        self._journal.clear()

    def set_faults(self, *faults: Faults) -> None:
        """Misbehave like this from now on; without arguments, behave well again."""
        self._desk.set(faults)

    def set_rows(self, rows: ArchiveRows) -> None:
        """Serve other rows from now on."""
        self._holdings.rows = rows

    def rescan(self) -> ArchiveRows:
        """List the folder anew, as when new observations have arrived.

        Raises
        ------
        UsageError
            The archive serves rows without a folder.
        """
        if self.folder is None:
            raise UsageError("this local archive has no folder to list; use set_rows")
        self._holdings.rows = archive_rows(self.folder)
        return self._holdings.rows

    def go_down(self, *sites: Literal["mast", "s3"]) -> None:
        """Refuse connections and break those that are open; without arguments, of both servers."""
        for name in sites or self._sites:
            self._sites[name].stop()

    def come_back(self) -> None:
        """Answer again, at the same addresses."""
        for site in self._sites.values():
            site.start()

    def close(self) -> None:
        """Stop all servers and their threads; closing twice is no error."""
        self.go_down()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def serve_archive(
    folder: Path | None = None,
    *,
    rows: ArchiveRows | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    s3: bool = True,
    faults: tuple[Faults, ...] = (),
) -> LocalArchive:
    """Serve a folder of JWST files as MAST and the public bucket would.

    Files are read when they are asked for: one that is replaced on disk gets another entity tag and date, as an
    archive file that was reprocessed does, while its rows stay until `LocalArchive.rescan`.

    Parameters
    ----------
    folder
        FITS files named as JWST files are; files of other names are left out (`ArchiveRows.ignored`).
    rows
        Rows to serve in place of those that the files give, or without any folder.
    host, port
        Where MAST listens; port 0 = any free one. The bucket always takes a free one.
    s3
        Serve the bucket too.
    faults
        How to misbehave from the start.

    Returns
    -------
    LocalArchive
        Running; a context manager that closes it.

    Raises
    ------
    UsageError
        Neither folder nor rows, or no such folder.
    ServiceError
        The port is taken.
    """
    if folder is None and rows is None:
        raise UsageError("a local archive needs a folder of files, or rows")
    if folder is not None and not folder.is_dir():
        raise UsageError(f"{folder}: not a folder; the local archive serves a folder of JWST files")
    holdings = _Holdings(archive_rows(folder) if rows is None and folder is not None else rows or ArchiveRows())
    desk, journal = FaultDesk(faults), Journal()
    sites = {"mast": Site(host, port, _mast_front(holdings), desk, journal)}
    if s3:
        sites["s3"] = Site(host, 0, _s3_front(holdings), desk, journal)
    with ExitStack() as started:
        for site in sites.values():
            site.start()
            started.callback(site.stop)
        started.pop_all()
    return LocalArchive(
        server=sites["mast"].address,
        s3_endpoint=sites["s3"].address if s3 else None,
        bucket=BUCKET,
        folder=folder,
        _holdings=holdings,
        _desk=desk,
        _journal=journal,
        _sites=sites,
    )


def _s3_front(holdings: _Holdings) -> Front:
    return Front(
        named=lambda asked: ("s3", asked.path.lstrip("/").partition("/")[2]),
        answered=lambda asked, faults: bucket_reply(holdings.rows, asked, faults),
        refused=s3_error,
    )


def _mast_front(holdings: _Holdings) -> Front:
    return Front(
        named=_named,
        answered=lambda asked, faults: _mast_reply(holdings.rows, asked, faults),
        refused=lambda status: json_reply({"status": status, "msg": "the service is not available"}, status=status),
    )


def _named(asked: Asked) -> tuple[Service, str]:
    service = _SERVICES.get(asked.path.rstrip("/"), "unknown")
    fields = _fields(asked)
    if service == "unknown":
        return service, asked.path
    if service == "invoke":
        return service, str(_portal_request(fields).get("service", ""))
    key = {"columns": "colConfigId", "resolver": "name"}.get(service, "uri")
    return service, " ".join(value.removeprefix(_PRODUCT) for value in fields.get(key, []))


def _fields(asked: Asked) -> Mapping[str, list[str]]:
    """Give the fields of a form, from the body of a POST or from the query."""
    return parse_qs(asked.body.decode()) if asked.body else asked.query


def _portal_request(fields: Mapping[str, list[str]]) -> Mapping[str, Any]:
    try:
        request = json.loads(fields.get("request", ["{}"])[0])
    except json.JSONDecodeError:
        return {}
    return request if isinstance(request, dict) else {}


def _mast_reply(rows: ArchiveRows, asked: Asked, faults: Faults) -> Reply:
    service, fields = _SERVICES.get(asked.path.rstrip("/"), "unknown"), _fields(asked)
    match service:
        case "invoke":
            return json_reply(_portal_reply(rows, fields, faults))
        case "columns":
            return json_reply(column_config(fields.get("colConfigId", [""])[0]))
        case "lookup":
            return json_reply(looked_up_paths(rows, fields.get("uri", [])))
        case "resolver":
            return json_reply(looked_up_names(rows.targets, fields.get("name", [])))
        case "download":
            return _download(rows, fields.get("uri", [""])[0], asked, faults)
        case _:
            return json_reply({"status": 404, "msg": f"no such service: {asked.path}"}, status=404)


def _portal_reply(rows: ArchiveRows, fields: Mapping[str, list[str]], faults: Faults) -> dict[str, Any]:
    if faults.error:
        return {"status": "ERROR", "msg": faults.error, "data": [], "fields": [], "paging": None}
    if faults.executing:
        return {"status": "EXECUTING", "msg": "", "data": [], "fields": [], "paging": None}
    return portal_answer(rows, _portal_request(fields))


def _download(rows: ArchiveRows, uri: str, asked: Asked, faults: Faults) -> Reply:
    name = uri.removeprefix(_PRODUCT)
    source = rows.source(name)
    if not uri.startswith(_PRODUCT) or source is None:
        return json_reply({"status": 404, "msg": f"no such product: {uri}"}, status=404)
    if not rows.public(name):
        return json_reply({"status": 401, "msg": f"not public: {uri}"}, status=401)
    return file_reply(source, asked, faults)
