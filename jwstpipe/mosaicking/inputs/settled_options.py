"""Options of a mosaic without the names of files: what decides over it is what stands in them.

So the same options in another folder are the same options, and a mosaic can be made again when the files are gone.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

from jwstpipe.mosaicking.inputs.ephemeris import ephemeris_text
from jwstpipe.mosaicking.inputs.sources import Source
from jwstpipe.requests import Follow, MosaicOptions
from jwstpipe.settings import S3Settings

__all__ = ["settled_options"]


def settled_options(
    options: MosaicOptions, sources: Sequence[Source], *, follow: Follow, s3: S3Settings
) -> MosaicOptions:
    """Put the positions of tables in the place of their names, and ids of images in that of their addresses.

    Parameters
    ----------
    options
        As they were given.
    sources
        The images.
    follow
        What was found to keep its place.
    s3
        Endpoint of an ``s3://`` reference.

    Raises
    ------
    NotFoundError, DataError
        A table that cannot be read.
    """
    changes: dict[str, object] = {} if follow == options.follow else {"follow": follow}
    if options.ephemeris is not None and "\n" not in options.ephemeris:
        changes["ephemeris"] = ephemeris_text(options.ephemeris)
    if options.align_catalog is not None and "\n" not in options.align_catalog:
        from jwstpipe.mosaicking.inputs.reference_positions import reference_positions  # noqa: PLC0415 - astropy's tables

        changes["align_catalog"] = reference_positions(options.align_catalog, reject_dq=options.reject_dq, s3=s3)
    if options.align_catalog is not None and options.align == "none":
        changes["align"] = "rotate"
    if options.sky:
        ids = {
            name: source.product_id
            for source in sources
            for name in (source.address, source.name, PurePosixPath(source.address).name)
        }
        words = [word.rpartition("=") for word in options.sky]
        changes["sky"] = tuple(f"{ids.get(name, name)}={value}" for name, _, value in words)
    return options.model_copy(update=changes) if changes else options
