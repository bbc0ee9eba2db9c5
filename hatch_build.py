"""README.md as an index page shows it: pictures and links by whole addresses, or not at all.

An index page knows no files beside the text. With the address of the released tree in JWSTPIPE_PROJECT_URL (as
https://host/project/raw/v0.1.0) links and pictures lead there; without it pictures are left out, and links are words.
"""

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"!\[([^\]]*)\]\((?!https?:)([^)]+)\)")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)")


def for_an_index(text: str, address: str) -> str:
    """Rewrite the relative links of a Markdown text."""
    base = address.rstrip("/")
    if base:
        text = PICTURE.sub(rf"![\1]({base}/\2)", text)
        return LINK.sub(rf"[\1]({base}/\2)", text)
    text = re.sub(rf":\s*\n+{PICTURE.pattern}", ".", text)  # a sentence that a picture was to end
    return re.sub(r"\n{3,}", "\n\n", LINK.sub(r"\1", PICTURE.sub("", text)))


class IndexPage(MetadataHookInterface):
    """Gives the long description."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Put the text into the metadata."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        address = os.environ.get("JWSTPIPE_PROJECT_URL", "")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_an_index(text, address)}
