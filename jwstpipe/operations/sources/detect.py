"""The operation ``detect``: the catalogue of the sources of an image."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jwstpipe.analysis.opened import SourceRef, opened
from jwstpipe.analysis.sources.combine import combined_image
from jwstpipe.analysis.sources.detect import Detection, find_sources
from jwstpipe.analysis.sources.kept import KeptTiles
from jwstpipe.analysis.sources.kept_archive import Archive
from jwstpipe.execution.free_memory import give_back_memory
from jwstpipe.execution.workers import Workers
from jwstpipe.images.open import open_image
from jwstpipe.operations.inputs.carried_inputs import provenance_for
from jwstpipe.operations.make.write_catalogue_product import CATALOGUE_FORMS, CATALOGUE_PLACE, place_of
from jwstpipe.operations.spec import Identity, Input, MakeContext, Operation, Receipt, derived_identity
from jwstpipe.progress import Reporter, silent
from jwstpipe.requests.analysis.detect import DetectRequest
from jwstpipe.settings import S3Settings
from jwstpipe.storage import get_bytes, is_remote, path_digest, path_size

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["DETECT", "CatalogueMade", "Searched", "catalogue_of", "looked_at", "searched"]


@dataclass(frozen=True, eq=False)
class Searched:
    """What a detection gave: the catalogue, and what it was made of."""

    table: "Table"
    found: Detection
    tiles_reused: int = 0


def looked_at(
    images: Sequence[SourceRef | Path],
    request: DetectRequest,
    *,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
) -> SourceRef | Path:
    """Give the image that is searched: the one, or several of one grid combined."""
    if len(images) == 1:
        return images[0]
    return combined_image(images, options=request, s3=s3, workers=workers, report=report)


def searched(
    images: Sequence[SourceRef | Path],
    request: DetectRequest,
    *,
    s3: S3Settings | None = None,
    workers: Workers | None = None,
    report: Reporter = silent,
    kept: KeptTiles | None = None,
    written: str = "",
) -> Searched:
    """Search an image, or several of one grid as one; what writes it to a file `written` loads meanwhile."""
    what = looked_at(images, request, s3=s3, workers=workers, report=report)
    with ThreadPoolExecutor(1) as beside:  # tables load while tiles are searched: they take as long as four megapixels
        tables = beside.submit(import_module, "jwstpipe.analysis.catalogues.sources_table")
        if written:
            beside.submit(import_module, "jwstpipe.analysis.catalogues.files")
            if written.lower().endswith(".ecsv"):  # astropy writes that by itself
                beside.submit(import_module, "astropy.io.misc.yaml")
        found = find_sources(what, options=request, s3=s3, workers=workers, report=report, kept=kept)
        made: Table = tables.result().sources_table(found, opened(what, s3=s3))
    give_back_memory()
    return Searched(made, found)


@dataclass(frozen=True)
class CatalogueMade:
    """Files that were made."""

    address: str
    product_id: str
    sources: int
    segmentation: str | None
    tiles_reused: int
    """Tiles that an earlier catalogue had searched."""

    facts: dict[str, Any]
    """Noise, its correlation, filled mesh boxes, huge components."""

    notes: tuple[str, ...] = ()
    """What the image did not say, and what was left undone."""

    def as_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)


def _notes(made: Searched, identity: Identity) -> tuple[str, ...]:
    """Say what the catalogue lacks, and why."""
    table, name, found = made.table, identity.inputs[0].name, []
    unit = str(table.meta.get("unit", ""))
    if "ra" not in table.colnames:
        found.append(f"{name} has no WCS: places are pixels, and brightness on an area of sky is no flux")
    elif "mag_segment" not in table.colnames and len(identity.inputs) == 1:
        told = f"the unit {unit!r} of {name} is no flux" if unit else f"{name} has no unit"
        found.append(f"{told}: fluxes are sums of its samples, without magnitudes")
    if made.found.facts["huge"]:
        found.append(
            f"{made.found.facts['huge']} components are too large for one window (flag HUGE): taken apart on blocks of"
            " pixels, without the stars on them; raise --threshold, or let the sky follow them with a smaller --mesh"
        )
    return tuple(found)


def _identify(request: DetectRequest, inputs: Sequence[Input], *, context: MakeContext) -> Identity:
    del context
    return derived_identity(DETECT.name, DETECT.version, request.model_dump(mode="json"), inputs)


def catalogue_of(
    identity: Identity, request: DetectRequest, target: str, *, context: MakeContext, kept: KeptTiles | None = None
) -> Searched:
    """Make the catalogue of an identity, with what it says of itself; nothing is written."""
    addresses = [one.address for one in identity.inputs]
    images = [open_image(address, s3=context.s3) for address in addresses]
    made = searched(
        addresses, request, s3=context.s3, workers=context.workers, report=context.report, kept=kept,
        written=target,
    )  # fmt: skip
    made.table.meta["jwstpipe"] = provenance_for(DETECT, identity, images, target)
    return made


def _earlier(context: MakeContext) -> KeptTiles:
    """Take the results of tiles from earlier catalogues of the same name."""
    from jwstpipe.analysis.catalogues.parquet_file import kept_in  # noqa: PLC0415 - as below

    found = []
    for address in context.earlier:
        content = get_bytes(address, s3=context.s3) if is_remote(address) else Path(address)
        place = None if content is None else kept_in(content)
        if content is not None and place is not None:
            found.append(Archive.opened(content, *place))
    return KeptTiles(*found)


def _make(identity: Identity, target: str, request: DetectRequest, *, context: MakeContext) -> Receipt:
    with ExitStack() as held:
        kept = held.enter_context(_earlier(context)) if target.lower().endswith(".parquet") else None
        made = catalogue_of(identity, request, target, context=context, kept=kept)
        from jwstpipe.analysis.catalogues.files import write_catalogue  # noqa: PLC0415 - loads tables: see `searched`

        path = write_catalogue(made.table, target, kept=None if kept is None else kept.now.write_to, overwrite=True)
        reused = 0 if kept is None else kept.reused
    results = {"sources": len(made.table), **made.found.facts, **place_of(made.table)}
    return Receipt(
        identity.id,
        made.found.shape,
        path_size(path),
        path_digest(path),
        results,
        _notes(made, identity),
        detail=replace(made, tiles_reused=reused),
    )


DETECT = Operation(
    name="detect",
    version="5",
    request=DetectRequest,
    kind="catalogue",
    place=CATALOGUE_PLACE,
    forms=CATALOGUE_FORMS,
    identify=_identify,
    make=_make,
    reuses=True,
)
