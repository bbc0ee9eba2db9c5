"""Commands that measure."""

from jwstpipe.cli.analysis import pixels

__all__ = ["COMMANDS"]

COMMANDS = {**pixels.COMMANDS}
