"""What a picture finds out about its images, kept for the next look at them: identities, coarse levels, statistics.

A second picture of the same images then reads none of their pixels. Everything is kept by `content_key`, so that a
changed image has nothing kept, and is what it would be without: whole levels and whole measurements, to the bit.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from jwstpipe import __version__
from jwstpipe.display.tone.statistics import SkyStatistics
from jwstpipe.fits.readers.block_cache import default_folder
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.headers.content_id import identity_of
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_shape, read_level
from jwstpipe.operations.inputs.content_key import content_key
from jwstpipe.render.channel_samples import ChannelSamples, SkyPlace, measure_channels
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.storage.kept_arrays import KeptArrays

if TYPE_CHECKING:  # what reads stores is loaded with the first of them
    from jwstpipe.images.zarr.image_store import ImageStore

__all__ = ["KeptLooks"]

MOST_PIXELS = 1 << 22
"""Larger levels are read anew."""

_FORM = 1
"""Changes with the algorithms whose results are kept."""


class KeptLooks:
    """The cache of pictures of a site (``s3.cache`` and ``s3.cache_mb``); of no size it keeps nothing."""

    def __init__(self, s3: S3Settings | None) -> None:
        known = s3 or S3Settings()
        folder = Path(known.cache or default_folder()) / "looks"
        self._kept = KeptArrays(folder, known.cache_mb << 20) if known.cache_mb else None

    def identity(self, image: "FitsImage | ImageStore") -> str:
        """Give the product id of an image (`identity_of`); that of a FITS file is its digest, found once."""
        if not isinstance(image, FitsImage) or self._kept is None:
            return identity_of(image)
        content = content_key(image)
        if content is None:
            return identity_of(image)
        key = self._key("identity", content=content)
        entry = self._kept.get(key)
        if entry is not None:
            return str(entry.facts["id"])
        found = identity_of(image)
        self._kept.put(key, facts={"id": found})
        return found

    def images(self, images: Sequence[SkyImage], addresses: Sequence[str]) -> list[SkyImage]:
        """Give the same images with coarse levels that are kept.

        Parameters
        ----------
        images
            As they are shown.
        addresses
            Of the inputs: an image at another address was resampled or mended for this picture, and nothing of it is
            kept.
        """
        if self._kept is None:
            return list(images)
        keys = [
            content_key(image) if image.address == address and _is_stored(image) else None
            for image, address in zip(images, addresses, strict=True)
        ]
        return [
            image if key is None else _KeptLevels(image, key, self._kept, partial(self._key, "level", content=key))
            for image, key in zip(images, keys, strict=True)
        ]

    def measure(self, images: Sequence[SkyImage], wished: SkyPlace | None) -> ChannelSamples:
        """Measure channels as `measure_channels` does."""
        contents = [image.content if isinstance(image, _KeptLevels) else None for image in images]
        if self._kept is None or None in contents:
            return measure_channels(images, wished)
        key = self._key("channels", contents=contents, region=None if wished is None else list(wished))
        entry = self._kept.get(key)
        if entry is not None:
            counts, *coarse = entry.arrays
            facts = entry.facts
            statistics = [_statistics(one) for one in facts["statistics"]]
            return ChannelSamples(statistics, facts["level"], counts, coarse, facts["coarse_level"])
        found = measure_channels(images, wished)
        facts = {
            "statistics": [asdict(one) for one in found.statistics],
            "level": found.level,
            "coarse_level": found.coarse_level,
        }
        self._kept.put(key, facts=facts, arrays=[found.counts, *found.coarse])
        return found

    def _key(self, what: str, **more: Any) -> dict[str, Any]:
        return {"what": what, "form": _FORM, "version": __version__, **more}


def _is_stored(image: Any) -> TypeGuard["FitsImage | ImageStore"]:
    """Tell whether an image is a file or a store, as it stands there."""
    if isinstance(image, FitsImage):
        return True
    from jwstpipe.images.zarr.image_store import ImageStore  # noqa: PLC0415 - see above

    return isinstance(image, ImageStore)


def _statistics(known: dict[str, Any]) -> SkyStatistics:
    """Read statistics as JSON has them: its lists are tuples."""
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in known.items()}
    return SkyStatistics(**values)


@dataclass(frozen=True, eq=False)
class _KeptLevels:
    """An image whose coarse levels of the science plane are kept; all else is the image's own."""

    image: Any
    content: str
    kept: KeptArrays
    key: Callable[..., dict[str, Any]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", {})
        object.__setattr__(self, "lock", threading.Lock())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.image, name)

    def __getitem__(self, place: Any) -> Any:
        return self.image[place]

    @property
    def levels(self) -> int:
        """As many as anybody asks for."""
        return 64

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window of one plane."""
        if plane != "sci" or level == 0 or index or self.image.slices > 1:
            return np.asarray(self.image.read(plane, box, level=level, index=index))
        rows, columns = level_shape(self.image.shape, level)
        if rows * columns > MOST_PIXELS:
            return read_level(self.image, box, level=level)
        whole = self._level(level)
        return whole if box is None else whole[box.slices]

    def _level(self, level: int) -> NDArray[np.float32]:
        with self.lock:
            if level not in self.found:
                key = self.key(level=level)
                entry = self.kept.get(key)
                if entry is None:
                    self.found[level] = read_level(self.image, level=level)
                    self.kept.put(key, facts={}, arrays=[self.found[level]])
                else:
                    self.found[level] = entry.arrays[0]
            whole: NDArray[np.float32] = self.found[level]
            return whole
