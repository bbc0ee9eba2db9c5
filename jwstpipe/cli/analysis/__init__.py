"""Commands that measure."""

from jwstpipe.cli.analysis import pixels, sources

__all__ = ["COMMANDS"]

COMMANDS = {**pixels.COMMANDS, **sources.COMMANDS}
