"""`LaidImage`: one image of a plane, as a `SkyImage` of the plane's pixels."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import UsageError
from jwstpipe.fits.dq import DQ_BITS
from jwstpipe.fits.headers import CARD, parse_header
from jwstpipe.fits.plain.changed_cards import written_cards
from jwstpipe.images.face import ImageFace
from jwstpipe.images.headers.keywords import stored_header
from jwstpipe.images.image import SkyImage
from jwstpipe.images.levels import level_shape
from jwstpipe.operations.inputs.laid.plane import LaidPlane
from jwstpipe.settings import S3Settings
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import is_wcs_keyword, wcs_cards_of
from jwstpipe.sky.wcs.image_wcs import ImageWcs

if TYPE_CHECKING:
    from astropy.io.fits import Header

__all__ = ["LaidImage"]

SMALLEST = 256
"""Levels end where the whole image is no larger."""

_ARCSEC2 = (np.pi / 648_000.0) ** 2


@dataclass(frozen=True, eq=False, repr=False)
class LaidImage(ImageFace):
    """An image laid on a plane, made where it is read (see `SkyImage` for what it offers)."""

    plane: LaidPlane
    number: int
    """Which of its images."""

    s3: S3Settings

    slices: ClassVar[int] = 1

    @property
    def _image(self) -> SkyImage:
        return self.plane.images[self.number]

    @property
    def address(self) -> str:
        """Where the image itself is."""
        return self._image.address

    @property
    def name(self) -> str:
        """Name for people."""
        return self._image.name

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the plane's window."""
        return self.plane.window.shape

    @property
    def planes(self) -> tuple[str, ...]:
        """Planes that follow from those of the image."""
        has = self.plane.sources[self.number].planes
        return ("sci", *(["err"] if "err" in has else []), "wht", "n", *(["dq"] if "dq" in has else []))

    @property
    def levels(self) -> int:
        """Each is made from the level of the image that fits it."""
        level = 0
        while max(level_shape(self.shape, level)) > SMALLEST:
            level += 1
        return level + 1

    @property
    def primary(self) -> "Header":
        """That of the image."""
        return self._image.primary

    @cached_property
    def header(self) -> "Header":
        """That of the image, on the plane."""
        return parse_header(self.header_text("sci").encode("latin-1"))

    def header_text(self, name: str) -> str:
        """Give the cards of a header, ``primary`` or ``sci``: those of the image, on the plane."""
        text = stored_header(self._image, name)
        return text if name == "primary" else self._on_plane(text)

    def _on_plane(self, text: str) -> str:
        rows, columns = self.shape
        values = {keyword: value for keyword, (value, _) in self.plane.grid.keywords(self.plane.window).items()}
        values |= {"NAXIS1": columns, "NAXIS2": rows}
        cards = [text[start : start + CARD] for start in range(0, len(text), CARD)]
        area = self.plane.grid.scale_arcsec**2
        areas = {"PIXAR_A2": area, "PIXAR_SR": area * _ARCSEC2}
        kept = []
        for card in cards:
            keyword = card[:8].rstrip()
            if keyword in areas:
                values[keyword] = areas[keyword]
            elif keyword not in values and keyword != "END" and not is_wcs_keyword(keyword):
                kept.append(card)
        return "".join(kept) + written_cards(values) + "END".ljust(CARD)

    @cached_property
    def image_wcs(self) -> ImageWcs:
        """The plane's."""
        return ImageWcs(wcs_cards_of(self.header_text("sci")))

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of the image."""
        return self._image.notes

    @property
    def provenance(self) -> dict[str, Any]:
        """That of the image."""
        return self._image.provenance

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window of one plane (see `SkyImage.read`); levels above 0 have ``sci`` alone."""
        whole = Box.of_shape(level_shape(self.shape, level))
        window = box or whole
        known = ("sci",) if level else self.planes
        if not whole.contains(window) or index or plane not in known or level >= self.levels:
            raise UsageError(f"{self.address}: {plane} of level {level} has no {window} in slice {index}")
        if plane == "sci":
            return self.plane.read(self.number, window, level)
        values = self._computed(plane, window)
        if plane == "dq":
            values[self.plane.estimated(self.number, window)] |= np.uint32(DQ_BITS["FLUX_ESTIMATED"])
        return values

    def _computed(self, plane: str, window: Box) -> NDArray[Any]:
        """Resample what no picture shows."""
        from jwstpipe.mosaicking.tile import compute  # noqa: PLC0415 - seldom needed
        from jwstpipe.mosaicking.tile_job import TileJob  # noqa: PLC0415
        from jwstpipe.requests import MosaicOptions  # noqa: PLC0415

        corner = (self.plane.window.y0, self.plane.window.x0)
        job = TileJob(
            "", (0, 0), window.shifted(*corner), corner, self.plane.grid, (self.plane.sources[self.number],), "uniform",
            self.plane.is_flux(self.number), MosaicOptions(weights="uniform"), self.planes, self.s3,
        )  # fmt: skip
        return compute(job).planes[plane]
