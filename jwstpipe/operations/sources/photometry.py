"""The operation ``photometry``: known sources measured on images, those of all filters at the same places."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from astropy.table import Table
from pydantic import Field

from jwstpipe.analysis.catalogues.sources_table import sources_table
from jwstpipe.analysis.opened import ImageRef, opened
from jwstpipe.analysis.photometry.encircled import curve_text
from jwstpipe.analysis.photometry.forced import Forced, measure_image
from jwstpipe.analysis.photometry.positions import sources_of_table
from jwstpipe.analysis.photometry.psf.files import psf_text
from jwstpipe.analysis.photometry.psf.matched import matched_images
from jwstpipe.analysis.photometry.table import photometry_table
from jwstpipe.analysis.sources.detect import find_sources
from jwstpipe.errors import DataError, UsageError
from jwstpipe.execution.workers import ThreadWorkers, Workers
from jwstpipe.operations.inputs.catalogue_inputs import table_at
from jwstpipe.operations.make.write_catalogue_product import CATALOGUE_FORMS, CATALOGUE_PLACE, write_catalogue_product
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.requests.analysis.photometry import PhotometryRequest
from jwstpipe.settings import S3Settings

__all__ = ["PHOTOMETRY", "Measured", "PhotometryRecipe", "measured", "with_content"]


class PhotometryRecipe(PhotometryRequest, DetectRequest):
    """All that decides over photometry besides its inputs; a table that it names stands in it by its content."""

    catalogue: bool = Field(False, description="the first input is the catalogue; else sources of the first image")

    @property
    def detection(self) -> DetectRequest:
        """How sources are found where there is no catalogue."""
        return DetectRequest(**{name: getattr(self, name) for name in DetectRequest.model_fields})


@dataclass(frozen=True, eq=False)
class Measured:
    """The catalogue, and what was measured on each image."""

    table: Table
    images: tuple[Forced, ...]


def measured(
    images: Sequence[ImageRef],
    options: PhotometryRequest,
    *,
    catalogue: Table | None = None,
    catalogue_name: str = "catalogue",
    detection: DetectRequest | None = None,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> Measured:
    """Measure the rows of a catalogue on images; without one, the sources of the first image are found.

    Raises
    ------
    UsageError
        No image.
    DataError
        A catalogue without rows or positions, or a first image without sources.
    """
    if not images:
        raise UsageError("photometry needs an image")
    work: dict[str, Any] = {"s3": s3, "workers": workers, "report": report}
    if catalogue is None:
        found = find_sources(images[0], options=detection, **work)
        first = opened(images[0], s3=s3)
        catalogue = sources_table(found, first)
        if not len(catalogue):
            raise DataError(f"{first.address}: no source stands above the threshold, so there is nothing to measure")
    sources = sources_of_table(catalogue, name=catalogue_name)
    settled, matched = with_content(options), None
    if options.psf_match:
        images, matched = matched_images(
            images, sources, settled.psf, s3=s3, workers=workers or ThreadWorkers(os.cpu_count() or 1), report=report
        )
        settled = settled if settled.psf == "auto" else settled.model_copy(update={"psf": None})
    done: list[Forced] = []
    for image in images:
        done.append(measure_image(image, sources, settled, kron=done[0].kron if done else None, **work))
    table = photometry_table(sources, done)
    if matched is not None:
        table.meta["psf_match"] = matched
    return Measured(table, tuple(done))


def with_content(request: Any) -> Any:
    """Put the content of a table of a curve, and of a file of PSFs, in the place of their names.

    Raises
    ------
    UsageError, NotFoundError, DataError
        No such table or file, or nothing of the kind in it.
    """
    read = {}
    if request.growth_table is not None and "\n" not in request.growth_table:
        read["growth_table"] = curve_text(request.growth_table)
    if request.psf not in {None, "auto"} and "\n" not in request.psf:
        read["psf"] = psf_text(request.psf)
    return request.model_copy(update=read) if read else request


def _notes(made: Measured, names: Sequence[str]) -> tuple[str, ...]:
    """Say of which images no fluxes could be given, and why."""
    found = []
    for image, name in zip(made.images, names, strict=True):
        if image.scale is None:
            told = f"the unit {image.unit!r} is no flux" if image.unit else "no unit"
            found.append(f"{name}: {told}; its columns are sums of samples, without magnitudes")
        elif not np.isfinite(image.factor).any():
            found.append(f"{name}: no WCS; brightness on an area of sky is no flux, so that fluxes are missing")
    return tuple(found)


def _identify(request: PhotometryRecipe, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    parameters = with_content(request).model_dump(mode="json")
    return derived_identity(PHOTOMETRY.name, PHOTOMETRY.version, parameters, inputs)


def _make(identity: Identity, target: str, request: PhotometryRecipe, *, context: MakeContext) -> Receipt:
    del request  # what it says stands in the identity, with the content of its table
    settled = PHOTOMETRY.request_of(identity.parameters)
    addresses = [one.address for one in identity.inputs]
    table = table_at(addresses[0], s3=context.s3) if settled.catalogue else None
    names = [one.name for one in identity.inputs]
    made = measured(
        addresses[1:] if settled.catalogue else addresses, settled, catalogue=table, catalogue_name=names[0],
        detection=settled.detection, s3=context.s3, workers=context.workers, report=context.report,
    )  # fmt: skip
    results = {"sources": len(made.table), "images": made.table.meta["photometry"]}
    receipt = write_catalogue_product(
        PHOTOMETRY, identity, made.table, target, results=results, detail=made, context=context
    )
    return replace(receipt, notes=_notes(made, names[1:] if settled.catalogue else names))


PHOTOMETRY = Operation(
    name="photometry",
    version="4",
    request=PhotometryRecipe,
    kind="catalogue",
    place=CATALOGUE_PLACE,
    forms=CATALOGUE_FORMS,
    identify=_identify,
    make=_make,
    several=True,
)
