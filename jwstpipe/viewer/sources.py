"""`Sources`: the images that may be looked at, by their product ids; a page never names a path."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jwstpipe.errors import NotFoundError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import open_image
from jwstpipe.operations.inputs.carried_inputs import input_at
from jwstpipe.settings import S3Settings
from jwstpipe.storage import is_remote
from jwstpipe.viewer.server.library import Library

__all__ = ["Source", "Sources"]


@dataclass(frozen=True)
class Source:
    """An image that may be looked at."""

    product_id: str
    address: str
    name: str
    """For people."""

    def opened(self, s3: S3Settings | None) -> SkyImage:
        """Open it."""
        return open_image(self.address, s3=s3)


class Sources:
    """Images that were named when the server was started, and those of the library; safe for threads."""

    def __init__(self, *, s3: S3Settings | None = None, library: Library | None = None) -> None:
        self.s3, self.library = s3, library
        self._lock = threading.Lock()
        self._found: dict[str, Source] = {}

    def add(self, address: str | Path) -> Source:
        """Let an image be looked at, under the id that it carries or that follows from its content.

        Raises
        ------
        JwstPipeError
            No image that can be read.
        """
        source = self._of_library(str(address))
        if source is None:
            found = input_at(address, s3=self.s3)
            source = Source(found.product_id, found.address, found.name)
        with self._lock:
            self._found.setdefault(source.product_id, source)
        return source

    def seen_by(self, user: str) -> "Sources":
        """Give the same images, and those of the library that a user may see; "" is somebody without a name."""
        found = Sources(s3=self.s3, library=self.library and replace(self.library, user=user))
        found._lock, found._found = self._lock, self._found  # one list of named images for all
        return found

    def _of_library(self, word: str) -> Source | None:
        """Find what is no address, but the id of a product of the library or the name of a target with mosaics."""
        if is_remote(word) or "/" in word or Path(word).exists() or self.library is None or not self.library.exists:
            return None
        try:
            address, name = self.library.image(word)
        except NotFoundError:
            return None
        return Source(word, address, name)

    def get(self, product_ids: Sequence[str]) -> list[Source]:
        """Find images by their ids.

        Raises
        ------
        NotFoundError
            One that is not known here, or that this reader may not see.
        """
        return [self._one(product_id) for product_id in product_ids]

    def where(self, product_id: str) -> str | None:
        """Give the address of an image, or None for one that is not known here or that this reader may not see."""
        try:
            return self._one(product_id).address
        except NotFoundError:
            return None

    def all(self) -> list[Source]:
        """Give those that were named."""
        with self._lock:
            return list(self._found.values())

    def _one(self, product_id: str) -> Source:
        with self._lock:
            known = self._found.get(product_id)
        if known is not None:
            return known
        if self.library is not None and self.library.exists:
            address, name = self.library.image(product_id)
            return Source(product_id, address, name)
        raise NotFoundError(f"no image {product_id[:80]!r} is known here; open it with: jwstpipe view IMAGE")
