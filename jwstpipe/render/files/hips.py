"""A picture as a HiPS (Hierarchical Progressive Survey), for Aladin and the like; reproject does the work."""

import hashlib
import json
from pathlib import Path
from typing import Any

from jwstpipe.errors import DataError, UsageError
from jwstpipe.identity import HIPS_LIST, HIPS_PACKET
from jwstpipe.progress import Progress, Reporter, silent
from jwstpipe.storage import storage_errors, writing_errors
from jwstpipe.storage.bounded import parse_json, read_document, refuse_strange_entries

__all__ = ["check_hips", "verify_hips", "write_hips"]


def check_hips() -> tuple[Any, Any]:
    """Make sure that what HiPS needs is installed, before any pixel is computed.

    Raises
    ------
    UsageError
        It is not; the message says how to get it.
    """
    try:
        import pyavm  # noqa: F401, PLC0415 - optional: reproject places the picture by it
        from reproject import reproject_interp  # noqa: PLC0415
        from reproject.hips import reproject_to_hips  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(f"HiPS need {error.name}; install them with: pip install 'jwstpipe[hips]'") from None
    return reproject_to_hips, reproject_interp


def write_hips(picture: Path, folder: Path, *, title: str, packet: bytes = b"") -> None:
    """Cut a PNG that knows its place on the sky into tiles of all orders.

    Parameters
    ----------
    picture
        PNG with AVM.
    folder
        To be made.
    title
        Name of the survey.
    packet
        What the picture says of itself, for a file beside the tiles.
    """
    reproject_to_hips, reproject_interp = check_hips()
    properties = {"obs_title": title, "creator_did": "ivo://jwstpipe/P/picture"}
    with writing_errors(folder):
        reproject_to_hips(
            str(picture),
            coord_system_out="equatorial",
            reproject_function=reproject_interp,
            output_directory=str(folder),
            properties=properties,
            threads=2,
        )
        if packet:
            (folder / HIPS_PACKET).write_bytes(packet)
        listed = json.dumps(_files(folder), sort_keys=True, indent=0)
        (folder / HIPS_LIST).write_text(listed, encoding="utf-8")


def verify_hips(folder: Path, *, report: Reporter = silent) -> tuple[int, int]:
    """Compare a HiPS with the list of its files that stands in it.

    Returns
    -------
    int, int
        Files and their bytes.

    Raises
    ------
    DataError
        One is lost, damaged or too many; or there is no list.
    """
    place = folder / HIPS_LIST
    if not place.is_file():
        raise DataError(
            f"{folder}: a HiPS without a list of its files; nothing tells what belongs in it; make it again"
        )
    known = parse_json(read_document(place), name=str(place))
    if not isinstance(known, dict) or not all(isinstance(one, list) and len(one) == 2 for one in known.values()):
        raise DataError(f"{place}: damaged; make the HiPS again")
    refuse_strange_entries(folder)
    found = _files(folder, report=report)
    for name in sorted({*known, *found}):
        wrong = "lost" if name not in found else "does not belong here" if name not in known else ""
        if wrong or found[name] != known[name]:
            raise DataError(f"{folder}: {name}: {wrong or 'damaged'}; make the HiPS again, or use jwstpipe reproduce")
    return len(known), sum(int(size) for size, _ in found.values())


def _files(folder: Path, *, report: Reporter = silent) -> dict[str, list[Any]]:
    """Give size and SHA-256 of each file but the list, by its path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != HIPS_LIST)
    found: dict[str, list[Any]] = {}
    for number, path in enumerate(paths, 1):
        with storage_errors(path), path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        found[path.relative_to(folder).as_posix()] = [path.stat().st_size, digest]
        report(Progress("verify", number, len(paths), "files"))
    return found
