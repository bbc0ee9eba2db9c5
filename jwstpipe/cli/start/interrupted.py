"""What is kept when somebody stops a command in the middle, in the words of that command."""

from collections.abc import Sequence
from pathlib import Path

__all__ = ["what_is_kept"]

USUAL = "what was finished is kept, nothing half-done is visible"

PARTS = "parts of files are kept, and the same command, or jwstpipe transfers resume, goes on with them"

KEPT = {
    "run": f"files, images and mosaics that were finished are kept, and are not made again; {PARTS}",
    "ingest": f"whole files are in the store and the catalogue; {PARTS}",
    "transfers": f"whole files are in the store and the catalogue; {PARTS}",
    "demo": "its folder holds what was finished; the same command goes on with it",
    "batch": "what was finished is in the catalogue; the same command goes on with the rest",
    "watch": "the job goes on; jwstpipe cancel stops it",
    "submit": "a job that the server has taken goes on; jwstpipe jobs lists it",
}
"""By command; the others make one thing."""


def what_is_kept(words: Sequence[str]) -> str:
    """Say what stands after Ctrl-C: a file is written aside and appears whole or not at all."""
    command = next((word for word in words if not word.startswith("-")), "")
    if command in KEPT:
        return KEPT[command]
    out = _output(words)
    if out is None or "://" in out:
        return USUAL
    return f"{out} stands there, whole" if Path(out).exists() else f"nothing stands at {out}, and nothing half-done"


def _output(words: Sequence[str]) -> str | None:
    for at, word in enumerate(words):
        if word in ("-o", "--out") and at + 1 < len(words):
            return words[at + 1]
        if word.startswith("--out="):
            return word.removeprefix("--out=")
    return None
