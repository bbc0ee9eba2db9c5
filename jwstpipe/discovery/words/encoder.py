"""An encoder of a site's own: found by its name, checked, and its vectors kept beside the index of words.

None comes with jwstpipe and none is asked unless the settings name one: on texts of filters, lines and programmes a
general model of sentences tells less than the thesaurus does. `jwstpipe doctor` says what one changes.
"""

import importlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from jwstpipe.discovery.words.index import WordIndex, facts_in
from jwstpipe.discovery.words.ranking import Encoder
from jwstpipe.errors import DataError, StorageError, UsageError
from jwstpipe.storage import aside

__all__ = ["NamedEncoder", "encoded", "load_encoder", "record_vectors"]

Floats = NDArray[np.float32]

AT_ONCE = 1000
"""Texts that a model is given at a time."""

_FURTHEST = 1e-2
"""Vectors whose length is further from one are not unit vectors."""


@dataclass(frozen=True)
class NamedEncoder:
    """A model under the name that the settings give it: its vectors are kept."""

    name: str
    model: Encoder

    def encode(self, texts: Sequence[str]) -> Floats:
        """Give a unit vector for each text, float32 (n, d)."""
        return self.model.encode(texts)


def load_encoder(name: str | None) -> NamedEncoder | None:
    """Load the encoder that a site names; None for none.

    Parameters
    ----------
    name
        ``package.module:attribute``: an object with ``encode(texts)``, or what gives one when it is called.

    Raises
    ------
    UsageError
        There is no such thing, or it cannot encode.
    """
    if not name:
        return None
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
        made = found() if isinstance(found, type) or not hasattr(found, "encode") else found
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise UsageError(
            f"discovery.encoder {name!r}: {error}; name it as package.module:attribute, or leave it empty"
        ) from None
    if not callable(getattr(made, "encode", None)):
        raise UsageError(f"discovery.encoder {name!r}: has no encode(texts); leave it empty for none")
    return NamedEncoder(name, made)


def encoded(encoder: Encoder, texts: Sequence[str]) -> Floats:
    """Encode texts, some at a time, and check what comes back.

    Raises
    ------
    DataError
        Not a finite unit vector for each text.
    """
    parts = []
    for start in range(0, len(texts), AT_ONCE):
        some = list(texts[start : start + AT_ONCE])
        part = np.asarray(encoder.encode(some), np.float32)
        right = part.ndim == 2 and len(part) == len(some) and np.isfinite(part).all()
        if not right or (np.abs(np.linalg.norm(part, axis=1) - 1.0) > _FURTHEST).any():
            raise DataError(
                f"the encoder gives {part.dtype} {part.shape} for {len(some)} texts; a unit vector for each is needed"
            )
        parts.append(part)
    return np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)


def record_vectors(index: WordIndex, encoder: Encoder, path: Path) -> Floats:
    """Give the vector of every record; those of a named encoder are kept, and only what changed is encoded anew.

    Parameters
    ----------
    index
        The records.
    encoder
        Of the site.
    path
        File of the index; vectors stand beside it.
    """
    place = path.with_suffix(".vectors.npz")
    held = _held(place, encoder.name) if isinstance(encoder, NamedEncoder) else {}
    missing = [row for row, digest in enumerate(index.digests) if digest not in held]
    if missing:
        facts = facts_in(index)
        texts = [" ".join(facts[index.ids[row]].words) for row in missing]
        held |= dict(zip([index.digests[row] for row in missing], encoded(encoder, texts), strict=True))
        if len({len(vector) for vector in held.values()}) > 1:
            place.unlink(missing_ok=True)
            raise DataError("the encoder gives vectors of another length than before; what was kept is gone, ask again")
    vectors = np.stack([held[digest] for digest in index.digests])
    if missing and isinstance(encoder, NamedEncoder):
        _keep(place, encoder.name, index.digests, vectors)
    return vectors


def _held(path: Path, name: str) -> dict[str, Floats]:
    try:
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["name"]) != name:
                return {}
            return dict(zip(kept["digests"].tolist(), kept["vectors"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return {}  # none yet, of another version, or damaged: encoded anew


def _keep(path: Path, name: str, digests: Sequence[str], vectors: Floats) -> None:
    content = BytesIO()
    np.savez(content, name=np.array(name), digests=np.array(digests), vectors=vectors)
    with suppress(StorageError), aside(path) as partial:  # a folder that cannot be written: they are encoded again
        partial.write_bytes(content.getbuffer())
