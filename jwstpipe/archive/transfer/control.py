"""Transfers that stand in the middle: which there are, and how a person pauses, resumes or cancels them.

An order is a small file beside the part. The process that works on the file reads it within a quarter of a second, in
whatever process it was given; where no process works, the order holds for the next one.
"""

import json
import time
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from jwstpipe.archive.product import Product
from jwstpipe.archive.retry import CancellationToken
from jwstpipe.archive.transfer.destinations.destination import Destination
from jwstpipe.archive.transfer.state import OLDER_REQUEST, REQUEST, PartState, Places, exclusive, is_locked, load
from jwstpipe.errors import NotFoundError, TransferError
from jwstpipe.storage import writing_errors

__all__ = [
    "CancelledError",
    "ControlledStop",
    "PausedError",
    "PendingTransfer",
    "cancel",
    "pause",
    "pending",
    "resume",
    "save_request",
    "sweep",
]

LOOK_S = 0.25
"""How often an order is looked for."""


class PausedError(TransferError):
    """Somebody paused this file; its part is kept."""


class CancelledError(TransferError):
    """Somebody cancelled this file; its part is gone."""


class ControlledStop(CancellationToken):
    """The stop sign of one file: also raised by an order that stands beside its part."""

    def __init__(self, above: CancellationToken, order: Path, file_name: str) -> None:
        super().__init__(above)
        self._order = order
        self._name = file_name
        self._looked = 0.0

    def check(self) -> None:
        """Leave if the sign is raised, or if it was ordered.

        Raises
        ------
        InterruptedRunError, PausedError, CancelledError
            As the case is.
        """
        super().check()
        now = time.monotonic()
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        try:
            order = self._order.read_text()
        except FileNotFoundError:
            return
        if order == "cancel":
            raise CancelledError(f"{self._name}: cancelled; its part was removed")
        raise PausedError(f"{self._name}: paused; `jwstpipe transfers resume` goes on with it")


@dataclass(frozen=True)
class PendingTransfer:
    """A file that is not whole yet."""

    file_name: str
    obs_id: str
    data_uri: str
    size: int
    """Bytes in all; 0 = not known."""

    here: int
    """Bytes that need not be fetched again."""

    source: str
    """s3 or https; empty before the first byte."""

    state: Literal["running", "paused", "interrupted"]
    """Interrupted: no process works on it; the next transfer of the file goes on where it was."""

    touched_at: float
    """When its state changed last, seconds since 1970."""


def save_request(product: Product, places: Places) -> None:
    """Remember what is being fetched."""
    with writing_errors(places.request):
        places.request.parent.mkdir(parents=True, exist_ok=True)
        aside = places.request.with_name(f"{places.request.name}.new")
        aside.write_text(json.dumps(asdict(product), default=str))
        aside.replace(places.request)
        places.older_request.unlink(missing_ok=True)


def pending(destination: Destination) -> tuple[PendingTransfer, ...]:
    """List the files that are not whole yet, by name."""
    return tuple(found for found, _, _ in _all_pending(destination))


def pause(destination: Destination, names: Collection[str] = ()) -> tuple[PendingTransfer, ...]:
    """Pause transfers, of files or observations by name; none = all. A running one stops within a moment.

    Raises
    ------
    NotFoundError
        No transfer of such a name.
    """
    chosen = _chosen(destination, names)
    for _, _, places in chosen:
        _give(places, "pause")
    return tuple(found for found, _, _ in chosen)


def resume(destination: Destination, names: Collection[str] = ()) -> tuple[Product, ...]:
    """Withdraw orders, and give the products with which to go on; none named = all that are paused or interrupted.

    Raises
    ------
    NotFoundError
        No transfer of such a name.
    """
    chosen = _chosen(destination, names)
    for _, _, places in chosen:
        places.order.unlink(missing_ok=True)
    return tuple(product for found, product, _ in chosen if found.state != "running")


def cancel(destination: Destination, names: Collection[str] = ()) -> tuple[PendingTransfer, ...]:
    """Give transfers up and remove their parts; a running one ends within a moment and cleans up by itself.

    Raises
    ------
    NotFoundError
        No transfer of such a name.
    """
    chosen = _chosen(destination, names)
    for found, _, places in chosen:
        _give(places, "cancel")
        if not is_locked(places.lock):
            _remove(destination, found, places)
    return tuple(found for found, _, _ in chosen)


def sweep(destination: Destination, *, older_than_s: float) -> tuple[PendingTransfer, ...]:
    """Remove parts that nobody went on with for a long time; tells which."""
    old = [
        (found, places)
        for found, _, places in _all_pending(destination)
        if found.state != "running" and time.time() - found.touched_at > older_than_s
    ]
    for found, places in old:
        _remove(destination, found, places)
    return tuple(found for found, _ in old)


def _remove(destination: Destination, found: PendingTransfer, places: Places) -> None:
    target = destination.target(found.obs_id, found.file_name)
    with exclusive(places.lock, CancellationToken()):
        state = load(PartState, places.state)
        if state is not None and state.upload is not None:
            target.resumed(state)  # an upload is known by its state
        target.forget()
        places.clear()


def _give(places: Places, order: str) -> None:
    with writing_errors(places.order):
        aside = places.order.with_name(f"{places.order.name}.new")
        aside.write_text(order)
        aside.replace(places.order)


def _chosen(destination: Destination, names: Collection[str]) -> list[tuple[PendingTransfer, Product, Places]]:
    held = _all_pending(destination)
    for name in names:
        if not any(name in (found.file_name, found.obs_id) for found, _, _ in held):
            raise NotFoundError(
                f"no transfer of {name!r} stands in the middle; `jwstpipe transfers` lists those that do"
            )
    return [entry for entry in held if not names or entry[0].file_name in names or entry[0].obs_id in names]


def _all_pending(destination: Destination) -> list[tuple[PendingTransfer, Product, Places]]:
    return sorted(_read_all(destination), key=lambda entry: (entry[0].obs_id, entry[0].file_name))


def _read_all(destination: Destination) -> Iterator[tuple[PendingTransfer, Product, Places]]:
    requests = [*destination.side.glob(f"*/*{REQUEST}"), *destination.side.glob(f"*/*{OLDER_REQUEST}")]
    for path in requests:
        try:
            content = json.loads(path.read_text())
            product = Product(**{**content, "filters": tuple(content["filters"])})
            touched = path.stat().st_mtime
        except (OSError, ValueError, TypeError, KeyError):
            continue  # finished meanwhile, or of another version
        places = Places.of(destination.side, product.obs_id, product.file_name)
        if path == places.older_request and places.request.exists():
            continue
        state = load(PartState, places.state)
        if state is not None and places.state.exists():
            touched = max(touched, places.state.stat().st_mtime)
        yield (
            PendingTransfer(
                file_name=product.file_name,
                obs_id=product.obs_id,
                data_uri=product.data_uri,
                size=product.size if state is None else state.size,
                here=0 if state is None else sum(stop - start for start, stop, _ in state.done),
                source="" if state is None else state.source,
                state="paused" if places.order.exists() else "running" if is_locked(places.lock) else "interrupted",
                touched_at=touched,
            ),
            product,
            places,
        )
