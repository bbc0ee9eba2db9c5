"""`CubeStore`: a spectral cube in chunked Zarr, read slice by slice or spectrum by spectrum."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jwstpipe.errors import StoreError, UsageError
from jwstpipe.images.cubes.spectral_axis import SpectralAxis
from jwstpipe.images.zarr.blocks.geometry import BLOCKS
from jwstpipe.images.zarr.blocks.reader import BlockReader
from jwstpipe.images.zarr.image_store import ImageStore
from jwstpipe.images.zarr.layout import COMMENT, LAYOUT, array_path
from jwstpipe.sky.box import Box

__all__ = ["WAVELENGTH", "CubeStore", "cube_attributes"]

WAVELENGTH = "wavelength"
"""Array of the wavelengths of its slices, um; xarray takes it as the coordinate of the first axis."""


@dataclass(frozen=True, eq=False, repr=False)
class CubeStore(ImageStore):
    """An image store whose planes are cubes; as an image it has slices, at full resolution only."""

    chunks_of_a_shard: ClassVar[int] = BLOCKS

    @property
    def spectral_axis(self) -> SpectralAxis:
        """Wavelengths of the slices.

        Raises
        ------
        StoreError
            They are lost, damaged, or not one for each slice.
        """
        facts = self.attributes["spectral"]
        microns = self.chunk(f"{WAVELENGTH}/c/0", np.dtype("f8"))
        if microns.size != self.slices:
            raise StoreError(f"{self.address}: {WAVELENGTH}: damaged ({microns.size} for {self.slices} slices)")
        return SpectralAxis(microns, str(facts["kind"]), tuple(facts.get("notes", ())))

    def read(self, plane: str = "sci", box: Box | None = None, *, level: int = 0, index: int = 0) -> NDArray[Any]:
        """Read a window of one slice of a plane (see `SkyImage.read`)."""
        if level:
            raise UsageError(f"{self.address}: a cube has no level {level}")
        return np.ascontiguousarray(self.read_block(plane, index, index + 1, box or self.window)[0])

    def read_to(self, out: NDArray[Any], plane: str, box: Box, *, index: int = 0) -> None:
        """Read a window of one slice of a plane to an array that is there already."""
        out[...] = self.read(plane, box, index=index)

    def read_block(self, plane: str, first: int, last: int, box: Box) -> NDArray[Any]:
        """Read a window of slices `first` to `last` (not included) of a plane, (slice, y, x).

        Raises
        ------
        StoreError
            A shard of it is lost or damaged; the message names the shard.
        """
        if not self.window.contains(box) or not 0 <= first < last <= self.slices:
            raise UsageError(f"{self.address}: has no {box} in slices {first} to {last}; it has {self.slices}")
        path = array_path(plane)
        facts = self._facts(path)
        reader = BlockReader(self.address, path, np.dtype(facts["dtype"]), self._must_stand, self.s3)
        with self.reading():
            return reader.read((first, last), box)


def cube_attributes(
    *, name: str, shape: tuple[int, int, int], planes: tuple[str, ...], unit: str, axis: SpectralAxis,
    product_id: str, provenance: dict[str, Any], fits: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Write the attributes of the root group of a cube.

    Parameters
    ----------
    name, shape, planes, unit
        Of the cube.
    axis
        Its wavelengths.
    product_id, provenance
        Identity and origin.
    fits
        How to write the FITS file again (see `jwstpipe.images.zarr.layout.root_attributes`).
    """
    axes = [{"name": "wavelength", "type": "wavelength"}, *({"name": side, "type": "space"} for side in ("y", "x"))]
    whole = {"path": array_path("sci"), "coordinateTransformations": [{"type": "scale", "scale": [1.0, 1.0, 1.0]}]}
    ours = {
        "layout": LAYOUT,
        "product_id": product_id,
        "kind": "cube",
        "name": name,
        "shape": list(shape[1:]),
        "slices": shape[0],
        "planes": list(planes),
        "levels": 1,
        "unit": unit,
        "provenance": provenance,
        "fits": fits,
        "wcs": {"origin": "fits"},
        "spectral": {"kind": axis.kind, "notes": list(axis.notes)},
    }
    ome = {"version": "0.5", "multiscales": [{"name": name, "axes": axes, "datasets": [whole]}]}
    return {"jwstpipe": ours, "comment": COMMENT, "ome": ome}
