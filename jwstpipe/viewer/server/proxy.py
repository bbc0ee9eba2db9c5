"""`Proxy`: what stands before the viewer of a group, does TLS and accounts, and says who asks.

Whoever reaches the port of the viewer can write any header. So the name of a user is believed only from the configured
addresses, and from an address of this machine, which every user of it can connect from, only together with the password
of the home. What such a proxy passes on without a name is refused, also with the password: the owner comes in by the
printed address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Self
from urllib.parse import urlsplit

from jwstpipe.errors import UsageError

__all__ = ["Proxy", "checked_prefix"]

MOST_NAME = 200
"""Longest name of a user."""


@dataclass(frozen=True)
class Proxy:
    """A proxy whose word is taken."""

    header: str
    """That names the user, lower case."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    """Where it asks from."""

    origin: str
    """Of the pages, as browsers see it: ``https://sky.example.org``."""

    @classmethod
    def of(cls, header: str, addresses: Sequence[str], origin: str) -> Self:
        """Make one of the words of a command line.

        Raises
        ------
        UsageError
            A header, an address or an origin that is none; no address at all.
        """
        name = header.strip().lower()
        if not name or not all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in name):
            raise UsageError(f"--user-header: {header!r} is not the name of a header")
        try:
            networks = tuple(ip_network(address, strict=False) for address in addresses)
        except ValueError as error:
            raise UsageError(f"--proxy: {error}") from None
        if not networks:
            raise UsageError("--user-header needs --proxy ADDRESS: a name is believed from known addresses only")
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
            raise UsageError(f"--origin: {origin!r} is not the origin of a page, as https://sky.example.org")
        return cls(name, networks, f"{parts.scheme}://{parts.netloc}".lower())

    def speaks(self, scope: Mapping[str, Any], *, with_password: bool) -> bool:
        """Tell whether a request comes from the proxy."""
        client = scope.get("client")
        if not client:
            return False
        address = ip_address(client[0])
        known = any(address in network for network in self.networks)
        return known and (with_password or not address.is_loopback)

    def foreign(self, origin: str | None) -> str | None:
        """Tell why a request that it passes on is not from its own pages; None where it is."""
        if origin is not None and origin.lower() != self.origin:
            return "this server does not answer pages of other origins"
        return None

    def user(self, scope: Mapping[str, Any]) -> str | None:
        """Give the name of the user; None where it names nobody, or two."""
        name = self.header.encode()
        given = [value for key, value in scope["headers"] if key.lower() == name]
        if len(given) != 1:
            return None
        word = str(given[0], "utf-8", "replace").strip()
        return word if 0 < len(word) <= MOST_NAME and word.isprintable() else None


def checked_prefix(prefix: str) -> str:
    """Give a prefix of all addresses without a slash at its end; empty = there is none.

    Raises
    ------
    UsageError
        It is no path.
    """
    word = prefix.rstrip("/")
    if word and (
        not word.startswith("/")
        or not all(part and part.replace("-", "").replace("_", "").isalnum() for part in word[1:].split("/"))
    ):
        raise UsageError(f"--prefix: {prefix!r} is not a path of letters and digits, as /jwst")
    return word
