"""The command in this process, and images that several tests share."""

from tests.cli.conftest import command

__all__ = ["command"]
