"""Addresses of catalogues."""

from jwstpipe.redaction import redacted

__all__ = ["SCHEMES", "without_secrets"]

SCHEMES = ("mongodb://", "mongodb+srv://")
"""How the address of a server starts; every other one is the path of an embedded file."""


def without_secrets(address: str) -> str:
    """Give an address without password and options, for messages and logs."""
    return redacted(address).replace(":***@", "@").partition("?")[0]
