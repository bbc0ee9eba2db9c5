"""`content_key`: what tells quickly that an image is what it was, for things that are kept between two commands."""

import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jwstpipe.fits.choice import split_choice
from jwstpipe.identity import canonical_json
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.storage import is_remote

if TYPE_CHECKING:  # what reads stores is loaded with the first of them
    from jwstpipe.images.zarr.image_store import ImageStore

__all__ = ["content_key"]

SAMPLES = 64
SAMPLE_BYTES = 4096
"""Pieces of a FITS file that are looked at, evenly over all of it, beside its headers."""

MOST_FILES = 4096
"""A store of more files is not looked through."""

SETTLED_NS = 2_000_000_000
"""A file that was written in these last nanoseconds may be written again within one tick of its clock."""


def content_key(image: "FitsImage | ImageStore") -> str | None:
    """Give a digest of place, size, times and content of an image; None where none can be trusted.

    Of a FITS file that is its inode, size, times of writing and of any change, its headers, and samples from all over
    it; of an image store its attributes, in which the digests of its shards are, and size and time of each file.
    Remote images, and those that were written just now, have none.
    """
    if is_remote(image.address):
        return None
    digest = hashlib.blake2b(digest_size=16)
    try:
        newest = _fits(image, digest) if isinstance(image, FitsImage) else _store(image, digest)
    except OSError:
        return None
    return None if newest is None or time.time_ns() - newest < SETTLED_NS else digest.hexdigest()


def _told(path: str, facts: os.stat_result) -> bytes:
    return f"{path} {facts.st_dev} {facts.st_ino} {facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns}\n".encode()


def _fits(image: FitsImage, digest: "hashlib.blake2b") -> int | None:
    """Digest a FITS file; gives when it was changed last."""
    path = Path(image.address)
    if not path.exists():
        path = Path(split_choice(image.address)[0])
    digest.update(image.address[len(str(path)) :].encode())
    for hdu in image.hdus:
        digest.update(hdu.header_bytes)
    with path.open("rb") as file:
        facts = os.fstat(file.fileno())
        digest.update(_told(str(path.resolve()), facts))
        for number in range(SAMPLES):
            digest.update(os.pread(file.fileno(), SAMPLE_BYTES, facts.st_size * number // SAMPLES))
    return max(facts.st_mtime_ns, facts.st_ctime_ns)


def _store(image: "ImageStore", digest: "hashlib.blake2b") -> int | None:
    """Digest an image store; gives when any file of it was changed last, None for one whose files have no digests."""
    if "manifest" not in image.attributes:
        return None
    digest.update(canonical_json(image.attributes))
    newest, count, folders = 0, 0, [image.address]
    while folders:
        folder = folders.pop()
        for entry in sorted(os.scandir(folder), key=lambda one: one.name):
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
                continue
            facts = entry.stat()
            digest.update(_told(str(Path(entry.path).absolute()), facts))
            newest, count = max(newest, facts.st_mtime_ns, facts.st_ctime_ns), count + 1
            if count > MOST_FILES:
                return None
    return newest
