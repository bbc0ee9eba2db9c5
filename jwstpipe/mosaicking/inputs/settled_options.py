"""Options of a mosaic without the names of files: what decides over it is what stands in them.

So the same options in another folder are the same options, and a mosaic can be made again when the files are gone.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.requests import MosaicOptions
from jwstpipe.storage.position_tables import positions_text

__all__ = ["settled_options"]


def settled_options(options: MosaicOptions, sources: Sequence[Source]) -> MosaicOptions:
    """Put the positions of the catalogue in the place of its name, and ids of images in that of their addresses.

    Raises
    ------
    NotFoundError, DataError
        A catalogue that cannot be read.
    """
    changes: dict[str, object] = {}
    if options.align_catalog is not None and "\n" not in options.align_catalog:
        changes["align_catalog"] = positions_text(options.align_catalog, what="catalogue")
    if options.sky:
        ids = {
            name: source.product_id
            for source in sources
            for name in (source.address, source.name, PurePosixPath(source.address).name)
        }
        words = [word.rpartition("=") for word in options.sky]
        changes["sky"] = tuple(f"{ids.get(name, name)}={value}" for name, _, value in words)
    return options.model_copy(update=changes) if changes else options
