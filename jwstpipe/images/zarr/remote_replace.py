"""How an image store on S3 takes the place of another: one object, the root ``zarr.json``, decides which one stands.

S3 renames nothing, and the chunks of an array have fixed names. But Zarr knows two spellings of them: ``c/0/0`` is the
one that image stores have, ``c.0.0`` the one they never have. So there is room for two images under one name:

1. the new image is made under a partial prefix beside the old one;
2. its chunks are copied beside the old ones, spelled ``c.0.0``;
3. its root is written, with the metadata of all its arrays in it, spelled so: from now on the new image stands, for
   whoever enters by the root. It also names the partial prefix, where our own readers find the image meanwhile;
4. documents and chunks of the old image are replaced by the new ones under the usual names, the root last of all.

Whoever is killed in between leaves one whole image, and the partial prefix as a sign of it; the next one that writes
here ends what the root says was begun (`settle_remote`).
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from jwstpipe.errors import ConflictError
from jwstpipe.images.zarr.layout import STAGED
from jwstpipe.settings import S3Settings
from jwstpipe.storage import RemoteTree, list_prefix, partial_name, partial_owner, split_s3

__all__ = ["ROOT", "check_only_ours", "replace_remote", "settle_remote", "staged_beside"]

ROOT = "zarr.json"
_DOCUMENT = re.compile(r"(?:(.+)/)?zarr\.json")
_CHUNK = re.compile(r"(.+/c)((?:/\d+)+)")
_SPARE_CHUNK = re.compile(r"(.+/c)((?:\.\d+)+)")
_ABANDONED = timedelta(days=1)
"""Age at which the partial prefix of another image belongs to nobody: S3 has no locks."""


def check_only_ours(tree: RemoteTree, keys: Iterable[str]) -> None:
    """Refuse a prefix with objects that no image store has: they belong to somebody else.

    Raises
    ------
    ConflictError
        There are such objects; the message names one.
    """
    for key in keys:
        if not any(form.fullmatch(key) for form in (_DOCUMENT, _CHUNK, _SPARE_CHUNK)):
            raise ConflictError(f"{tree.address}: holds other things ({key}); choose another name")


def staged_beside(target: str, s3: S3Settings) -> RemoteTree:
    """Invent the partial prefix of a new image."""
    lead, _, name = target.rpartition("/")
    return RemoteTree(f"{lead}/{partial_name(name)}", s3)


def replace_remote(staged: RemoteTree, target: RemoteTree) -> None:
    """Put a finished image store in the place of another one at the same endpoint, and remove what it replaces."""
    chunks = [key for key in staged.list_keys() if _CHUNK.fullmatch(key)]
    target.copy_from(staged, {key: _spare(key) for key in chunks})
    root = json.loads(staged.read([ROOT])[ROOT])
    root["attributes"] = {**root["attributes"], STAGED: staged.address.rpartition("/")[2]}
    target.write({ROOT: _respelled(root)})
    _finish(staged, target)


def settle_remote(target: RemoteTree) -> None:
    """End what a killed process had begun at an address, and sweep partial prefixes beside it.

    Those of other images are swept when they are older than a day.
    """
    bucket, key = split_s3(target.address)
    folder, _, name = key.rpartition("/")
    lead = f"{folder}/" if folder else ""
    newest: dict[str, datetime] = {}
    for rest, written in list_prefix(target.s3, bucket, f"{lead}.").items():
        first, _, inner = f".{rest}".partition("/")
        if partial_owner(first) is not None and inner:
            newest[first] = max(written, newest.get(first, written))
    for first, written in newest.items():
        owner = str(partial_owner(first))
        if owner == name or datetime.now(UTC) - written > _ABANDONED:
            left = RemoteTree(f"s3://{bucket}/{lead}{first}", target.s3)
            _settle_one(left, RemoteTree(f"s3://{bucket}/{lead}{owner}", target.s3))


def _settle_one(left: RemoteTree, target: RemoteTree) -> None:
    keys = target.list_keys()
    root = json.loads(target.read([ROOT])[ROOT]) if ROOT in keys else {}
    if root.get("attributes", {}).get(STAGED) == left.address.rpartition("/")[2]:
        _finish(left, target)
        return
    target.delete(key for key in keys if _SPARE_CHUNK.fullmatch(key))
    left.delete(left.list_keys())


def _finish(staged: RemoteTree, target: RemoteTree) -> None:
    """Bring an image whose root stands under the usual names, and remove everything else."""
    made, held = staged.list_keys(), target.list_keys()
    root = staged.read([ROOT])[ROOT]
    within = json.loads(root)["consolidated_metadata"]["metadata"]
    parsed = {f"{path}/{ROOT}": document for path, document in within.items()}
    groups = {key for key, document in parsed.items() if document["node_type"] == "group"}
    target.write({key: _respelled(document) for key, document in parsed.items() if key not in groups})
    target.write({key: _respelled(parsed[key]) for key in groups})  # they have the metadata of their arrays in them
    chunks = {key: key for key in made if _CHUNK.fullmatch(key)}
    target.delete(key for key in held if _DOCUMENT.fullmatch(key) and key != ROOT and key not in parsed)
    target.delete(key for key in held if _CHUNK.fullmatch(key) and key not in chunks)
    target.copy_from(staged, chunks)
    target.copy_from(staged, {key: key for key in parsed if key not in groups})
    target.copy_from(staged, {key: key for key in groups})
    target.write({ROOT: root})
    target.delete(key for key in held if _SPARE_CHUNK.fullmatch(key))
    staged.delete(made)


def _respelled(document: dict[str, Any]) -> bytes:
    """Give the other spelling of chunk names to the document of an array, or to all arrays in that of a group."""
    return json.dumps(_with_spelling(document), indent=1, allow_nan=False).encode()


def _with_spelling(document: Mapping[str, Any]) -> dict[str, Any]:
    if document["node_type"] == "array":
        return {**document, "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}}}
    inline = document.get("consolidated_metadata")
    if inline is None:
        return dict(document)
    members = {path: _with_spelling(member) for path, member in inline["metadata"].items()}
    return {**document, "consolidated_metadata": {**inline, "metadata": members}}


def _spare(key: str) -> str:
    found = _CHUNK.fullmatch(key)
    assert found is not None
    return found[1] + found[2].replace("/", ".")
