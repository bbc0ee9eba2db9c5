"""Who a product is: the same inputs, parameters and algorithm always give the same id."""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

__all__ = ["archive_product_id", "canonical_json", "derived_product_id"]


def canonical_json(value: Any) -> bytes:
    """Write plain values as the one JSON text that stands for them: sorted keys, no spaces, no NaN.

    Raises
    ------
    ValueError
        NaN, infinity or a type that JSON does not know.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def archive_product_id(data_uri: str, version: str, digest: str) -> str:
    """Give the id of a file from the archive: its URI, the version of its making, the digest of its bytes."""
    return _hashed({"data_uri": data_uri, "version": version, "digest": digest})


def derived_product_id(
    operation: str, algorithm_version: str, parameters: Mapping[str, Any], inputs: Sequence[str]
) -> str:
    """Give the id of what an operation makes of inputs, in their order."""
    return _hashed(
        {
            "operation": operation,
            "algorithm_version": algorithm_version,
            "parameters": dict(parameters),
            "inputs": list(inputs),
        }
    )


def _hashed(value: Any) -> str:
    return blake2b(canonical_json(value), digest_size=16).hexdigest()
