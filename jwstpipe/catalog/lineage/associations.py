"""Association files: which exposures the pipeline combined to which product."""

from dataclasses import dataclass
from typing import Any, get_args

from jwstpipe.catalog.records.components import InputRole
from jwstpipe.errors import DataError
from jwstpipe.names import format_name, parse_name
from jwstpipe.storage.bounded import parse_json

__all__ = ["Member", "association_members", "product_key"]


@dataclass(frozen=True)
class Member:
    """An input that an association names."""

    file_name: str
    role: InputRole


def association_members(text: str | bytes, *, name: str) -> dict[str, tuple[Member, ...]]:
    """Read an association file.

    Parameters
    ----------
    text
        JSON.
    name
        File, for messages.

    Returns
    -------
    dict
        Members by product name, lower case and without suffix and extension. A role that is not known counts as
        science.

    Raises
    ------
    DataError
        Not an association.
    """
    try:
        products = parse_json(text.encode() if isinstance(text, str) else text, name=name)["products"]
        return {
            product_key(str(product["name"])): tuple(
                Member(str(member["expname"]).rpartition("/")[2], _role(member.get("exptype")))
                for member in product["members"]
            )
            for product in products
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{name}: not an association file ({type(error).__name__}: {error})") from None


def product_key(file_name: str) -> str:
    """Name a product without suffix and extension, as associations do."""
    name = parse_name(file_name)
    if name.kind in ("exposure", "stage3"):
        bare = format_name(name)
        return bare.removesuffix(name.extension).removesuffix(f"_{name.suffix}" if name.suffix else "")
    return file_name.lower().partition(".")[0]


def _role(text: Any) -> InputRole:
    word = str(text or "science").strip().lower()
    return next((role for role in get_args(InputRole) if role == word), "science")
