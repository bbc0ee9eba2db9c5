"""What a cube is, in plain values."""

from typing import Any

import numpy as np

from jwstpipe.analysis.cubes.cube import Cube
from jwstpipe.analysis.cubes.instrument import cube_resolution, fwhm_arcsec
from jwstpipe.errors import JwstPipeError

__all__ = ["cube_facts"]


def cube_facts(cube: Cube) -> dict[str, Any]:
    """Tell what a cube is: size, wavelengths, unit, place on the sky; no samples are read.

    Returns
    -------
    dict
        Plain values; what a cube does not have is None, and why stands in ``notes``.
    """
    slices, rows, columns = cube.shape
    notes = list(cube.notes)
    facts: dict[str, Any] = {
        "schema_version": 1, "address": cube.address, "slices": slices, "height": rows, "width": columns,
        "planes": list(cube.planes), "unit": str(cube.image.header.get("BUNIT", "") or ""), "axis": cube.kind,
    }  # fmt: skip
    if cube.axis is not None:
        ends = float(cube.microns.min()), float(cube.microns.max())
        power = cube_resolution(cube, np.array(ends))
        widths = fwhm_arcsec(cube.image.primary, np.array(ends))
        facts |= {
            "shortest_um": ends[0], "longest_um": ends[1], "step_um": float(np.median(cube.widths)),
            "wavelengths": cube.axis.kind,
            "resolving_power": [round(float(value)) for value in power],
            "fwhm_arcsec": None if widths is None else [round(float(value), 3) for value in widths],
        }  # fmt: skip
    for key in ("TELESCOP", "INSTRUME", "CHANNEL", "BAND", "GRATING", "FILTER", "TARGNAME"):
        facts[key.lower()] = cube.image.primary.get(key)
    try:
        place = cube.wcs.pixel_to_world((columns - 1) / 2, (rows - 1) / 2).icrs
        facts |= {"ra": float(place.ra.deg), "dec": float(place.dec.deg)}
        facts["scale_arcsec"] = float(cube.sky.exact(name=cube.address).scale_arcsec)
    except JwstPipeError as error:
        notes.append(f"no place on the sky: {str(error).removeprefix(cube.address + ': ')}")
    facts["product_id"] = cube.image.provenance.get("product_id")
    facts["notes"] = notes
    return facts
