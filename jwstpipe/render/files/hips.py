"""A picture as a HiPS (Hierarchical Progressive Survey), for Aladin and the like; reproject does the work."""

from pathlib import Path
from typing import Any

from jwstpipe.errors import UsageError
from jwstpipe.identity import HIPS_PACKET
from jwstpipe.storage import writing_errors

__all__ = ["check_hips", "write_hips"]


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
