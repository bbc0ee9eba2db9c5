"""What a picture finds out about its images, kept for the next look at them: identities, coarse levels, statistics.

A second picture of the same images then reads none of their pixels. Everything is kept by `content_key`, so that a
changed image has nothing kept, and is what it would be without: whole levels and whole measurements, to the bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from jwstpipe import __version__
from jwstpipe.display.tone.statistics import SkyStatistics
from jwstpipe.execution.kept import Kept
from jwstpipe.fits.readers.block_cache import default_folder
from jwstpipe.identity import canonical_json
from jwstpipe.images.fits_image import FitsImage
from jwstpipe.images.headers.content_id import identity_of
from jwstpipe.images.headers.content_key import content_key
from jwstpipe.images.headers.kept_identity import kept_content_id
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_shape
from jwstpipe.images.open import open_image
from jwstpipe.operations.inputs.kept_levels import MOST_PIXELS, KeptImage, KeptLevels, OnlySamples, Told
from jwstpipe.render.channel_samples import ChannelSamples, SkyPlace, measure_channels
from jwstpipe.render.cores.holes import CoreLimits, Hole
from jwstpipe.render.geometry.coverage import covered_box
from jwstpipe.render.rendering import Filled, read_filled
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.grid import SkyGrid
from jwstpipe.storage.kept_arrays import KeptArrays

if TYPE_CHECKING:  # what reads stores is loaded with the first of them
    from jwstpipe.images.zarr.image_store import ImageStore

__all__ = ["KeptLooks"]

_FORM = 3
"""Changes with the algorithms whose results are kept."""

CELL = 1024
"""Side of the parts of a level whose holes are filled at once."""

_CELLS_BYTES = 128 << 20
"""Most bytes of them that stay in memory: windows share some, and several threads read windows."""


class Plane(Protocol):
    """A plane of the sky for several images."""

    @property
    def grid(self) -> SkyGrid:
        """The plane."""
        ...

    @property
    def window(self) -> Box:
        """The part of it that they cover."""
        ...


@dataclass(frozen=True)
class KeptPlane:
    """Such a plane, as it was kept."""

    grid: SkyGrid
    window: Box


class KeptLooks:
    """The cache of pictures of a site (``s3.cache`` and ``s3.cache_mb``); of no size it keeps nothing."""

    def __init__(self, s3: S3Settings | None) -> None:
        self._s3 = known = s3 or S3Settings()
        folder = Path(known.cache or default_folder()) / "looks"
        self._kept = KeptArrays(folder, known.cache_mb << 20) if known.cache_mb else None
        self._known: dict[str, str | None] = {}
        self._cells: Kept[Filled] = Kept(_CELLS_BYTES, size=lambda filled: filled[0].nbytes + filled[2].nbytes)

    def open(self, address: str) -> "FitsImage | ImageStore":
        """Open an image; a store has its headers as they are kept: what unpacks them takes 0.1 s to load."""
        image = open_image(address, s3=self._s3)
        if self._kept is None or isinstance(image, FitsImage) or (content := self._content(image)) is None:
            return image
        key = self._key("headers", content=content)
        entry = self._kept.get(key)
        if entry is None:
            self._kept.put(key, facts={name: image.header_text(name) for name in ("primary", "sci")})
        else:
            image.headers.update({name: text.encode("latin-1") for name, text in entry.facts.items()})
        return image

    def _content(self, image: "FitsImage | ImageStore") -> str | None:
        """Give the key of the content of an image as it was when it was asked for first."""
        if image.address not in self._known:
            self._known[image.address] = content_key(image)
        return self._known[image.address]

    def identity(self, image: "FitsImage | ImageStore") -> str:
        """Give the product id of an image (`identity_of`); that of a FITS file is its digest, found once."""
        carried = image.provenance.get("product_id")
        if carried or not isinstance(image, FitsImage):
            return str(carried or identity_of(image))
        return kept_content_id(image, s3=self._s3)

    def flagged(self, image: SkyImage, *, find: Callable[[SkyImage], bool]) -> bool:
        """Tell what `find` tells of the flags of an image."""
        content = self._content(image) if self._kept is not None and _is_stored(image) else None
        if self._kept is None or content is None:
            return find(image)
        key = self._key("flagged", content=content)
        entry = self._kept.get(key)
        if entry is not None:
            return bool(entry.facts["flagged"])
        found = find(image)
        self._kept.put(key, facts={"flagged": found})
        return found

    def plane(
        self, images: Sequence[SkyImage], addresses: Sequence[str], wish: tuple[float | None, float],
        find: Callable[[], Plane | None],
    ) -> Plane | None:  # fmt: skip
        """Give the plane that `find` finds for images and a wish (pixel size, rotation), and its window."""
        contents = self._contents(images, addresses)
        if self._kept is None or None in contents:
            return find()
        key = self._key("plane", contents=contents, wish=list(wish))
        entry = self._kept.get(key)
        if entry is not None:
            return KeptPlane(SkyGrid.from_dict(entry.facts["grid"]), Box(*entry.facts["window"]))
        found = find()
        if found is not None:
            self._kept.put(key, facts={"grid": found.grid.as_dict(), "window": _corners(found.window)})
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
        if laid := self._laid(images, addresses):
            return [KeptImage(image, f"{laid.content} {number}", laid, number) for number, image in enumerate(images)]
        return [
            image if key is None else KeptImage(image, key, self._levels([image], key, OnlySamples()))
            for image, key in zip(images, self._contents(images, addresses), strict=True)
        ]

    def _contents(self, images: Sequence[Any], addresses: Sequence[str]) -> list[str | None]:
        """Give the keys of the contents of images; None for one that does not stand where the input does."""
        return [
            self._content(image) if image.address == address and _is_stored(image) else None
            for image, address in zip(images, addresses, strict=True)
        ]

    def _laid(self, images: Sequence[Any], addresses: Sequence[str]) -> KeptLevels | None:
        """Give the kept levels of images that are laid on one plane, whose samples follow from all of them."""
        plane = getattr(images[0], "plane", None) if images else None
        if plane is None or any(getattr(image, "plane", None) is not plane for image in images):
            return None
        contents = self._contents(plane.images, addresses)
        if None in contents:
            return None
        return self._levels(images, canonical_json([contents, repr(plane.grid), repr(plane.window)]).decode(), plane)

    def _levels(self, images: Sequence[Any], content: str, told: Told) -> KeptLevels:
        assert self._kept is not None
        return KeptLevels(tuple(images), content, self._kept, partial(self._key, "level", content=content), told)

    def measure(self, images: Sequence[SkyImage], wished: SkyPlace | None) -> ChannelSamples:
        """Measure channels as `measure_channels` does."""
        contents = [image.content if isinstance(image, KeptImage) else None for image in images]
        if self._kept is None or None in contents:
            return measure_channels(images, wished)
        key = self._key("channels", contents=contents, region=None if wished is None else list(wished))
        entry = self._kept.get(key)
        if entry is not None:
            counts, *coarse = entry.arrays
            facts = entry.facts
            _tell_filled(images, facts)
            statistics = [_statistics(one) for one in facts["statistics"]]
            return ChannelSamples(statistics, facts["level"], counts, coarse, facts["coarse_level"])
        found = measure_channels(images, wished)
        facts = {
            "statistics": [asdict(one) for one in found.statistics],
            "level": found.level,
            "coarse_level": found.coarse_level,
            "filled": _filled_of(images),
        }
        self._kept.put(key, facts=facts, arrays=[found.counts, *found.coarse])
        return found

    def cover(self, images: Sequence[SkyImage], counts: NDArray[np.uint16], level: int, least: int) -> Box:
        """Find the covered window as `covered_box` does: of images on other grids it reads full resolution."""
        contents = [image.content if isinstance(image, KeptImage) else None for image in images]
        if self._kept is None or None in contents:
            return covered_box(images, counts, level, least)
        key = self._key("covered", contents=contents, level=level, least=least)
        entry = self._kept.get(key)
        if entry is not None:
            _tell_filled(images, entry.facts)
            return Box(*entry.facts["box"])
        found = covered_box(images, counts, level, least)
        self._kept.put(key, facts={"box": _corners(found), "filled": _filled_of(images)})
        return found

    def read_filled(self, images: Sequence[SkyImage], box: Box, level: int, cores: CoreLimits) -> Filled:
        """Read a window with its holes filled, as `rendering.read_filled` does: that follows from the images alone.

        It is made and kept in cells of the level, so that other windows, sizes and looks find it, too.
        """
        contents = [image.content if isinstance(image, KeptImage) else None for image in images]
        whole, limits = Box.of_shape(level_shape(images[0].shape, level)), cores.at(level)
        small = max(box.shape) <= limits.extent  # such a window may lie in a hole, of which it tells nothing
        if self._kept is None or None in contents or whole.area > MOST_PIXELS or small:
            return read_filled(images, box, level, cores)
        values = np.empty((len(images), *box.shape), np.float32)
        repaired = np.empty(box.shape, bool)
        holes: list[set[Hole]] = [set() for _ in images]
        for cell in box.snapped(CELL).cells(CELL):
            part = cell.intersection(whole)
            assert part is not None  # asked for by windows inside
            key = self._key("filled", contents=contents, level=level, box=_corners(part), cores=asdict(cores))
            filled = self._cells.get(canonical_json(key), partial(self._cell, key, images, part, level, cores))
            common = part.intersection(box)
            assert common is not None
            here, there = common.relative_to(part).slices, common.relative_to(box).slices
            values[:, *there], repaired[there] = filled[0][:, *here], filled[2][here]
            for known, found in zip(holes, filled[1], strict=True):
                known.update(hole for hole in found if hole.touches(box))
        none = not any(holes) or (not repaired.any() and not np.isnan(values).any()) or np.isnan(values).all()
        return values, [frozenset() if none else frozenset(found) for found in holes], repaired

    def _cell(
        self, key: dict[str, Any], images: Sequence[SkyImage], cell: Box, level: int, cores: CoreLimits
    ) -> Filled:
        """Take a cell of a level from what is kept, or make it and keep it."""
        assert self._kept is not None
        entry = self._kept.get(key)
        if entry is not None:
            _tell_filled(images, entry.facts)
            values, repaired = entry.arrays
            return values, [frozenset(map(_hole, layer)) for layer in entry.facts["holes"]], repaired
        values, holes, repaired = found = read_filled(images, cell, level, cores)
        listed = [[[hole.column, hole.area, *_corners(hole.bounds)] for hole in sorted(layer)] for layer in holes]
        self._kept.put(key, facts={"holes": listed, "filled": _filled_of(images)}, arrays=[values, repaired])
        return found

    def _key(self, what: str, **more: Any) -> dict[str, Any]:
        return {"what": what, "form": _FORM, "version": __version__, **more}


def _corners(box: Box) -> list[int]:
    return [box.y0, box.x0, box.y1, box.x1]


def _hole(known: Sequence[int]) -> Hole:
    """Read a hole as JSON has it: column and area, then its bounds."""
    column, area, *corners = known
    bounds = Box(*corners)
    return Hole(bounds.y0, column, area, bounds)


def _filled_of(images: Sequence[Any]) -> list[Any]:
    """List the lost cores that were filled until now; of a plane they are those of all its images."""
    return sorted(images[0].kept.told.repaired.items())


def _tell_filled(images: Sequence[Any], facts: dict[str, Any]) -> None:
    images[0].kept.told.repaired.update({tuple(part): count for part, count in facts["filled"]})


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
