"""What a mosaic says of itself: its FITS headers, its provenance, the attributes of its store."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from jwstpipe import __version__
from jwstpipe.fits.plain.written_header import CardSaid, written_header
from jwstpipe.identity import provenance_document
from jwstpipe.images.exporting.mosaic_file import MosaicTold
from jwstpipe.images.zarr.layout import plane_spec, root_attributes
from jwstpipe.images.zarr.stored_wcs import write_place
from jwstpipe.images.zarr.writer import ImageWriter
from jwstpipe.mosaicking.inputs.handed_on import COMMENTS, PHOTOMETRY
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.mosaicking.plan import MosaicPlan
from jwstpipe.mosaicking.receipt import PASSING, MosaicReceipt
from jwstpipe.mosaicking.reuse import tile_records
from jwstpipe.mosaicking.tile import TileReceipt
from jwstpipe.mosaicking.tile_job import ALGORITHM
from jwstpipe.sky.box import Box
from jwstpipe.sky.celestial import wcs_cards_of
from jwstpipe.sky.wcs.image_wcs import ImageWcs

__all__ = ["told_of", "write_documents"]

MOST_INPUT_CARDS = 200
"""Inputs named one by one in the header; the store's provenance and the catalogue have all."""


def write_documents(
    writer: ImageWriter, plan: MosaicPlan, receipt: MosaicReceipt, tiles: Mapping[str, TileReceipt]
) -> None:
    """Write headers and attributes; nothing in them depends on when or how fast the mosaic was made."""
    told = told_of(plan)
    writer.write_header("primary", told.primary)
    writer.write_header("sci", told.science)
    place = ImageWcs(wcs_cards_of(told.science.decode("ascii")))
    write_place(writer, place, plan.window.shape, receipt.levels)
    found = {key: value for key, value in asdict(receipt).items() if key not in PASSING}
    provenance = {**told.provenance, "tiles": tile_records(tiles), "receipt": found}
    writer.finish(
        root_attributes(
            kind="mosaic",
            name=str(plan.keywords.get("FILTER", "mosaic")),
            shape=plan.window.shape,
            planes=plan.planes,
            unit=plan.unit,
            levels=receipt.levels,
            product_id=plan.id,
            provenance=provenance,
            fits={"omitted": []},
            grid={"grid": plan.grid.as_dict(), "box": _list(plan.window)},
        )
    )


def told_of(plan: MosaicPlan) -> MosaicTold:
    """Give what is told of a mosaic in whatever form, as soon as its skies are known."""
    document = provenance_document(
        plan.id,
        kind="mosaic",
        operation="mosaic",
        algorithm_version=ALGORITHM,
        parameters=plan.parameters,
        inputs=[
            {**source.carried(), "level": source.sky.level, "slope": list(source.sky.slope), **_moved(source)}
            for source in plan.sources
        ],
    )
    return MosaicTold(
        primary=written_header(_primary_keywords(plan)),
        science=written_header(_science_keywords(plan)),
        planes={plane: np.dtype(plane_spec(plane).dtype) for plane in plan.planes},
        unit=plan.unit,
        grid=plan.grid,
        window=plan.window,
        provenance=document,
    )


def _moved(source: Source) -> dict[str, Any]:
    """Tell how an image was moved that follows a target: who looks for a pixel in it must go the same way back."""
    if source.follow is None:
        return {}
    turned = {} if source.turn is None else {"turn": list(source.turn.matrix)}
    return {"follow": list(source.follow.matrix), **turned}


def _list(box: Box) -> list[int]:
    return [box.y0, box.x0, box.y1, box.x1]


def _primary_keywords(plan: MosaicPlan) -> dict[str, CardSaid]:
    said: dict[str, CardSaid] = {
        "SIMPLE": (True, "conforms to FITS standard"), "BITPIX": (8, ""), "NAXIS": (0, ""), "EXTEND": (True, ""),
    }  # fmt: skip
    said |= {key: (value, COMMENTS.get(key, "")) for key, value in plan.keywords.items() if key not in PHOTOMETRY}
    exposure = math.fsum(source.exposure_s for source in plan.sources)
    if not math.isnan(exposure):  # an input may not tell
        said |= dict.fromkeys(("EXPTIME", "TEXPTIME"), (exposure, "[s] exposure time of all inputs together"))
    said["ORIGIN"] = ("jwstpipe", "software that made this file")
    said["JPVERS"] = (__version__, "version of jwstpipe")
    said["JPPRODID"] = (plan.id, "product id")
    said["JPKERNEL"] = (plan.options.kernel, "interpolation kernel")
    said["JPCOMB"] = (plan.options.combine, "combination of inputs")
    said["JPWEIGHT"] = (plan.weights, "weights of inputs")
    said["JPBACKGR"] = (plan.options.background, "background matching")
    said["NINPUTS"] = (len(plan.sources), "number of inputs")
    for number, source in enumerate(plan.sources[:MOST_INPUT_CARDS], 1):
        said[f"INP{number:05d}"] = (source.name[:60], "")
    return said


def _science_keywords(plan: MosaicPlan) -> dict[str, CardSaid]:
    rows, columns = plan.window.shape
    said: dict[str, CardSaid] = {
        "XTENSION": ("IMAGE", "Image extension"), "BITPIX": (-32, ""), "NAXIS": (2, ""), "NAXIS1": (columns, ""),
        "NAXIS2": (rows, ""), "PCOUNT": (0, ""), "GCOUNT": (1, ""), "EXTNAME": ("SCI", ""),
    }  # fmt: skip
    if plan.unit:
        said["BUNIT"] = (plan.unit, "physical units of the array values")
    said |= {key: (plan.keywords[key], COMMENTS[key]) for key in PHOTOMETRY if key in plan.keywords}
    area = plan.grid.scale_arcsec**2
    for key, unit, value in (("PIXAR_SR", "sr", area * math.radians(1 / 3600) ** 2), ("PIXAR_A2", "arcsec2", area)):
        said[key] = (float(f"{value:.12g}"), f"[{unit}] area of a pixel")  # the scale is known no better
    return said | plan.grid.keywords(plan.window)
