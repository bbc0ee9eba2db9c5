"""`Viewing`: what a server keeps for those who look: sets of images, looks, tiles; all of it can be made again."""

import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from jwstpipe.errors import JwstPipeError, UsageError
from jwstpipe.execution.kept import Kept
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.requests import CompositeRequest
from jwstpipe.storage import named_for_people
from jwstpipe.viewer.looks import Look, look_of
from jwstpipe.viewer.source_table import SourceTable
from jwstpipe.viewer.sources import Sources
from jwstpipe.viewer.state import safe_wishes
from jwstpipe.viewer.tiles import Tiles
from jwstpipe.viewer.viewed import ViewedSet, open_set, set_id

__all__ = ["GoneError", "Viewing"]

SETS = 20
LOOKS = 200
USERS = 100
CHECK_SECONDS = 60.0


class GoneError(JwstPipeError):
    """The server was started anew, or forgot: the page asks again with all that it knows."""


@dataclass(frozen=True, eq=False)
class Viewing:
    """The state of a server; nothing in it is of one reader."""

    sources: Sources
    tables: tuple[SourceTable, ...] = ()
    """Catalogues of sources."""

    workers: Workers = field(default_factory=lambda: ThreadWorkers(2))
    user: str | None = None
    """Who looks; None = the owner of the home, who sees all."""

    _tiles: Kept[Tiles] = field(default_factory=lambda: Kept(SETS))
    _looks: Kept[Look] = field(default_factory=lambda: Kept(LOOKS))
    _users: Kept["Viewing"] = field(default_factory=lambda: Kept(USERS))
    _seen: Kept[bool] = field(default_factory=lambda: Kept(SETS * USERS))

    def seen_by(self, user: str | None) -> "Viewing":
        """Give what a user may look at, with the same tiles and looks behind it."""
        if user is None:
            return self
        return self._users.get(user, lambda: replace(self, sources=self.sources.seen_by(user), user=user))

    def opened(self, product_ids: Sequence[str]) -> Tiles:
        """Open a set of images, or give it again."""
        found = self.sources.get(product_ids)

        def make() -> Tiles:
            with named_for_people({source.address: source.name for source in found}):
                images = open_set(found, workers=self.workers, s3=self.sources.s3)
            weakref.finalize(images, images.stack.close)
            return Tiles(images)

        return self._tiles.get(set_id(found), make)

    def tiles(self, identity: str) -> Tiles:
        """Give the tiles of a set that is open.

        Raises
        ------
        GoneError
            It is not.
        """
        found = self._tiles.peek(identity)
        if found is None:
            raise GoneError("this server does not have these images open; open them again")
        self._check(found.images)
        return found

    def images(self, identity: str) -> ViewedSet:
        """Give a set that is open."""
        return self.tiles(identity).images

    def look(self, product_ids: Sequence[str], wishes: Any) -> Look:
        """Settle wishes on images.

        Raises
        ------
        UsageError
            A wish that is none, or that cannot be met.
        """
        try:
            request = safe_wishes(CompositeRequest.model_validate(wishes))
        except (ValidationError, ValueError) as error:
            fault = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise UsageError(f"wishes: {fault.removeprefix('Value error, ')}") from None
        look = look_of(self.opened(product_ids).images, request)
        return self._looks.get(look.id, lambda: look)

    def look_by_id(self, identity: str) -> Look:
        """Give a look that was settled before.

        Raises
        ------
        GoneError
            It is not known here, any more.
        """
        found = self._looks.peek(identity)
        if found is None:
            raise GoneError("this server does not know this look; ask for it again")
        self._check(found.images)
        return found

    def _check(self, images: ViewedSet) -> None:
        """Refuse what others opened and this user may not see; asked anew every minute."""
        if self.user is not None:
            key = (self.user, images.id, int(time.monotonic() / CHECK_SECONDS))
            self._seen.get(key, lambda: bool(self.sources.get([source.product_id for source in images.sources])))
