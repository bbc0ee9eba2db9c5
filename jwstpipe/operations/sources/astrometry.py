"""The operation ``astrometry``: how far the sources of a catalogue, or of an image, lie from where they should."""

from collections.abc import Sequence

from astropy.table import Table

from jwstpipe.analysis.catalogues.astrometry import check_astrometry, reference_table, reference_text
from jwstpipe.analysis.catalogues.sources_table import sources_table
from jwstpipe.analysis.sources.detect import find_sources
from jwstpipe.errors import UsageError
from jwstpipe.images.image import SkyImage
from jwstpipe.images.open import open_image
from jwstpipe.operations.inputs.catalogue_inputs import is_catalogue, table_at
from jwstpipe.operations.make.write_catalogue_product import (
    CATALOGUE_FORMS,
    CATALOGUE_PLACE,
    figures_of,
    write_catalogue_product,
)
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.requests.analysis.match import AstrometryRequest

__all__ = ["ASTROMETRY", "image_year"]

J2000_MJD, YEAR_DAYS = 51544.5, 365.25


def image_year(image: SkyImage) -> float | None:
    """Give the year in which an image was taken, in the middle of its exposures; None where its headers do not tell."""
    for key in ("MJD-AVG", "EXPMID", "MJD-OBS", "MJD-BEG"):
        for header in (image.header, image.primary):
            value = header.get(key)
            if isinstance(value, int | float) and 15_000.0 < value < 90_000.0:
                return 2000.0 + (float(value) - J2000_MJD) / YEAR_DAYS
    return None


def _with_content(request: AstrometryRequest) -> AstrometryRequest:
    if not request.reference:
        raise UsageError("positions are checked against a table of true ones; name it with --reference TABLE")
    if "\n" in request.reference:
        return request
    return request.model_copy(update={"reference": reference_text(request.reference)})


def _identify(request: AstrometryRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    parameters = _with_content(request).model_dump(mode="json")
    return derived_identity(ASTROMETRY.name, ASTROMETRY.version, parameters, inputs)


def _sources(address: str, context: MakeContext) -> tuple[Table, float | None]:
    """Read a catalogue, or find the sources of an image; and the year of the image."""
    if is_catalogue(address):
        return table_at(address, s3=context.s3), None
    image = open_image(address, s3=context.s3)
    found = find_sources(address, s3=context.s3, workers=context.workers, report=context.report)
    return sources_table(found, image), image_year(image)


def _make(identity: Identity, target: str, request: AstrometryRequest, *, context: MakeContext) -> Receipt:
    settled = _with_content(request)
    (source,) = identity.inputs
    table, year = _sources(source.address, context)
    epoch = settled.epoch if settled.epoch is not None else year
    left, facts = check_astrometry(table, reference_table(settled.reference), settled, epoch=epoch, name=source.name)
    results = figures_of(facts)
    left.meta["astrometry"] = results
    return write_catalogue_product(ASTROMETRY, identity, left, target, results=results, detail=facts, context=context)


ASTROMETRY = Operation(
    name="astrometry",
    version="3",
    request=AstrometryRequest,
    kind="catalogue",
    place=CATALOGUE_PLACE,
    forms=CATALOGUE_FORMS,
    identify=_identify,
    make=_make,
    of=("catalogue", "image", "mosaic"),
)
