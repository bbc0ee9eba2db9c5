"""Commands that measure."""

from jwstpipe.cli.analysis import images, pixels, sources

__all__ = ["COMMANDS"]

COMMANDS = {**pixels.COMMANDS, **images.COMMANDS, **sources.COMMANDS}
