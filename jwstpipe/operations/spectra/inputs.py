"""Files of spectra and tables as inputs of operations: by the id that they carry, or that follows from their bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jwstpipe.errors import DataError, FitsError, NotFoundError
from jwstpipe.fits.choice import split_choice
from jwstpipe.identity import provenance_document
from jwstpipe.operations.spec import Identity, Input, Operation
from jwstpipe.settings import S3Settings
from jwstpipe.storage import file_digest, is_remote, local_copy

__all__ = ["file_input", "file_provenance"]

FITS_KEYWORD = "JPPRODID"


def file_input(address: str | Path, *, s3: S3Settings | None = None) -> Input:
    """Describe a file as an input; ``FILE[EXTRACT1D,2]`` stays in its address, and is one with the file.

    Raises
    ------
    NotFoundError
        No such file.
    DataError
        A folder.
    """
    path, _ = split_choice(str(address))
    if not is_remote(path) and Path(path).is_dir():
        raise DataError(f"{path}: a folder; spectra and tables are files (jwstpipe export, cube make them)")
    if not is_remote(path) and not Path(path).is_file():
        raise NotFoundError(f"{path}: no such file; check the path")
    with local_copy(path, s3=s3) as local:
        digest = file_digest(local)
        carried = _carried(local)
    return Input(str(address), carried or f"sha256-{digest}", path.rstrip("/").rpartition("/")[2], digest)


def _carried(path: Path) -> str | None:
    if path.suffix.lower() in (".ecsv", ".parquet", ".vot"):
        from jwstpipe.catalog.lineage.table_provenance import table_provenance  # noqa: PLC0415

        told = table_provenance(path)
        return None if told is None else str(told.get("product_id") or "") or None
    from jwstpipe.fits.fits_file import open_fits_file  # noqa: PLC0415

    try:
        hdus = open_fits_file(path).hdus[:2]
    except FitsError:
        return None
    return next(filter(None, (hdu.words.get(FITS_KEYWORD) for hdu in hdus)), None)


def file_provenance(operation: Operation[Any], identity: Identity) -> dict[str, Any]:
    """Write what a product of files says of itself."""
    return provenance_document(
        identity.id, kind=operation.kind, operation=operation.name, algorithm_version=operation.version,
        parameters=identity.parameters, inputs=_named(identity.inputs),
    )  # fmt: skip


def _named(inputs: Sequence[Input]) -> list[dict[str, str]]:
    return [one.carried() for one in inputs]
