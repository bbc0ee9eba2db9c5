"""Who a product is: ids that follow from content, parameters and inputs alone.

The same work gives the same id on every machine, so that finished work is found again and nothing is computed twice.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from jwstpipe import __version__
from jwstpipe.errors import DataError

__all__ = [
    "HIPS_LIST",
    "HIPS_PACKET",
    "archive_product_id",
    "canonical_json",
    "content_id",
    "derived_product_id",
    "product_slot",
    "provenance_document",
]

HIPS_PACKET = "jwstpipe.xmp"
HIPS_LIST = "jwstpipe.files.json"
"""File of a HiPS, a folder of tiles, that says what it is: tiles have no room for it."""

_ID_BYTES = 16
_EXACT_INTEGERS = 2**53


def canonical_json(value: Any) -> bytes:
    """Write a value as the one JSON text that equal values share.

    Keys are sorted, blanks left out, text is UTF-8. A float is written as the shortest text that reads back the same;
    one that is a whole number below 2**53 is written as an integer, so that ``2`` and ``2.0``, which any JSON store
    may exchange, are one parameter. Tuples are lists.

    Raises
    ------
    DataError
        NaN, infinity, a key that is no string, or a type that JSON does not have; the message gives the place.
    """
    try:
        return json.dumps(
            _plain(value, "value"), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()
    except UnicodeEncodeError:
        raise DataError("an identity cannot be made of text with unpaired surrogates") from None


def _plain(value: Any, place: str) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return _number(float(value), place)
    if isinstance(value, Mapping):
        strange = [key for key in value if not isinstance(key, str)]
        if strange:
            raise DataError(f"{place}: the key {strange[0]!r} is no string, so that it has no place in an identity")
        return {key: _plain(item, f"{place}.{key}") for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
    raise DataError(f"{place}: a {type(value).__name__} has no place in an identity; give text, numbers, lists or maps")


def _number(value: float, place: str) -> float | int:
    if not math.isfinite(value):
        raise DataError(f"{place}: {value} has no place in an identity; give a finite number or null")
    return int(value) if value.is_integer() and abs(value) < _EXACT_INTEGERS else value


def content_id(value: Any) -> str:
    """Hash a value: BLAKE2b with 16 bytes of its canonical JSON, as 32 hexadecimal digits.

    Raises
    ------
    DataError
        See `canonical_json`.
    """
    return hashlib.blake2b(canonical_json(value), digest_size=_ID_BYTES).hexdigest()


def archive_product_id(data_uri: str, version: str | None, digest: str) -> str:
    """Give the id of an archive file.

    Parameters
    ----------
    data_uri
        As ``mast:JWST/product/<file>``.
    version
        Version of the pipeline that made it, where the archive tells.
    digest
        SHA-256 of its content, hexadecimal.
    """
    return content_id({"data_uri": data_uri, "version": version, "digest": digest.lower()})


def derived_product_id(
    operation: str, algorithm_version: str, parameters: Mapping[str, Any], inputs: Sequence[str]
) -> str:
    """Give the id of a product that was made from others.

    Parameters
    ----------
    operation
        What was done, as ``mosaic``.
    algorithm_version
        Changes whenever the same parameters would give other bytes.
    parameters
        All that decides the result, as plain JSON values.
    inputs
        Product ids of the inputs. Their order counts: sort them where it has no meaning.

    Raises
    ------
    DataError
        Parameters that have no canonical JSON.
    """
    return content_id(
        {
            "operation": operation,
            "algorithm_version": algorithm_version,
            "parameters": parameters,
            "inputs": list(inputs),
        }
    )


def product_slot(operation: str, parameters: Mapping[str, Any], input_slots: Sequence[str]) -> str:
    """Give what a product is, whatever the versions of its inputs and of the algorithm.

    The same work on newer inputs has another product id and the same slot: so the newer product is known to take the
    place of the older one. The slot of an archive file is its data URI.

    Parameters
    ----------
    operation, parameters
        What was done.
    input_slots
        Slots of the inputs, in their order.
    """
    return content_id({"operation": operation, "parameters": parameters, "inputs": list(input_slots)})


def provenance_document(
    product_id: str,
    *,
    kind: str,
    operation: str,
    algorithm_version: str,
    parameters: Mapping[str, Any],
    inputs: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Say what a product is and what it was made of, in the words that it carries in its file, whatever the format.

    Nothing in it depends on when, where or by whom it was made: no paths, no times, no names of machines.

    Parameters
    ----------
    product_id, kind
        What it is.
    operation, algorithm_version, parameters
        What was done. The id follows from these and the inputs, see `derived_product_id`.
    inputs
        ``product_id``, ``file_name`` and, where it is known, ``digest`` of each, in their order.
    """
    return {
        "product_id": product_id,
        "kind": kind,
        "operation": operation,
        "algorithm_version": algorithm_version,
        "parameters": json.loads(canonical_json(parameters)),
        "inputs": [dict(one) for one in inputs],
        "software": {"jwstpipe": __version__},
    }
