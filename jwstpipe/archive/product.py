"""A file of the archive, as a listing names it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Product"]


@dataclass(frozen=True)
class Product:
    """A file that the archive holds."""

    data_uri: str
    """Its identity, as ``mast:JWST/product/jw02733-o001_t001_nircam_clear-f090w_i2d.fits``."""

    file_name: str
    """Name of the file."""

    size: int
    """Bytes as listed; 0 = the archive does not say."""

    obs_id: str
    """Observation that it belongs to."""

    level: int
    """MAST calibration level: 1 raw, 2 exposure, 3 combined; -1 = not said."""

    suffix: str
    """Kind at the end of the name: i2d, cal..."""

    filters: tuple[str, ...]
    """Filters as MAST names them, one or two, as ``("F444W", "F405N")``."""

    instrument: str
    """As MAST says: NIRCAM/IMAGE, MIRI/IMAGE..."""

    target: str
    """Name of the target in the proposal."""

    product_type: str
    """SCIENCE, AUXILIARY, PREVIEW or INFO."""

    version: str
    """Version of the pipeline that made it; empty when not said."""

    rights: str
    """PUBLIC, or who may have it."""

    listed_under: str
    """Observation under which it was listed; another than `obs_id` for a member of a combined one."""

    mast: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """Every field of the product row and of the observation row, without empty ones. Where both have a name, the
    product's stands under it and the observation's, if different, under ``observation_<name>``."""

    @property
    def is_member(self) -> bool:
        """Whether it belongs to another observation than the one under which it was listed."""
        return self.obs_id.lower() != self.listed_under.lower()
