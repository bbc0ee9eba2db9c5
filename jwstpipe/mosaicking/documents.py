"""What a mosaic says of itself: its FITS headers, its provenance, the attributes of its store."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from jwstpipe import __version__
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

if TYPE_CHECKING:  # it takes long to load
    from astropy.io.fits import Header

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
        primary=_padded_cards(_primary_header(plan)),
        science=_padded_cards(_science_header(plan)),
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


def _primary_header(plan: MosaicPlan) -> "Header":
    from astropy.io.fits import Header  # noqa: PLC0415 - slow to load, and tiles are made before it is needed

    header = Header()
    header["SIMPLE"] = (True, "conforms to FITS standard")
    header["BITPIX"] = 8
    header["NAXIS"] = 0
    header["EXTEND"] = True
    for key, value in plan.keywords.items():
        if key not in PHOTOMETRY:
            header[key] = (value, COMMENTS.get(key, ""))
    exposure = math.fsum(source.exposure_s for source in plan.sources)
    if not math.isnan(exposure):  # an input may not tell
        for key in ("EXPTIME", "TEXPTIME"):
            header[key] = (exposure, "[s] exposure time of all inputs together")
    header["ORIGIN"] = ("jwstpipe", "software that made this file")
    header["JPVERS"] = (__version__, "version of jwstpipe")
    header["JPPRODID"] = (plan.id, "product id")
    header["JPKERNEL"] = (plan.options.kernel, "interpolation kernel")
    header["JPCOMB"] = (plan.options.combine, "combination of inputs")
    header["JPWEIGHT"] = (plan.weights, "weights of inputs")
    header["JPBACKGR"] = (plan.options.background, "background matching")
    header["NINPUTS"] = (len(plan.sources), "number of inputs")
    for number, source in enumerate(plan.sources[:MOST_INPUT_CARDS], 1):
        header[f"INP{number:05d}"] = source.name[:60]
    return header


def _science_header(plan: MosaicPlan) -> "Header":
    from astropy.io.fits import Header  # noqa: PLC0415 - see above

    header = Header()
    header["XTENSION"] = ("IMAGE", "Image extension")
    header["BITPIX"] = -32
    header["NAXIS"] = 2
    header["NAXIS1"], header["NAXIS2"] = plan.window.shape[1], plan.window.shape[0]
    header["PCOUNT"], header["GCOUNT"] = 0, 1
    header["EXTNAME"] = "SCI"
    if plan.unit:
        header["BUNIT"] = (plan.unit, "physical units of the array values")
    for key in PHOTOMETRY:
        if key in plan.keywords:
            header[key] = (plan.keywords[key], COMMENTS[key])
    area = plan.grid.scale_arcsec**2
    for key, unit, value in (("PIXAR_SR", "sr", area * math.radians(1 / 3600) ** 2), ("PIXAR_A2", "arcsec2", area)):
        header[key] = (float(f"{value:.12g}"), f"[{unit}] area of a pixel")  # the scale is known no better
    header.update(plan.grid.header(plan.window))
    return header


def _padded_cards(header: "Header") -> bytes:
    text = str(header.tostring(sep="", endcard=True, padding=False))
    return text.encode("ascii")
