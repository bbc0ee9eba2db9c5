"""Where records are kept, by address: a MongoDB server or an embedded file."""

from pathlib import Path

from jwstpipe.catalog.database.address import SCHEMES, without_secrets
from jwstpipe.catalog.database.backend import CatalogDatabase
from jwstpipe.catalog.database.sqlite.database import EmbeddedDatabase
from jwstpipe.errors import UsageError

__all__ = ["connect"]


def connect(address: str | Path) -> CatalogDatabase:
    """Open a database of records; close it, or use it as a context manager.

    Parameters
    ----------
    address
        ``mongodb://host[:port][/database][?options]``, or the path of an embedded file, which is made if it is not
        there. Options are MongoDB's own, as ``replicaSet=rs0``, ``tls=true&tlsCAFile=ca.pem``, ``authSource=admin``;
        unless they say otherwise, writes wait for a majority of the members and are retried.

    Raises
    ------
    UsageError
        Another kind of address, or one that MongoDB's client does not understand.
    ServiceError
        No server answers, or it refuses the credentials.
    StorageError
        The file cannot be opened for writing.
    DataError
        The file is no catalogue.
    """
    text = str(address)
    if text.startswith(SCHEMES):
        from jwstpipe.catalog.database.mongodb.database import ServerDatabase  # noqa: PLC0415 - files need no client

        return ServerDatabase(text)
    if "://" in text:
        raise UsageError(f"unknown kind of catalogue {without_secrets(text)}: give mongodb://host or a path")
    return EmbeddedDatabase(Path(address).expanduser().resolve())
