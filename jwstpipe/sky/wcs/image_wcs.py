"""`ImageWcs`: where an image lies on the sky, as plain values that travel between processes."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from jwstpipe.sky.celestial import CelestialWcs
from jwstpipe.sky.wcs.header_repairs import repaired_cards
from jwstpipe.sky.wcs.sampled_wcs import SampledWcs, WcsNodes
from jwstpipe.sky.wcs.sky_wcs import SkyWcs
from jwstpipe.sky.wcs.tangent import TangentWcs

__all__ = ["ImageWcs"]


@dataclass(frozen=True)
class ImageWcs:
    """The WCS of an image: the nodes of its gwcs where it has one, else its FITS header.

    `SharedWcs` is the same as a WCS of astropy's shared interface.
    """

    cards: str
    """Header cards that place the image on the sky (`wcs_cards`); may be empty where there are nodes."""

    nodes: WcsNodes | None = None
    """The gwcs of the file on a lattice; wins over the cards."""

    header_offset_px: float | None = None
    """Largest distance between gwcs and header on the image, pixels; None where one of them is missing."""

    note: str = ""
    """Why a gwcs that the file has is not used; empty when it is used, or when there is none."""

    tables: bytes = b""
    """FITS bytes of the tables that the cards refer to (look-up tables of distortions, -TAB); else empty."""

    @property
    def repairs(self) -> tuple[str, ...]:
        """What is mended in the cards before they are read, one sentence each."""
        return repaired_cards(self.cards).notes if self.nodes is None else ()

    @property
    def origin(self) -> str:
        """``gwcs`` or ``fits``."""
        return "fits" if self.nodes is None else "gwcs"

    @cached_property
    def digest(self) -> str:
        """Digest of what maps its pixels: the nodes where there are any, else the cards."""
        digest = hashlib.sha256()
        if self.nodes is None:
            digest.update(f"cards:{self.cards}".encode())
            digest.update(self.tables)
        else:
            digest.update(f"nodes:{self.nodes.counts}:{self.nodes.origin}:{self.nodes.step}:".encode())
            digest.update(self.nodes.content)
        return digest.hexdigest()[:32]

    def exact(self, *, name: str) -> SkyWcs:
        """Build what evaluates it; once for each thread.

        Parameters
        ----------
        name
            The file, for errors.

        Raises
        ------
        TransformError
            No celestial WCS, or one that cannot be used.
        """
        if self.nodes is not None:
            return SampledWcs(self.nodes, name)
        plain = None if self.tables else TangentWcs.from_cards(self.cards, compiled=True)
        return plain or CelestialWcs.from_cards(self.cards, name=name, tables=self.tables)
